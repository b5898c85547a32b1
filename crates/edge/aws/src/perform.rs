//! Performs one step of a rollout.
//!
//! Every step may be repeated: what is there already counts as done, and a step whose earlier attempt may have had its
//! effect looks before it does it again.

mod groundwork;
mod organization;
mod stack_sets;

use std::{collections::BTreeMap, sync::Arc};

use stackfleet_base::Digest;
use stackfleet_plan::{Action, plan::AccountRef};
use stackfleet_rollout::{
    Call, Directory, Fact, Outcome, Refusal, Step,
    step::{CreationState, OperationState},
};

use crate::{
    connect::Aws,
    failure::{Failure, Kind},
};

/// Performs steps with one set of clients.
#[derive(Debug, Clone)]
pub struct Performer {
    aws: Aws,
    artifacts: Arc<BTreeMap<Digest, Arc<[u8]>>>,
}

impl Performer {
    /// Makes a performer that uploads these artifacts when a step names their digests.
    #[must_use]
    pub fn new(aws: Aws, artifacts: BTreeMap<Digest, Arc<[u8]>>) -> Self {
        Self { aws, artifacts: Arc::new(artifacts) }
    }

    /// Performs a step. Never fails: what goes wrong is an outcome.
    pub async fn perform(&self, step: &Step) -> Outcome {
        let done = match &step.call {
            Call::Perform(action) => self.act(action, step).await,
            Call::DescribeCreation { id } => organization::creation(&self.aws, id).await,
            Call::DescribeOperation { set, operation } => stack_sets::describe(&self.aws, set, operation).await,
            Call::OperationResults { set, operation } => stack_sets::results(&self.aws, set, operation).await,
        };
        match done {
            Ok(fact) => Outcome::Done(fact),
            Err(failure) => failure.outcome(),
        }
    }

    async fn act(&self, action: &Action, step: &Step) -> Result<Fact, Failure> {
        let aws = &self.aws;
        let Step { directory, look_first, .. } = step;
        match action {
            Action::CreateOrganization => organization::create(aws).await,
            Action::EnableServiceControlPolicies => organization::enable_policies(aws, directory).await,
            Action::ActivateStackSetsAccess => organization::activate_access(aws).await,
            Action::CreateUnit { path } => organization::create_unit(aws, directory, path).await,
            Action::CreateAccount { attach: Some(id), .. } => {
                Ok(Fact::Creation { id: id.clone(), state: CreationState::InProgress })
            }
            Action::CreateAccount { name, email, tags, attach: None } => {
                organization::create_account(aws, name, email, tags, *look_first).await
            }
            Action::MoveAccount { account, from, to } => {
                organization::move_account(aws, directory, account, from, to).await
            }
            Action::TagAccount { account, tags } => organization::tag_account(aws, directory, account, tags).await,
            Action::CreatePolicy { name, description, content } => {
                organization::create_policy(aws, name, description, content).await
            }
            Action::UpdatePolicy { name, content } => organization::update_policy(aws, directory, name, content).await,
            Action::AttachPolicy { policy, target } => {
                organization::attach_policy(aws, directory, policy, target).await
            }
            Action::DetachPolicy { policy, target } => {
                organization::detach_policy(aws, directory, policy, target).await
            }
            Action::PutAdministrationRole { name, trust, policy } => {
                groundwork::put_role(aws, name, trust, policy).await
            }
            Action::PutBucket { region, bucket, exists, policy } => {
                groundwork::put_bucket(aws, region, bucket, policy, *exists).await
            }
            Action::UploadArtifact { region, bucket, key, artifact } => {
                groundwork::upload(aws, region, bucket, key, self.artifacts.get(artifact)).await
            }
            Action::CreateStackSet { set, definition } => stack_sets::create(aws, set, definition).await,
            Action::UpdateStackSet { set, definition, targets, preferences, operation } => {
                stack_sets::update(aws, directory, set, definition, targets, preferences, operation).await
            }
            Action::SetAutoDeployment { set, enabled, retain, operation } => {
                stack_sets::set_auto_deployment(aws, set, *enabled, *retain, operation).await
            }
            Action::CreateInstances { set, targets, overrides, preferences, operation } => {
                stack_sets::create_instances(aws, directory, set, targets, overrides, preferences, operation).await
            }
            Action::UpdateInstances { set, targets, overrides, preferences, operation } => {
                stack_sets::update_instances(aws, directory, set, targets, overrides, preferences, operation).await
            }
            Action::FollowOperation { operation, .. } => Ok(running(operation)),
        }
    }
}

/// What starting an operation teaches.
fn running(operation: &str) -> Fact {
    Fact::Operation { operation: operation.to_owned(), state: OperationState::Running }
}

/// Says that a step cannot be performed as it stands, before AWS was asked.
fn unmade(aws: &Aws, service: &'static str, operation: &'static str, message: String) -> Failure {
    let asked = aws.asked(service, operation);
    let refusal = Refusal {
        service: asked.service.to_owned(),
        operation: asked.operation.to_owned(),
        account: asked.account,
        region: asked.region,
        code: "RequestNotMade".to_owned(),
        message,
        request_id: None,
    };
    Failure { kind: Kind::Refused, refusal: Box::new(refusal) }
}

/// Finds the id of an account by what the plan or an earlier answer says.
fn account_id(
    aws: &Aws,
    directory: &Directory,
    account: &AccountRef,
    service: &'static str,
    operation: &'static str,
) -> Result<String, Failure> {
    let known = account.id.as_ref().or_else(|| directory.accounts.get(&account.name));
    known
        .map(ToString::to_string)
        .ok_or_else(|| unmade(aws, service, operation, format!("the id of account `{}` is not known", account.name)))
}
