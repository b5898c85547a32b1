//! What each app wants: cells in waves, and for each stack a stack set's definition with the values of every cell.

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::Region;
use stackfleet_organization::Reason;
use stackfleet_project::{
    ADMINISTRATION_ROLE,
    model::{App, Project, Stack, Via},
};

use stackfleet_template::{BODY_BYTES_MAX, URL_BYTES_MAX};

use crate::{
    artifacts::Artifacts,
    code,
    draft::Draft,
    observed::{Definition, Observed, PermissionModel},
    package,
    plan::{AccountRef, Finding, Skipped, placeholder},
    population::{Member, Population, management_id},
    values::{self, Lookup, NoValue},
};

/// Tag that names the app of a stack set: with [`STACK_TAG`] the mark of ownership.
pub const APP_TAG: &str = "stackfleet:app";
/// Tag that names the stack of a stack set.
pub const STACK_TAG: &str = "stackfleet:stack";

/// The execution role of a self-managed set without `role:`, by AWS's name.
const EXECUTION_ROLE: &str = "AWSCloudFormationStackSetExecutionRole";

/// What a stack shall be everywhere: a stack set and its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedStack {
    /// The app.
    pub app: String,
    /// The stack.
    pub stack: String,
    /// Name of the stack set.
    pub set: String,
    /// What the set shall be.
    pub definition: Definition,
    /// Where, with which values.
    pub cells: Vec<WantedCell>,
}

/// An app and what it wants.
#[derive(Debug)]
pub(crate) struct AppWants<'a> {
    /// Names of the waves.
    pub(crate) waves: Vec<String>,
    /// Its stacks, in an order in which every stack comes after those it refers to.
    pub(crate) deployments: Vec<Deployment<'a>>,
}

/// A stack of an app as a stack set.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    pub(crate) app: &'a App,
    pub(crate) stack: &'a Stack,
    /// Name of the stack set.
    pub(crate) set: String,
    pub(crate) definition: Definition,
    pub(crate) cells: Vec<WantedCell>,
}

/// A cell that shall exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCell {
    /// The account.
    pub account: AccountRef,
    /// Path of its unit.
    pub unit: String,
    /// The region.
    pub region: Region,
    /// Wave number, from 0.
    pub wave: u32,
    /// Parameter values that differ from the set's.
    pub overrides: BTreeMap<String, String>,
}

impl Deployment<'_> {
    /// Tells whether the template is too long for a request and goes by way of a bucket.
    pub(crate) const fn goes_by_bucket(&self) -> bool {
        self.definition.template.len() > BODY_BYTES_MAX
    }

    pub(crate) const fn is_service_managed(&self) -> bool {
        matches!(self.definition.model, PermissionModel::ServiceManaged { .. })
    }
}

/// Returns the name of a stack's stack set.
#[must_use]
pub fn set_name(app: &str, stack: &str) -> String {
    format!("{app}-{stack}")
}

/// Tells whether a stack's set is managed by the service: by unit, with roles that AWS makes.
///
/// A stack that names a role needs that role; a template with transforms can only be deployed with one, because
/// service-managed sets refuse transforms.
pub(crate) fn is_service_managed(stack: &Stack) -> bool {
    stack.role.is_none() && !has_transform(stack)
}

fn has_transform(stack: &Stack) -> bool {
    let template = &stack.template.template;
    !template.transforms().is_empty() || template.has_open_transforms()
}

/// An account and region that an app goes to.
struct Place<'a> {
    member: &'a Member,
    region: Region,
    wave: u32,
}

/// Returns what every app wants.
pub(crate) fn wanted<'a>(
    draft: &mut Draft,
    project: &'a Project,
    artifacts: &Artifacts,
    observed: &Observed,
    population: &Population,
) -> Vec<AppWants<'a>> {
    let apps = project.apps.values();
    let wants = apps.map(|app| {
        let (places, waves) = places(draft, app, observed, population);
        if places.is_empty() {
            let message = format!("app `{}` goes to no account", app.name.value);
            let place = format!("stackfleet.yaml: apps.{}.targets", app.name.value);
            let finding = Finding::note(code::NO_CELLS, message).at(place, Some(app.targets.span()));
            draft.find(finding.help(format!("stackfleet targets {} says why", app.name.value)));
        }
        let stacks = app.stacks.values();
        let deployments =
            stacks.map(|stack| deployment(draft, project, app, stack, artifacts, observed, &places)).collect();
        AppWants { waves, deployments }
    });
    wants.collect()
}

