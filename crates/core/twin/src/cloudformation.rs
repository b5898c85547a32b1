//! CloudFormation: stacks and both kinds of stack sets.
//!
//! Plain bookkeeping first: [`scheduler`], [`targeting`], [`walk`], [`status`] and the records of stacks and stack sets.
//! Above them `runner` drives stacks through their resources, which `provider` makes by calling the other services, and
//! `deploy` drives stack set operations through their accounts. The API's operations are in `stacks`, `stack_reads`,
//! `sets`, `instances` and `set_reads`; which exist is the list at the end of this file.

pub(crate) mod blueprint;
pub(crate) mod deploy;
pub(crate) mod instances;
pub(crate) mod names;
pub(crate) mod pairs;
pub(crate) mod provider;
pub(crate) mod references;
pub(crate) mod runner;
pub mod scheduler;
pub(crate) mod set_reads;
pub(crate) mod sets;
pub(crate) mod source;
pub(crate) mod stack;
pub(crate) mod stack_reads;
pub(crate) mod stack_set;
pub(crate) mod stacks;
pub mod status;
pub(crate) mod store;
pub mod targeting;
pub mod walk;

use serde::{Deserialize, Serialize};
use stackfleet_api::cloudformation as api;

use crate::{World, service::service};

/// What happens by itself later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// At a stack.
    Stack(runner::StackEventDue),
    /// At a stack set.
    Set(deploy::SetEventDue),
}

impl From<runner::StackEventDue> for crate::world::Event {
    fn from(due: runner::StackEventDue) -> Self {
        Self::CloudFormation(Event::Stack(due))
    }
}

impl From<deploy::SetEventDue> for crate::world::Event {
    fn from(due: deploy::SetEventDue) -> Self {
        Self::CloudFormation(Event::Set(due))
    }
}

impl World {
    /// Lets happen what is due.
    pub(crate) fn run_cloudformation(&mut self, event: Event) {
        match event {
            Event::Stack(due) => self.run_stack(due),
            Event::Set(due) => self.run_stack_set(due),
        }
    }
}

service! {
    api::CloudFormation, api;
    create_stack: CreateStackInput -> CreateStackOutput = stacks::create;
    update_stack: UpdateStackInput -> UpdateStackOutput = stacks::update;
    delete_stack: DeleteStackInput -> DeleteStackOutput = stacks::delete;
    update_termination_protection: UpdateTerminationProtectionInput -> UpdateTerminationProtectionOutput = stacks::protect;
    cancel_update_stack: CancelUpdateStackInput -> CancelUpdateStackOutput = stacks::cancel;
    continue_update_rollback: ContinueUpdateRollbackInput -> ContinueUpdateRollbackOutput = stacks::continue_rollback;
    describe_stacks: DescribeStacksInput -> DescribeStacksOutput = stack_reads::describe;
    list_stacks: ListStacksInput -> ListStacksOutput = stack_reads::list;
    describe_stack_events: DescribeStackEventsInput -> DescribeStackEventsOutput = stack_reads::events;
    describe_stack_resources: DescribeStackResourcesInput -> DescribeStackResourcesOutput = stack_reads::describe_resources;
    describe_stack_resource: DescribeStackResourceInput -> DescribeStackResourceOutput = stack_reads::describe_resource;
    list_stack_resources: ListStackResourcesInput -> ListStackResourcesOutput = stack_reads::list_resources;
    list_exports: ListExportsInput -> ListExportsOutput = stack_reads::exports;
    list_imports: ListImportsInput -> ListImportsOutput = stack_reads::imports;
    get_template: GetTemplateInput -> GetTemplateOutput = stack_reads::template;
    get_template_summary: GetTemplateSummaryInput -> GetTemplateSummaryOutput = stack_reads::summary;
    validate_template: ValidateTemplateInput -> ValidateTemplateOutput = stack_reads::validate;
    create_stack_set: CreateStackSetInput -> CreateStackSetOutput = sets::create;
    update_stack_set: UpdateStackSetInput -> UpdateStackSetOutput = sets::update;
    delete_stack_set: DeleteStackSetInput -> DeleteStackSetOutput = sets::delete;
    activate_organizations_access: ActivateOrganizationsAccessInput -> ActivateOrganizationsAccessOutput = sets::activate;
    deactivate_organizations_access: DeactivateOrganizationsAccessInput -> DeactivateOrganizationsAccessOutput = sets::deactivate;
    describe_organizations_access: DescribeOrganizationsAccessInput -> DescribeOrganizationsAccessOutput = sets::access;
    create_stack_instances: CreateStackInstancesInput -> CreateStackInstancesOutput = instances::create;
    update_stack_instances: UpdateStackInstancesInput -> UpdateStackInstancesOutput = instances::update;
    delete_stack_instances: DeleteStackInstancesInput -> DeleteStackInstancesOutput = instances::delete;
    stop_stack_set_operation: StopStackSetOperationInput -> StopStackSetOperationOutput = instances::stop;
    describe_stack_set: DescribeStackSetInput -> DescribeStackSetOutput = set_reads::describe;
    list_stack_sets: ListStackSetsInput -> ListStackSetsOutput = set_reads::list;
    describe_stack_instance: DescribeStackInstanceInput -> DescribeStackInstanceOutput = set_reads::describe_instance;
    list_stack_instances: ListStackInstancesInput -> ListStackInstancesOutput = set_reads::list_instances;
    describe_stack_set_operation: DescribeStackSetOperationInput -> DescribeStackSetOperationOutput = set_reads::describe_operation;
    list_stack_set_operations: ListStackSetOperationsInput -> ListStackSetOperationsOutput = set_reads::list_operations;
    list_stack_set_operation_results: ListStackSetOperationResultsInput -> ListStackSetOperationResultsOutput = set_reads::list_results;
    list_stack_set_auto_deployment_targets: ListStackSetAutoDeploymentTargetsInput -> ListStackSetAutoDeploymentTargetsOutput = set_reads::auto_targets;
}
