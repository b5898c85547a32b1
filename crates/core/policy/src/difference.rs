//! What changes for whom when one policy takes the place of another.
//!
//! ```text
//! statements ─► actions, by the statements that name them ─┐
//!            ─► resources, by the patterns they match ─────┼─ requests ─► before │ after ─► changes in few words
//!            ─► values of context keys, by the conditions ─┘
//! ```
//!
//! Requests stand for all that no statement tells apart, so that comparing them compares everything: each action with
//! resources of its own shape, and each key with values for which the conditions come out in every possible way. What a
//! request may do is asked of the same evaluation that decides it ([`crate::decide`]). Where there are more combinations
//! than [`REQUESTS_MAX`], the answer says that it is incomplete.

pub(crate) mod automaton;

mod actions;
mod cover;
mod requests;
mod terms;
pub(crate) mod variables;

use std::collections::{BTreeMap, BTreeSet};

use stackfleet_base::AccountId;

use crate::{
    context::{Context, Truth},
    decide::Evaluation,
    policy::{Found, Policy, PolicyKind, PolicyPath, PolicySet, Statement},
    principal::Principal,
    request::{Layers, Request},
};

pub use actions::in_short;
pub use terms::Term;

use requests::Requests;
use terms::Atom;

/// How many requests are looked at for actions that are alike.
pub const REQUESTS_MAX: usize = 20_000;

/// An action with the resources that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAction {
    /// `service:Name`.
    pub name: String,
    /// The shapes of its resources' ARNs; empty for an action that takes none.
    pub shapes: Vec<Shape>,
}

impl KnownAction {
    /// Returns the action with the resources of one account.
    #[must_use]
    pub fn in_account(&self, account: &AccountId) -> Self {
        let own = |shape: &Shape| {
            let parts: Vec<&str> = shape.text.splitn(6, ':').collect();
            let text = match parts[..] {
                [arn, partition, service, region, "*", resource] => {
                    format!("{arn}:{partition}:{service}:{region}:{account}:{resource}")
                }
                _ => shape.text.clone(),
            };
            Shape { text, is_flat: shape.is_flat }
        };
        Self { name: self.name.clone(), shapes: self.shapes.iter().map(own).collect() }
    }
}

/// How ARNs of a type of resources look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// With `*` for every variable.
    pub text: String,
    /// Whether the variable at the end has no `/`.
    pub is_flat: bool,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The policy that was.
    Before,
    /// The policy that takes its place.
    After,
}

/// What a document alone says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Nothing: others decide, and without any others that is a refusal.
    Nothing,
    /// A statement allows.
    Allows,
    /// A statement denies.
    Denies,
}

/// Whose requests are compared, and what is known of them beforehand.
#[derive(Debug, Default)]
pub struct Viewpoint<'v> {
    /// All statements that bear on a request before, those that stay included.
    pub before: Vec<&'v Statement>,
    /// All that do after.
    pub after: Vec<&'v Statement>,
    /// Who asks. Empty: everyone whom the statements tell apart.
    pub principal: Option<&'v Principal>,
    /// What is known of every request, such as `aws:PrincipalOrgID`.
    pub context: Context,
    /// Keys that no request has.
    pub absent: Vec<String>,
    /// The account that owns the resources.
    pub owner: Option<&'v AccountId>,
}

/// What a caller may do, all policies considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It is refused.
    Refused,
    /// It depends on policies that nobody could read.
    Open,
    /// It is allowed.
    Allowed,
}

/// Callers for whom the same changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected<A> {
    /// The name of their role or user.
    pub who: String,
    /// Their accounts.
    pub accounts: Vec<A>,
    /// What changes.
    pub difference: Difference<Access>,
}

impl<A> Affected<A> {
    /// Tells whether the same changes for a caller of the same name.
    #[must_use]
    pub fn says_the_same<B>(&self, other: &Affected<B>) -> bool {
        let (one, two) = (&self.difference, &other.difference);
        self.who == other.who
            && one.incomplete == two.incomplete
            && one.changes.len() == two.changes.len()
            && one.changes.iter().zip(&two.changes).all(|(one, other)| one.says_the_same(other))
    }
}

