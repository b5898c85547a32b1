//! Every stack as it will be in every cell, computed once for all cells in which it is the same.
//!
//! What a template makes of an account's number is the number put in: so one evaluation with a number that stands for
//! any serves all accounts, unless their own number is written somewhere: then conditions may single them out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use stackfleet_base::{AccountId, Digest, Region};
use stackfleet_permissions::Cell as Site;
use stackfleet_plan::{
    Observed, Plan, WantedStack,
    observed::{Cell, InstanceStatus, PermissionModel},
    plan::{AccountRef, CellId, Change, placeholder},
};
use stackfleet_project::model::{Project, Stack as Declared};
use stackfleet_sam::{Environment, SamError};
use stackfleet_template::{Evaluated, Inputs, Nothing, Template, evaluate, read_body};

use crate::controls::Controls;

static NO_OVERRIDES: BTreeMap<String, String> = BTreeMap::new();

const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// All stacks.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    pub(crate) stacks: Vec<Stack<'a>>,
    /// What is put in place of ids that AWS has not given out yet.
    stand_ins: BTreeMap<AccountRef, AccountId>,
    /// Accounts that are written by number somewhere.
    named: BTreeSet<AccountId>,
    /// Stands for every other account.
    pub(crate) anybody: AccountId,
    /// Policies look at parts of account numbers, so none can stand for another.
    singly: bool,
}

/// A stack and its cells.
#[derive(Debug)]
pub(crate) struct Stack<'a> {
    pub(crate) wanted: &'a WantedStack,
    /// The stack in the project.
    pub(crate) declared: Option<&'a Declared>,
    pub(crate) cells: Vec<SurveyedCell>,
    pub(crate) variants: Vec<Variant>,
    /// What accounts that join get where others have parameter values of their own: automatic deployment knows only
    /// the set's. One for each region.
    pub(crate) newcomers: Vec<Variant>,
}

/// A cell.
#[derive(Debug)]
pub(crate) struct SurveyedCell {
    pub(crate) id: CellId,
    pub(crate) account: AccountId,
    pub(crate) change: Change,
    /// Which of the stack's variants it is.
    pub(crate) variant: usize,
    /// Numbers of the paths of policies that bind its account.
    pub(crate) scps: usize,
    pub(crate) rcps: usize,
}

/// A stack as it is in some cells.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) site: Site,
    pub(crate) result: Result<Evaluated, Opaque>,
    /// Whether the stack is there and is updated.
    pub(crate) updates: bool,
    /// What it holds before, where that is known.
    pub(crate) before: Option<Evaluated>,
}

/// Why nobody knows what a stack will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opaque {
    /// CloudFormation would refuse the template, in these words.
    Refused(String),
    /// Only AWS can tell.
    Unknown(String),
}

