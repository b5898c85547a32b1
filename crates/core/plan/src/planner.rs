//! From project, artifacts and observed world to a plan, a verdict or a repair.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::Digest;
use stackfleet_project::{
    ADMINISTRATION_ROLE,
    model::{Project, Reference, Stack, Text},
};

use crate::{
    artifacts::Artifacts,
    check, code,
    deployment::{self, AppWants, WantedStack, is_service_managed, set_name},
    draft::Draft,
    groundwork::{self, WantedRole},
    observed::{Observed, PermissionModel, Scope},
    operations::{self, Context},
    organization,
    plan::{Action, CellState, Change, Finding, Plan, PlannedCell, Skipped},
    population::Population,
};

/// Version of the plan document.
pub const SCHEMA: &str = "stackfleet/plan/v1";

/// Returns what to look at before a project can be planned.
#[must_use]
pub fn scope(project: &Project, artifacts: &Artifacts) -> Scope {
    let apps = || project.apps.values();
    let stacks = || apps().flat_map(|app| app.stacks.values().map(move |stack| (app, stack)));
    let first_region = || apps().flat_map(|app| &app.regions).map(|region| region.value.clone()).next();
    let home = project.organization.as_ref().and_then(|organization| organization.home().cloned());
    let name = |(app, stack): (&stackfleet_project::model::App, &Stack)| set_name(&app.name.value, &stack.name.value);
    Scope {
        home: home.or_else(first_region),
        regions: apps().flat_map(|app| &app.regions).map(|region| region.value.clone()).collect(),
        stack_sets: stacks().map(name).collect(),
        overrides: stacks().filter(|(_, stack)| varies(project, stack)).map(name).collect(),
        policies: project.organization.is_some(),
        artifacts: artifacts.entries.iter().map(crate::Artifact::key).collect(),
        administration_role: stacks()
            .any(|(_, stack)| !is_service_managed(stack))
            .then(|| ADMINISTRATION_ROLE.to_owned()),
    }
}

/// Tells whether a stack may have other values in some accounts than in others.
fn varies(project: &Project, stack: &Stack) -> bool {
    let own = stack.parameters.values().any(|text| depends_on_account(&text.value));
    let declared = stack.template.template.parameters();
    let environments = project.environments.values().flat_map(|environment| environment.parameters.keys());
    own || environments.into_iter().any(|name| declared.contains_key(name) && !stack.parameters.contains_key(name))
}

fn depends_on_account(text: &Text) -> bool {
    text.references().any(|reference| match reference {
        Reference::ManagementId | Reference::OrganizationId => false,
        Reference::Environment
        | Reference::AccountId
        | Reference::AccountName
        | Reference::AccountTag(_)
        | Reference::Output { .. } => true,
    })
}

/// Returns what would make the world as declared.
#[must_use]
pub fn plan(project: &Project, artifacts: &Artifacts, observed: &Observed) -> Plan {
    make(project, artifacts, observed, Extent::Everything)
}

/// Returns what would mend exactly the cells that are missing, failed or outdated: all of them at once, one failure
/// stopping nothing. The organization is left as it is.
#[must_use]
pub fn repair(project: &Project, artifacts: &Artifacts, observed: &Observed) -> Plan {
    make(project, artifacts, observed, Extent::Amiss)
}

/// Returns what would try exactly the failed cells again, as [`repair`] does.
#[must_use]
pub fn retry(project: &Project, artifacts: &Artifacts, observed: &Observed) -> Plan {
    make(project, artifacts, observed, Extent::Failed)
}

/// Returns what every stack shall be, whether that is a change or not: the cells are those of a plan for the same
/// project and world, in the same order.
#[must_use]
pub fn wanted(project: &Project, artifacts: &Artifacts, observed: &Observed) -> Vec<WantedStack> {
    let mut draft = Draft::default();
    let by_unit = project.apps.values().flat_map(|app| app.stacks.values()).any(is_service_managed);
    if !world(&mut draft, project, observed, by_unit) {
        return Vec::new();
    }
    let population = Population::of(project, observed);
    let wants = deployment::wanted(&mut draft, project, artifacts, observed, &population);
    let stacks = wants.into_iter().flat_map(|app| app.deployments).map(|deployment| WantedStack {
        app: deployment.app.name.value.clone(),
        stack: deployment.stack.name.value.clone(),
        set: deployment.set,
        definition: deployment.definition,
        cells: deployment.cells,
    });
    stacks.collect()
}

