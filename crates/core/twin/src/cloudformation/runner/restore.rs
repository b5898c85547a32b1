//! The way back from a failed update: what was changed is changed back, what was made is deleted, replaced resources
//! are taken back.

use std::{sync::Arc, time::Duration};

use super::{REFUSAL, STACK_OVERHEAD, Step, known_provider};
use crate::{
    World,
    cloudformation::{
        stack::{Phase, Resource, Stack},
        status::Status,
        walk::{Logical, Walk},
    },
};

impl World {
    /// Begins the way back.
    pub(super) fn roll_update_back(&mut self, stack: &mut Stack, reason: &str) {
        let now = self.now;
        stack.enter(Status::UpdateRollbackInProgress, Some(reason), now);
        self.cloudformation.scopes.remove(&stack.id);
        let Some(before) = stack.run.as_mut().and_then(|run| run.before.as_mut()) else { return };
        std::mem::swap(&mut stack.definition, &mut before.definition);
        stack.outputs.clone_from(&before.outputs);
        let changed = before.resources.iter().filter_map(|(logical, resource)| Some((logical, resource.as_ref()?)));
        let walk = Walk::forward(changed.map(|(logical, resource)| (logical, resource.needs.as_slice())));
        self.turn(stack, Phase::UpdateRollback, walk, REFUSAL);
    }

    /// Changes one resource back.
    pub(super) fn start_restore(&mut self, stack: &mut Stack, logical: &Logical) -> Step {
        let now = self.now;
        let Some(run) = stack.run.as_mut() else { return Step::Nothing };
        let call = run.call.clone();
        let Some(before) = run.before.as_ref() else { return Step::Nothing };
        let Some(Some(old)) = before.resources.get(logical).cloned() else { return Step::Nothing };
        let untouched = before.untouched.contains(logical);
        let Some(current) = stack.resources.get(logical).cloned() else { return Step::Nothing };
        let replaced = current.physical.is_some() && current.physical != old.physical;
        let restored = Resource { status: Status::UpdateInProgress, ..old.clone() };
        stack.resources.insert(logical.clone(), restored);
        stack.enter_resource(logical, Status::UpdateInProgress, None, now);
        if replaced {
            if let Some(run) = stack.run.as_mut() {
                run.garbage.insert(logical.clone(), current);
            }
            return Step::Takes(REFUSAL);
        }
        if untouched || current.properties == old.properties && current.tagged == old.tagged {
            return Step::Takes(REFUSAL);
        }
        let provider = match known_provider(&old.kind) {
            Ok(provider) => provider,
            Err(reason) => return Step::Failed(reason),
        };
        let (wanted, present) = (old.properties(), current.properties());
        let given = Some((&present, current.tagged.as_slice()));
        match self.handle_resource(stack, logical, &call, old.physical, &wanted, given, provider.update) {
            Ok(_) => Step::Takes(Duration::from_secs(provider.update_seconds)),
            Err((reason, _)) => {
                // It is still as the update left it; that is what the next attempt starts from.
                stack.resources.insert(logical.clone(), Resource { status: Status::UpdateInProgress, ..current });
                Step::Failed(reason)
            }
        }
    }

    /// Deletes what the update had made.
    pub(super) fn begin_rollback_cleanup(&mut self, stack: &mut Stack) {
        let now = self.now;
        stack.enter(Status::UpdateRollbackCompleteCleanupInProgress, None, now);
        let Some(run) = stack.run.as_mut() else { return };
        let fresh: Vec<Logical> = run
            .before
            .iter()
            .flat_map(|before| &before.resources)
            .filter(|(_, resource)| resource.is_none())
            .map(|(logical, _)| logical.clone())
            .collect();
        // What the update would have replaced is back in the stack; only what it made is garbage.
        run.garbage.retain(|logical, resource| {
            stack.resources.get(logical).is_none_or(|present| present.physical != resource.physical)
        });
        for logical in fresh {
            if let Some(resource) = stack.resources.remove(&logical) {
                run.garbage.insert(logical, resource);
            }
        }
        let walk = Walk::backward(run.garbage.iter().map(|(logical, resource)| (logical, resource.needs.as_slice())));
        self.turn(stack, Phase::RollbackCleanup, walk, STACK_OVERHEAD);
    }

