//! S3: buckets and objects, who may reach them.

use stackfleet_twin::s3::{Answer, Body, Error, GetObject, Headers, PutObject, Request, SettingValue};

use crate::kit::Rig;

fn put(bucket: &str, key: &str, text: &str) -> Request {
    Request::PutObject(PutObject {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        body: Body(text.as_bytes().into()),
        headers: Headers::default(),
        tags: Vec::new(),
        acl: None,
        if_none_match: false,
        if_match: None,
    })
}

fn get(bucket: &str, key: &str) -> Request {
    Request::GetObject(GetObject {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
        range: None,
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
        head: false,
    })
}

fn create(bucket: &str) -> Request {
    Request::CreateBucket { bucket: bucket.to_owned(), location: None, ownership: None }
}

fn text(answer: Result<Answer, Error>) -> String {
    match answer {
        Ok(Answer::GetObject(object)) => String::from_utf8_lossy(&object.body.0).into_owned(),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_bucket_policy_opens_a_bucket_to_the_organization_only() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let admin = rig.admin();
    rig.s3(&admin, create("artifacts")).unwrap();
    rig.s3(&admin, put("artifacts", "app.zip", "bytes")).unwrap();
    let call = rig.member(&member);
    let session = call.principal.clone();
    assert!(matches!(session, stackfleet_twin::Principal::Session(_)));
    let refused = text(rig.s3(&call, get("artifacts", "app.zip")));
    assert_eq!(
        refused,
        format!(
            "AccessDenied: User: arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/test is not \
             authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::artifacts/app.zip\" because no \
             resource-based policy allows the s3:GetObject action"
        )
    );
    let organization = crate::kit::organization_id(&mut rig);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::artifacts/*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{organization}"}}}}}}]}}"#
    );
    let request = Request::PutBucketSetting { bucket: "artifacts".to_owned(), value: SettingValue::Policy(policy) };
    rig.s3(&admin, request).unwrap();
    assert_eq!(text(rig.s3(&call, get("artifacts", "app.zip"))), "bytes");
    // Whoever may not list the bucket does not learn what is missing.
    assert!(text(rig.s3(&call, get("artifacts", "none"))).starts_with("AccessDenied"));
    assert!(text(rig.s3(&admin, get("artifacts", "none"))).starts_with("NoSuchKey"));
}
