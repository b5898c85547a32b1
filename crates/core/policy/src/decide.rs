//! Allowed or not: the evaluation of a request over all layers of policies.
//!
//! The order follows the IAM User Guide ("Policy evaluation logic"):
//!
//! 1. An explicit deny in any layer is final.
//! 2. Every level of SCPs on the path to the principal's account must allow.
//! 3. Within an account the identity policies, capped by boundary and session policy, or the resource's policy must
//!    allow. What a resource's policy grants depends on whom it names: a user, a session or everyone ([`Direct`]) is
//!    granted for good; a role's sessions are still capped by boundary and session policy; an account only delegates
//!    to the identity policies. Trust and key policies must allow in any case.
//! 4. Across accounts both sides must allow.
//!
//! A key that is unknown makes an answer *depend* only when the answer hinges on it.
//!
//! [`Direct`]: Closeness::Direct

use crate::{
    context::Truth,
    policy::{Found, PolicyKind, PolicyPath, PolicySet},
    principal::{Closeness, Principal},
    rcp_services::supports_resource_control,
    request::{Layers, Prepared, Request},
};

/// Where a policy bears on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Resource control policies.
    ResourceControl,
    /// Service control policies.
    ServiceControl,
    /// The resource's policy.
    Resource,
    /// The role's trust policy.
    Trust,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
}

/// The statement that decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deciding<'p> {
    /// The layer it is in.
    pub layer: Layer,
    /// For SCPs and RCPs: the node of the organization.
    pub place: Option<&'p str>,
    /// The policy and its statement.
    pub found: Found<'p>,
}

/// Where nothing allows what would have to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing<'p> {
    /// The layer.
    pub layer: Layer,
    /// For SCPs: the node of the organization.
    pub place: Option<&'p str>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<'p> {
    /// Allowed, by this statement; `None` for what needs no permission: calls of root users and calls that IAM
    /// never denies.
    Allowed(Option<Deciding<'p>>),
    /// Nothing allows it.
    ImplicitlyDenied(Missing<'p>),
    /// A statement denies it.
    ExplicitlyDenied(Deciding<'p>),
    /// It depends on these context keys, sorted.
    Depends(Vec<&'p str>),
}

impl Decision<'_> {
    /// Tells whether the request may proceed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Decides a request.
#[must_use]
pub fn decide<'p>(request: &Request<'_>, layers: &Layers<'p>) -> Decision<'p> {
    let evaluation = Evaluation::new(request, layers);
    if evaluation.is_never_denied() {
        return Decision::Allowed(None);
    }
    let denied = match evaluation.explicit_deny() {
        Denied::Yes(deciding) => return Decision::ExplicitlyDenied(deciding),
        Denied::Unknown => Truth::Unknown,
        Denied::No => Truth::No,
    };
    let allowance = evaluation.allowance();
    match (denied.not().and(allowance.truth), allowance.missing) {
        (Truth::Yes, _) => Decision::Allowed(allowance.by),
        (Truth::No, Some(missing)) => Decision::ImplicitlyDenied(missing),
        (Truth::Unknown, _) | (Truth::No, None) => Decision::Depends(evaluation.unknown_keys()),
    }
}

/// A request, its layers, and what of them applies.
pub(crate) struct Evaluation<'r, 'p> {
    pub(crate) request: Prepared<'r>,
    pub(crate) layers: Layers<'p>,
    resource_layer: Layer,
    same_account: bool,
    /// The resource's policy must allow even within the account.
    strict: bool,
    scps: Option<&'p PolicyPath>,
    rcps: Option<&'p PolicyPath>,
}

enum Denied<'p> {
    No,
    Unknown,
    Yes(Deciding<'p>),
}

/// What one set of policies says when nothing denies.
#[derive(Clone, Copy)]
pub(crate) struct Grant<'p> {
    pub(crate) truth: Truth,
    pub(crate) by: Option<Found<'p>>,
}

/// What the resource's policy grants, by how closely it names the principal.
struct ResourceGrant<'p> {
    direct: Truth,
    role: Truth,
    account: Truth,
    by: Option<Found<'p>>,
}

/// What the resource's policy and the caller's own policies say.
struct Sides<'p> {
    resource: ResourceGrant<'p>,
    identity: Grant<'p>,
    boundary: Truth,
    session: Truth,
    has_account: bool,
    same_account: bool,
    strict: bool,
}

impl Sides<'_> {
    const fn caller(&self) -> Truth {
        self.identity.truth.and(self.boundary.and(self.session))
    }

    /// Whether the resource's policy names the principal at all.
    const fn named(&self) -> Truth {
        self.resource.direct.or(self.resource.role).or(self.resource.account)
    }

    const fn truth(&self) -> Truth {
        let final_grant = self.resource.direct.or(self.resource.role.and(self.boundary.and(self.session)));
        match (self.has_account, self.same_account, self.strict) {
            (false, ..) => self.resource.direct,
            (true, true, false) => final_grant.or(self.caller()),
            (true, true, true) => final_grant.or(self.named().and(self.caller())),
            (true, false, _) => self.named().and(self.caller()),
        }
    }

    /// Returns the layers where nothing allows, in the order in which AWS names them.
    fn lacking(&self, resource_layer: Layer) -> impl Iterator<Item = Layer> {
        let needs_resource = !self.has_account || !self.same_account || self.strict;
        let no_resource = needs_resource && self.named() == Truth::No;
        // A role that the resource's policy names needs no identity policy, but its caps hold.
        let granted = self.identity.truth.or(if self.same_account { self.resource.role } else { Truth::No });
        let resource_first = !self.has_account || self.same_account;
        [
            (no_resource && resource_first, resource_layer),
            (self.has_account && granted == Truth::No, Layer::Identity),
            (self.has_account && self.boundary == Truth::No, Layer::Boundary),
            (self.has_account && self.session == Truth::No, Layer::Session),
            (no_resource && !resource_first, resource_layer),
        ]
        .into_iter()
        .filter_map(|(lacks, layer)| lacks.then_some(layer))
    }
}

