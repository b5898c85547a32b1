//! Stack sets of both kinds: roles, states, preferences, failures, and accounts that move.

use stackfleet_api::{Error, cloudformation as cfn};
use stackfleet_base::AccountId;
use stackfleet_twin::{Call, s3};

use crate::kit::{Rig, ask, refusal, root_id};

const TIER_1: &str = include_str!("../../../../../examples/source/iam/execution-role.yaml");
const TIER_2: &str = include_str!("../../../../../examples/source/app/template.yaml");
const PARAMETER: &str = "
Parameters: { Value: { Type: String, Default: x } }
Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Name: /p, Type: String, Value: !Ref Value } } }
";

/// An organization with a unit of some accounts, trusted access and the administration role.
struct Fleet {
    rig: Rig,
    admin: Call,
    unit: String,
    accounts: Vec<AccountId>,
}

impl Fleet {
    fn new(accounts: usize) -> Self {
        let mut rig = Rig::new();
        let mut admin = rig.admin();
        let root = root_id(&mut rig);
        let unit = ask!(rig, admin, Organizations organizations CreateOrganizationalUnit CreateOrganizationalUnitInput {
            parent_id: root.clone(),
            name: "Workloads".to_owned(),
        });
        let unit = unit.unwrap().organizational_unit.unwrap().id.unwrap();
        let accounts: Vec<AccountId> = (0..accounts)
            .map(|number| rig.create_account(&format!("a{number}"), &format!("a{number}@example.com")))
            .collect();
        ask!(rig, admin, CloudFormation cloudformation ActivateOrganizationsAccess ActivateOrganizationsAccessInput {})
            .unwrap();
        ask!(rig, admin, Iam iam CreateRole CreateRoleInput {
            role_name: "AWSCloudFormationStackSetAdministrationRole".to_owned(),
            assume_role_policy_document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
        })
        .unwrap();
        ask!(rig, admin, Iam iam PutRolePolicy PutRolePolicyInput {
            role_name: "AWSCloudFormationStackSetAdministrationRole".to_owned(),
            policy_name: "assume".to_owned(),
            policy_document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/*"}]}"#.to_owned(),
        })
        .unwrap();
        admin.region = "eu-west-1".parse().unwrap();
        let mut fleet = Self { rig, admin, unit, accounts };
        for account in fleet.accounts.clone() {
            fleet.enter(&account, &root);
        }
        fleet
    }

    /// Moves an account from another parent into the unit.
    fn enter(&mut self, account: &AccountId, from: &str) {
        let to = self.unit.clone();
        self.travel(account, from, &to);
    }

    fn travel(&mut self, account: &AccountId, from: &str, to: &str) {
        ask!(self.rig, self.admin, Organizations organizations MoveAccount MoveAccountInput {
            account_id: account.to_string(),
            source_parent_id: from.to_owned(),
            destination_parent_id: to.to_owned(),
        })
        .unwrap();
    }

    fn create_set(
        &mut self,
        name: &str,
        template: &str,
        change: impl FnOnce(&mut cfn::CreateStackSetInput),
    ) -> Result<String, Error> {
        let mut input = cfn::CreateStackSetInput {
            stack_set_name: name.to_owned(),
            template_body: Some(template.to_owned()),
            capabilities: Some(vec![cfn::Capability::CapabilityNamedIam, cfn::Capability::CapabilityAutoExpand]),
            ..cfn::CreateStackSetInput::default()
        };
        change(&mut input);
        let request = stackfleet_api::Request::CloudFormation(cfn::Request::CreateStackSet(input));
        let answer = self.rig.ask(&self.admin, request)?;
        let stackfleet_api::Answer::CloudFormation(cfn::Answer::CreateStackSet(output)) = answer else {
            unreachable!("{answer:?}");
        };
        Ok(output.stack_set_id.unwrap())
    }

    fn create_instances(
        &mut self,
        set: &str,
        change: impl FnOnce(&mut cfn::CreateStackInstancesInput),
    ) -> Result<String, Error> {
        let mut input = cfn::CreateStackInstancesInput {
            stack_set_name: set.to_owned(),
            regions: vec!["eu-west-1".to_owned()],
            ..cfn::CreateStackInstancesInput::default()
        };
        change(&mut input);
        let request = stackfleet_api::Request::CloudFormation(cfn::Request::CreateStackInstances(input));
        let answer = self.rig.ask(&self.admin, request)?;
        let stackfleet_api::Answer::CloudFormation(cfn::Answer::CreateStackInstances(output)) = answer else {
            unreachable!("{answer:?}");
        };
        Ok(output.operation_id.unwrap())
    }

    fn delete_instances(&mut self, set: &str, accounts: &[AccountId], retain: bool) -> Result<String, Error> {
        let deleted = ask!(self.rig, self.admin, CloudFormation cloudformation DeleteStackInstances DeleteStackInstancesInput {
            stack_set_name: set.to_owned(),
            accounts: Some(accounts.iter().map(ToString::to_string).collect()),
            regions: vec!["eu-west-1".to_owned()],
            retain_stacks: retain,
        });
        deleted.map(|output| output.operation_id.unwrap())
    }

    fn operation(&mut self, set: &str, id: &str) -> cfn::StackSetOperation {
        let found = ask!(self.rig, self.admin, CloudFormation cloudformation DescribeStackSetOperation DescribeStackSetOperationInput {
            stack_set_name: set.to_owned(),
            operation_id: id.to_owned(),
        });
        found.unwrap().stack_set_operation.unwrap()
    }

    /// Waits until an operation is over; its status.
    fn finish(&mut self, set: &str, id: &str) -> String {
        for _ in 0..2_000 {
            let status = self.operation(set, id).status.unwrap().as_str();
            if !matches!(status, "QUEUED" | "RUNNING" | "STOPPING") {
                return status.to_owned();
            }
            self.rig.wait(5);
        }
        unreachable!("the operation hangs");
    }

    /// The instances: `number status detailed reason`, numbers being those of the accounts.
    fn instances(&mut self, set: &str) -> Vec<String> {
        let found = ask!(self.rig, self.admin, CloudFormation cloudformation ListStackInstances ListStackInstancesInput {
            stack_set_name: set.to_owned(),
        });
        let mut lines: Vec<String> = found
            .unwrap()
            .summaries
            .unwrap()
            .into_iter()
            .map(|row| {
                let account = row.account.unwrap();
                let number = self.accounts.iter().position(|known| known.as_str() == account);
                let number = number.map_or("management".to_owned(), |number| number.to_string());
                let detailed = row.stack_instance_status.unwrap().detailed_status.unwrap().as_str();
                let reason = row.status_reason.unwrap_or_default();
                format!("{number} {} {detailed} {reason}", row.status.unwrap().as_str()).trim_end().to_owned()
            })
            .collect();
        lines.sort();
        lines
    }

    fn service_managed(&mut self, name: &str, template: &str, auto: bool) -> Result<String, Error> {
        self.create_set(name, template, |input| {
            input.permission_model = Some(cfn::PermissionModels::ServiceManaged);
            input.auto_deployment = Some(cfn::AutoDeployment { enabled: Some(auto), ..cfn::AutoDeployment::default() });
        })
    }

    fn by_unit(&mut self, set: &str) -> String {
        let unit = self.unit.clone();
        self.create_instances(set, |input| {
            input.deployment_targets = Some(cfn::DeploymentTargets {
                organizational_unit_ids: Some(vec![unit]),
                ..cfn::DeploymentTargets::default()
            });
            input.operation_preferences = Some(cfn::StackSetOperationPreferences {
                max_concurrent_percentage: Some(100),
                concurrency_mode: Some(cfn::ConcurrencyMode::SoftFailureTolerance),
                ..cfn::StackSetOperationPreferences::default()
            });
        })
        .unwrap()
    }

    /// Places the default execution role, which trusts the management account, in some accounts.
    fn place_roles(&mut self, accounts: &[usize]) {
        let administrator = self.admin.account().clone();
        for number in accounts {
            let member = self.rig.member(&self.accounts[*number].clone());
            let trust = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{administrator}:root"}},"Action":"sts:AssumeRole"}}]}}"#
            );
            ask!(self.rig, member, Iam iam CreateRole CreateRoleInput {
                role_name: "AWSCloudFormationStackSetExecutionRole".to_owned(),
                assume_role_policy_document: trust,
            })
            .unwrap();
            ask!(self.rig, member, Iam iam AttachRolePolicy AttachRolePolicyInput {
                role_name: "AWSCloudFormationStackSetExecutionRole".to_owned(),
                policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess".to_owned(),
            })
            .unwrap();
        }
    }

    fn by_account(
        &mut self,
        set: &str,
        numbers: &[usize],
        preferences: Option<cfn::StackSetOperationPreferences>,
    ) -> String {
        let accounts = numbers.iter().map(|number| self.accounts[*number].to_string()).collect();
        self.create_instances(set, |input| {
            input.accounts = Some(accounts);
            input.operation_preferences = preferences;
        })
        .unwrap()
    }

    /// Makes a bucket of the region that the organization may read, with the code in it; its name.
    fn artifact(&mut self, region: &str) -> String {
        let mut call = self.admin.clone();
        call.region = region.parse().unwrap();
        let bucket = format!("stackfleet-artifacts-{}-{region}", call.account());
        let location = (region != "us-east-1").then(|| region.to_owned());
        let create = s3::Request::CreateBucket { bucket: bucket.clone(), location, ownership: None };
        self.rig.s3(&call, create).unwrap();
        let organization = crate::kit::organization_id(&mut self.rig);
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{organization}"}}}}}}]}}"#
        );
        let value = s3::SettingValue::Policy(policy);
        self.rig.s3(&call, s3::Request::PutBucketSetting { bucket: bucket.clone(), value }).unwrap();
        let object = s3::PutObject {
            bucket: bucket.clone(),
            key: "code.zip".to_owned(),
            body: s3::Body(b"PK\x03\x04code".to_vec().into()),
            headers: s3::Headers::default(),
            tags: Vec::new(),
            acl: None,
            if_none_match: false,
            if_match: None,
        };
        self.rig.s3(&call, s3::Request::PutObject(object)).unwrap();
        bucket
    }

    fn deny(&mut self, account: usize, action: &str) {
        let target = self.accounts[account].to_string();
        let root = root_id(&mut self.rig);
        // The type may be enabled already.
        let _ = ask!(self.rig, self.admin, Organizations organizations EnablePolicyType EnablePolicyTypeInput {
            root_id: root,
            policy_type: stackfleet_api::organizations::PolicyType::ServiceControlPolicy,
        });
        self.rig.wait(30);
        let policy = ask!(self.rig, self.admin, Organizations organizations CreatePolicy CreatePolicyInput {
            name: format!("deny-{account}"),
            description: String::new(),
            content: format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#),
            type_: stackfleet_api::organizations::PolicyType::ServiceControlPolicy,
        });
        let policy_id = policy.unwrap().policy.unwrap().policy_summary.unwrap().id.unwrap();
        ask!(self.rig, self.admin, Organizations organizations AttachPolicy AttachPolicyInput { policy_id: policy_id, target_id: target })
            .unwrap();
    }
}

#[test]
fn the_example_reaches_every_account_in_two_tiers() {
    let mut fleet = Fleet::new(3);
    let administrator = fleet.admin.account().to_string();
    let given = vec![cfn::Parameter {
        parameter_key: Some("AdministratorAccountId".to_owned()),
        parameter_value: Some(administrator.clone()),
        ..cfn::Parameter::default()
    }];
    fleet
        .create_set("roles", TIER_1, |input| {
            input.permission_model = Some(cfn::PermissionModels::ServiceManaged);
            input.auto_deployment = Some(cfn::AutoDeployment { enabled: Some(true), ..cfn::AutoDeployment::default() });
            input.parameters = Some(given);
        })
        .unwrap();
    let operation = fleet.by_unit("roles");
    assert_eq!(fleet.instances("roles"), ["0", "1", "2"].map(|n| format!("{n} OUTDATED PENDING User Initiated")));
    assert_eq!(fleet.finish("roles", &operation), "SUCCEEDED");
    assert_eq!(fleet.instances("roles"), ["0", "1", "2"].map(|n| format!("{n} CURRENT SUCCEEDED")));

    let bucket = fleet.artifact("eu-west-1");
    let template = TIER_2.replace("CodeUri: src", &format!("CodeUri: s3://{bucket}/code.zip"));
    fleet
        .create_set("app", &template, |input| {
            input.execution_role_name = Some("stackfleet-key-rotation-execution".to_owned());
            input.parameters = Some(vec![cfn::Parameter {
                parameter_key: Some("Environment".to_owned()),
                parameter_value: Some("dev".to_owned()),
                ..cfn::Parameter::default()
            }]);
        })
        .unwrap();
    let operation = fleet.by_account("app", &[0, 1, 2], None);
    let status = fleet.finish("app", &operation);
    assert_eq!(fleet.instances("app"), ["0", "1", "2"].map(|n| format!("{n} CURRENT SUCCEEDED")));
    assert_eq!(status, "SUCCEEDED");
}

#[test]
fn missing_roles_fail_instances_with_their_text() {
    let mut fleet = Fleet::new(2);
    fleet.place_roles(&[0]);
    fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let tolerant = cfn::StackSetOperationPreferences {
        failure_tolerance_count: Some(1),
        ..cfn::StackSetOperationPreferences::default()
    };
    let operation = fleet.by_account("s", &[0, 1], Some(tolerant));
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    let account = fleet.accounts[1].clone();
    assert_eq!(
        fleet.instances("s"),
        [
            "0 CURRENT SUCCEEDED".to_owned(),
            format!(
                "1 OUTDATED FAILED Account {account} should have 'AWSCloudFormationStackSetExecutionRole' role with trust \
                 relationship to Role 'AWSCloudFormationStackSetAdministrationRole'."
            ),
        ]
    );
    assert_eq!(fleet.operation("s", &operation).status_details.unwrap().failed_stack_instances_count, Some(1));
    fleet.place_roles(&[1]);
    let again = fleet.by_account("s", &[1], None);
    assert_eq!(fleet.finish("s", &again), "SUCCEEDED");
    assert_eq!(fleet.instances("s"), ["0 CURRENT SUCCEEDED", "1 CURRENT SUCCEEDED"]);
}

#[test]
fn the_first_failure_cancels_the_rest_unless_tolerated() {
    let mut fleet = Fleet::new(3);
    fleet.place_roles(&[0, 2]);
    fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let operation = fleet.by_account("s", &[1, 0, 2], None);
    assert_eq!(fleet.finish("s", &operation), "FAILED");
    let cancelled = "OUTDATED CANCELLED Cancelled since failure tolerance has exceeded";
    let instances = fleet.instances("s");
    assert_eq!(instances[0], format!("0 {cancelled}"));
    assert!(instances[1].starts_with("1 OUTDATED FAILED Account"));
    assert_eq!(instances[2], format!("2 {cancelled}"));
}

#[test]
fn policies_of_the_organization_bind_the_role_of_service_managed_sets() {
    let mut fleet = Fleet::new(2);
    fleet.deny(1, "ssm:PutParameter");
    fleet.service_managed("s", PARAMETER, false).unwrap();
    let operation = fleet.by_unit("s");
    assert_eq!(fleet.finish("s", &operation), "FAILED");
    let instances = fleet.instances("s");
    assert_eq!(instances[0], "0 CURRENT SUCCEEDED");
    let reason = &instances[1];
    assert!(
        reason.starts_with(
            "1 OUTDATED FAILED ResourceLogicalId:P, ResourceType:AWS::SSM::Parameter, ResourceStatusReason:"
        )
    );
    assert!(reason.contains(":assumed-role/stacksets-exec-"), "{reason}");
    assert!(reason.contains("is not authorized to perform: ssm:PutParameter on resource:"), "{reason}");
    assert!(reason.contains("with an explicit deny in a service control policy"), "{reason}");
}

#[test]
fn service_managed_sets_have_their_conditions() {
    let mut fleet = Fleet::new(1);
    let serverless = "Transform: AWS::Serverless-2016-10-31\nResources: { T: { Type: AWS::Serverless::SimpleTable } }";
    assert_eq!(
        refusal(fleet.service_managed("s", serverless, false)),
        "ValidationError: Transform is not supported in SERVICE_MANAGED permission model"
    );
    ask!(fleet.rig, fleet.admin, CloudFormation cloudformation DeactivateOrganizationsAccess DeactivateOrganizationsAccessInput {})
        .unwrap();
    assert_eq!(
        refusal(fleet.service_managed("s", PARAMETER, false)),
        "ValidationError: You must enable organizations access to operate a service managed stack set"
    );
    let mut member = fleet.rig.member(&fleet.accounts[0].clone());
    member.region = "eu-west-1".parse().unwrap();
    fleet.admin = member;
    assert_eq!(
        refusal(fleet.service_managed("s", PARAMETER, false)),
        "ValidationError: You must be the master or delegated admin account of an organization before operating a \
         SERVICE_MANAGED stack set"
    );
}

#[test]
fn accounts_that_join_or_leave_are_followed() {
    let mut fleet = Fleet::new(2);
    let root = root_id(&mut fleet.rig);
    let (unit, first) = (fleet.unit.clone(), fleet.accounts[0].clone());
    fleet.travel(&first, &unit, &root);
    fleet.service_managed("s", PARAMETER, true).unwrap();
    let operation = fleet.by_unit("s");
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    assert_eq!(fleet.instances("s"), ["1 CURRENT SUCCEEDED"]);
    fleet.enter(&first, &root);
    assert_eq!(fleet.instances("s")[0], "0 OUTDATED PENDING User Initiated");
    fleet.rig.wait(60);
    assert_eq!(fleet.instances("s"), ["0 CURRENT SUCCEEDED", "1 CURRENT SUCCEEDED"]);
    fleet.travel(&first, &unit, &root);
    fleet.rig.wait(60);
    assert_eq!(fleet.instances("s"), ["1 CURRENT SUCCEEDED"]);
}

#[test]
fn operations_do_not_overlap_and_are_known_by_their_id() {
    let mut fleet = Fleet::new(2);
    fleet.place_roles(&[0, 1]);
    let id = fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let accounts: Vec<String> = fleet.accounts.iter().map(ToString::to_string).collect();
    let begin = |fleet: &mut Fleet, operation: &str, accounts: &[String]| {
        fleet.create_instances("s", |input| {
            input.accounts = Some(accounts.to_vec());
            input.operation_id = Some(operation.to_owned());
        })
    };
    assert_eq!(begin(&mut fleet, "one", &accounts[..1]).unwrap(), "one");
    assert_eq!(begin(&mut fleet, "one", &accounts[..1]).unwrap(), "one", "the same request is done once");
    assert!(refusal(begin(&mut fleet, "one", &accounts)).starts_with("OperationIdAlreadyExistsException"));
    let administrator = fleet.admin.account().clone();
    assert_eq!(
        refusal(begin(&mut fleet, "two", &accounts)),
        format!(
            "OperationInProgressException: Another Operation on StackSet \
             arn:aws:cloudformation:eu-west-1:{administrator}:stackset/{id} is in progress: one"
        )
    );
    assert_eq!(fleet.finish("s", "one"), "SUCCEEDED");
    begin(&mut fleet, "two", &accounts).unwrap();
    assert_eq!(fleet.finish("s", "two"), "SUCCEEDED");
    let list = ask!(fleet.rig, fleet.admin, CloudFormation cloudformation ListStackSetOperations ListStackSetOperationsInput {
        stack_set_name: "s".to_owned(),
    });
    let ids: Vec<String> = list.unwrap().summaries.unwrap().into_iter().map(|row| row.operation_id.unwrap()).collect();
    assert_eq!(ids, ["two", "one"]);
}

#[test]
fn sets_are_updated_emptied_and_deleted() {
    let mut fleet = Fleet::new(2);
    fleet.place_roles(&[0, 1]);
    fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let operation = fleet.by_account("s", &[0, 1], None);
    fleet.finish("s", &operation);
    let update = |fleet: &mut Fleet, accounts: Option<Vec<String>>| {
        let regions = accounts.is_some().then(|| vec!["eu-west-1".to_owned()]);
        ask!(fleet.rig, fleet.admin, CloudFormation cloudformation UpdateStackSet UpdateStackSetInput {
            stack_set_name: "s".to_owned(),
            use_previous_template: Some(true),
            parameters: Some(vec![cfn::Parameter {
                parameter_key: Some("Value".to_owned()),
                parameter_value: Some("y".to_owned()),
                ..cfn::Parameter::default()
            }]),
            accounts: accounts,
            regions: regions,
        })
        .map(|output| output.operation_id.unwrap())
    };
    let first = vec![fleet.accounts[0].to_string()];
    let operation = update(&mut fleet, Some(first)).unwrap();
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    assert_eq!(fleet.instances("s"), ["0 CURRENT SUCCEEDED", "1 OUTDATED SUCCEEDED"], "the rest is out of date");
    assert!(
        refusal(update(&mut fleet, Some(vec!["999999999999".to_owned()])))
            .starts_with("StackInstanceNotFoundException")
    );
    let operation = update(&mut fleet, None).unwrap();
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    assert_eq!(fleet.instances("s"), ["0 CURRENT SUCCEEDED", "1 CURRENT SUCCEEDED"]);

    let delete_set = |fleet: &mut Fleet| {
        ask!(fleet.rig, fleet.admin, CloudFormation cloudformation DeleteStackSet DeleteStackSetInput {
            stack_set_name: "s".to_owned(),
        })
    };
    assert_eq!(refusal(delete_set(&mut fleet)), "StackSetNotEmptyException: StackSet is not empty");
    let accounts = fleet.accounts.clone();
    let operation = fleet.delete_instances("s", &accounts[..1], false).unwrap();
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    let operation = fleet.delete_instances("s", &accounts[1..], true).unwrap();
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    assert!(fleet.instances("s").is_empty());
    let mut stacks = |number: usize| {
        let mut member = fleet.rig.member(&accounts[number]);
        member.region = "eu-west-1".parse().unwrap();
        let found = ask!(fleet.rig, member, CloudFormation cloudformation DescribeStacks DescribeStacksInput {});
        found.unwrap().stacks.unwrap().len()
    };
    assert_eq!((stacks(0), stacks(1)), (0, 1), "a retained stack stays");
    delete_set(&mut fleet).unwrap();
}

#[test]
fn regions_that_are_off_fail_with_their_text() {
    let mut fleet = Fleet::new(1);
    fleet.place_roles(&[0]);
    fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let account = fleet.accounts[0].to_string();
    let operation = fleet
        .create_instances("s", |input| {
            input.accounts = Some(vec![account]);
            input.regions = vec!["af-south-1".to_owned()];
        })
        .unwrap();
    assert_eq!(fleet.finish("s", &operation), "FAILED");
    assert!(fleet.instances("s")[0].contains("STS is not activated in this region for account:"));
}

#[test]
fn suspended_accounts_are_skipped() {
    let mut fleet = Fleet::new(2);
    let closed = fleet.accounts[1].to_string();
    ask!(fleet.rig, fleet.admin, Organizations organizations CloseAccount CloseAccountInput { account_id: closed })
        .unwrap();
    fleet.rig.wait(600);
    fleet.service_managed("s", PARAMETER, false).unwrap();
    let operation = fleet.by_unit("s");
    assert_eq!(fleet.finish("s", &operation), "SUCCEEDED");
    assert_eq!(fleet.instances("s"), ["0 CURRENT SUCCEEDED", "1 OUTDATED SKIPPED_SUSPENDED_ACCOUNT ACCOUNT_SUSPENDED"]);
}

#[test]
fn stopping_lets_running_instances_end() {
    let mut fleet = Fleet::new(3);
    fleet.place_roles(&[0, 1, 2]);
    fleet.create_set("s", PARAMETER, |_| ()).unwrap();
    let operation = fleet.by_account("s", &[0, 1, 2], None);
    fleet.rig.wait(3);
    let stop = |fleet: &mut Fleet| {
        ask!(fleet.rig, fleet.admin, CloudFormation cloudformation StopStackSetOperation StopStackSetOperationInput {
            stack_set_name: "s".to_owned(),
            operation_id: operation.clone(),
        })
    };
    stop(&mut fleet).unwrap();
    assert_eq!(fleet.operation("s", &operation).status.unwrap().as_str(), "STOPPING");
    assert_eq!(fleet.finish("s", &operation), "STOPPED");
    let cancelled = "OUTDATED CANCELLED Cancelled since the operation was stopped";
    assert_eq!(
        fleet.instances("s"),
        ["0 CURRENT SUCCEEDED".to_owned(), format!("1 {cancelled}"), format!("2 {cancelled}")]
    );
    assert!(refusal(stop(&mut fleet)).starts_with("InvalidOperationException"));
}

#[test]
fn a_world_saved_in_the_middle_ends_like_one_that_was_not() {
    let run = |save: bool| {
        let mut fleet = Fleet::new(2);
        fleet.place_roles(&[0, 1]);
        fleet.create_set("s", PARAMETER, |_| ()).unwrap();
        let operation = fleet.by_account("s", &[0, 1], None);
        fleet.rig.wait(7);
        if save {
            fleet.rig.world = stackfleet_twin::World::load(&fleet.rig.world.save().unwrap()).unwrap();
        }
        fleet.finish("s", &operation);
        (fleet.instances("s"), fleet.rig.world.save().unwrap())
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn managed_execution_lets_operations_run_side_by_side() {
    let mut fleet = Fleet::new(2);
    fleet.place_roles(&[0, 1]);
    let active = cfn::ManagedExecution { active: Some(true) };
    fleet.create_set("s", PARAMETER, |input| input.managed_execution = Some(active)).unwrap();
    let first = fleet.by_account("s", &[0], None);
    let second = fleet.by_account("s", &[1], None);
    let third = fleet.by_account("s", &[0, 1], None);
    fleet.rig.wait(3);
    let statuses = [&first, &second, &third].map(|id| fleet.operation("s", id).status.unwrap().as_str());
    assert_eq!(statuses, ["RUNNING", "RUNNING", "QUEUED"]);
    assert_eq!(fleet.finish("s", &third), "SUCCEEDED");
}

#[test]
fn delegated_administrators_act_on_the_sets_of_the_management_account() {
    let mut fleet = Fleet::new(2);
    let delegate = fleet.accounts[0].clone();
    let member = |fleet: &mut Fleet| {
        let mut call = fleet.rig.member(&delegate);
        call.region = "eu-west-1".parse().unwrap();
        call
    };
    let list = |fleet: &mut Fleet, call_as| {
        let call = member(fleet);
        ask!(fleet.rig, call, CloudFormation cloudformation ListStackSets ListStackSetsInput { call_as: call_as })
            .map(|output| output.summaries.unwrap().len())
    };
    fleet.service_managed("s", PARAMETER, false).unwrap();
    fleet.create_set("own", PARAMETER, |_| ()).unwrap();
    let delegated = Some(cfn::CallAs::DelegatedAdmin);
    assert!(list(&mut fleet, delegated).is_err());
    ask!(
        fleet.rig,
        fleet.admin,
        Organizations organizations RegisterDelegatedAdministrator RegisterDelegatedAdministratorInput {
            account_id: delegate.to_string(),
            service_principal: "member.org.stacksets.cloudformation.amazonaws.com".to_owned(),
        }
    )
    .unwrap();
    assert_eq!(list(&mut fleet, delegated).unwrap(), 1, "only service-managed sets");
    assert_eq!(list(&mut fleet, None).unwrap(), 0);
}

#[test]
fn a_set_waits_for_those_that_it_depends_on_when_an_account_joins() {
    let mut fleet = Fleet::new(1);
    let root = root_id(&mut fleet.rig);
    let (unit, account) = (fleet.unit.clone(), fleet.accounts[0].clone());
    fleet.travel(&account, &unit, &root);
    let exporter = "
Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Name: /first, Type: String, Value: x } } }
Outputs: { V: { Value: !Ref P, Export: { Name: first } } }
";
    let importer = "
Resources: { P: { Type: AWS::SSM::Parameter, Properties: { Name: /second, Type: String, Value: !ImportValue first } } }
";
    // The name of the dependent set comes first, so that its operation is also asked for first.
    let first = fleet.service_managed("z-exporter", exporter, true).unwrap();
    let administrator = fleet.admin.account().clone();
    let arn = format!("arn:aws:cloudformation:eu-west-1:{administrator}:stackset/{first}");
    fleet
        .create_set("a-importer", importer, |input| {
            input.permission_model = Some(cfn::PermissionModels::ServiceManaged);
            input.auto_deployment = Some(cfn::AutoDeployment {
                enabled: Some(true),
                depends_on: Some(vec![arn]),
                ..cfn::AutoDeployment::default()
            });
        })
        .unwrap();
    for set in ["z-exporter", "a-importer"] {
        let operation = fleet.by_unit(set);
        assert_eq!(fleet.finish(set, &operation), "SUCCEEDED", "an empty unit is no error");
    }
    fleet.enter(&account, &root);
    fleet.rig.wait(120);
    assert_eq!(fleet.instances("z-exporter"), ["0 CURRENT SUCCEEDED"]);
    assert_eq!(fleet.instances("a-importer"), ["0 CURRENT SUCCEEDED"]);
}
