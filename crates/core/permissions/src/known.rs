//! All actions that are known, as policies are compared over them.

use stackfleet_catalog::{actions, actions::Action};
use stackfleet_policy::difference::{KnownAction, Shape};

/// Returns every action with the shapes of its resources in a partition.
#[must_use]
pub fn known_actions(partition: &str) -> Vec<KnownAction> {
    let services = actions().services().flat_map(stackfleet_catalog::actions::Service::actions);
    services.map(|action| known(action, partition)).collect()
}

fn known(action: Action<'_>, partition: &str) -> KnownAction {
    let value = |name: &str| (name == "Partition").then_some(partition);
    let shapes = action.resources().flat_map(|used| used.shapes().shapes());
    let mut shapes: Vec<Shape> =
        shapes.map(|shape| Shape { text: shape.fill(value), is_flat: shape.is_flat() }).collect();
    shapes.sort();
    shapes.dedup();
    KnownAction { name: action.to_string(), shapes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_come_with_the_shapes_of_their_resources() {
        let known = known_actions("aws");
        let shapes = |name: &str| {
            let action = known.iter().find(|action| action.name == name).unwrap();
            action.shapes.iter().map(|shape| (shape.text.as_str(), shape.is_flat)).collect::<Vec<_>>()
        };
        assert_eq!(shapes("iam:CreateUser"), [("arn:aws:iam::*:user/*", false)]);
        let create = known.iter().find(|action| action.name == "iam:CreateUser").unwrap();
        let own = create.in_account(&"111122223333".parse().unwrap());
        assert_eq!(own.shapes.first().unwrap().text, "arn:aws:iam::111122223333:user/*");
        assert!(shapes("s3:DeleteBucket").contains(&("arn:aws:s3:::*", true)));
        assert_eq!(shapes("organizations:LeaveOrganization"), []);
        assert!(known.len() > 15_000);
    }
}
