//! A refusal in AWS's words.

use crate::{
    decide::{Decision, Layer},
    request::Request,
};

/// Returns the message with which AWS refuses a request, or `None` when the decision is no refusal.
///
/// The forms are those of "Troubleshoot access denied error messages" in the IAM User Guide. A decision that depends
/// on an unknown key is no refusal: such keys exist only before a rollout, never in a call.
#[must_use]
pub fn denial_text(request: &Request<'_>, decision: &Decision<'_>) -> Option<String> {
    let action = request.action;
    let reason = match decision {
        Decision::Allowed(_) | Decision::Depends(_) => return None,
        Decision::ExplicitlyDenied(deciding) => format!("with an explicit deny in {}", with_article(deciding.layer)),
        Decision::ImplicitlyDenied(missing) => format!("because no {} allows the {action} action", name(missing.layer)),
    };
    Some(format!(
        "User: {} is not authorized to perform: {action} on resource: {} {reason}",
        request.principal, request.resource
    ))
}

const fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::ResourceControl => "resource control policy",
        Layer::ServiceControl => "service control policy",
        Layer::Resource => "resource-based policy",
        Layer::Trust => "role trust policy",
        Layer::Identity => "identity-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
    }
}

fn with_article(layer: Layer) -> String {
    let article = match layer {
        Layer::Identity => "an",
        Layer::Trust => "the",
        Layer::ResourceControl | Layer::ServiceControl | Layer::Resource | Layer::Boundary | Layer::Session => "a",
    };
    format!("{article} {}", name(layer))
}
