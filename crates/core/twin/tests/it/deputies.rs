//! Services that act for somebody: whom they act for decides what lets them in.

use stackfleet_api::{Blob, Error, events, lambda};
use stackfleet_base::AccountId;
use stackfleet_twin::Call;

use crate::kit::{Rig, ask, refusal};

const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const LOGS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
const REGION: &str = "us-east-1";

fn role(rig: &mut Rig, call: &Call, name: &str, trust: &str, allow: &str) -> String {
    let made = ask!(rig, *call, Iam iam CreateRole CreateRoleInput {
        role_name: name.to_owned(),
        assume_role_policy_document: trust.to_owned(),
    });
    ask!(rig, *call, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: name.to_owned(),
        policy_name: "p".to_owned(),
        policy_document: allow.to_owned(),
    })
    .unwrap();
    made.unwrap().role.arn
}

/// Makes a function with a role that may do what `allow` says, and waits for it.
fn function(rig: &mut Rig, call: &Call, name: &str, allow: &str) -> String {
    let role = role(rig, call, &format!("{name}-role"), LAMBDA, allow);
    let made = ask!(rig, *call, Lambda lambda CreateFunction CreateFunctionInput {
        function_name: name.to_owned(),
        role: role,
        runtime: Some(lambda::Runtime::Python313),
        handler: Some("a.b".to_owned()),
        code: lambda::FunctionCode { zip_file: Some(Blob::new("PK")), ..lambda::FunctionCode::default() },
    });
    rig.wait(5);
    made.unwrap().function_arn.unwrap()
}

fn let_in(rig: &mut Rig, call: &Call, function: &str, principal: &str, source_arn: &str) {
    ask!(rig, *call, Lambda lambda AddPermission AddPermissionInput {
        function_name: function.to_owned(),
        statement_id: "s".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: principal.to_owned(),
        source_arn: (!source_arn.is_empty()).then(|| source_arn.to_owned()),
    })
    .unwrap();
}

/// Makes a rule for events of a source, with one target.
fn rule(rig: &mut Rig, call: &Call, name: &str, target: &str, role: Option<&str>) -> Result<(), Error> {
    ask!(rig, *call, Events events PutRule PutRuleInput {
        name: name.to_owned(),
        event_pattern: Some(format!(r#"{{"source":["{name}"]}}"#)),
    })?;
    ask!(rig, *call, Events events PutTargets PutTargetsInput {
        rule: name.to_owned(),
        targets: vec![events::Target {
            id: "t".to_owned(),
            arn: target.to_owned(),
            role_arn: role.map(ToOwned::to_owned),
            ..events::Target::default()
        }],
    })
    .map(drop)
}

fn put_event(rig: &mut Rig, call: &Call, source: &str, detail: &str) -> events::PutEventsResultEntry {
    let entry = events::PutEventsRequestEntry {
        source: Some(source.to_owned()),
        detail_type: Some("d".to_owned()),
        detail: Some(detail.to_owned()),
        ..events::PutEventsRequestEntry::default()
    };
    let put = ask!(rig, *call, Events events PutEvents PutEventsInput { entries: vec![entry] });
    put.unwrap().entries.unwrap().remove(0)
}

/// Whether a function has run: then it has a log group.
fn has_run(rig: &mut Rig, call: &Call, name: &str) -> bool {
    let groups = ask!(rig, *call, Logs logs DescribeLogGroups DescribeLogGroupsInput {
        log_group_name_prefix: Some(format!("/aws/lambda/{name}")),
    });
    !groups.unwrap().log_groups.unwrap().is_empty()
}

#[test]
fn a_function_runs_for_the_rule_that_its_policy_names() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let account = admin.account().clone();
    let arn = function(&mut rig, &admin, "f", LOGS);
    rule(&mut rig, &admin, "right", &arn, None).unwrap();
    rule(&mut rig, &admin, "wrong", &arn, None).unwrap();
    assert!(put_event(&mut rig, &admin, "right", "{}").event_id.is_some());
    assert!(!has_run(&mut rig, &admin, "f"), "nobody is let in yet");
    let_in(&mut rig, &admin, "f", "events.amazonaws.com", &format!("arn:aws:events:{REGION}:{account}:rule/right"));
    put_event(&mut rig, &admin, "wrong", "{}");
    put_event(&mut rig, &admin, "other-source", "{}");
    assert!(!has_run(&mut rig, &admin, "f"));
    put_event(&mut rig, &admin, "right", "{}");
    assert!(has_run(&mut rig, &admin, "f"));
    // A function whose role may write no logs runs without them.
    let arn = function(&mut rig, &admin, "silent", &LOGS.replace("logs:*", "s3:*"));
    let_in(&mut rig, &admin, "silent", "events.amazonaws.com", "");
    rule(&mut rig, &admin, "silent", &arn, None).unwrap();
    put_event(&mut rig, &admin, "silent", "{}");
    assert!(!has_run(&mut rig, &admin, "silent"));
}

#[test]
fn events_that_are_none_are_refused_one_by_one() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let code = |rig: &mut Rig, source: &str, detail: &str| put_event(rig, &admin, source, detail).error_code.unwrap();
    assert_eq!(code(&mut rig, "aws.s3", "{}"), "NotAuthorizedForSourceException");
    assert_eq!(code(&mut rig, "", "{}"), "InvalidArgument");
    assert_eq!(code(&mut rig, "app", "[]"), "MalformedDetail");
}

