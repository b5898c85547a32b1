//! Stacks: made, changed, deleted, and turned back when something fails.

use stackfleet_api::cloudformation as cfn;
use stackfleet_twin::Call;

use crate::kit::{Rig, ask, refusal};

const ROLE: &str = "
Parameters:
  Days: { Type: Number, Default: 1 }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }]
      Description: !Sub 'for ${Days} days'
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: { Name: /role, Type: String, Value: !GetAtt Role.Arn }
Outputs:
  Arn: { Value: !GetAtt Role.Arn, Export: { Name: role-arn } }
";

fn create(
    rig: &mut Rig,
    call: &Call,
    name: &str,
    template: &str,
) -> Result<cfn::CreateStackOutput, stackfleet_api::Error> {
    ask!(rig, *call, CloudFormation cloudformation CreateStack CreateStackInput {
        stack_name: name.to_owned(),
        template_body: Some(template.to_owned()),
        capabilities: Some(vec![cfn::Capability::CapabilityNamedIam]),
    })
}

fn update(
    rig: &mut Rig,
    call: &Call,
    name: &str,
    template: &str,
) -> Result<cfn::UpdateStackOutput, stackfleet_api::Error> {
    ask!(rig, *call, CloudFormation cloudformation UpdateStack UpdateStackInput {
        stack_name: name.to_owned(),
        template_body: Some(template.to_owned()),
        capabilities: Some(vec![cfn::Capability::CapabilityNamedIam]),
    })
}

fn stack(rig: &mut Rig, call: &Call, name: &str) -> cfn::Stack {
    let found = ask!(rig, *call, CloudFormation cloudformation DescribeStacks DescribeStacksInput {
        stack_name: Some(name.to_owned()),
    });
    found.unwrap().stacks.unwrap().remove(0)
}

/// The events of a stack, oldest first: `logical status reason`.
fn events(rig: &mut Rig, call: &Call, name: &str) -> Vec<String> {
    let found = ask!(rig, *call, CloudFormation cloudformation DescribeStackEvents DescribeStackEventsInput {
        stack_name: name.to_owned(),
    });
    let line = |event: &cfn::StackEvent| {
        let reason = event.resource_status_reason.clone().unwrap_or_default();
        let status = event.resource_status.unwrap().as_str();
        format!("{} {status} {reason}", event.logical_resource_id.as_deref().unwrap()).trim_end().to_owned()
    };
    found.unwrap().stack_events.unwrap().iter().rev().map(line).collect()
}

#[test]
fn a_stack_with_a_role_goes_through_its_states() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create(&mut rig, &admin, "one", ROLE).unwrap();
    assert_eq!(stack(&mut rig, &admin, "one").stack_status.as_str(), "CREATE_IN_PROGRESS");
    rig.wait(30);
    let made = stack(&mut rig, &admin, "one");
    assert_eq!(made.stack_status.as_str(), "CREATE_COMPLETE");
    let arn = made.outputs.unwrap()[0].output_value.clone().unwrap();
    assert!(arn.starts_with("arn:aws:iam::") && arn.contains(":role/one-Role-"), "{arn}");
    assert_eq!(
        events(&mut rig, &admin, "one"),
        [
            "one CREATE_IN_PROGRESS User Initiated",
            "Role CREATE_IN_PROGRESS",
            "Role CREATE_IN_PROGRESS Resource creation Initiated",
            "Role CREATE_COMPLETE",
            "Parameter CREATE_IN_PROGRESS",
            "Parameter CREATE_IN_PROGRESS Resource creation Initiated",
            "Parameter CREATE_COMPLETE",
            "one CREATE_COMPLETE",
        ]
    );
    let exports = ask!(rig, admin, CloudFormation cloudformation ListExports ListExportsInput {}).unwrap().exports;
    assert_eq!(exports.unwrap()[0].value.as_ref(), Some(&arn));
    assert_eq!(refusal(create(&mut rig, &admin, "one", ROLE)), "AlreadyExistsException: Stack [one] already exists");
    assert_eq!(refusal(update(&mut rig, &admin, "one", ROLE)), "ValidationError: No updates are to be performed.");
}

#[test]
fn capabilities_must_be_acknowledged() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let answer = ask!(rig, admin, CloudFormation cloudformation CreateStack CreateStackInput {
        stack_name: "one".to_owned(),
        template_body: Some(ROLE.to_owned()),
    });
    assert_eq!(refusal(answer), "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]");
}