/// Returns every statement that may bear on a caller's requests for resources of one account.
#[must_use]
pub fn statements<'p>(principal: &Principal, owner: &AccountId, layers: &Layers<'p>) -> Vec<&'p Statement> {
    let is_exempt = |account: Option<&AccountId>| layers.management.is_some() && layers.management == account;
    let scps = layers.scps.filter(|_| !is_exempt(principal.account()) && !principal.is_service_linked());
    let rcps = layers.rcps.filter(|_| !is_exempt(Some(owner)) && !principal.is_service_linked());
    let levels = scps.into_iter().chain(rcps).flat_map(PolicyPath::levels).map(|level| &level.policies);
    let own = [layers.resource, layers.identity, layers.boundary, layers.session];
    let sets = levels.chain(own.into_iter().flatten());
    sets.flat_map(PolicySet::policies).flat_map(|policy| policy.statements()).collect()
}

/// Makes a policy by which the resources of an account leave it to the account's own policies who may use them, as
/// most do that have none; keys and roles need it ([`crate::decide`]).
#[must_use]
pub fn left_to_account(account: &AccountId) -> PolicySet {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*","Resource":"*"}}}}"#
    );
    Policy::parse(PolicyKind::Resource, "policies of resources", &text).map(PolicySet::of).unwrap_or_default()
}

/// What changes, and whether everything was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<O> {
    /// What changes, the weightiest first.
    pub changes: Vec<Change<O>>,
    /// Actions of which not every combination of keys was looked at.
    pub incomplete: Vec<String>,
}

/// Actions for which the same changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<O> {
    /// What was said.
    pub before: O,
    /// What is said.
    pub after: O,
    /// The actions, in order.
    pub actions: Vec<String>,
    /// When it changes: in any of these cases.
    pub cases: Vec<Case>,
}

/// A case in which something changes: all terms hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What has to be so; nothing when it is always so. The number of a viewpoint's account is written `{account}`.
    pub terms: Vec<Term>,
    /// A request of this case.
    pub sample: Sample,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Who asks.
    pub principal: Principal,
    /// `service:Name`.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// The context.
    pub context: Context,
}

impl<O: PartialEq> Change<O> {
    /// Tells whether another change says the same of the same actions; the requests that show it may differ.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.before == other.before
            && self.after == other.after
            && self.actions == other.actions
            && same_cases(&self.cases, &other.cases)
    }
}

fn same_cases(one: &[Case], other: &[Case]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.terms == other.terms)
}

impl Sample {
    /// Returns the request; `owner` owns the resource.
    #[must_use]
    pub const fn request<'s>(&'s self, owner: Option<&'s AccountId>) -> Request<'s> {
        Request {
            principal: &self.principal,
            action: self.action.as_str(),
            resource: self.resource.as_str(),
            resource_account: owner,
            context: &self.context,
        }
    }
}

/// Compares two documents by themselves: what do they say to every request?
///
/// A service control policy that only denies is compared by what it denies, whatever else is attached beside it.
#[must_use]
pub fn difference(before: &PolicySet, after: &PolicySet, actions: &[KnownAction]) -> Difference<Says> {
    let statements =
        |set: &'_ PolicySet| set.policies().iter().flat_map(|policy| policy.statements()).cloned().collect::<Vec<_>>();
    let (old, new) = (statements(before), statements(after));
    let viewpoint = Viewpoint { before: old.iter().collect(), after: new.iter().collect(), ..Viewpoint::default() };
    difference_for(&viewpoint, actions, |request, side| {
        says(request, if side == Side::Before { before } else { after }).0
    })
}

/// Tells what a document alone says to a request, and by which statement.
#[must_use]
pub fn says<'p>(request: &Request<'_>, set: &'p PolicySet) -> (Says, Option<Found<'p>>) {
    let kind = set.policies().first().map(|policy| policy.kind());
    let names_principals = matches!(kind, Some(PolicyKind::Resource | PolicyKind::Trust | PolicyKind::ResourceControl));
    let layers = if names_principals {
        Layers { resource: Some(set), ..Layers::default() }
    } else {
        Layers { identity: Some(set), ..Layers::default() }
    };
    let evaluation = Evaluation::new(request, &layers);
    let service = evaluation.request.service;
    let covers = |found: &Found<'p>| evaluation.covers(*found) == Truth::Yes;
    if let Some(found) = set.denies(service).find(covers) {
        return (Says::Denies, Some(found));
    }
    let allows = set.allows(service).find(covers);
    (if allows.is_some() { Says::Allows } else { Says::Nothing }, allows)
}

