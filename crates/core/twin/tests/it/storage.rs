//! S3: buckets and objects, who may reach them.

use stackfleet_twin::{
    Call,
    s3::{Answer, Body, Error, GetObject, Headers, ListObjects, PutObject, Range, Request, SettingValue, Versioning},
};

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

/// Creates a bucket and puts texts under keys.
fn stocked(keys: &[&str]) -> (Rig, Call) {
    let mut rig = Rig::new();
    let admin = rig.admin();
    rig.s3(&admin, create("bucket")).unwrap();
    for key in keys {
        rig.s3(&admin, put("bucket", key, key)).unwrap();
    }
    (rig, admin)
}

fn list(rig: &mut Rig, call: &Call, list: ListObjects) -> String {
    let list = ListObjects { bucket: "bucket".to_owned(), ..list };
    let Ok(Answer::ListObjects(page)) = rig.s3(call, Request::ListObjects(list)) else { return "refused".to_owned() };
    let keys: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
    format!("{} | {} | {}", keys.join(" "), page.common_prefixes.join(" "), page.next_marker.unwrap_or_default())
}

#[test]
fn listings_fold_at_the_delimiter_and_go_on_after_the_last() {
    let (mut rig, admin) = stocked(&["a", "b/1", "b/2", "c/1", "d"]);
    let whole = ListObjects { delimiter: Some("/".to_owned()), ..ListObjects::default() };
    assert_eq!(list(&mut rig, &admin, whole.clone()), "a d | b/ c/ | ");
    let first = ListObjects { max_keys: Some(2), ..whole.clone() };
    assert_eq!(list(&mut rig, &admin, first.clone()), "a | b/ | b/");
    let second = ListObjects { start_after: Some("b/".to_owned()), ..first };
    assert_eq!(list(&mut rig, &admin, second), "d | c/ | ");
    let inside = ListObjects { prefix: Some("b/".to_owned()), ..whole };
    assert_eq!(list(&mut rig, &admin, inside), "b/1 b/2 |  | ");
}

#[test]
fn pages_by_token_hold_every_key_once() {
    let keys: Vec<String> = (0..25).map(|index| format!("k{index:02}")).collect();
    let (mut rig, admin) = stocked(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = ListObjects {
            bucket: "bucket".to_owned(),
            max_keys: Some(10),
            continuation_token: token,
            ..ListObjects::default()
        };
        let Ok(Answer::ListObjects(page)) = rig.s3(&admin, Request::ListObjects(page)) else { unreachable!() };
        found.extend(page.objects.into_iter().map(|object| object.key));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, keys);
}

#[test]
fn names_are_global_and_regions_are_kept_apart() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let (admin, other) = (rig.admin(), rig.member(&member));
    let mut west = admin.clone();
    west.region = "eu-west-1".parse().unwrap();
    let located = |location: Option<&str>| Request::CreateBucket {
        bucket: "artifacts-eu".to_owned(),
        location: location.map(ToOwned::to_owned),
        ownership: None,
    };
    assert_eq!(
        text(rig.s3(&west, located(None))),
        "IllegalLocationConstraintException: The unspecified location constraint is incompatible for the region \
         specific endpoint this request was sent to."
    );
    rig.s3(&west, located(Some("eu-west-1"))).unwrap();
    assert!(text(rig.s3(&west, located(Some("eu-west-1")))).starts_with("BucketAlreadyOwnedByYou"));
    assert!(text(rig.s3(&other, located(None))).starts_with("BucketAlreadyExists"));
    assert!(text(rig.s3(&admin, put("artifacts-eu", "k", "v"))).starts_with("PermanentRedirect"));
    // us-east-1 takes constraints of other regions, but not of those that are off.
    let elsewhere = |bucket: &str, location: &str| Request::CreateBucket {
        bucket: bucket.to_owned(),
        location: Some(location.to_owned()),
        ownership: None,
    };
    rig.s3(&admin, elsewhere("in-frankfurt", "eu-central-1")).unwrap();
    assert!(text(rig.s3(&admin, elsewhere("in-milan", "eu-south-1"))).starts_with("InvalidLocationConstraint"));
    assert!(text(rig.s3(&admin, create("Bad_Name"))).starts_with("InvalidBucketName"));
}

#[test]
fn a_bucket_with_something_in_it_stays() {
    let (mut rig, admin) = stocked(&["k"]);
    let delete = || Request::DeleteBucket { bucket: "bucket".to_owned() };
    assert_eq!(text(rig.s3(&admin, delete())), "BucketNotEmpty: The bucket you tried to delete is not empty");
    let object = Request::DeleteObject { bucket: "bucket".to_owned(), key: "k".to_owned(), version_id: None };
    rig.s3(&admin, object).unwrap();
    rig.s3(&admin, delete()).unwrap();
    assert!(text(rig.s3(&admin, get("bucket", "k"))).starts_with("NoSuchBucket"));
}

