//! What requests of Account Management ask for.

use stackfleet_api::account::Request;

use crate::{authorize::Ask, call::Call, world::World};

pub(super) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    let (given, region) = match request {
        Request::ListRegions(input) => (&input.account_id, None),
        Request::GetRegionOptStatus(input) => (&input.account_id, Some(&input.region_name)),
        Request::EnableRegion(input) => (&input.account_id, Some(&input.region_name)),
        Request::DisableRegion(input) => (&input.account_id, Some(&input.region_name)),
    };
    let caller = call.account();
    let resource = match (given, &world.organization) {
        (Some(member), Some(organization)) => {
            format!("arn:aws:account::{caller}:account/{}/{member}", organization.id)
        }
        (Some(_), None) | (None, _) => format!("arn:aws:account::{caller}:account"),
    };
    let ask = Ask::new(request.operation().iam_action(), resource);
    vec![match region {
        Some(region) => ask.key("account:TargetRegion", region.as_str()),
        None => ask,
    }]
}
