//! Policies as they are evaluated: typed, with patterns split, and sets of them indexed by service.
//!
//! Everything here is immutable and meant to be shared: a document is read once ([`crate::parse`]), and the sets of
//! an organizational unit serve all accounts below it.

use std::{cmp::Ordering, fmt, sync::Arc};

use stackfleet_base::Span;

use crate::{
    arn::ArnPattern,
    condition::Condition,
    context::{Context, Truth},
    pattern::{Pattern, Syntax},
    principal::{Closeness, PrincipalElement},
    request::Prepared,
};

/// What a policy is attached to, which decides what it may contain and what its statements do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// Grants to a user, group or role, inline or managed.
    Identity,
    /// On a resource: bucket, key, queue, function...
    Resource,
    /// On a role: who may assume it.
    Trust,
    /// The most that a user or role may do.
    Boundary,
    /// The most that one session may do.
    Session,
    /// The most that principals of accounts below a node of the organization may do (SCP).
    ServiceControl,
    /// The most that may be done to resources of accounts below a node of the organization (RCP).
    ResourceControl,
}

/// The language version; it decides whether `${...}` means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `2008-10-17`, also meant when the element is missing: without policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

/// A policy document, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) kind: PolicyKind,
    pub(crate) name: Arc<str>,
    pub(crate) version: Version,
    pub(crate) statements: Box<[Statement]>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<Box<str>>,
    pub(crate) span: Option<Span>,
    pub(crate) effect: Effect,
    /// `None` where the kind of policy implies the principal.
    pub(crate) principal: Option<PrincipalElement>,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) conditions: Box<[Condition]>,
}

/// An `Action` or `NotAction` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actions {
    /// Whether it is `NotAction`.
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[ActionPattern]>,
}

/// `service:name`, either with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionPattern {
    /// `None` when the service has wildcards; `name` then matches the whole action.
    pub(crate) service: Option<Box<str>>,
    pub(crate) name: Pattern,
}

/// A `Resource` or `NotResource` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resources {
    /// `*`, or the element is implied.
    Everything,
    Only(Box<[ArnPattern]>),
    Except(Box<[ArnPattern]>),
}

impl Policy {
    /// Returns what the policy is attached to.
    #[must_use]
    pub const fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Returns the name or ARN it was given; explanations use it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the language version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns every context key that it asks for, in conditions and as a variable; some may be there several times.
    ///
    /// Whoever decides before a request is made sets those of them unknown that are not known.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(Statement::keys)
    }

    /// Returns the statements in the order of the document.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    /// Returns the position in the document, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Returns the statement id.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Returns where the statement stands, when the policy was read from a file.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        self.span
    }

    /// Returns every context key that it asks for; some may be there several times.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let patterns = match &self.resources {
            Resources::Everything => &[],
            Resources::Only(patterns) | Resources::Except(patterns) => &patterns[..],
        };
        patterns.iter().flat_map(ArnPattern::keys).chain(self.conditions.iter().flat_map(Condition::keys))
    }

    /// Returns the entries of `Action` or `NotAction`.
    pub fn action_entries(&self) -> impl Iterator<Item = String> {
        self.actions.patterns.iter().map(ToString::to_string)
    }

    /// Tells whether another statement says the same, whatever its number, id and place.
    pub(crate) fn means_the_same(&self, other: &Self) -> bool {
        (self.effect, &self.principal, &self.actions, &self.resources, &self.conditions)
            == (other.effect, &other.principal, &other.actions, &other.resources, &other.conditions)
    }

    /// Returns whether it allows or denies.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Tells whether the statement's action, resource and conditions cover the request. The principal is asked
    /// separately, for it does not only say yes or no.
    pub(crate) fn covers(&self, request: &Prepared<'_>) -> Truth {
        if !self.actions.cover(request) {
            return Truth::No;
        }
        let mut truth = self.resources.cover(request);
        for condition in &self.conditions {
            if truth == Truth::No {
                break;
            }
            truth = truth.and(condition.holds(request.context));
        }
        truth
    }

    pub(crate) fn principal_closeness(&self, request: &Prepared<'_>) -> Option<Closeness> {
        match &self.principal {
            // A boundary only makes the exceptions of a deny vain: it never grants (IAM User Guide, `NotPrincipal`).
            Some(element) => element.covers(request.principal, request.has_boundary && self.effect == Effect::Deny),
            None => Some(Closeness::Direct),
        }
    }

    /// Adds the keys that keep this statement's answer open.
    pub(crate) fn unknown_keys<'a>(&'a self, context: &Context, keys: &mut Vec<&'a str>) {
        match &self.resources {
            Resources::Everything => {}
            Resources::Only(patterns) | Resources::Except(patterns) => {
                for pattern in patterns {
                    pattern.unknown_keys(context, keys);
                }
            }
        }
        for condition in &self.conditions {
            condition.unknown_keys(context, keys);
        }
    }

    pub(crate) fn allows_everything(&self) -> bool {
        self.effect == Effect::Allow
            && self.principal.is_none()
            && self.resources == Resources::Everything
            && self.conditions.is_empty()
            && !self.actions.negated
            && self.actions.patterns.iter().any(|action| action.service.is_none() && action.name.is_anything())
    }
}

