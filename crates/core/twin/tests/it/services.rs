//! Lambda, EventBridge, Logs, SNS and SSM, as far as stacks need them.

use stackfleet_api::{Blob, lambda, sns, ssm};
use stackfleet_twin::Call;

use crate::kit::{Rig, ask, refusal};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn role(rig: &mut Rig, call: &Call, name: &str, trust: &str) -> String {
    let made = ask!(rig, *call, Iam iam CreateRole CreateRoleInput {
        role_name: name.to_owned(),
        assume_role_policy_document: trust.to_owned(),
    });
    made.unwrap().role.arn
}

fn function(
    rig: &mut Rig,
    call: &Call,
    role: &str,
    code: &[u8],
) -> Result<lambda::CreateFunctionOutput, stackfleet_api::Error> {
    ask!(rig, *call, Lambda lambda CreateFunction CreateFunctionInput {
        function_name: "f".to_owned(),
        role: role.to_owned(),
        runtime: Some(lambda::Runtime::Python313),
        handler: Some("a.b".to_owned()),
        code: lambda::FunctionCode { zip_file: Some(Blob::new(code)), ..lambda::FunctionCode::default() },
    })
}

#[test]
fn functions_have_code_a_role_that_trusts_and_a_policy() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let good = role(&mut rig, &admin, "good", TRUST);
    let other = role(&mut rig, &admin, "other", &TRUST.replace("lambda", "ec2"));
    assert_eq!(
        refusal(function(&mut rig, &admin, &other, b"PK")),
        "InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda."
    );
    assert!(refusal(function(&mut rig, &admin, &good, b"text")).contains("Could not unzip uploaded file."));
    let made = function(&mut rig, &admin, &good, b"PK").unwrap();
    assert_eq!(made.state.unwrap().as_str(), "Pending");
    assert!(
        refusal(function(&mut rig, &admin, &good, b"PK"))
            .starts_with("ResourceConflictException: Function already exist")
    );
    rig.wait(5);
    let get = |rig: &mut Rig, name: &str| ask!(rig, admin, Lambda lambda GetFunction GetFunctionInput { function_name: name.to_owned() });
    let found = get(&mut rig, "f").unwrap().configuration.unwrap();
    assert_eq!(found.state.unwrap().as_str(), "Active");
    assert_eq!((found.timeout, found.memory_size), (Some(3), Some(128)));
    let arn = found.function_arn.unwrap();
    assert!(get(&mut rig, &arn).is_ok(), "an ARN is as good as a name");
    let permit = |rig: &mut Rig| {
        ask!(rig, admin, Lambda lambda AddPermission AddPermissionInput {
            function_name: "f".to_owned(),
            statement_id: "s".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: "events.amazonaws.com".to_owned(),
            source_arn: Some("arn:aws:events:us-east-1:111122223333:rule/r".to_owned()),
        })
    };
    assert_eq!(
        permit(&mut rig).unwrap().statement.unwrap(),
        format!(
            r#"{{"Sid":"s","Effect":"Allow","Principal":{{"Service":"events.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"{arn}","Condition":{{"ArnLike":{{"AWS:SourceArn":"arn:aws:events:us-east-1:111122223333:rule/r"}}}}}}"#
        )
    );
    assert!(refusal(permit(&mut rig)).starts_with("ResourceConflictException"));
    ask!(rig, admin, Lambda lambda DeleteFunction DeleteFunctionInput { function_name: "f".to_owned() }).unwrap();
    assert_eq!(refusal(get(&mut rig, "f")), format!("ResourceNotFoundException: Function not found: {arn}"));
}

#[test]
fn rules_keep_their_targets_and_cannot_go_before_them() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let put = |rig: &mut Rig, schedule: &str| {
        ask!(rig, admin, Events events PutRule PutRuleInput {
            name: "r".to_owned(),
            schedule_expression: Some(schedule.to_owned()),
        })
    };
    assert_eq!(refusal(put(&mut rig, "daily")), "ValidationException: Parameter ScheduleExpression is not valid.");
    put(&mut rig, "rate(1 day)").unwrap();
    let target = stackfleet_api::events::Target {
        id: "t".to_owned(),
        arn: "arn:aws:lambda:us-east-1:111122223333:function:f".to_owned(),
        ..Default::default()
    };
    ask!(rig, admin, Events events PutTargets PutTargetsInput { rule: "r".to_owned(), targets: vec![target] }).unwrap();
    let delete = |rig: &mut Rig| ask!(rig, admin, Events events DeleteRule DeleteRuleInput { name: "r".to_owned() });
    assert_eq!(refusal(delete(&mut rig)), "ValidationException: Rule can't be deleted since it has targets.");
    ask!(rig, admin, Events events RemoveTargets RemoveTargetsInput { rule: "r".to_owned(), ids: vec!["t".to_owned()] })
        .unwrap();
    delete(&mut rig).unwrap();
    let gone = ask!(rig, admin, Events events DescribeRule DescribeRuleInput { name: "r".to_owned() });
    assert_eq!(refusal(gone), "ResourceNotFoundException: Rule r does not exist on EventBus default.");
}

