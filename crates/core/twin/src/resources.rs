//! What a request asks for: actions, the ARNs of resources, and the context keys that only it has.
//!
//! One match over all services; the larger ones have a file beneath. Source: "Actions, resources, and condition keys
//! for AWS services" (Service Authorization Reference). An operation for which nothing special is known asks for the
//! action of its own name on every resource.

mod account;
mod cloudformation;
mod events;
mod iam;
mod lambda;
mod logs;
mod organizations;
mod sns;
mod ssm;

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
        Request::CloudFormation(request) => cloudformation::asks(world, call, request),
        Request::Lambda(request) => lambda::asks(world, call, request),
        Request::Events(request) => events::asks(call, request),
        Request::Logs(request) => logs::asks(call, request),
        Request::Sns(request) => sns::asks(world, call, request),
        Request::Ssm(request) => ssm::asks(call, request),
    }
}

/// Asks to hand a role to a service, as every request does that names one for the service to use.
pub(crate) fn pass_role(role_arn: &str, service: &str) -> Ask {
    Ask::new("iam:PassRole", role_arn).key("iam:PassedToService", service)
}