#[test]
fn updates_change_in_place_replace_and_clean_up() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create(&mut rig, &admin, "one", ROLE).unwrap();
    rig.wait(40);
    let before = stack(&mut rig, &admin, "one").outputs.unwrap()[0].output_value.clone();
    update(&mut rig, &admin, "one", &ROLE.replace("for ${Days}", "of ${Days}")).unwrap();
    rig.wait(40);
    let made = stack(&mut rig, &admin, "one");
    assert_eq!(made.stack_status.as_str(), "UPDATE_COMPLETE");
    assert_eq!(made.outputs.unwrap()[0].output_value, before, "in place");
    let moved = ROLE.replace("      Description:", "      Path: /x/\n      Description:");
    update(&mut rig, &admin, "one", &moved).unwrap();
    rig.wait(60);
    let made = stack(&mut rig, &admin, "one");
    assert_eq!(made.stack_status.as_str(), "UPDATE_COMPLETE");
    assert!(made.outputs.unwrap()[0].output_value.as_ref().unwrap().contains(":role/x/one-Role-"));
    let all = events(&mut rig, &admin, "one");
    let tail: Vec<&str> = all.iter().rev().take(5).rev().map(String::as_str).collect();
    assert_eq!(
        tail,
        [
            "Parameter UPDATE_COMPLETE",
            "one UPDATE_IN_PROGRESS",
            "Role DELETE_IN_PROGRESS",
            "Role DELETE_COMPLETE",
            "one UPDATE_COMPLETE",
        ]
    );
    let roles = ask!(rig, admin, Iam iam ListRoles ListRolesInput {}).unwrap().roles;
    assert_eq!(roles.iter().filter(|role| role.role_name.starts_with("one-Role-")).count(), 1);
}

#[test]
fn failures_turn_back_and_say_why() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let clash = format!("{ROLE}  Other: {{ Value: x }}\n")
        .replace("Outputs:", "  Unknown: { Type: AWS::Unknown::Thing, DependsOn: Role }\nOutputs:");
    create(&mut rig, &admin, "one", &clash).unwrap();
    rig.wait(60);
    let made = stack(&mut rig, &admin, "one");
    assert_eq!(made.stack_status.as_str(), "ROLLBACK_COMPLETE");
    let all = events(&mut rig, &admin, "one");
    assert!(
        all.contains(&"Unknown CREATE_FAILED Resource type AWS::Unknown::Thing is unsupported by the twin".to_owned())
    );
    assert!(all.contains(&"Parameter CREATE_FAILED Resource creation cancelled".to_owned()));
    assert!(all.iter().any(|line| line
        == "one ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Parameter, Unknown]. Rollback requested by user."));
    assert!(ask!(rig, admin, Ssm ssm GetParameter GetParameterInput { name: "/role".to_owned() }).is_err());
    assert!(
        refusal(update(&mut rig, &admin, "one", ROLE))
            .contains("is in ROLLBACK_COMPLETE state and can not be updated.")
    );
}

#[test]
fn a_failed_update_returns_to_what_was() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create(&mut rig, &admin, "one", ROLE).unwrap();
    rig.wait(40);
    let before = stack(&mut rig, &admin, "one").outputs;
    let broken = ROLE
        .replace("for ${Days}", "of ${Days}")
        .replace("Outputs:", "  Unknown: { Type: AWS::Unknown::Thing, DependsOn: Role }\nOutputs:");
    update(&mut rig, &admin, "one", &broken).unwrap();
    rig.wait(90);
    let made = stack(&mut rig, &admin, "one");
    assert_eq!(made.stack_status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(made.outputs, before);
    let roles = ask!(rig, admin, Iam iam ListRoles ListRolesInput {}).unwrap().roles;
    let role = roles.iter().find(|role| role.role_name.starts_with("one-Role-")).unwrap();
    assert_eq!(role.description.as_deref(), Some("for 1 days"));
    assert_eq!(refusal(update(&mut rig, &admin, "one", ROLE)), "ValidationError: No updates are to be performed.");
}