#[test]
fn into_another_account_leads_only_a_role() {
    let mut rig = Rig::new();
    let (one, two) = (rig.create_account("One", "one@x.example"), rig.create_account("Two", "two@x.example"));
    let (call_one, call_two) = (rig.member(&one), rig.member(&two));
    let arn = function(&mut rig, &call_two, "f", LOGS);
    let_in(&mut rig, &call_two, "f", "events.amazonaws.com", "");
    rule(&mut rig, &call_one, "bare", &arn, None).unwrap();
    put_event(&mut rig, &call_one, "bare", "{}");
    assert!(!has_run(&mut rig, &call_two, "f"));
    let trust = LAMBDA.replace("lambda.amazonaws.com", "events.amazonaws.com");
    let caller = role(&mut rig, &call_one, "caller", &trust, &LOGS.replace("logs:*", "lambda:InvokeFunction"));
    rule(&mut rig, &call_one, "lent", &arn, Some(&caller)).unwrap();
    put_event(&mut rig, &call_one, "lent", "{}");
    assert!(!has_run(&mut rig, &call_two, "f"), "the function's policy does not name the role yet");
    ask!(rig, call_two, Lambda lambda RemovePermission RemovePermissionInput {
        function_name: "f".to_owned(),
        statement_id: "s".to_owned(),
    })
    .unwrap();
    let_in(&mut rig, &call_two, "f", &caller, "");
    put_event(&mut rig, &call_one, "lent", "{}");
    assert!(has_run(&mut rig, &call_two, "f"));
}

#[test]
fn a_role_is_lent_to_what_it_trusts_the_service_with() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let account: AccountId = admin.account().clone();
    let condition = format!(
        r#","Condition":{{"ArnEquals":{{"aws:SourceArn":"arn:aws:events:{REGION}:{account}:rule/right"}},"StringEquals":{{"aws:SourceAccount":"{account}"}}}}}}]"#
    );
    let trust = LAMBDA.replace("lambda.amazonaws.com", "events.amazonaws.com").replace("}]", &condition);
    let lent = role(&mut rig, &admin, "lent", &trust, LOGS);
    let topic = format!("arn:aws:sns:{REGION}:{account}:t");
    rule(&mut rig, &admin, "right", &topic, Some(&lent)).unwrap();
    assert_eq!(
        refusal(rule(&mut rig, &admin, "wrong", &topic, Some(&lent))),
        format!("ValidationException: Provided role '{lent}' cannot be assumed by principal 'events.amazonaws.com'.")
    );
}