/// How much of the world a plan is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Whatever is not as declared.
    Everything,
    /// Cells that are missing, failed or outdated.
    Amiss,
    /// Cells that failed.
    Failed,
}

/// How every cell stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Every cell that should exist.
    pub cells: Vec<PlannedCell>,
    /// What was left out, with the reason.
    pub skipped: Vec<Skipped>,
    /// Things to know.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Tells whether every cell is as declared, or left out on purpose. What cannot be judged does not hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        let judged = !self.findings.iter().any(|finding| finding.blocks);
        judged && self.cells.iter().all(|cell| matches!(cell.state, CellState::Current | CellState::Skipped))
    }

    /// Returns how many cells stand how.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<CellState, u32> {
        let mut counts = BTreeMap::new();
        for cell in &self.cells {
            *counts.entry(cell.state).or_insert(0) += 1;
        }
        counts
    }
}

/// Compares every cell with what is declared.
#[must_use]
pub fn verify(project: &Project, artifacts: &Artifacts, observed: &Observed) -> Verification {
    let Plan { cells, skipped, findings, .. } = make(project, artifacts, observed, Extent::Amiss);
    Verification { cells, skipped, findings }
}

fn make(project: &Project, artifacts: &Artifacts, observed: &Observed, extent: Extent) -> Plan {
    let repair = extent != Extent::Everything;
    let mut draft = Draft::default();
    let population = Population::of(project, observed);
    let stacks = || project.apps.values().flat_map(|app| app.stacks.values());
    let by_unit = stacks().any(is_service_managed);
    if world(&mut draft, project, observed, by_unit) {
        let organization = if repair {
            organization::Ready::default()
        } else {
            organization::plan(&mut draft, project, observed, &population, by_unit)
        };
        let wants = deployment::wanted(&mut draft, project, artifacts, observed, &population);
        check::all(&mut draft, &wants);
        let groundwork = groundwork_for(&mut draft, &wants, artifacts, observed, &organization, repair);
        let context = Context {
            observed,
            population: &population,
            artifacts,
            organization: &organization,
            groundwork: &groundwork,
            repair,
            only_failed: extent == Extent::Failed,
        };
        for app in &wants {
            operations::plan(&mut draft, app, &context);
        }
    }
    finish(draft, project, observed)
}

/// Tells whether the world can be planned for at all.
fn world(draft: &mut Draft, project: &Project, observed: &Observed, by_unit: bool) -> bool {
    for gap in &observed.gaps {
        let message = format!("{} could not be read: {}", gap.what, gap.why);
        draft.find(Finding::note(code::GAP, message).help("what is unknown is left as it is"));
    }
    let Some(seen) = &observed.organization else {
        if project.organization.is_none() && by_unit {
            let message = format!("account {} belongs to no organization", observed.caller.account);
            let help = "describe the organization in stackfleet.yaml, or use the management account's credentials";
            draft.find(Finding::error(code::NO_ORGANIZATION, message).help(help));
            return false;
        }
        return true;
    };
    if seen.management != observed.caller.account {
        let message = format!(
            "these are credentials of account {}; the organization is managed from account {}",
            observed.caller.account, seen.management
        );
        draft.find(Finding::error(code::WRONG_ACCOUNT, message).help("use credentials of the management account"));
        return false;
    }
    if !seen.all_features {
        let message = "the organization has only consolidated billing; policies and stack sets need all features";
        draft.find(Finding::error(code::ONLY_BILLING, message).help("aws organizations enable-all-features"));
    }
    if by_unit && seen.stack_sets_access.is_none() {
        let message = "whether stack sets may use the organization is unknown";
        draft.find(Finding::note(code::GAP, message).help("allow cloudformation:DescribeOrganizationsAccess"));
    }
    if let Some(declared) = &project.organization
        && let Some(account) = seen.accounts.get(&seen.management)
        && !crate::population::same_email(&account.email, &declared.management.value)
    {
        let message = format!("the management account's e-mail address is {}", account.email);
        let place = "stackfleet.yaml: organization.management";
        let help = format!("make sure that this is the organization you mean, then write `{}`", account.email);
        draft.find(Finding::note(code::OTHER_EMAIL, message).at(place, Some(declared.management.span)).help(help));
    }
    true
}