#[test]
fn exports_protect_what_is_imported() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create(&mut rig, &admin, "one", ROLE).unwrap();
    rig.wait(40);
    let importer =
        "Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !ImportValue role-arn } } }";
    create(&mut rig, &admin, "two", importer).unwrap();
    rig.wait(40);
    assert_eq!(stack(&mut rig, &admin, "two").stack_status.as_str(), "CREATE_COMPLETE");
    let imports = ask!(rig, admin, CloudFormation cloudformation ListImports ListImportsInput {
        export_name: "role-arn".to_owned(),
    });
    assert_eq!(imports.unwrap().imports.unwrap(), ["two"]);
    let delete = |rig: &mut Rig, name: &str| {
        ask!(rig, admin, CloudFormation cloudformation DeleteStack DeleteStackInput { stack_name: name.to_owned() })
            .unwrap();
        rig.wait(30);
    };
    delete(&mut rig, "one");
    let left = stack(&mut rig, &admin, "one");
    assert_eq!(left.stack_status.as_str(), "DELETE_FAILED");
    assert_eq!(left.stack_status_reason.unwrap(), "Export role-arn cannot be deleted as it is in use by two");
    delete(&mut rig, "two");
    delete(&mut rig, "one");
    let gone = ask!(rig, admin, CloudFormation cloudformation DescribeStacks DescribeStacksInput {
        stack_name: Some("one".to_owned()),
    });
    assert_eq!(refusal(gone), "ValidationError: Stack with id one does not exist");
}

#[test]
fn a_role_lends_only_what_it_may() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let role = "
Resources:
  Deployer:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deployer
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: cloudformation.amazonaws.com }, Action: 'sts:AssumeRole' }]
      Policies:
        - PolicyName: parameters
          PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 'ssm:*', Resource: '*' }] }
";
    create(&mut rig, &admin, "deployer", role).unwrap();
    rig.wait(40);
    let account = admin.account().clone();
    let with_role = |rig: &mut Rig, name: &str, role: &str, template: &str| {
        ask!(rig, admin, CloudFormation cloudformation CreateStack CreateStackInput {
            stack_name: name.to_owned(),
            template_body: Some(template.to_owned()),
            role_arn: Some(format!("arn:aws:iam::{account}:role/{role}")),
        })
    };
    let parameter = "Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: x } } }";
    let topic = "Resources: { T: { Type: AWS::SNS::Topic } }";
    with_role(&mut rig, "good", "deployer", parameter).unwrap();
    with_role(&mut rig, "bad", "deployer", topic).unwrap();
    assert!(refusal(with_role(&mut rig, "none", "nobody", topic)).contains("is invalid or cannot be assumed"));
    rig.wait(40);
    assert_eq!(stack(&mut rig, &admin, "good").stack_status.as_str(), "CREATE_COMPLETE");
    assert_eq!(stack(&mut rig, &admin, "bad").stack_status.as_str(), "ROLLBACK_COMPLETE");
    let all = events(&mut rig, &admin, "bad");
    let failed = all.iter().find(|line| line.starts_with("T CREATE_FAILED")).unwrap();
    assert!(failed.contains("is not authorized to perform: SNS:GetTopicAttributes"), "{failed}");
    assert!(failed.contains("HandlerErrorCode: AccessDenied)"), "{failed}");
}

fn set_parameter(rig: &mut Rig, call: &Call, action: &str) {
    ask!(rig, *call, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: "deployer".to_owned(),
        policy_name: "parameters".to_owned(),
        policy_document: format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#),
    })
    .unwrap();
}

#[test]
fn a_way_back_that_got_stuck_can_be_continued() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    ask!(rig, admin, Iam iam CreateRole CreateRoleInput {
        role_name: "deployer".to_owned(),
        assume_role_policy_document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
    })
    .unwrap();
    set_parameter(&mut rig, &admin, "ssm:*");
    let account = admin.account().clone();
    let first = "Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Name: /p, Type: String, Value: '1' } } }";
    ask!(rig, admin, CloudFormation cloudformation CreateStack CreateStackInput {
        stack_name: "one".to_owned(),
        template_body: Some(first.to_owned()),
        role_arn: Some(format!("arn:aws:iam::{account}:role/deployer")),
    })
    .unwrap();
    rig.wait(30);
    let second =
        first.replace("'1'", "'2'").replace(" } } }", " } }, X: { Type: AWS::Unknown::Thing, DependsOn: P } }");
    update(&mut rig, &admin, "one", &second).unwrap();
    rig.wait(4);
    set_parameter(&mut rig, &admin, "ssm:GetParameter");
    rig.wait(60);
    let stuck = stack(&mut rig, &admin, "one");
    assert_eq!(stuck.stack_status.as_str(), "UPDATE_ROLLBACK_FAILED");
    assert!(
        refusal(update(&mut rig, &admin, "one", first))
            .contains("UPDATE_ROLLBACK_FAILED state and can not be updated.")
    );
    let value = |rig: &mut Rig| {
        let found = ask!(rig, admin, Ssm ssm GetParameter GetParameterInput { name: "/p".to_owned() });
        found.unwrap().parameter.unwrap().value.unwrap()
    };
    assert_eq!(value(&mut rig), "2");
    set_parameter(&mut rig, &admin, "ssm:*");
    ask!(rig, admin, CloudFormation cloudformation ContinueUpdateRollback ContinueUpdateRollbackInput {
        stack_name: "one".to_owned(),
    })
    .unwrap();
    rig.wait(60);
    assert_eq!(stack(&mut rig, &admin, "one").stack_status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(value(&mut rig), "1");
}