/// Compares what a viewpoint's requests meet on both sides, as `outcome` says.
pub fn difference_for<O: Copy + Ord>(
    viewpoint: &Viewpoint<'_>,
    actions: &[KnownAction],
    outcome: impl Fn(&Request<'_>, Side) -> O,
) -> Difference<O> {
    let statements = Statements::of(viewpoint);
    let mut changes: Vec<Change<O>> = Vec::new();
    let mut incomplete = Vec::new();
    for class in actions::classes(&statements, actions) {
        let requests = Requests::of(&class, viewpoint);
        if !requests.complete {
            incomplete.extend(class.actions.iter().cloned());
        }
        for ((before, after), cases) in compare(&class, &requests, viewpoint.owner, &outcome) {
            // Actions that change in the same cases are told together.
            let is_same = |change: &&mut Change<O>| {
                (change.before, change.after) == (before, after) && same_cases(&change.cases, &cases)
            };
            match changes.iter_mut().find(is_same) {
                Some(known) => known.actions.extend(class.actions.iter().cloned()),
                None => changes.push(Change { before, after, actions: class.actions.clone(), cases }),
            }
        }
    }
    changes.iter_mut().for_each(|change| change.actions.sort());
    changes.sort_by_key(|change| (change.before, change.after));
    Difference { changes, incomplete }
}

/// The statements of both sides, each once.
struct Statements<'v> {
    all: Vec<&'v Statement>,
    /// Whether it stands on one side only.
    differs: Vec<bool>,
}

impl<'v> Statements<'v> {
    fn of(viewpoint: &Viewpoint<'v>) -> Self {
        let mut all: Vec<&Statement> = Vec::new();
        for statement in viewpoint.before.iter().chain(&viewpoint.after) {
            if !all.iter().any(|known| known.means_the_same(statement)) {
                all.push(statement);
            }
        }
        let there = |side: &[&Statement], one: &Statement| side.iter().any(|other| other.means_the_same(one));
        let differs = all.iter().map(|one| there(&viewpoint.before, one) != there(&viewpoint.after, one)).collect();
        Self { all, differs }
    }
}

/// Actions that the same statements name, and whose resources match the same patterns.
struct Class<'v> {
    actions: Vec<String>,
    /// Shapes that some pattern meets.
    shapes: Vec<Shape>,
    /// A resource that no pattern meets, or `*`, where actions take such.
    others: Option<String>,
    atoms: Vec<Atom<'v>>,
}

/// Asks all requests of a class on both sides and puts those that change into few words.
fn compare<O: Copy + Ord>(
    class: &Class<'_>,
    requests: &Requests<'_>,
    owner: Option<&AccountId>,
    outcome: &impl Fn(&Request<'_>, Side) -> O,
) -> BTreeMap<(O, O), Vec<Case>> {
    let mut outcomes: BTreeMap<Vec<bool>, ((O, O), Sample)> = BTreeMap::new();
    requests.each(|sample, owner| {
        let request = sample.request(owner);
        let truths: Vec<bool> = class.atoms.iter().map(|atom| atom.holds(&request)).collect();
        let sides = (outcome(&request, Side::Before), outcome(&request, Side::After));
        let known = outcomes.entry(truths).or_insert_with(|| (sides, sample.clone()));
        // What others refuse anyhow says nothing: the change shows where it makes a difference.
        if known.0.0 == known.0.1 && sides.0 != sides.1 {
            *known = (sides, sample.clone());
        }
    });
    let kinds: BTreeSet<(O, O)> =
        outcomes.values().map(|(sides, _)| *sides).filter(|(before, after)| before != after).collect();
    let mut found = BTreeMap::new();
    for kind in kinds {
        let is_kind = |sides: &(O, O)| *sides == kind;
        let yes: Vec<&[bool]> =
            outcomes.iter().filter(|(_, (sides, _))| is_kind(sides)).map(|(truths, _)| &truths[..]).collect();
        let no: Vec<&[bool]> =
            outcomes.iter().filter(|(_, (sides, _))| !is_kind(sides)).map(|(truths, _)| &truths[..]).collect();
        let weights: Vec<cover::Weight> = class.atoms.iter().map(Atom::weight).collect();
        let cases = cover::cover(&yes, &no, &weights).into_iter().filter_map(|cube| {
            let (_, (_, sample)) =
                outcomes.iter().find(|(truths, (sides, _))| is_kind(sides) && cube.covers(truths))?;
            let mut terms: Vec<Term> =
                cube.terms().filter_map(|(index, holds)| Some(class.atoms.get(index)?.term(holds, owner))).collect();
            terms.sort_by_key(Term::rank);
            Some(Case { terms, sample: sample.clone() })
        });
        found.insert(kind, cases.collect());
    }
    found
}
