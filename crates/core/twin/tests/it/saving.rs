//! A world that was saved and loaded goes on as the other would have.

use stackfleet_api::cloudformation;
use stackfleet_twin::{World, WorldOptions};

use crate::kit::{Rig, ask};

/// A world with something of everything.
fn busy() -> Rig {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let admin = rig.admin();
    ask!(rig, admin, Organizations organizations EnablePolicyType EnablePolicyTypeInput {
        root_id: crate::kit::root_id(&mut rig),
        policy_type: stackfleet_api::organizations::PolicyType::ServiceControlPolicy,
    })
    .unwrap();
    rig.wait(5);
    let call = rig.member(&member);
    ask!(rig, call, Iam iam CreateRole CreateRoleInput {
        role_name: "r".to_owned(),
        assume_role_policy_document: format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{member}"}},"Action":"sts:AssumeRole"}}}}"#
        ),
    })
    .unwrap();
    // Something still lies ahead.
    ask!(rig, admin, Organizations organizations CreateAccount CreateAccountInput {
        email: "late@x.example".to_owned(),
        account_name: "Late".to_owned(),
    })
    .unwrap();
    rig
}

/// What a world answers from here on.
fn further(mut rig: Rig) -> String {
    rig.wait(60);
    let admin = rig.admin();
    let accounts = ask!(rig, admin, Organizations organizations ListAccounts ListAccountsInput {}).unwrap();
    let created = rig.create_account("Next", "next@x.example");
    let call = rig.member(&created);
    let roles = ask!(rig, call, Iam iam ListRoles ListRolesInput {}).unwrap();
    format!("{accounts:?}\n{roles:?}\n{}", rig.world.save().unwrap())
}

#[test]
fn a_loaded_world_answers_as_the_saved_one() {
    let rig = busy();
    let world = World::load(&rig.world.save().unwrap()).unwrap();
    let loaded = Rig { now: rig.now, world };
    assert_eq!(further(loaded), further(rig));
}

#[test]
fn the_same_inputs_make_the_same_world() {
    assert_eq!(busy().world.save().unwrap(), busy().world.save().unwrap());
    let other = World::new(8, WorldOptions::default());
    assert_ne!(other.management_account(), World::new(7, WorldOptions::default()).management_account());
}

#[test]
fn other_documents_are_refused() {
    let message = |text: &str| World::load(text).unwrap_err().to_string();
    assert_eq!(message("{}"), "this is not a saved twin");
    let later = r#"{"format":"stackfleet-twin","version":99,"world":{}}"#;
    assert_eq!(message(later), "the twin was saved in format 99; this program reads format 1");
}

const TEMPLATE: &str = r#"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
  Topic:
    Type: AWS::SNS::Topic
    DependsOn: Role
  Group:
    Type: AWS::Logs::LogGroup
    DependsOn: Topic
    Properties: { RetentionInDays: 30 }
"#;

#[test]
fn stacks_under_way_go_on_after_loading() {
    let mut rig = Rig::new();
    for index in 0..3 {
        rig.create_account("A", &format!("a{index}@x.example"));
    }
    let admin = rig.admin();
    let root_id = crate::kit::root_id(&mut rig);
    ask!(rig, admin, CloudFormation cloudformation ActivateOrganizationsAccess ActivateOrganizationsAccessInput {})
        .unwrap();
    ask!(rig, admin, CloudFormation cloudformation CreateStackSet CreateStackSetInput {
        stack_set_name: "set".to_owned(),
        template_body: Some(TEMPLATE.to_owned()),
        capabilities: Some(vec![cloudformation::Capability::CapabilityIam]),
        permission_model: Some(cloudformation::PermissionModels::ServiceManaged),
        auto_deployment: Some(cloudformation::AutoDeployment {
            enabled: Some(true),
            retain_stacks_on_account_removal: Some(false),
            ..cloudformation::AutoDeployment::default()
        }),
    })
    .unwrap();
    let targets = cloudformation::DeploymentTargets {
        organizational_unit_ids: Some(vec![root_id]),
        ..cloudformation::DeploymentTargets::default()
    };
    ask!(rig, admin, CloudFormation cloudformation CreateStackInstances CreateStackInstancesInput {
        stack_set_name: "set".to_owned(),
        deployment_targets: Some(targets),
        regions: vec!["eu-west-1".to_owned()],
    })
    .unwrap();
    // Loaded again at every third second, and never: the end is the same.
    let mut other = Rig { now: rig.now, world: rig.world.clone() };
    for _ in 0..100 {
        rig.wait(3);
        other.wait(3);
        other.world = World::load(&other.world.save().unwrap()).unwrap();
    }
    let list = |rig: &mut Rig| {
        let list = ask!(rig, admin, CloudFormation cloudformation ListStackInstances ListStackInstancesInput {
            stack_set_name: "set".to_owned()
        });
        list.unwrap().summaries.unwrap()
    };
    let (one, two) = (list(&mut rig), list(&mut other));
    assert_eq!(one, two);
    assert!(one.len() == 3 && one.iter().all(|instance| instance.stack_id.is_some()), "{one:?}");
    assert_eq!(rig.world.save().unwrap(), other.world.save().unwrap());
}