/// Whether everything that must allow does; denies aside.
pub(crate) struct Allowance<'p> {
    pub(crate) truth: Truth,
    by: Option<Deciding<'p>>,
    /// The first layer that does not allow, when `truth` is *no*.
    missing: Option<Missing<'p>>,
}

impl<'r, 'p> Evaluation<'r, 'p> {
    pub(crate) fn new(request: &Request<'r>, layers: &Layers<'p>) -> Self {
        let prepared = Prepared::new(request, layers);
        let account = request.principal.account();
        let owner = request.resource_account.or(account);
        let arn = prepared.arn;
        let is_trust = layers.resource.and_then(|set| set.policies().first()).map(|policy| policy.kind())
            == Some(PolicyKind::Trust);
        let is = |service: &str, resource: &str| {
            prepared.service.eq_ignore_ascii_case(service)
                && arn.is_some_and(|arn| arn.resource().starts_with(resource))
        };
        let assumes = is("sts", "role/");
        let service_linked = request.principal.is_service_linked();
        let is_management = |account| layers.management.is_some_and(|management| Some(management) == account);
        let scps = layers.scps.filter(|_| account.is_some() && !is_management(account) && !service_linked);
        let rcps = layers.rcps.filter(|_| {
            !is_management(owner)
                && !service_linked
                && supports_resource_control(prepared.service)
                && !prepared.is("kms", "RetireGrant")
        });
        Self {
            layers: *layers,
            resource_layer: if is_trust || assumes { Layer::Trust } else { Layer::Resource },
            same_account: account.is_some() && account == owner,
            strict: is_trust || assumes || is("kms", "key/"),
            scps,
            rcps,
            request: prepared,
        }
    }

    /// `sts:GetCallerIdentity` works even where a policy denies it (STS API reference).
    fn is_never_denied(&self) -> bool {
        self.request.is("sts", "GetCallerIdentity")
    }