/// What a variant depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    region: &'a Region,
    account: Option<AccountId>,
    overrides: &'a BTreeMap<String, String>,
    updates: bool,
    /// For an update, the values before.
    before: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Survey<'a> {
    /// Computes all stacks. `texts` are other documents in which accounts may be written by number.
    pub(crate) fn new(
        project: &'a Project,
        plan: &'a Plan,
        observed: &'a Observed,
        wanted: &'a [WantedStack],
        (scps, rcps): (&mut Controls, &mut Controls),
        texts: &[&str],
    ) -> Self {
        let mut all: Vec<&str> = texts.to_vec();
        for stack in wanted {
            all.push(&stack.definition.template);
            all.extend(stack.definition.parameters.values().flatten().map(String::as_str));
        }
        let numbers: BTreeSet<&str> = all.iter().flat_map(|text| numbers(text)).collect();
        let named = numbers.iter().filter_map(|number| number.parse().ok()).collect();
        let seen: BTreeSet<&AccountId> =
            observed.organization.iter().flat_map(|organization| organization.accounts.keys()).collect();
        let mut free =
            (1_u64..).map(|number| format!("{:012}", (number * 704_969_101 + 218_000_000_000) % 999_999_999_989));
        let mut fresh = || loop {
            let Some(id) = free.next().and_then(|id| id.parse::<AccountId>().ok()) else { continue };
            if !numbers.contains(id.as_str()) && !seen.contains(&id) {
                return id;
            }
        };
        let anybody = fresh();
        let new: BTreeSet<&AccountRef> =
            plan.cells.iter().map(|cell| &cell.account).filter(|account| account.id.is_none()).collect();
        let stand_ins = new.into_iter().map(|account| (account.clone(), fresh())).collect();
        let singly = all.iter().any(|text| looks_into_numbers(text));
        let mut survey = Self { stacks: Vec::new(), stand_ins, named, anybody, singly };
        let mut ids = 0..;
        for stack in wanted {
            let surveyed = survey.stack(project, plan, observed, stack, (&mut *scps, &mut *rcps), &mut ids);
            survey.stacks.push(surveyed);
        }
        survey
    }

    fn stack(
        &self,
        project: &'a Project,
        plan: &'a Plan,
        observed: &'a Observed,
        wanted: &'a WantedStack,
        (scps, rcps): (&mut Controls, &mut Controls),
        ids: &mut impl Iterator<Item = u32>,
    ) -> Stack<'a> {
        let seen = observed.stack_sets.get(&wanted.set);
        let mut variants = Vec::new();
        let mut known: BTreeMap<Key<'a>, usize> = BTreeMap::new();
        let mut maker = Maker::new(self, wanted, observed);
        let mut cells = Vec::with_capacity(wanted.cells.len());
        for (cell, number) in wanted.cells.iter().zip(ids) {
            let id = CellId(number);
            let change = plan.cells.get(id.index()).map_or(Change::None, |planned| planned.change);
            let account = self.id(&cell.account);
            let place = cell.account.id.clone().map(|account| Cell { account, region: cell.region.clone() });
            let instance = place.and_then(|place| seen?.instances.get(&place));
            let before = instance
                .filter(|found| change == Change::Update && found.status == InstanceStatus::Current)
                .and_then(|found| found.overrides.as_ref());
            let own = self.singly || self.named.contains(&account);
            let key = Key {
                region: &cell.region,
                account: own.then(|| account.clone()),
                overrides: &cell.overrides,
                updates: change == Change::Update,
                before,
            };
            let variant = *known.entry(key).or_insert_with_key(|key| {
                variants.push(maker.variant(key));
                variants.len() - 1
            });
            let (scps, rcps) = (scps.path_of(&cell.account, &cell.unit), rcps.path_of(&cell.account, &cell.unit));
            cells.push(SurveyedCell { id, account, change, variant, scps, rcps });
        }
        let declared = project.apps.get(&wanted.app).and_then(|app| app.stacks.get(&wanted.stack));
        let follows = matches!(wanted.definition.model, PermissionModel::ServiceManaged { auto_deploy: true, .. });
        let differs = wanted.cells.iter().any(|cell| !cell.overrides.is_empty());
        let regions: BTreeSet<&Region> = wanted.cells.iter().map(|cell| &cell.region).collect();
        let newcomer = |region| {
            maker.variant(&Key { region, account: None, overrides: &NO_OVERRIDES, updates: false, before: None })
        };
        let newcomers = regions.into_iter().filter(|_| follows && differs).map(newcomer).collect();
        Stack { wanted, declared, cells, variants, newcomers }
    }

    /// Returns an account's id, or what stands for it.
    pub(crate) fn id(&self, account: &AccountRef) -> AccountId {
        let stand_in = || self.stand_ins.get(account).unwrap_or(&self.anybody).clone();
        account.id.clone().unwrap_or_else(stand_in)
    }

    /// Puts ids in place of placeholders.
    pub(crate) fn filled(&self, text: &str, observed: &Observed) -> String {
        if !text.contains("{stackfleet:") {
            return text.to_owned();
        }
        let mut filled = text.replace(placeholder::MANAGEMENT, observed.caller.account.as_str());
        filled = filled.replace(placeholder::ORGANIZATION, NEW_ORGANIZATION);
        for (account, id) in &self.stand_ins {
            filled = filled.replace(&placeholder::account(&account.name), id.as_str());
        }
        filled
    }
}

/// Stands for the id of an organization that is to be made.
pub(crate) const NEW_ORGANIZATION: &str = "o-stackfleet0";

/// Makes variants of one stack; templates are read and transformed once.
struct Maker<'s, 'a> {
    survey: &'s Survey<'a>,
    wanted: &'a WantedStack,
    observed: &'a Observed,
    template: Result<Arc<Template>, Opaque>,
    before: Option<Result<Arc<Template>, Opaque>>,
    /// By whether it is the template before, and what a transform looks at.
    transformed: BTreeMap<(bool, Digest), Result<Arc<Template>, Opaque>>,
}

impl<'s, 'a> Maker<'s, 'a> {
    fn new(survey: &'s Survey<'a>, wanted: &'a WantedStack, observed: &'a Observed) -> Self {
        let read = |text: &str| read_body(text).map(Arc::new).map_err(|problem| Opaque::Refused(problem.message));
        let seen = observed.stack_sets.get(&wanted.set);
        let before = seen.map(|seen| read(&seen.definition.template));
        let template = read(&survey.filled(&wanted.definition.template, observed));
        Self { survey, wanted, observed, template, before, transformed: BTreeMap::new() }
    }

    fn variant(&mut self, key: &Key<'_>) -> Variant {
        let definition = &self.wanted.definition;
        let account = key.account.clone().unwrap_or_else(|| self.survey.anybody.clone());
        let site = Site {
            stack_name: Some(format!("StackSet-{}-{STACK_UUID}", self.wanted.set)),
            tags: definition.tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            account,
            region: key.region.clone(),
        };
        let result = match self.template.clone() {
            Ok(template) => {
                let parameters = self.parameters(&definition.parameters, key.overrides, &template);
                self.evaluated(&template, false, parameters, &site)
            }
            Err(opaque) => Err(opaque),
        };
        let before = key.before.and_then(|overrides| {
            let seen = self.observed.stack_sets.get(&self.wanted.set)?;
            let template = self.before.clone()?.ok()?;
            let parameters = self.parameters(&seen.definition.parameters, overrides, &template);
            self.evaluated(&template, true, parameters, &site).ok()
        });
        Variant { site, result, updates: key.updates, before }
    }