fn places<'a>(
    draft: &mut Draft,
    app: &App,
    observed: &Observed,
    population: &'a Population,
) -> (Vec<Place<'a>>, Vec<String>) {
    let mut waves: Vec<String> = app.rollout.waves.iter().map(|wave| wave.name.clone()).collect();
    let mut places = Vec::new();
    let management_off = observed.regions_off.get(management_id(observed));
    for member in &population.members {
        let account = &member.account;
        let verdict = app.targets.explain(account, None);
        if !verdict.included {
            let reason = verdict.reason.to_string();
            match verdict.reason {
                Reason::Excluded { .. } | Reason::State(_) => {
                    let (app, account) = (app.name.value.clone(), member.reference());
                    draft.skipped.push(Skipped { app, account, region: None, reason });
                }
                Reason::NotNamed { .. } | Reason::Management | Reason::Matched { .. } => {}
            }
            continue;
        }
        let position = app.rollout.waves.iter().position(|wave| wave.targets.named(account, None).included);
        let position = position.unwrap_or_else(|| {
            if waves.len() == app.rollout.waves.len() {
                waves.push(if waves.is_empty() { "all" } else { "rest" }.to_owned());
            }
            waves.len() - 1
        });
        let wave = u32::try_from(position).unwrap_or(u32::MAX);
        for region in app.regions.iter().map(|region| &region.value) {
            let off_here = account.id.as_ref().and_then(|id| observed.regions_off.get(id));
            let off = |off: Option<&BTreeSet<Region>>| off.is_some_and(|regions| regions.contains(region));
            let reason = if !app.targets.explain(account, Some(region)).included {
                "its targets leave the region out"
            } else if off(off_here) {
                "the region is off in the account"
            } else if off(management_off) {
                "the region is off in the management account, which stack sets need as well"
            } else {
                places.push(Place { member, region: region.clone(), wave });
                continue;
            };
            if !reason.starts_with("its targets") {
                let message = format!("{region} is off where app `{}` goes to", app.name.value);
                let help = format!("aws account enable-region --region-name {region} --account-id ID");
                draft.find(Finding::note(code::REGION_OFF, message).help(help).cells(1));
            }
            let (app, account, region, reason) =
                (app.name.value.clone(), member.reference(), Some(region.clone()), reason.to_owned());
            draft.skipped.push(Skipped { app, account, region, reason });
        }
    }
    places.sort_by_key(|place| place.wave);
    (places, waves)
}

fn deployment<'a>(
    draft: &mut Draft,
    project: &'a Project,
    app: &'a App,
    stack: &'a Stack,
    artifacts: &Artifacts,
    observed: &Observed,
    places: &[Place<'_>],
) -> Deployment<'a> {
    let set = set_name(&app.name.value, &stack.name.value);
    let management = management_id(observed);
    let organization = observed.organization.as_ref().map_or(placeholder::ORGANIZATION, |seen| seen.id.as_str());
    let partition = observed.home.partition();
    let lookup = Lookup { project, app, management: management.as_str(), organization, partition };
    let model = model(draft, &lookup, stack);
    let by_unit = matches!(model, PermissionModel::ServiceManaged { .. });
    let mut wanted = Vec::new();
    let mut values = Vec::new();
    let mut known: BTreeMap<AccountRef, BTreeMap<String, String>> = BTreeMap::new();
    let wants_region =
        |region: &Region| stack.regions.is_empty() || stack.regions.iter().any(|wanted| wanted.value == *region);
    for place in places.iter().filter(|place| wants_region(&place.region)) {
        let account = &place.member.account;
        if by_unit && account.management {
            let reason = "the management account cannot be reached by a service-managed stack set".to_owned();
            let (app, account) = (app.name.value.clone(), place.member.reference());
            draft.skipped.push(Skipped { app, account, region: Some(place.region.clone()), reason });
            let message = format!("stack `{}` cannot be deployed in the management account", stack.name.value);
            let help = "name an execution role with `role:` (self-managed), or leave the account out";
            draft.find(Finding::note(code::MANAGEMENT_TARGETED, message).help(help).cells(1));
            continue;
        }
        let own = known.entry(place.member.reference()).or_insert_with(|| {
            let (values, problems) = values::parameters(&lookup, stack, account);
            tell_problems(draft, app, stack, &account.name, problems);
            values
        });
        values.push(own.clone());
        wanted.push(WantedCell {
            account: place.member.reference(),
            unit: account.unit.clone(),
            region: place.region.clone(),
            wave: place.wave,
            overrides: BTreeMap::new(),
        });
    }
    let seen = observed.stack_sets.get(&set).map(|seen| &seen.definition.parameters);
    let parameters = shared_values(draft, app, stack, &mut values, seen);
    for (cell, own) in wanted.iter_mut().zip(values) {
        let declared = stack.template.template.parameters();
        let of_set = |name: &String| parameters.get(name).or_else(|| declared.get(name)?.default.as_ref());
        cell.overrides = own.into_iter().filter(|(name, value)| of_set(name) != Some(value)).collect();
    }
    let template = packaged(draft, app, stack, artifacts, management);
    let mut tags: BTreeMap<String, String> =
        stack.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    tags.insert(APP_TAG.to_owned(), app.name.value.clone());
    tags.insert(STACK_TAG.to_owned(), stack.name.value.clone());
    let definition = Definition {
        template,
        parameters: parameters.into_iter().map(|(name, value)| (name, Some(value))).collect(),
        capabilities: package::capabilities(&stack.template.template),
        tags,
        description: format!("{} of {}, kept by stackfleet", stack.name.value, app.name.value),
        model,
        managed_execution: true,
    };
    Deployment { app, stack, set, definition, cells: wanted }
}