    /// Publishes the exports of a stack in place of those it had.
    pub(super) fn export(
        &mut self,
        stack: &Stack,
        outputs: &[crate::cloudformation::stack::Output],
    ) -> Result<(), String> {
        let place = (stack.account.clone(), stack.region.clone());
        let wanted = |name: &str| outputs.iter().find(|output| output.export.as_deref() == Some(name));
        let exports = self.cloudformation.exports.get(&place);
        for output in outputs {
            let Some(name) = &output.export else { continue };
            if let Some((_, owner)) = exports.and_then(|exports| exports.get(name)).filter(|(_, id)| *id != stack.id) {
                let owner = owner.split('/').nth(1).unwrap_or_default();
                return Err(format!("Export with name {name} is already exported by stack {owner}"));
            }
        }
        let own: Vec<(String, String)> = exports
            .into_iter()
            .flatten()
            .filter(|(_, (_, id))| *id == stack.id)
            .map(|(name, (value, _))| (name.clone(), value.clone()))
            .collect();
        for (name, value) in &own {
            let changed = wanted(name).is_none_or(|output| output.value != *value);
            if let Some(user) = self.importer(stack, name).filter(|_| changed) {
                let verb = if wanted(name).is_none() { "deleted" } else { "updated" };
                return Err(format!("Export {name} cannot be {verb} as it is in use by {user}"));
            }
        }
        if own.is_empty() && outputs.iter().all(|output| output.export.is_none()) {
            return Ok(());
        }
        let exports = self.cloudformation.exports.entry(place).or_default();
        exports.retain(|_, (_, id)| *id != stack.id);
        for output in outputs {
            if let Some(name) = &output.export {
                exports.insert(name.clone(), (output.value.clone(), stack.id.clone()));
            }
        }
        Ok(())
    }

    /// Withdraws the exports of a stack.
    pub(super) fn unexport(&mut self, stack: &Stack) {
        let place = (stack.account.clone(), stack.region.clone());
        if let Some(exports) = self.cloudformation.exports.get_mut(&place) {
            exports.retain(|_, (_, id)| *id != stack.id);
        }
    }

    /// Returns the name of a stack that imports what another one exports.
    pub(crate) fn importer(&self, exporter: &Stack, name: &str) -> Option<Arc<str>> {
        let mut stacks = self.cloudformation.stacks_in(&exporter.account, &exporter.region);
        stacks.find(|stack| stack.id != exporter.id && stack.imports.contains(name)).map(|stack| stack.name.clone())
    }
}

impl World {
    /// Gives up an update at the user's wish.
    pub(crate) fn cancel_update(&mut self, stack: &mut Stack) {
        let now = self.now;
        let Some(run) = stack.run.as_mut() else { return };
        for logical in run.walk.abandon() {
            let fresh = stack.resources.get(&logical).is_some_and(|found| found.status == Status::CreateInProgress);
            let (status, reason) = if fresh {
                (Status::CreateFailed, "Resource creation cancelled")
            } else {
                (Status::UpdateFailed, "Resource update cancelled")
            };
            stack.enter_resource(&logical, status, Some(reason), now);
        }
        self.roll_update_back(stack, "User Initiated");
    }

    /// Goes on with a way back that got stuck; skipped resources are taken for changed back.
    pub(crate) fn resume_rollback(
        &mut self,
        stack: &mut Stack,
        call: crate::Call,
        skipped: &std::collections::BTreeSet<Logical>,
    ) {
        let now = self.now;
        let Some(mut run) = stack.stuck.take() else { return };
        run.call = Arc::new(call);
        let left: Vec<(Logical, Resource)> = stack
            .resources
            .iter()
            .filter(|(logical, found)| found.status == Status::UpdateFailed && !skipped.contains(*logical))
            .map(|(logical, found)| (logical.clone(), found.clone()))
            .collect();
        run.walk = Walk::forward(left.iter().map(|(logical, found)| (logical, found.needs.as_slice())));
        stack.run = Some(run);
        stack.enter(Status::UpdateRollbackInProgress, Some("User Initiated"), now);
        for logical in skipped {
            stack.enter_resource(logical, Status::UpdateComplete, None, now);
        }
        let walk = stack.run.as_ref().map(|run| run.walk.clone()).unwrap_or_default();
        self.turn(stack, Phase::UpdateRollback, walk, STACK_OVERHEAD);
    }
}