    /// Returns the layers with their policies, in the order of evaluation.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (Layer, Option<&'p str>, &'p PolicySet)> + use<'p> {
        let path = |layer: Layer, path: Option<&'p PolicyPath>| {
            let levels = path.map_or(&[][..], PolicyPath::levels);
            levels.iter().map(move |level| (layer, Some(&*level.place), &level.policies))
        };
        let single = |layer: Layer, set: Option<&'p PolicySet>| set.map(|set| (layer, None, set));
        path(Layer::ResourceControl, self.rcps)
            .chain(path(Layer::ServiceControl, self.scps))
            .chain(single(self.resource_layer, self.layers.resource))
            .chain(single(Layer::Identity, self.layers.identity))
            .chain(single(Layer::Boundary, self.layers.boundary))
            .chain(single(Layer::Session, self.layers.session))
    }

    fn explicit_deny(&self) -> Denied<'p> {
        let mut denied = Denied::No;
        for (layer, place, set) in self.sets() {
            for found in set.denies(self.request.service) {
                match self.covers(found) {
                    Truth::Yes => return Denied::Yes(Deciding { layer, place, found }),
                    Truth::Unknown => denied = Denied::Unknown,
                    Truth::No => {}
                }
            }
        }
        denied
    }

    /// Tells whether a statement covers the request, its principal included.
    pub(crate) fn covers(&self, found: Found<'p>) -> Truth {
        if found.statement.principal_closeness(&self.request).is_none() {
            return Truth::No;
        }
        found.statement.covers(&self.request)
    }

    pub(crate) fn grant(&self, set: &'p PolicySet) -> Grant<'p> {
        if let Some(found) = set.allows_everything() {
            return Grant { truth: Truth::Yes, by: Some(found) };
        }
        let mut truth = Truth::No;
        for found in set.allows(self.request.service) {
            match self.covers(found) {
                Truth::Yes => return Grant { truth: Truth::Yes, by: Some(found) },
                Truth::Unknown => truth = Truth::Unknown,
                Truth::No => {}
            }
        }
        Grant { truth, by: None }
    }

    /// What a layer says that caps: when it is not there, it does not.
    fn cap(&self, set: Option<&'p PolicySet>) -> Truth {
        set.map_or(Truth::Yes, |set| self.grant(set).truth)
    }

    fn identity(&self) -> Grant<'p> {
        // A root user needs no grant within what the organization and resources allow.
        if matches!(self.request.principal, Principal::Root { .. }) {
            return Grant { truth: Truth::Yes, by: None };
        }
        self.layers.identity.map_or(Grant { truth: Truth::No, by: None }, |set| self.grant(set))
    }

    fn resource(&self) -> ResourceGrant<'p> {
        let mut grant = ResourceGrant { direct: Truth::No, role: Truth::No, account: Truth::No, by: None };
        let Some(set) = self.layers.resource else { return grant };
        let mut closest = None;
        for found in set.allows(self.request.service) {
            let Some(closeness) = found.statement.principal_closeness(&self.request) else { continue };
            let covers = found.statement.covers(&self.request);
            let slot = match closeness {
                Closeness::Direct => &mut grant.direct,
                Closeness::Role => &mut grant.role,
                Closeness::Account => &mut grant.account,
            };
            *slot = slot.or(covers);
            if covers == Truth::Yes && closest < Some(closeness) {
                closest = Some(closeness);
                grant.by = Some(found);
            }
        }
        grant
    }

    pub(crate) fn allowance(&self) -> Allowance<'p> {
        let mut scps = Truth::Yes;
        for level in self.scps.map_or(&[][..], PolicyPath::levels) {
            let truth = self.grant(&level.policies).truth;
            if truth == Truth::No {
                let missing = Missing { layer: Layer::ServiceControl, place: Some(&level.place) };
                return Allowance { truth, by: None, missing: Some(missing) };
            }
            scps = scps.and(truth);
        }
        let mut allowance = self.both_sides();
        allowance.truth = allowance.truth.and(scps);
        allowance
    }

    /// The resource's side and the caller's side, without SCPs.
    fn both_sides(&self) -> Allowance<'p> {
        let sides = self.sides();
        let truth = sides.truth();
        let resource = sides.resource.by.map(|found| Deciding { layer: self.resource_layer, place: None, found });
        let identity = sides.identity.by.map(|found| Deciding { layer: Layer::Identity, place: None, found });
        let by_identity = sides.has_account && sides.caller() == Truth::Yes;
        let missing = if truth == Truth::No { sides.lacking(self.resource_layer).next() } else { None };
        Allowance {
            truth,
            by: if by_identity { identity } else { resource },
            missing: missing.map(|layer| Missing { layer, place: None }),
        }
    }

    fn sides(&self) -> Sides<'p> {
        let resource = self.resource();
        // What is granted for good needs no look at the caller's policies.
        let done = self.same_account && resource.direct == Truth::Yes;
        let cap = |set: Option<&'p PolicySet>| if done { Truth::Yes } else { self.cap(set) };
        Sides {
            boundary: cap(self.layers.boundary),
            session: cap(self.layers.session),
            identity: if done { Grant { truth: Truth::No, by: None } } else { self.identity() },
            resource,
            has_account: self.request.principal.account().is_some(),
            same_account: self.same_account,
            strict: self.strict,
        }
    }

    /// Returns the layers other than SCPs where nothing allows and something would have to, for an allowance that is
    /// not given.
    pub(crate) fn lacking(&self) -> Vec<Layer> {
        let sides = self.sides();
        if sides.truth() == Truth::Yes { Vec::new() } else { sides.lacking(self.resource_layer).collect() }
    }

    /// Returns the keys whose values are unknown and that some statement asks for in vain.
    fn unknown_keys(&self) -> Vec<&'p str> {
        let mut keys = Vec::new();
        for (_, _, set) in self.sets() {
            for found in set.denies(self.request.service).chain(set.allows(self.request.service)) {
                if self.covers(found) == Truth::Unknown {
                    found.statement.unknown_keys(self.request.context, &mut keys);
                }
            }
        }
        keys.sort_unstable_by_key(|key| key.to_ascii_lowercase());
        keys.dedup_by(|left, right| left.eq_ignore_ascii_case(right));
        keys
    }
}
