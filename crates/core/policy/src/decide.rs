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
        let parts = prepared.resource_parts;
        let is_trust = layers.resource.and_then(|set| set.policies().first()).map(|policy| policy.kind())
            == Some(PolicyKind::Trust);
        let is = |service: &str, resource: &str| {
            prepared.service.eq_ignore_ascii_case(service) && parts.is_some_and(|p| p[5].starts_with(resource))
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
        let resource = self.resource();
        let by_resource =
            |by: Option<Found<'p>>| by.map(|found| Deciding { layer: self.resource_layer, place: None, found });
        let missing = |layer: Layer| Some(Missing { layer, place: None });
        if self.request.principal.account().is_none() {
            return Allowance {
                truth: resource.direct,
                by: by_resource(resource.by),
                missing: missing(self.resource_layer),
            };
        }
        if self.same_account && resource.direct == Truth::Yes {
            return Allowance { truth: Truth::Yes, by: by_resource(resource.by), missing: None };
        }
        let (boundary, session) = (self.cap(self.layers.boundary), self.cap(self.layers.session));
        let identity = self.identity();
        let caps = boundary.and(session);
        let caller = identity.truth.and(caps);
        let named = resource.direct.or(resource.role).or(resource.account);
        let truth = match (self.same_account, self.strict) {
            (true, false) => resource.direct.or(resource.role.and(caps)).or(caller),
            (true, true) => resource.direct.or(resource.role.and(caps)).or(named.and(caller)),
            (false, _) => named.and(caller),
        };
        let by_identity = identity.by.map(|found| Deciding { layer: Layer::Identity, place: None, found });
        let by = if caller == Truth::Yes { by_identity } else { by_resource(resource.by) };
        // A role that the resource's policy names needs no identity policy, but its caps hold.
        let granted = identity.truth.or(if self.same_account { resource.role } else { Truth::No });
        let layer = if self.strict && self.same_account && named == Truth::No {
            self.resource_layer
        } else if granted == Truth::No {
            Layer::Identity
        } else if boundary == Truth::No {
            Layer::Boundary
        } else if session == Truth::No {
            Layer::Session
        } else {
            self.resource_layer
        };
        Allowance { truth, by, missing: missing(layer) }
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
