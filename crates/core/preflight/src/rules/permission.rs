//! Will every call be allowed? Failures 5, 24, 33 and 34 of README.md.
//!
//! Refusals are told by cause: one statement that blocks thirteen accounts is one finding.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::Severity;
use stackfleet_plan::plan::CellId;

use crate::{
    judge::{Reason, Verdict},
    permissions::{Decided, Entry, decide_stack},
    report::{Finding, Refusal, Report, count_accounts, listed},
    roles::execution_role,
    survey::{Opaque, Stack},
    world::World,
};

mod cause;

/// A call that is refused: the stack's number, the resource, the action.
type Call = (usize, Option<String>, String);

/// What is to blame for refusals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub(super) code: &'static str,
    pub(super) reason: Reason,
    /// The name of the execution role and its number, where its own policies are to blame.
    pub(super) role: Option<(String, Option<usize>)>,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    refused: BTreeMap<Cause, BTreeMap<Call, Vec<CellId>>>,
    /// What an answer depends on.
    open: BTreeMap<String, BTreeMap<Call, Vec<CellId>>>,
    /// Cells that will certainly fail.
    failing: BTreeSet<CellId>,
    /// Cells whose role is not made because its stack fails: by the stack that makes it and the role.
    orphaned: BTreeMap<(usize, String), Vec<CellId>>,
    /// Cells whose role no stack makes there, by its name.
    roleless: BTreeMap<String, Vec<CellId>>,
    /// Templates that cannot be evaluated, by stack and reason.
    opaque: BTreeMap<(usize, bool, String), Vec<CellId>>,
    /// Accounts that can be entered, and of how many.
    entered: BTreeSet<CellId>,
    looked_at: BTreeSet<CellId>,
}

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    let mut found = Found::default();
    for index in order(world) {
        if let Some(stack) = world.survey.stacks.get(index) {
            found.stack(world, index, stack);
        }
    }
    found.tell(world, report);
}

/// Returns the stacks so that those that make roles come before those that run by them.
fn order(world: &World<'_>) -> Vec<usize> {
    let stacks = &world.survey.stacks;
    let makers = |index: usize| -> BTreeSet<usize> {
        let name = stacks.get(index).and_then(execution_role);
        let roles = name.and_then(|name| world.roles.get(name));
        roles
            .into_iter()
            .flat_map(|roles| roles.iter().map(|role| role.stack))
            .filter(|maker| *maker != index)
            .collect()
    };
    let mut left: Vec<usize> = (0..stacks.len()).collect();
    let mut order: Vec<usize> = Vec::new();
    while !left.is_empty() {
        // Where stacks make each other's roles, one of them has to be first.
        let ready = left.iter().position(|index| makers(*index).iter().all(|maker| order.contains(maker)));
        order.push(left.remove(ready.unwrap_or(0)));
    }
    order
}

impl Found {
    fn stack(&mut self, world: &World<'_>, index: usize, stack: &Stack<'_>) {
        let (decided, of_cell) = decide_stack(world, stack);
        let mut members: BTreeMap<usize, Vec<CellId>> = BTreeMap::new();
        let role = execution_role(stack);
        for (cell, number) in of_cell {
            let Some(case) = decided.get(number) else { continue };
            self.looked_at.insert(cell.id);
            if let Some(Err(opaque)) = stack.variants.get(cell.variant).map(|variant| &variant.result) {
                let (refused, why) = match opaque {
                    Opaque::Refused(why) => (true, why),
                    Opaque::Unknown(why) => (false, why),
                };
                self.opaque.entry((index, refused, why.clone())).or_default().push(cell.id);
                if refused {
                    self.failing.insert(cell.id);
                }
            }
            match (&case.entry, role) {
                (Entry::NoRole, Some(role)) => self.roleless.entry(role.to_owned()).or_default().push(cell.id),
                (Entry::Open, Some(name)) if self.is_orphaned(world, name, &cell.account) => {
                    let maker = world.roles.get(name).and_then(|roles| roles.of(&cell.account));
                    let maker = maker.map_or(index, |(_, role, _)| role.stack);
                    self.orphaned.entry((maker, name.to_owned())).or_default().push(cell.id);
                    self.failing.insert(cell.id);
                    continue;
                }
                (Entry::Open, _) => {
                    self.entered.insert(cell.id);
                }
                (Entry::Refused(_) | Entry::Depends(_) | Entry::NoRole, _) => {}
            }
            members.entry(number).or_default().push(cell.id);
        }
        for (number, cells) in members {
            if let Some(case) = decided.get(number) {
                self.case(index, role, case, &cells);
            }
        }
    }