impl Actions {
    /// Reads one entry, such as `s3:Get*`; `None` for what is no action.
    pub(crate) fn only(entry: &str) -> Option<Self> {
        Some(Self { negated: false, patterns: [ActionPattern::read(entry)?].into() })
    }

    fn cover(&self, request: &Prepared<'_>) -> bool {
        self.name(request.service, request.action)
    }

    /// Tells whether an action is named; `service` is what stands before its colon.
    pub(crate) fn name(&self, service: &str, action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(service, action)) != self.negated
    }
}

impl ActionPattern {
    /// Reads `service:Name`, either with wildcards, or `*`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let syntax = Syntax { wildcards: true, variables: false };
        if text.chars().all(|sign| sign == '*') && !text.is_empty() {
            return Some(Self { service: None, name: Pattern::anything() });
        }
        let allowed = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '*' | '?' | '.');
        let (service, name) = text.split_once(':')?;
        if service.is_empty() || name.is_empty() || !text.replacen(':', "", 1).chars().all(allowed) {
            return None;
        }
        Some(match (service, name) {
            ("*", "*") => Self { service: None, name: Pattern::anything() },
            _ if service.contains(['*', '?']) => Self { service: None, name: Pattern::new(text, syntax) },
            _ => Self { service: Some(service.to_ascii_lowercase().into()), name: Pattern::new(name, syntax) },
        })
    }

    fn matches(&self, service: &str, action: &str) -> bool {
        match &self.service {
            Some(own) => {
                own.eq_ignore_ascii_case(service)
                    && self.name.matches_name(action.get(service.len() + 1..).unwrap_or_default())
            }
            None => self.name.matches_name(action),
        }
    }
}

/// The entry as a policy writes it.
impl fmt::Display for ActionPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service {
            Some(service) => write!(out, "{service}:{}", self.name),
            None => self.name.fmt(out),
        }
    }
}

impl Resources {
    fn cover(&self, request: &Prepared<'_>) -> Truth {
        let any = |patterns: &[ArnPattern]| {
            let mut truth = Truth::No;
            for pattern in patterns {
                truth = truth.or(pattern.matches(request.arn.as_ref(), request.context));
                if truth == Truth::Yes {
                    break;
                }
            }
            truth
        };
        match self {
            Self::Everything => Truth::Yes,
            Self::Only(patterns) => any(patterns),
            Self::Except(patterns) => any(patterns).not(),
        }
    }
}

/// Policies that count as one: all identity policies of a principal, all SCPs on one node of the organization.
///
/// Any of them can allow and any can deny. The statements are indexed by service when the set is made.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    policies: Box<[Arc<Policy>]>,
    /// By lower-case service prefix.
    services: Box<[(Box<str>, Bucket)]>,
    /// For services that no statement names.
    others: Bucket,
    /// Whether any statement denies; most levels of an organization have only FullAWSAccess.
    has_denies: bool,
    allows_everything: Option<Place>,
}

/// The statements that may concern a service, in the order of the documents.
#[derive(Debug, Clone, Default)]
struct Bucket {
    denies: Box<[Place]>,
    allows: Box<[Place]>,
}

/// Where a statement stands in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    policy: usize,
    statement: usize,
}

/// A statement together with its policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// Its statement.
    pub statement: &'p Statement,
}

impl PolicySet {
    /// Makes a set and its index.
    #[must_use]
    pub fn new(policies: Vec<Arc<Policy>>) -> Self {
        let mut names: Vec<Box<str>> = policies.iter().flat_map(|policy| service_names(policy)).collect();
        names.sort_unstable();
        names.dedup();
        let services = names
            .into_iter()
            .map(|name| {
                let bucket = Bucket::new(&policies, Some(&name));
                (name, bucket)
            })
            .collect();
        let others = Bucket::new(&policies, None);
        let allows_everything = places(&policies, &others.allows)
            .find(|(_, found)| found.statement.allows_everything())
            .map(|(place, _)| place);
        let mut statements = policies.iter().flat_map(|policy| &policy.statements);
        let has_denies = statements.any(|statement| statement.effect == Effect::Deny);
        Self { policies: policies.into(), services, others, has_denies, allows_everything }
    }