    fn parameters(
        &self,
        of_set: &BTreeMap<String, Option<String>>,
        overrides: &BTreeMap<String, String>,
        template: &Template,
    ) -> BTreeMap<String, String> {
        let shared = of_set.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let mut parameters: BTreeMap<String, String> = shared
            .chain(overrides)
            .map(|(name, value)| (name.clone(), self.survey.filled(value, self.observed)))
            .collect();
        parameters.retain(|name, _| template.parameters().contains_key(name));
        parameters
    }

    fn evaluated(
        &mut self,
        template: &Arc<Template>,
        before: bool,
        parameters: BTreeMap<String, String>,
        site: &Site,
    ) -> Result<Evaluated, Opaque> {
        let template = self.expanded(template, before, &parameters, site)?;
        let partition = site.region.partition().as_str();
        let (region, account) = (&site.region, &site.account);
        let name = site.stack_name.as_deref().unwrap_or_default();
        let inputs = Inputs {
            parameters,
            account: site.account.clone(),
            region: site.region.clone(),
            stack_name: site.stack_name.clone(),
            stack_id: Some(format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{STACK_UUID}")),
            notification_arns: Vec::new(),
        };
        let refused = |problems: Vec<stackfleet_template::Problem>| {
            Opaque::Refused(problems.first().map(|problem| problem.message.clone()).unwrap_or_default())
        };
        evaluate(&template, &inputs, &Nothing).map_err(refused)
    }

    /// Expands transforms, as far as that can be done here.
    fn expanded(
        &mut self,
        template: &Arc<Template>,
        before: bool,
        parameters: &BTreeMap<String, String>,
        site: &Site,
    ) -> Result<Arc<Template>, Opaque> {
        let transforms = template.transforms();
        if !template.has_open_transforms() || transforms == ["AWS::LanguageExtensions"] {
            return Ok(Arc::clone(template));
        }
        if let Some(unknown) = transforms.iter().find(|name| !matches!(**name, SERVERLESS | "AWS::LanguageExtensions"))
        {
            return Err(Opaque::Unknown(format!("what the transform {unknown} makes of it is known only to AWS")));
        }
        if !template.is_serverless() {
            return Err(Opaque::Unknown("what Fn::Transform makes of it is known only to AWS".to_owned()));
        }
        let values = parameters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let place = Digest::of_parts([site.region.as_str()].into_iter().chain(values));
        let key = (before, place);
        let make = || serverless(template, parameters, &site.region).map(Arc::new);
        self.transformed.entry(key).or_insert_with(make).clone()
    }
}

/// Stands where AWS draws a UUID.
const STACK_UUID: &str = "f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f";

fn serverless(template: &Template, parameters: &BTreeMap<String, String>, region: &Region) -> Result<Template, Opaque> {
    let mut environment = Environment::in_region(region.as_str());
    environment.parameters =
        parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let failed = |errors: Vec<SamError>| {
        let own = errors.iter().all(|error| error.kind == stackfleet_sam::SamErrorKind::Unsupported);
        let told = SamError::summary(&errors);
        if own { Opaque::Unknown(told) } else { Opaque::Refused(told) }
    };
    let mut value = stackfleet_sam::transform(template.value(), &environment).map_err(failed)?;
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("Transform");
    }
    let template = Template::new(value);
    match template.problems().first() {
        Some(problem) => Err(Opaque::Refused(problem.message.clone())),
        None => Ok(template),
    }
}

impl Stack<'_> {
    /// Returns the cells in which something is made or changed.
    pub(crate) fn changing(&self) -> impl Iterator<Item = &SurveyedCell> {
        self.cells.iter().filter(|cell| matches!(cell.change, Change::Create | Change::Update))
    }
}

/// Returns the twelve-digit numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|run| run.len() == 12)
}

/// Tells whether a text has a pattern of numbers such as `12*`, which matches some accounts and not others.
fn looks_into_numbers(text: &str) -> bool {
    let sign = |letter: char| letter.is_ascii_digit() || matches!(letter, '*' | '?');
    let mut words = text.split([':', '"', '\'', ' ', '\n', ',']);
    words.any(|word| {
        word.len() > 1
            && word.chars().all(sign)
            && word.contains(['*', '?'])
            && word.contains(|letter: char| letter.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_accounts_are_found_and_patterns_of_them() {
        assert_eq!(numbers("arn:aws:iam::123456789012:root 1234567890123 2024").collect::<Vec<_>>(), ["123456789012"]);
        assert!(looks_into_numbers(r#""arn:aws:iam::12*:role/x""#));
        for plain in [r#""arn:aws:iam::*:role/app-1*""#, "cron(0 12 * * ? *)", "2012-10-17", "rate(5 minutes)"] {
            assert!(!looks_into_numbers(plain), "{plain}");
        }
    }
}