/// Plans what the stack sets with something to do stand on.
fn groundwork_for(
    draft: &mut Draft,
    wants: &[AppWants<'_>],
    artifacts: &Artifacts,
    observed: &Observed,
    organization: &organization::Ready,
    repair: bool,
) -> groundwork::Ready {
    let mut ready = groundwork::Ready::default();
    let (mut role, mut places, mut long_templates) = (WantedRole::default(), BTreeSet::new(), false);
    for deployment in wants.iter().flat_map(|app| &app.deployments) {
        let standing = crate::standing::set(deployment, observed.stack_sets.get(&deployment.set));
        let idle = |cell| crate::standing::cell(&standing, cell).change == Change::None;
        if deployment.cells.is_empty() || (repair && deployment.cells.iter().all(idle)) {
            continue;
        }
        let regions: BTreeSet<_> = deployment.cells.iter().map(|cell| cell.region.clone()).collect();
        if let PermissionModel::SelfManaged { execution_role, .. } = &deployment.definition.model {
            role.execution_roles.insert(execution_role.clone());
            role.regions.extend(regions.iter().cloned());
        }
        let sent = standing.seen.is_none() || !standing.differs.is_empty();
        long_templates |= sent && deployment.goes_by_bucket();
        let (app, stack) = (&deployment.app.name.value, &deployment.stack.name.value);
        places.extend(regions.into_iter().map(|region| (region, app.clone(), stack.clone())));
    }
    groundwork::administration_role(draft, &mut ready, observed, &role);
    groundwork::artifacts(draft, &mut ready, observed, artifacts, &places, long_templates, organization.organization);
    ready
}

fn finish(draft: Draft, project: &Project, observed: &Observed) -> Plan {
    let Draft { steps, cells, skipped, mut findings } = draft;
    findings.sort_by_key(|finding| (!finding.blocks, finding.code.clone()));
    let mut plan = Plan {
        schema: SCHEMA.to_owned(),
        id: String::new(),
        digest: Digest::of(""),
        project: project.digest,
        observed: observed.digest(),
        home: observed.home.clone(),
        steps,
        cells,
        skipped,
        findings,
    };
    plan.digest = Digest::of(serde_json::to_vec(&plan).unwrap_or_default());
    plan.id = spoken(&plan.digest);
    plan
}

/// Four characters that nobody mistakes for others: no 0, 1, I, L, O, U.
fn spoken(digest: &Digest) -> String {
    const LETTERS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().map(char::from);
    digest.as_bytes().iter().take(4).filter_map(letter).collect()
}

impl Plan {
    /// Returns the accounts that it makes.
    pub fn new_accounts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::CreateAccount { name, .. } => Some(name.as_str()),
            Action::CreateOrganization
            | Action::EnableServiceControlPolicies
            | Action::ActivateStackSetsAccess
            | Action::CreateUnit { .. }
            | Action::MoveAccount { .. }
            | Action::TagAccount { .. }
            | Action::CreatePolicy { .. }
            | Action::UpdatePolicy { .. }
            | Action::AttachPolicy { .. }
            | Action::DetachPolicy { .. }
            | Action::PutAdministrationRole { .. }
            | Action::PutBucket { .. }
            | Action::UploadArtifact { .. }
            | Action::CreateStackSet { .. }
            | Action::UpdateStackSet { .. }
            | Action::SetAutoDeployment { .. }
            | Action::CreateInstances { .. }
            | Action::UpdateInstances { .. }
            | Action::FollowOperation { .. } => None,
        })
    }
}
