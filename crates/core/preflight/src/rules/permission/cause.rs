//! A cause in words: who is to blame, where that is written, what to do.

use stackfleet_base::{Severity, Span};
use stackfleet_plan::plan::CellId;
use stackfleet_policy::Layer;
use stackfleet_project::ADMINISTRATION_ROLE;

use super::{Cause, actions};
use crate::{
    codes,
    controls::guard_span,
    report::{Finding, Refusal, count_accounts},
    roles::Role,
    world::World,
};

/// Tells whether a layer belongs to the role that calls, and not to the organization or a resource.
pub(super) const fn is_of_role(layer: Layer) -> bool {
    matches!(layer, Layer::Identity | Layer::Boundary | Layer::Trust | Layer::Session)
}

/// Makes the finding of all refusals that have one cause.
pub(super) fn finding(world: &World<'_>, cause: &Cause, refusals: Vec<Refusal>) -> Finding {
    let cells: Vec<CellId> = refusals.iter().flat_map(|refusal| refusal.cells.iter().copied()).collect();
    let finding = Finding::new(cause.code, Severity::Error, String::new()).cells(cells);
    let accounts = count_accounts(world.plan, &finding.cells);
    let message = match cause.code {
        codes::NOT_ENTERED => format!("{accounts} cannot be entered"),
        _ => format!("{accounts} will refuse {}", actions(&refusals)),
    };
    let (told, span) = blame(world, cause);
    let finding = Finding { message, refusals, ..finding }.cause(told).at(span);
    let actions = actions(&finding.refusals);
    let help = help(cause, &actions);
    finding.help(help)
}

/// Says what is to blame, and where that is written.
fn blame(world: &World<'_>, cause: &Cause) -> (String, Option<Span>) {
    let reason = &cause.reason;
    let policy = reason.policy.as_deref().unwrap_or("its policies");
    let named = match (reason.sid.as_deref(), reason.statement) {
        (Some(sid), _) => format!("{policy} ({sid})"),
        (None, Some(index)) => format!("{policy} (statement {})", index + 1),
        (None, None) => policy.to_owned(),
    };
    let place = reason.place.as_deref().unwrap_or_default();
    let role = role(world, cause);
    let role_name = cause.role.as_ref().map_or("the role", |(name, _)| name.as_str());
    let denies = reason.statement.is_some();
    let identity = role.and_then(|role| role.span);
    let own = |told: String| (told, reason.span.or(identity));
    match (reason.layer, denies) {
        (Layer::ServiceControl, true) => {
            let span = reason.span.or_else(|| guard_span(world.project, policy));
            (format!("{named} on {place}"), span)
        }
        (Layer::ServiceControl, false) => (format!("no service control policy on {place} allows it"), None),
        (Layer::ResourceControl, _) => (format!("resource control policy {named} on {place}"), reason.span),
        (Layer::Resource, true) => (format!("the policy of bucket {named}"), reason.span),
        (Layer::Resource, false) => ("the policy of the bucket, which does not let the accounts read".to_owned(), None),
        (Layer::Trust, true) => (format!("the trust policy of role {named} denies it"), trust_span(role)),
        (Layer::Trust, false) => (
            format!("role {role_name} does not trust {ADMINISTRATION_ROLE} of the management account"),
            trust_span(role),
        ),
        (Layer::Boundary, true) => own(format!("permissions boundary {named} of role {role_name} denies it")),
        (Layer::Boundary, false) => own(format!("the permissions boundary of role {role_name} does not allow it")),
        (Layer::Identity | Layer::Session, _) if cause.code == codes::NOT_ENTERED => {
            (format!("role {ADMINISTRATION_ROLE} may not assume role {role_name}"), None)
        }
        (Layer::Identity | Layer::Session, true) => own(format!("role {role_name} denies it: {named}")),
        (Layer::Identity | Layer::Session, false) => own(format!("role {role_name} does not allow it")),
    }
}

fn role<'w>(world: &'w World<'_>, cause: &Cause) -> Option<&'w Role> {
    let (name, number) = cause.role.as_ref()?;
    world.roles.get(name)?.iter().nth((*number)?)
}

fn trust_span(role: Option<&Role>) -> Option<Span> {
    role?.trust_span
}

fn help(cause: &Cause, actions: &str) -> String {
    match cause.reason.layer {
        Layer::ServiceControl | Layer::ResourceControl => {
            "except the deploying role in the statement, or leave the accounts out of the targets; then plan again"
                .to_owned()
        }
        Layer::Identity if cause.code == codes::NOT_ENTERED => {
            "run `stackfleet deploy`, which corrects the role".to_owned()
        }
        Layer::Identity | Layer::Boundary | Layer::Session => format!("allow {actions} there; then plan again"),
        Layer::Trust => format!("allow sts:AssumeRole to arn:aws:iam::<management account>:role/{ADMINISTRATION_ROLE}"),
        Layer::Resource => {
            "allow s3:GetObject to the organization (aws:PrincipalOrgID) in the bucket's policy".to_owned()
        }
    }
}