#[test]
fn deletion_policies_and_full_buckets() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let template = "
Resources:
  Kept: { Type: AWS::SSM::Parameter, DeletionPolicy: Retain, Properties: { Name: /kept, Type: String, Value: x } }
  Bucket: { Type: AWS::S3::Bucket, Properties: { BucketName: full-bucket } }
";
    create(&mut rig, &admin, "one", template).unwrap();
    rig.wait(60);
    assert_eq!(stack(&mut rig, &admin, "one").stack_status.as_str(), "CREATE_COMPLETE");
    let object = stackfleet_twin::s3::PutObject {
        bucket: "full-bucket".to_owned(),
        key: "k".to_owned(),
        body: stackfleet_twin::s3::Body(b"x".to_vec().into()),
        headers: stackfleet_twin::s3::Headers::default(),
        tags: Vec::new(),
        acl: None,
        if_none_match: false,
        if_match: None,
    };
    rig.s3(&admin, stackfleet_twin::s3::Request::PutObject(object)).unwrap();
    let delete = |rig: &mut Rig, retain: Option<Vec<String>>| {
        let answer = ask!(rig, admin, CloudFormation cloudformation DeleteStack DeleteStackInput {
            stack_name: "one".to_owned(),
            retain_resources: retain,
        });
        rig.wait(30);
        answer
    };
    assert!(refusal(delete(&mut rig, Some(vec!["Bucket".to_owned()]))).contains("DELETE_FAILED state"));
    delete(&mut rig, None).unwrap();
    let left = stack(&mut rig, &admin, "one");
    assert_eq!(left.stack_status.as_str(), "DELETE_FAILED");
    assert_eq!(left.stack_status_reason.unwrap().trim(), "The following resource(s) failed to delete: [Bucket].");
    let all = events(&mut rig, &admin, "one");
    assert!(all.contains(&"Kept DELETE_SKIPPED".to_owned()), "{all:#?}");
    delete(&mut rig, Some(vec!["Bucket".to_owned()])).unwrap();
    assert!(ask!(rig, admin, Ssm ssm GetParameter GetParameterInput { name: "/kept".to_owned() }).is_ok());
    assert!(rig.s3(&admin, stackfleet_twin::s3::Request::HeadBucket { bucket: "full-bucket".to_owned() }).is_ok());
    let stacks = ask!(rig, admin, CloudFormation cloudformation DescribeStacks DescribeStacksInput {}).unwrap().stacks;
    assert!(stacks.unwrap().is_empty());
}

#[test]
fn a_custom_name_cannot_be_replaced() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let named = ROLE.replace("      Description:", "      RoleName: fixed\n      Description:");
    create(&mut rig, &admin, "one", &named).unwrap();
    rig.wait(40);
    update(&mut rig, &admin, "one", &named.replace("      RoleName", "      Path: /x/\n      RoleName")).unwrap();
    rig.wait(60);
    assert_eq!(stack(&mut rig, &admin, "one").stack_status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    let all = events(&mut rig, &admin, "one");
    assert!(all.iter().any(|line| line
        == "Role UPDATE_FAILED CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename \
            fixed and update the stack again."));
}

#[test]
fn tags_of_the_stack_reach_resources_that_carry_tags() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    ask!(rig, admin, CloudFormation cloudformation CreateStack CreateStackInput {
        stack_name: "one".to_owned(),
        template_body: Some(ROLE.to_owned()),
        capabilities: Some(vec![cfn::Capability::CapabilityIam]),
        tags: Some(vec![cfn::Tag { key: "owner".to_owned(), value: "ana".to_owned() }]),
    })
    .unwrap();
    rig.wait(40);
    let tags = ask!(rig, admin, Ssm ssm ListTagsForResource ListTagsForResourceInput {
        resource_type: stackfleet_api::ssm::ResourceTypeForTagging::Parameter,
        resource_id: "/role".to_owned(),
    });
    assert_eq!(tags.unwrap().tag_list.unwrap()[0].value, "ana");
}