fn model(draft: &mut Draft, lookup: &Lookup<'_>, stack: &Stack) -> PermissionModel {
    let place = stack_place(lookup.app, stack);
    let name = &stack.name.value;
    if let Some(via) = stack.via.as_ref().filter(|via| via.value == Via::ChangeSet) {
        let message = format!("stack `{name}` asks for change sets, which this release does not support");
        draft.find(Finding::error(code::CHANGE_SET, message).at(&place, Some(via.span)).help("write `via: stack-set`"));
    }
    if is_service_managed(stack) {
        if stack.via.is_none() {
            let message =
                format!("stack `{name}` goes by service-managed stack set: it names no role and no transform");
            draft.find(Finding::note(code::MODEL_CHOSEN, message).at(&place, None));
        }
        return PermissionModel::ServiceManaged { auto_deploy: stack.auto_deploy, retain: false };
    }
    if stack.role.is_none() {
        let why = "its template has a transform, which service-managed sets refuse";
        let message = format!("stack `{name}` goes by self-managed stack set: {why}");
        if stack.auto_deploy {
            let message = format!("stack `{name}` cannot follow new accounts: {why}");
            let help = "remove `auto-deploy`, or expand the template with `stackfleet sam translate`";
            draft.find(Finding::error(code::TRANSFORM, message).at(&place, None).help(help));
        } else {
            draft.find(Finding::note(code::MODEL_CHOSEN, message).at(&place, None));
        }
    } else if stack.via.is_none() {
        let message = format!("stack `{name}` goes by self-managed stack set: it names a role");
        draft.find(Finding::note(code::MODEL_CHOSEN, message).at(&place, None));
    }
    let execution_role = match stack.role.as_ref().map(|role| (role, lookup.text(&role.value, None))) {
        Some((_, Ok(role))) => role,
        Some((role, Err(_))) => {
            let message = format!("the role of stack `{name}` must be known before anything is deployed");
            let help = "give the role a fixed name in its template (`RoleName`), or write the name";
            draft.find(Finding::error(code::UNKNOWN_OUTPUT, message).at(&place, Some(role.span)).help(help));
            EXECUTION_ROLE.to_owned()
        }
        None => EXECUTION_ROLE.to_owned(),
    };
    let (partition, management) = (lookup.partition.as_str(), lookup.management);
    let administration_role = format!("arn:{partition}:iam::{management}:role/{ADMINISTRATION_ROLE}");
    PermissionModel::SelfManaged { administration_role, execution_role }
}

fn tell_problems(draft: &mut Draft, app: &App, stack: &Stack, account: &str, problems: Vec<(String, NoValue)>) {
    for (parameter, problem) in problems {
        let (code, message, help) = match problem {
            NoValue::Environment => (
                code::NO_ENVIRONMENT,
                format!("account `{account}` belongs to no environment, and `{parameter}` asks for it"),
                "give the account an `env` tag, or an environment whose `targets` name it".to_owned(),
            ),
            NoValue::Tag(key) => (
                code::NO_VALUE,
                format!("account `{account}` has no tag `{key}`, and `{parameter}` asks for it"),
                format!("give the account the tag `{key}`"),
            ),
            NoValue::Account => (
                code::NO_VALUE,
                format!("`{parameter}` differs by account"),
                "write a value that is the same in all accounts".to_owned(),
            ),
            NoValue::Output { stack, output, why } => (
                code::UNKNOWN_OUTPUT,
                format!("output `{output}` of stack `{stack}` is not known before the stack is deployed: {why}"),
                "refer to outputs that depend on nothing but names and parameters".to_owned(),
            ),
        };
        let span = stack.parameters.get(&parameter).map(|text| text.span);
        draft.find(Finding::error(code, message).at(stack_place(app, stack), span).help(help).cells(1));
    }
}

