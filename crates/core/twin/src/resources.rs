//! What a request asks for: actions, the ARNs of resources, and the context keys that only it has.
//!
//! One match over all services; the larger ones have a file beneath. Source: "Actions, resources, and condition keys
//! for AWS services" (Service Authorization Reference). An operation for which nothing special is known asks for the
//! action of its own name on every resource.

mod account;
mod iam;
mod organizations;

use stackfleet_api::{Request, sts};

use crate::{authorize::Ask, call::Call, sts::asks_to_assume, world::World};

/// Returns everything that a request asks for; all of it must be allowed.
pub(crate) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    match request {
        // No permission is needed to ask who one is, and none can be withheld.
        Request::Sts(sts::Request::GetCallerIdentity(_)) => Vec::new(),
        Request::Sts(sts::Request::AssumeRole(input)) => asks_to_assume(world, call, input),
        Request::Organizations(request) => organizations::asks(world, request),
        Request::Iam(request) => iam::asks(world, call, request),
        Request::Account(request) => account::asks(world, call, request),
        Request::CloudFormation(_)
        | Request::Lambda(_)
        | Request::Events(_)
        | Request::Logs(_)
        | Request::Sns(_)
        | Request::Ssm(_) => vec![Ask::new(request.operation().iam_action(), "*")],
    }
}

/// Asks to hand a role to a service, as every request does that names one for the service to use.
#[expect(dead_code, reason = "for requests of CloudFormation and Lambda")]
pub(crate) fn pass_role(role_arn: &str, service: &str) -> Ask {
    Ask::new("iam:PassRole", role_arn).key("iam:PassedToService", service)
}
