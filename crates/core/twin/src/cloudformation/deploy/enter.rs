//! How a stack set enters an account: the chain of roles of either permission model, each link really checked.

use serde_json::json;
use stackfleet_api::{
    Request,
    iam::{AttachRolePolicyInput, CreateRoleInput, Request as Iam},
};
use stackfleet_base::{AccountId, Region};

use super::{Task, service_call};
use crate::{
    Call, Principal, World,
    cloudformation::{
        sets::{ADMIN_ROLE, ADMIN_SERVICE, MEMBER_ROLE, MEMBER_SERVICE},
        source::PRINCIPAL,
        stack_set::Place,
        status::PermissionModel,
    },
};

const ADMINISTRATION_ROLE: &str = "AWSCloudFormationStackSetAdministrationRole";
const EXECUTION_ROLE: &str = "AWSCloudFormationStackSetExecutionRole";
const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

impl World {
    /// Enters an account for a stack set; returns the call with which stacks are worked on there.
    ///
    /// # Errors
    /// The reason that AWS writes at the instance.
    pub(super) fn enter(&mut self, task: &Task, place: &Place) -> Result<Call, String> {
        let (account, region) = place;
        for known in [&task.administrator, account] {
            if self.accounts.contains_key(known) && !self.region_enabled(known, region) {
                return Err(format!(
                    "STS is not activated in this region for account:{known}. Your account administrator can activate \
                     STS in this region using the IAM Console."
                ));
            }
        }
        let principal = match task.model {
            PermissionModel::SelfManaged => self.enter_by_own_roles(task, account, region)?,
            PermissionModel::ServiceManaged => self.enter_by_service_roles(task, account, region)?,
        };
        Ok(Call::inside(principal, region.clone(), task.operation.clone()))
    }

    fn enter_by_own_roles(&mut self, task: &Task, account: &AccountId, region: &Region) -> Result<Principal, String> {
        let administrator = &task.administrator;
        let partition = region.partition().as_str();
        let administration = match &task.roles.0 {
            Some(arn) => arn.clone(),
            None => format!("arn:{partition}:iam::{administrator}:role/{ADMINISTRATION_ROLE}"),
        };
        let short = administration.split_once(":role/").map_or(administration.as_str(), |(_, name)| name).to_owned();
        let service = service_call(PRINCIPAL, administrator, region, &task.arn, administrator);
        let session = self.assume_role(&service, &administration, "StackSets").map_err(|_| {
            format!(
                "Account {administrator} should have '{short}' role with trust relationship to CloudFormation service."
            )
        })?;
        let execution = task.roles.1.as_deref().unwrap_or(EXECUTION_ROLE);
        let arn = format!("arn:{partition}:iam::{account}:role/{execution}");
        let asking = Call::inside(session, region.clone(), task.operation.clone());
        self.assume_role(&asking, &arn, &session_name(task)).map_err(|_| {
            format!("Account {account} should have '{execution}' role with trust relationship to Role '{short}'.")
        })
    }

    fn enter_by_service_roles(
        &mut self,
        task: &Task,
        account: &AccountId,
        region: &Region,
    ) -> Result<Principal, String> {
        let administrator = &task.administrator;
        let partition = region.partition().as_str();
        let execution = self.service_execution_role(task, account, region)?;
        let linked = format!("aws-service-role/{ADMIN_SERVICE}/{ADMIN_ROLE}");
        let service = service_call(ADMIN_SERVICE, administrator, region, &task.arn, administrator);
        let refused =
            || format!("Account {account} should have '{execution}' role with trust relationship to Role '{linked}'.");
        let arn = format!("arn:{partition}:iam::{administrator}:role/{linked}");
        let session = self.assume_role(&service, &arn, "StackSets").map_err(|_| refused())?;
        let asking = Call::inside(session, region.clone(), task.operation.clone());
        let arn = format!("arn:{partition}:iam::{account}:role/{execution}");
        self.assume_role(&asking, &arn, &session_name(task)).map_err(|_| refused())
    }

    /// Returns the name of the role that service-managed sets act through in an account, making it where it is missing.
    fn service_execution_role(&mut self, task: &Task, account: &AccountId, region: &Region) -> Result<String, String> {
        let failed = |_| "DEFAULT_ROLE_CREATION_ERROR".to_owned();
        let known = self.cloudformation.execution_roles.get(account).cloned();
        let exists = |name: &String| self.accounts.get(account).is_some_and(|found| found.iam.role(name).is_some());
        if let Some(name) = known.filter(exists) {
            return Ok(name);
        }
        let partition = region.partition().as_str();
        self.create_service_linked_role(account, MEMBER_SERVICE, MEMBER_ROLE);
        let name = format!("stacksets-exec-{}", self.ids.draw("stacksets-exec", &[account.as_str()]).hex(32));
        let administrator = &task.administrator;
        let trusted =
            format!("arn:{partition}:iam::{administrator}:role/aws-service-role/{ADMIN_SERVICE}/{ADMIN_ROLE}");
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "AWS": trusted }, "Action": "sts:AssumeRole" }],
        });
        let service = service_call(MEMBER_SERVICE, account, region, &task.arn, administrator);
        let linked = format!("arn:{partition}:iam::{account}:role/aws-service-role/{MEMBER_SERVICE}/{MEMBER_ROLE}");
        let session = self.assume_role(&service, &linked, "StackSets").map_err(failed)?;
        let call = Call::inside(session, region.clone(), task.operation.clone());
        let create = CreateRoleInput {
            role_name: name.clone(),
            assume_role_policy_document: trust.to_string(),
            description: Some("Role assumed by AWS CloudFormation StackSets".to_owned()),
            ..CreateRoleInput::default()
        };
        self.call(&call, Request::Iam(Iam::CreateRole(create))).map_err(failed)?;
        let attach = AttachRolePolicyInput { role_name: name.clone(), policy_arn: ADMINISTRATOR_ACCESS.to_owned() };
        self.call(&call, Request::Iam(Iam::AttachRolePolicy(attach))).map_err(failed)?;
        self.cloudformation.execution_roles.insert(account.clone(), name.clone());
        Ok(name)
    }
}

/// Names the session after the operation, within the 64 characters that STS allows.
fn session_name(task: &Task) -> String {
    task.operation.chars().take(64).collect()
}