    /// Tells whether the cell that makes an account's role will fail.
    fn is_orphaned(&self, world: &World<'_>, name: &str, account: &stackfleet_base::AccountId) -> bool {
        let Some((_, role, position)) = world.roles.get(name).and_then(|roles| roles.of(account)) else { return false };
        let maker = world.survey.stacks.get(role.stack).and_then(|stack| stack.cells.get(position));
        maker.is_some_and(|cell| self.failing.contains(&cell.id))
    }

    fn case(&mut self, stack: usize, role: Option<&str>, case: &Decided, cells: &[CellId]) {
        let role = role.map(|name| (name.to_owned(), case.role));
        match &case.entry {
            Entry::Refused(reasons) => {
                // What would be refused inside does not show before the account can be entered.
                let call = (stack, None, "sts:AssumeRole".to_owned());
                self.refuse(crate::codes::NOT_ENTERED, reasons, &role, &call, cells);
                return;
            }
            Entry::Depends(keys) => self.depend(keys, &(stack, None, "sts:AssumeRole".to_owned()), cells),
            Entry::Open | Entry::NoRole => {}
        }
        let on_stack = |calls: &&(Option<String>, String, Verdict)| calls.0.is_none();
        let refused_stack =
            case.calls.iter().filter(on_stack).any(|(.., verdict)| matches!(verdict, Verdict::Refused(_)));
        for (resource, action, verdict) in &case.calls {
            if refused_stack && resource.is_some() {
                continue;
            }
            let code = match resource {
                Some(_) => crate::codes::RESOURCE_REFUSED,
                None => crate::codes::STACK_REFUSED,
            };
            let call = (stack, resource.clone(), action.clone());
            match verdict {
                Verdict::Refused(reasons) => self.refuse(code, reasons, &role, &call, cells),
                Verdict::Open(keys) => self.depend(keys, &call, cells),
                Verdict::Allowed => {}
            }
        }
    }

    fn refuse(
        &mut self,
        code: &'static str,
        reasons: &[Reason],
        role: &Option<(String, Option<usize>)>,
        call: &Call,
        cells: &[CellId],
    ) {
        self.failing.extend(cells);
        for reason in reasons {
            let own = cause::is_of_role(reason.layer);
            let cause = Cause { code, reason: reason.clone(), role: role.clone().filter(|_| own) };
            self.refused.entry(cause).or_default().entry(call.clone()).or_default().extend(cells);
        }
    }

