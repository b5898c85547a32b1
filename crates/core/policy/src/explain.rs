//! What every layer says to a request, not only the one that decides first.
//!
//! [`decide`] stops at the first reason, as AWS does; whoever wants to mend a refusal needs all of them.

use std::sync::Arc;

use crate::{
    context::Truth,
    decide::{Decision, Evaluation, Layer, decide},
    policy::{Effect, Found, Policy, PolicySet},
    request::{Layers, Request},
};

/// A decision and what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'p> {
    /// The decision.
    pub decision: Decision<'p>,
    /// What each layer says, in the order of evaluation; SCPs and RCPs node by node. Layers that do not apply
    /// (SCPs in the management account, RCPs for services that have none) are left out.
    pub layers: Vec<LayerAnswer<'p>>,
}

/// What the policies of one layer, or of one node of the organization, say.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerAnswer<'p> {
    /// The layer.
    pub layer: Layer,
    /// For SCPs and RCPs: the node of the organization.
    pub place: Option<&'p str>,
    /// The policies that were asked; none where an identity or resource policy would be needed and is not there.
    pub policies: &'p [Arc<Policy>],
    /// Statements that deny the request.
    pub denies: Vec<Found<'p>>,
    /// Statements that allow it.
    pub allows: Vec<Found<'p>>,
    /// Statements that may deny or allow it, depending on unknown keys.
    pub open: Vec<Found<'p>>,
    /// Whether the request is refused because nothing here allows it.
    pub lacks_allow: bool,
}

/// One reason for a refusal; all of them must go before the request is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocker<'p> {
    /// The layer.
    pub layer: Layer,
    /// For SCPs and RCPs: the node of the organization.
    pub place: Option<&'p str>,
    /// The policies of the layer or node.
    pub policies: &'p [Arc<Policy>],
    /// The statement that denies; `None` when nothing allows.
    pub deny: Option<Found<'p>>,
}

/// Decides a request and asks every layer about it.
#[must_use]
pub fn explain<'p>(request: &Request<'_>, layers: &Layers<'p>) -> Explanation<'p> {
    let evaluation = Evaluation::new(request, layers);
    let lacking = evaluation.lacking();
    let mut answers: Vec<LayerAnswer<'p>> =
        evaluation.sets().map(|(layer, place, set)| evaluation.answer(layer, place, set, &lacking)).collect();
    for layer in lacking {
        if !answers.iter().any(|answer| answer.layer == layer) {
            answers.push(LayerAnswer::nothing(layer));
        }
    }
    answers.sort_by_key(|answer| answer.layer);
    Explanation { decision: decide(request, layers), layers: answers }
}

impl<'p> Explanation<'p> {
    /// Returns every reason for which the request is refused; none when it is allowed or depends on unknown keys.
    pub fn blockers(&self) -> impl Iterator<Item = Blocker<'p>> {
        let refused = matches!(self.decision, Decision::ImplicitlyDenied(_) | Decision::ExplicitlyDenied(_));
        self.layers.iter().filter(move |_| refused).flat_map(LayerAnswer::blockers)
    }
}

impl<'p> LayerAnswer<'p> {
    fn nothing(layer: Layer) -> Self {
        let (denies, allows, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { layer, place: None, policies: &[], denies, allows, open, lacks_allow: true }
    }

    /// The denies, or else the missing allow: mending the former shows whether the latter matters.
    fn blockers(&self) -> impl Iterator<Item = Blocker<'p>> + use<'p> {
        let (layer, place, policies) = (self.layer, self.place, self.policies);
        let reasons: Vec<Option<Found<'p>>> = if self.denies.is_empty() && self.lacks_allow {
            vec![None]
        } else {
            self.denies.iter().copied().map(Some).collect()
        };
        reasons.into_iter().map(move |deny| Blocker { layer, place, policies, deny })
    }
}

impl<'p> Evaluation<'_, 'p> {
    fn answer(&self, layer: Layer, place: Option<&'p str>, set: &'p PolicySet, lacking: &[Layer]) -> LayerAnswer<'p> {
        let (mut denies, mut allows, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let service = self.request.service;
        for found in set.denies(service).chain(set.allows(service)) {
            match (self.covers(found), found.statement.effect()) {
                (Truth::No, _) => {}
                (Truth::Unknown, _) => open.push(found),
                (Truth::Yes, Effect::Deny) => denies.push(found),
                (Truth::Yes, Effect::Allow) => allows.push(found),
            }
        }
        let lacks_allow = match layer {
            Layer::ServiceControl => self.grant(set).truth == Truth::No,
            // RCPFullAWSAccess is attached to every node and cannot be detached.
            Layer::ResourceControl => false,
            Layer::Resource | Layer::Trust | Layer::Identity | Layer::Boundary | Layer::Session => {
                lacking.contains(&layer)
            }
        };
        LayerAnswer { layer, place, policies: set.policies(), denies, allows, open, lacks_allow }
    }
}