    /// Makes a set of one policy.
    #[must_use]
    pub fn of(policy: Policy) -> Self {
        Self::new(vec![Arc::new(policy)])
    }

    /// Returns the policies.
    #[must_use]
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    /// Tells whether there is no policy.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    fn bucket(&self, service: &str) -> &Bucket {
        let found = self.services.binary_search_by(|(name, _)| compare_ignoring_case(name, service));
        found.ok().and_then(|index| self.services.get(index)).map_or(&self.others, |(_, bucket)| bucket)
    }

    /// Returns the deny statements that may concern a service.
    pub(crate) fn denies(&self, service: &str) -> impl Iterator<Item = Found<'_>> {
        let denies = if self.has_denies { &*self.bucket(service).denies } else { &[] };
        places(&self.policies, denies).map(|(_, found)| found)
    }

    /// Returns the allow statements that may concern a service.
    pub(crate) fn allows(&self, service: &str) -> impl Iterator<Item = Found<'_>> {
        places(&self.policies, &self.bucket(service).allows).map(|(_, found)| found)
    }

    /// Returns a statement that allows every action on every resource to everybody the set is attached to.
    pub(crate) fn allows_everything(&self) -> Option<Found<'_>> {
        found(&self.policies, self.allows_everything?)
    }
}

impl Bucket {
    fn new(policies: &[Arc<Policy>], service: Option<&str>) -> Self {
        let select = |effect: Effect| {
            let mut selected = Vec::new();
            for (policy, document) in policies.iter().enumerate() {
                for (statement, content) in document.statements.iter().enumerate() {
                    if content.effect == effect && content.actions.may_concern(service) {
                        selected.push(Place { policy, statement });
                    }
                }
            }
            selected.into()
        };
        Self { denies: select(Effect::Deny), allows: select(Effect::Allow) }
    }
}

impl Actions {
    /// Tells whether actions of this service (`None`: of a service that no pattern names) may be covered.
    fn may_concern(&self, service: Option<&str>) -> bool {
        self.negated
            || self.patterns.iter().any(|pattern| match (&pattern.service, service) {
                (Some(named), Some(service)) => **named == *service,
                (Some(_), None) => false,
                (None, _) => true,
            })
    }
}

fn service_names(policy: &Policy) -> impl Iterator<Item = Box<str>> + '_ {
    policy.statements.iter().flat_map(|statement| statement.actions.patterns.iter().filter_map(|p| p.service.clone()))
}

fn places<'a>(policies: &'a [Arc<Policy>], places: &'a [Place]) -> impl Iterator<Item = (Place, Found<'a>)> {
    places.iter().filter_map(|place| Some((*place, found(policies, *place)?)))
}

fn found(policies: &[Arc<Policy>], place: Place) -> Option<Found<'_>> {
    let policy: &Policy = policies.get(place.policy)?;
    Some(Found { policy, statement: policy.statements.get(place.statement)? })
}

/// Compares a lower-case name with one of any case.
pub(crate) fn compare_ignoring_case(lower: &str, other: &str) -> Ordering {
    lower.bytes().cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The policies on one node of the organization: root, unit or account.
#[derive(Debug, Clone)]
pub struct Level {
    /// The node's id or name; explanations use it.
    pub place: Arc<str>,
    /// What is attached to it.
    pub policies: PolicySet,
}

/// The nodes from the root of the organization down to an account, for one type of policy.
///
/// Levels are shared: the path of a unit is made once and serves every account below it.
#[derive(Debug, Clone, Default)]
pub struct PolicyPath {
    levels: Arc<[Arc<Level>]>,
}

impl PolicyPath {
    /// Makes a path without levels: the account is in no organization, or this type of policy is not enabled.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Makes a path from the root down.
    #[must_use]
    pub fn new(levels: Vec<Arc<Level>>) -> Self {
        Self { levels: levels.into() }
    }

    /// Returns this path with one more level below.
    #[must_use]
    pub fn below(&self, level: Arc<Level>) -> Self {
        Self { levels: self.levels.iter().cloned().chain([level]).collect() }
    }

    /// Returns the levels from the root down.
    #[must_use]
    pub fn levels(&self) -> &[Arc<Level>] {
        &self.levels
    }
}