    fn depend(&mut self, keys: &[String], call: &Call, cells: &[CellId]) {
        let told = listed(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        self.open.entry(told).or_default().entry(call.clone()).or_default().extend(cells);
    }

    fn tell(mut self, world: &World<'_>, report: &mut Report) {
        for (cause, calls) in std::mem::take(&mut self.refused) {
            report.add(cause::finding(world, &cause, refusals(world, calls)));
        }
        self.tell_roles(world, report);
        self.tell_open(world, report);
        self.tell_opaque(world, report);
        self.tell_passes(world, report);
    }

    fn tell_roles(&mut self, world: &World<'_>, report: &mut Report) {
        for ((maker, role), cells) in std::mem::take(&mut self.orphaned) {
            let maker = world.survey.stacks.get(maker).map_or("", |stack| stack.wanted.stack.as_str());
            let accounts = count_accounts(world.plan, &cells);
            let message = format!("{accounts} cannot be entered: stack {maker}, which makes role {role}, fails there");
            let help = format!("mend what is told of stack {maker}");
            let finding = Finding::new(crate::codes::ROLE_NOT_MADE, Severity::Error, message).cells(cells);
            report.add(finding.help(help));
        }
        for (role, cells) in std::mem::take(&mut self.roleless) {
            let nowhere = world.roles.get(&role).is_none_or(crate::roles::Roles::is_empty);
            let accounts = count_accounts(world.plan, &cells);
            let (severity, message) = if nowhere {
                let message =
                    format!("no stack of the project makes role {role}; whether {accounts} have it is not known");
                (Severity::Note, message)
            } else {
                let message =
                    format!("{accounts} get no role {role} from this project, by which stacks are deployed there");
                (Severity::Warning, message)
            };
            let help = "let the stack that makes the role go there first, or see that the role is there";
            report.add(Finding::new(crate::codes::ROLE_UNKNOWN, severity, message).cells(cells).help(help));
        }
    }

    fn tell_open(&mut self, world: &World<'_>, report: &mut Report) {
        for (what, calls) in std::mem::take(&mut self.open) {
            let refusals = refusals(world, calls);
            let actions = actions(&refusals);
            let cells: Vec<CellId> = refusals.iter().flat_map(|refusal| refusal.cells.iter().copied()).collect();
            let finding = Finding::new(crate::codes::DEPENDS, Severity::Note, String::new()).cells(cells);
            let accounts = count_accounts(world.plan, &finding.cells);
            let message = format!("whether {accounts} will allow {actions} depends on {what}");
            report.add(
                Finding { message, ..finding }.help("it is known only when the call is made: see that it is as wanted"),
            );
        }
    }

    fn tell_opaque(&mut self, world: &World<'_>, report: &mut Report) {
        for ((stack, refused, why), cells) in std::mem::take(&mut self.opaque) {
            let name = world.survey.stacks.get(stack).map_or("", |stack| stack.wanted.stack.as_str());
            let accounts = count_accounts(world.plan, &cells);
            let (code, severity, message) = if refused {
                let message = format!("the template of stack {name} is refused in {accounts}: {why}");
                (crate::codes::TEMPLATE_REFUSED, Severity::Error, message)
            } else {
                let message = format!("what stack {name} needs in {accounts} is not looked into: {why}");
                (crate::codes::NOT_KNOWN, Severity::Note, message)
            };
            report.add(Finding::new(code, severity, message).cells(cells));
        }
        let unread = world.observed.organization.as_ref().is_some_and(|seen| !seen.policies_known);
        if unread && !self.looked_at.is_empty() {
            let message = "the policies of the organization could not be read: what they refuse is not known";
            let help =
                "allow organizations:ListPolicies, DescribePolicy, ListTargetsForPolicy and ListPoliciesForTarget";
            report.add(Finding::new(crate::codes::NOT_KNOWN, Severity::Note, message).help(help));
        }
    }

    fn tell_passes(&self, world: &World<'_>, report: &mut Report) {
        let accounts = |cells: &BTreeSet<CellId>| {
            let cells = cells.iter().filter_map(|id| world.plan.cells.get(id.index()));
            cells.map(|cell| &cell.account).collect::<BTreeSet<_>>()
        };
        let all = accounts(&self.looked_at);
        let shut: BTreeSet<CellId> = self.looked_at.difference(&self.entered).copied().collect();
        let well = all.difference(&accounts(&shut)).count();
        if well > 0 {
            report.passes.push(format!("{well} of {} accounts can be entered", all.len()));
        }
        let unread = world.observed.organization.as_ref().is_some_and(|seen| !seen.policies_known);
        let good = self.looked_at.difference(&self.failing).count();
        if good > 0 && !unread {
            report
                .passes
                .push(format!("nothing is known to refuse what {good} of {} cells need", self.looked_at.len()));
        }
    }
}

fn refusals(world: &World<'_>, calls: BTreeMap<Call, Vec<CellId>>) -> Vec<Refusal> {
    let refusal = |((stack, resource, action), mut cells): (Call, Vec<CellId>)| {
        cells.sort_unstable();
        cells.dedup();
        let wanted = world.survey.stacks.get(stack).map(|stack| stack.wanted);
        let (app, stack) = wanted.map(|wanted| (wanted.app.clone(), wanted.stack.clone())).unwrap_or_default();
        Refusal { app, stack, resource, action, cells }
    };
    calls.into_iter().map(refusal).collect()
}

/// The actions of refusals, each once.
fn actions(refusals: &[Refusal]) -> String {
    let actions: BTreeSet<&str> = refusals.iter().map(|refusal| refusal.action.as_str()).collect();
    listed(&actions.into_iter().collect::<Vec<_>>())
}