#[test]
fn versions_lie_behind_each_other() {
    let (mut rig, admin) = stocked(&[]);
    let enable = SettingValue::Versioning(Versioning::Enabled);
    rig.s3(&admin, Request::PutBucketSetting { bucket: "bucket".to_owned(), value: enable }).unwrap();
    let mut versions = Vec::new();
    for content in ["one", "two"] {
        let Ok(Answer::PutObject(written)) = rig.s3(&admin, put("bucket", "k", content)) else { unreachable!() };
        versions.push(written.version_id.unwrap());
    }
    let delete = |version_id: Option<String>| Request::DeleteObject {
        bucket: "bucket".to_owned(),
        key: "k".to_owned(),
        version_id,
    };
    let Ok(Answer::DeleteObject(marker)) = rig.s3(&admin, delete(None)) else { unreachable!() };
    assert!(marker.delete_marker);
    assert!(text(rig.s3(&admin, get("bucket", "k"))).starts_with("NoSuchKey"));
    let Request::GetObject(mut old) = get("bucket", "k") else { unreachable!() };
    old.version_id = versions.first().cloned();
    assert_eq!(text(rig.s3(&admin, Request::GetObject(old))), "one");
    let all = ListObjects { bucket: "bucket".to_owned(), ..ListObjects::default() };
    let Ok(Answer::ListObjectVersions(page)) = rig.s3(&admin, Request::ListObjectVersions(all)) else { unreachable!() };
    let shown: Vec<(bool, bool)> =
        page.versions.iter().map(|version| (version.latest, version.delete_marker)).collect();
    assert_eq!(shown, [(true, true), (false, false), (false, false)]);
    rig.s3(&admin, delete(marker.version_id)).unwrap();
    assert_eq!(text(rig.s3(&admin, get("bucket", "k"))), "two");
}

#[test]
fn parts_become_one_object() {
    let (mut rig, admin) = stocked(&[]);
    let Request::PutObject(start) = put("bucket", "big", "") else { unreachable!() };
    let started = rig.s3(&admin, Request::CreateMultipartUpload(start)).unwrap();
    let Answer::CreateMultipartUpload { upload_id } = started else { unreachable!() };
    let mut parts = Vec::new();
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 3)] {
        let request = Request::UploadPart {
            bucket: "bucket".to_owned(),
            key: "big".to_owned(),
            upload_id: upload_id.clone(),
            number,
            body: Body(vec![b'x'; size].into()),
        };
        let Ok(Answer::UploadPart { etag }) = rig.s3(&admin, request) else { unreachable!() };
        parts.push((number, etag));
    }
    let complete = |parts: Vec<(u32, String)>| Request::CompleteMultipartUpload {
        bucket: "bucket".to_owned(),
        key: "big".to_owned(),
        upload_id: upload_id.clone(),
        parts,
    };
    let wrong = parts.iter().rev().cloned().collect();
    assert!(text(rig.s3(&admin, complete(wrong))).starts_with("InvalidPartOrder"));
    let done = rig.s3(&admin, complete(parts)).unwrap();
    let Answer::CompleteMultipartUpload { written, .. } = done else { unreachable!() };
    assert!(written.etag.ends_with("-2"), "{}", written.etag);
    assert_eq!(text(rig.s3(&admin, get("bucket", "big"))).len(), 5 * 1024 * 1024 + 3);
}

#[test]
fn conditions_and_ranges() {
    let (mut rig, admin) = stocked(&["key"]);
    let Request::PutObject(mut again) = put("bucket", "key", "x") else { unreachable!() };
    again.if_none_match = true;
    assert!(text(rig.s3(&admin, Request::PutObject(again))).starts_with("PreconditionFailed"));
    let ranged = |range: Range| {
        let Request::GetObject(mut get) = get("bucket", "key") else { unreachable!() };
        get.range = Some(range);
        Request::GetObject(get)
    };
    assert_eq!(text(rig.s3(&admin, ranged(Range::From { first: 1, last: Some(9) }))), "ey");
    assert_eq!(text(rig.s3(&admin, ranged(Range::Last(1)))), "y");
    assert!(text(rig.s3(&admin, ranged(Range::From { first: 3, last: None }))).starts_with("InvalidRange"));
}

#[test]
fn a_policy_must_be_about_its_bucket_and_not_for_everybody() {
    let (mut rig, admin) = stocked(&[]);
    let mut policy = |statement: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let value = SettingValue::Policy(text);
        rig.s3(&admin, Request::PutBucketSetting { bucket: "bucket".to_owned(), value })
    };
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#;
    let refused = text(policy(open));
    assert!(refused.starts_with("AccessDenied") && refused.contains("BlockPublicPolicy"), "{refused}");
    let foreign = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}"#;
    assert_eq!(text(policy(foreign)), "MalformedPolicy: Policy has invalid resource");
    let nobody =
        r#"{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"s3:*","Resource":"arn:aws:s3:::bucket"}"#;
    assert_eq!(text(policy(nobody)), "MalformedPolicy: Invalid principal in policy");
    assert!(text(policy("1")).starts_with("MalformedPolicy"));
}