#[test]
fn log_groups_keep_their_retention() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let create = |rig: &mut Rig| ask!(rig, admin, Logs logs CreateLogGroup CreateLogGroupInput { log_group_name: "/a/b".to_owned() });
    create(&mut rig).unwrap();
    assert_eq!(refusal(create(&mut rig)), "ResourceAlreadyExistsException: The specified log group already exists");
    let retain = |rig: &mut Rig, days: i32| {
        ask!(rig, admin, Logs logs PutRetentionPolicy PutRetentionPolicyInput {
            log_group_name: "/a/b".to_owned(),
            retention_in_days: days,
        })
    };
    assert!(refusal(retain(&mut rig, 2)).starts_with("InvalidParameterException"));
    retain(&mut rig, 90).unwrap();
    let found = ask!(rig, admin, Logs logs DescribeLogGroups DescribeLogGroupsInput {
        log_group_name_prefix: Some("/a".to_owned()),
    });
    let group = found.unwrap().log_groups.unwrap().remove(0);
    assert_eq!(group.retention_in_days, Some(90));
    assert!(group.arn.unwrap().ends_with(":log-group:/a/b:*"));
}

#[test]
fn topics_are_made_once_and_keep_subscriptions() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let create = |rig: &mut Rig, tags: Option<Vec<sns::Tag>>| ask!(rig, admin, Sns sns CreateTopic CreateTopicInput { name: "t".to_owned(), tags: tags });
    let arn = create(&mut rig, None).unwrap().topic_arn.unwrap();
    assert_eq!(create(&mut rig, None).unwrap().topic_arn.unwrap(), arn, "asking twice makes one");
    let tags = vec![sns::Tag { key: "a".to_owned(), value: "b".to_owned() }];
    assert!(refusal(create(&mut rig, Some(tags))).contains("Topic already exists with different tags"));
    let subscribe = |rig: &mut Rig, protocol: &str, endpoint: &str| {
        ask!(rig, admin, Sns sns Subscribe SubscribeInput {
            topic_arn: arn.clone(),
            protocol: protocol.to_owned(),
            endpoint: Some(endpoint.to_owned()),
        })
    };
    let mail = subscribe(&mut rig, "email", "a@example.com").unwrap().subscription_arn.unwrap();
    assert_eq!(mail, "pending confirmation");
    let queue = subscribe(&mut rig, "sqs", "arn:aws:sqs:us-east-1:111122223333:q").unwrap().subscription_arn.unwrap();
    assert!(queue.starts_with(&format!("{arn}:")));
    assert!(refusal(subscribe(&mut rig, "pigeon", "x")).starts_with("InvalidParameter"));
    let found = ask!(rig, admin, Sns sns GetTopicAttributes GetTopicAttributesInput { topic_arn: arn.clone() });
    let attributes = found.unwrap().attributes.unwrap();
    assert_eq!(attributes["SubscriptionsConfirmed"], "1");
    assert_eq!(attributes["SubscriptionsPending"], "1");
}

#[test]
fn parameters_have_versions() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let put = |rig: &mut Rig, value: &str, overwrite: bool| {
        ask!(rig, admin, Ssm ssm PutParameter PutParameterInput {
            name: "/a/b".to_owned(),
            value: value.to_owned(),
            type_: Some(ssm::ParameterType::String),
            overwrite: Some(overwrite),
        })
    };
    assert_eq!(put(&mut rig, "1", false).unwrap().version, Some(1));
    assert!(refusal(put(&mut rig, "2", false)).starts_with("ParameterAlreadyExists: The parameter already exists."));
    assert_eq!(put(&mut rig, "2", true).unwrap().version, Some(2));
    let get = |rig: &mut Rig, name: &str| {
        ask!(rig, admin, Ssm ssm GetParameter GetParameterInput { name: name.to_owned() })
            .map(|output| output.parameter.unwrap().value.unwrap())
    };
    assert_eq!(get(&mut rig, "/a/b").unwrap(), "2");
    assert_eq!(get(&mut rig, "/a/b:1").unwrap(), "1");
    assert!(refusal(get(&mut rig, "/a/b:7")).starts_with("ParameterVersionNotFound"));
    assert!(refusal(get(&mut rig, "/a")).starts_with("ParameterNotFound"));
    let below = ask!(rig, admin, Ssm ssm GetParametersByPath GetParametersByPathInput { path: "/a".to_owned() });
    assert_eq!(below.unwrap().parameters.unwrap().len(), 1);
}
