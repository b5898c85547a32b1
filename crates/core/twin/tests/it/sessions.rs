//! STS: who may assume which role, and what a session may do.

use stackfleet_api::{Error, sts::AssumeRoleOutput};
use stackfleet_base::AccountId;
use stackfleet_twin::{Call, Principal, World, WorldOptions};

use crate::kit::{Rig, ask, refusal};

fn create_role(rig: &mut Rig, call: &Call, name: &str, trust: &str) -> Result<String, Error> {
    let created = ask!(rig, call, Iam iam CreateRole CreateRoleInput {
        role_name: name.to_owned(),
        assume_role_policy_document: trust.to_owned(),
    });
    created.map(|output| output.role.arn)
}

fn trusting(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}]}}"#
    )
}

fn allow(rig: &mut Rig, call: &Call, role: &str, action: &str) {
    let document =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    ask!(rig, call, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: role.to_owned(),
        policy_name: "allow".to_owned(),
        policy_document: document,
    })
    .unwrap();
}

fn assume(rig: &mut Rig, call: &Call, role: &str) -> Result<AssumeRoleOutput, Error> {
    ask!(rig, call, Sts sts AssumeRole AssumeRoleInput {
        role_arn: role.to_owned(),
        role_session_name: "s".to_owned(),
    })
}

#[test]
fn credentials_of_a_session_stand_for_the_role() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let admin = rig.admin();
    let role = format!("arn:aws:iam::{member}:role/OrganizationAccountAccessRole");
    let issued = assume(&mut rig, &admin, &role).unwrap().credentials.unwrap();
    let credential = rig.world.credential(&issued.access_key_id).unwrap();
    assert_eq!(credential.secret_access_key, issued.secret_access_key);
    assert_eq!(credential.session_token, Some(issued.session_token));
    let call = Call::outside(credential.principal, "eu-west-1".parse().unwrap(), "r".into());
    let who = ask!(rig, call, Sts sts GetCallerIdentity GetCallerIdentityInput {}).unwrap();
    let arn = format!("arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/s");
    assert_eq!((who.account, who.arn), (Some(member.to_string()), Some(arn)));
}