/// Returns the values that the set itself carries, and completes every cell's own values.
///
/// A value that all cells share is the set's. Where they differ, the template's default is left to stand, for that is
/// what accounts that join later should get; without one the most common value is taken, since a set needs a value for
/// every parameter even where all cells override it. But a value that the set carries already and that some cell still
/// wants stays: changing it would make every instance outdated.
fn shared_values(
    draft: &mut Draft,
    app: &App,
    stack: &Stack,
    cells: &mut [BTreeMap<String, String>],
    seen: Option<&BTreeMap<String, Option<String>>>,
) -> BTreeMap<String, String> {
    let template = &stack.template.template;
    let names: BTreeSet<String> = cells.iter().flat_map(BTreeMap::keys).cloned().collect();
    let mut shared = BTreeMap::new();
    for name in names {
        let Some(parameter) = template.parameters().get(&name) else {
            let message = format!("the template of stack `{}` has no parameter `{name}`", stack.name.value);
            let span = stack.parameters.get(&name).map(|text| text.span);
            draft.find(Finding::error(code::NO_SUCH_PARAMETER, message).at(stack_place(app, stack), span));
            cells.iter_mut().for_each(|values| {
                values.remove(&name);
            });
            continue;
        };
        for values in cells.iter_mut() {
            if let (false, Some(default)) = (values.contains_key(&name), &parameter.default) {
                values.insert(name.clone(), default.clone());
            }
        }
        let mut votes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (position, value) in cells.iter().filter_map(|values| values.get(&name)).enumerate() {
            votes.entry(value).or_insert((0, position)).0 += 1;
        }
        for value in votes.keys().filter(|value| !value.contains("{stackfleet:")) {
            if let Err(broken) = parameter.check(&name, value) {
                let span = stack.parameters.get(&name).map(|text| text.span);
                let message = format!("stack `{}` cannot have {name}={value}: {broken}", stack.name.value);
                draft.find(Finding::error(code::BAD_VALUE, message).at(stack_place(app, stack), span));
            }
        }
        let kept = seen.and_then(|seen| seen.get(&name)?.as_deref()).filter(|value| votes.contains_key(value));
        let most = votes.iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
        let value = match (kept, votes.len(), &parameter.default) {
            (Some(kept), _, _) => Some(kept),
            (None, 2.., Some(_)) => None,
            (None, _, _) => most.map(|(value, _)| *value),
        };
        if let Some(value) = value {
            shared.insert(name.clone(), value.to_owned());
        }
    }
    for (name, parameter) in template.parameters() {
        let unset = cells.iter().any(|values| !values.contains_key(name));
        let broken =
            parameter.default.as_ref().filter(|_| unset).and_then(|default| parameter.check(name, default).err());
        if let Some(broken) = broken {
            let span = template.span(&format!("/Parameters/{name}/Default"));
            let message = format!("the default of parameter `{name}` of stack `{}`: {broken}", stack.name.value);
            let help = "change the default or the constraint";
            draft.find(Finding::error(code::BAD_VALUE, message).at(template_place(stack, span), span).help(help));
        }
    }
    if !cells.is_empty() {
        let open = template.parameters().iter().filter(|(_, parameter)| parameter.default.is_none());
        for (name, _) in open {
            let without = cells.iter().filter(|values| !values.contains_key(name)).count();
            // An `Err` for this parameter was told already, cell by cell.
            if without > 0 && !stack.parameters.contains_key(name) {
                let message = format!("parameter `{name}` of stack `{}` has no value and no default", stack.name.value);
                let span = template.key_span(&format!("/Parameters/{name}"));
                let help = "set it under `parameters:` of the stack or of the environments";
                let finding = Finding::error(code::NO_VALUE, message).at(template_place(stack, span), span);
                draft.find(finding.help(help).cells(without));
            }
        }
    }
    shared
}

fn packaged(
    draft: &mut Draft,
    app: &App,
    stack: &Stack,
    artifacts: &Artifacts,
    management: &stackfleet_base::AccountId,
) -> String {
    let file = &stack.template;
    let own = artifacts.of(&app.name.value, &stack.name.value);
    let packaged = package::package(&file.text, &file.template, own, management).unwrap_or_else(|problem| {
        draft.find(Finding::error(code::ARTIFACT_PLACE, problem.to_string()).at(&file.path.value, None));
        file.text.to_string()
    });
    if packaged.len() > URL_BYTES_MAX {
        let message = format!(
            "the template of stack `{}` has {} bytes; CloudFormation takes {URL_BYTES_MAX}",
            stack.name.value,
            packaged.len()
        );
        draft.find(Finding::error(code::TOO_LARGE, message).at(&file.path.value, None).help("split the stack"));
    }
    packaged
}

pub(crate) fn stack_place(app: &App, stack: &Stack) -> String {
    format!("stackfleet.yaml: apps.{}.stacks.{}", app.name.value, stack.name.value)
}

/// Returns `file:line` of a place in a stack's template.
pub(crate) fn template_place(stack: &Stack, span: Option<stackfleet_base::Span>) -> String {
    let file = &stack.template;
    match span.and_then(|span| file.text.get(..span.start)) {
        Some(before) => format!("{}:{}", file.path.value, before.matches('\n').count() + 1),
        None => file.path.value.clone(),
    }
}