#[test]
fn a_role_must_trust_whoever_assumes_it() {
    let mut rig = Rig::new();
    let (one, two) = (rig.create_account("One", "one@x.example"), rig.create_account("Two", "two@x.example"));
    let (call_one, call_two) = (rig.member(&one), rig.member(&two));
    let named = format!(r#"{{"AWS":"{one}"}}"#);
    let role = create_role(&mut rig, &call_two, "target", &trusting(&named, "")).unwrap();
    assert!(assume(&mut rig, &call_one, &role).is_ok());
    let other = create_role(&mut rig, &call_two, "other", &trusting(&format!(r#"{{"AWS":"{two}"}}"#), "")).unwrap();
    assert_eq!(
        refusal(assume(&mut rig, &call_one, &other)),
        format!(
            "AccessDenied: User: arn:aws:sts::{one}:assumed-role/OrganizationAccountAccessRole/test is not authorized \
             to perform: sts:AssumeRole on resource: {other} because no role trust policy allows the sts:AssumeRole \
             action"
        )
    );
    let missing = format!("arn:aws:iam::{two}:role/missing");
    assert!(refusal(assume(&mut rig, &call_one, &missing)).starts_with("AccessDenied"));
}

#[test]
fn a_service_assumes_what_trusts_it_on_behalf_of_the_right_account() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let call = rig.member(&member);
    let condition = format!(r#","Condition":{{"StringEquals":{{"aws:SourceAccount":"{member}"}}}}"#);
    let service = r#"{"Service":"cloudformation.amazonaws.com"}"#;
    let role = create_role(&mut rig, &call, "stack", &trusting(service, &condition)).unwrap();
    let management = rig.world.management_account().clone();
    let as_service = |source: &AccountId, name: &str| {
        let principal = Principal::Service { name: name.into(), account: source.clone() };
        Call::inside(principal, "eu-west-1".parse().unwrap(), "r".into())
            .on_behalf_of("arn:aws:cloudformation:eu-west-1:1:stack/x/y", source)
    };
    let world = &mut rig.world;
    assert!(world.assume_role(&as_service(&member, "cloudformation.amazonaws.com"), &role, "s").is_ok());
    assert!(world.assume_role(&as_service(&management, "cloudformation.amazonaws.com"), &role, "s").is_err());
    assert!(world.assume_role(&as_service(&member, "lambda.amazonaws.com"), &role, "s").is_err());
}

#[test]
fn a_trust_policy_names_only_who_exists() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let account = rig.world.management_account().clone();
    let ghost = format!("arn:aws:iam::{account}:role/ghost");
    let refused = create_role(&mut rig, &admin, "r", &trusting(&format!(r#"{{"AWS":"{ghost}"}}"#), ""));
    let expected = format!("MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"{ghost}\"");
    assert_eq!(refusal(refused), expected);
}

#[test]
fn a_role_that_was_made_again_is_not_the_one_that_was_trusted() {
    let mut rig = Rig::new();
    let (one, two) = (rig.create_account("One", "one@x.example"), rig.create_account("Two", "two@x.example"));
    let (call_one, call_two) = (rig.member(&one), rig.member(&two));
    let by_account = trusting(&format!(r#"{{"AWS":"{one}"}}"#), "");
    let make_caller = |rig: &mut Rig| {
        let caller = create_role(rig, &call_one, "caller", &by_account).unwrap();
        allow(rig, &call_one, "caller", "sts:AssumeRole");
        let principal = rig.world.assume_role(&call_one, &caller, "s").unwrap();
        (caller, Call::outside(principal, "us-east-1".parse().unwrap(), "r".into()))
    };
    let (caller, first) = make_caller(&mut rig);
    let trust = trusting(&format!(r#"{{"AWS":"{caller}"}}"#), "");
    let target = create_role(&mut rig, &call_two, "target", &trust).unwrap();
    assert!(assume(&mut rig, &first, &target).is_ok());
    let name = || "caller".to_owned();
    ask!(rig, call_one, Iam iam DeleteRolePolicy DeleteRolePolicyInput { role_name: name(), policy_name: "allow".to_owned() })
        .unwrap();
    ask!(rig, call_one, Iam iam DeleteRole DeleteRoleInput { role_name: name() }).unwrap();
    let (_, second) = make_caller(&mut rig);
    assert!(refusal(assume(&mut rig, &second, &target)).starts_with("AccessDenied"));
    ask!(rig, call_two, Iam iam UpdateAssumeRolePolicy UpdateAssumeRolePolicyInput {
        role_name: "target".to_owned(),
        policy_document: trust,
    })
    .unwrap();
    assert!(assume(&mut rig, &second, &target).is_ok());
}

#[test]
fn a_session_may_do_no_more_than_its_role_and_its_policy() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let account = rig.world.management_account().clone();
    let role = create_role(&mut rig, &admin, "reader", &trusting(&format!(r#"{{"AWS":"{account}"}}"#), "")).unwrap();
    allow(&mut rig, &admin, "reader", "iam:*");
    let limited = ask!(rig, admin, Sts sts AssumeRole AssumeRoleInput {
        role_arn: role.clone(),
        role_session_name: "s".to_owned(),
        policy: Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}}"#.to_owned()),
    });
    let key = limited.unwrap().credentials.unwrap().access_key_id;
    let principal = rig.world.credential(&key).unwrap().principal;
    let call = Call::outside(principal, "us-east-1".parse().unwrap(), "r".into());
    assert!(ask!(rig, call, Iam iam GetRole GetRoleInput { role_name: "reader".to_owned() }).is_ok());
    let refused = refusal(ask!(rig, call, Iam iam ListRoles ListRolesInput {}));
    assert!(refused.ends_with("because no session policy allows the iam:ListRoles action"), "{refused}");
}

#[test]
fn sessions_of_sessions_last_an_hour_at_most() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let call = rig.member(&member);
    let role = create_role(&mut rig, &call, "r", &trusting(&format!(r#"{{"AWS":"{member}"}}"#), "")).unwrap();
    let refused = ask!(rig, call, Sts sts AssumeRole AssumeRoleInput {
        role_arn: role,
        role_session_name: "s".to_owned(),
        duration_seconds: Some(7200),
    });
    assert_eq!(
        refusal(refused),
        "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
         chaining."
    );
}

#[test]
fn a_new_role_cannot_be_assumed_until_iam_has_spread_it() {
    let options = WorldOptions {
        organization: true,
        throttling: false,
        iam_lag: std::time::Duration::from_secs(10),
        ..WorldOptions::default()
    };
    let world = World::new(7, options);
    let mut rig = Rig { now: world.now(), world };
    let admin = rig.admin();
    let account = rig.world.management_account().clone();
    let role = create_role(&mut rig, &admin, "r", &trusting(&format!(r#"{{"AWS":"{account}"}}"#), "")).unwrap();
    rig.wait(9);
    assert!(refusal(assume(&mut rig, &admin, &role)).starts_with("AccessDenied"));
    rig.wait(1);
    assert!(assume(&mut rig, &admin, &role).is_ok());
}

#[test]
fn sessions_of_a_deleted_role_may_do_nothing() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let account = rig.world.management_account().clone();
    let trust = trusting(&format!(r#"{{"AWS":"{account}"}}"#), "");
    let role = create_role(&mut rig, &admin, "r", &trust).unwrap();
    let principal = rig.world.assume_role(&admin, &role, "s").unwrap();
    let call = Call::outside(principal, "us-east-1".parse().unwrap(), "r".into());
    ask!(rig, admin, Iam iam DeleteRole DeleteRoleInput { role_name: "r".to_owned() }).unwrap();
    create_role(&mut rig, &admin, "r", &trust).unwrap();
    allow(&mut rig, &admin, "r", "*");
    assert!(refusal(ask!(rig, call, Iam iam ListRoles ListRolesInput {})).starts_with("AccessDenied"));
}

#[test]
fn transitive_tags_go_on_to_the_next_session_and_cannot_be_changed_there() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let call = rig.member(&member);
    let trust = trusting(&format!(r#"{{"AWS":"{member}"}}"#), "")
        .replace(r#""sts:AssumeRole""#, r#"["sts:AssumeRole","sts:TagSession"]"#);
    let first = create_role(&mut rig, &call, "first", &trust).unwrap();
    allow(&mut rig, &call, "first", "sts:*");
    let condition = r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#;
    let only_blue = trusting(&format!(r#"{{"AWS":"{member}"}}"#), condition)
        .replace(r#""sts:AssumeRole""#, r#"["sts:AssumeRole","sts:TagSession"]"#);
    let second = create_role(&mut rig, &call, "second", &only_blue).unwrap();
    let tagged = |rig: &mut Rig, call: &Call, role: &str, value: &str| {
        ask!(rig, call, Sts sts AssumeRole AssumeRoleInput {
            role_arn: role.to_owned(),
            role_session_name: "s".to_owned(),
            tags: Some(vec![stackfleet_api::sts::Tag { key: "team".to_owned(), value: value.to_owned() }]),
            transitive_tag_keys: Some(vec!["team".to_owned()]),
        })
    };
    assert!(refusal(assume(&mut rig, &call, &second)).starts_with("AccessDenied"));
    let key = tagged(&mut rig, &call, &first, "blue").unwrap().credentials.unwrap().access_key_id;
    let blue = Call::outside(rig.world.credential(&key).unwrap().principal, call.region.clone(), "r".into());
    let key = assume(&mut rig, &blue, &second).unwrap().credentials.unwrap().access_key_id;
    let Principal::Session(session) = rig.world.credential(&key).unwrap().principal else { unreachable!() };
    assert_eq!(session.tags, [("team".to_owned(), "blue".to_owned())]);
    assert!(refusal(tagged(&mut rig, &blue, &second, "red")).starts_with("ValidationError"));
}
