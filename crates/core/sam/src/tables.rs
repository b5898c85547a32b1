//! The embedded tables: managed policies, policy templates, connector profiles (see `data/NOTICE`).
//!
//! A table is a text with one sorted `key<TAB>value` line per entry; a lookup is a binary search over its bytes, so that
//! starting up costs nothing.

use crate::node::Node;

const MANAGED_AWS: &str = include_str!("data/managed_policies_aws.tsv");
const MANAGED_CN: &str = include_str!("data/managed_policies_aws-cn.tsv");
const MANAGED_GOV: &str = include_str!("data/managed_policies_aws-us-gov.tsv");
const MANAGED_EUSC: &str = include_str!("data/managed_policies_aws-eusc.tsv");
const POLICY_TEMPLATES: &str = include_str!("data/policy_templates.tsv");
const CONNECTOR_PROFILES: &str = include_str!("data/connector_profiles.tsv");
const CONNECTOR_RESOURCES: &str = include_str!("data/connector_resources.tsv");

/// The ARN of an AWS managed policy by its name.
pub(crate) fn managed_policy(partition: &str, name: &str) -> Option<&'static str> {
    let table = match partition {
        "aws" => MANAGED_AWS,
        "aws-cn" => MANAGED_CN,
        "aws-us-gov" => MANAGED_GOV,
        "aws-eusc" => MANAGED_EUSC,
        _other => return None,
    };
    find(table, name)
}

/// `{"Parameters": [name], "Definition": {..}}` of a policy template.
pub(crate) fn policy_template(name: &str) -> Option<Node> {
    find(POLICY_TEMPLATES, name).and_then(parse)
}

/// What a connector between two resource types creates.
pub(crate) fn connector_profile(source: &str, destination: &str) -> Option<Node> {
    find(CONNECTOR_PROFILES, &format!("{source} {destination}")).and_then(parse)
}

/// How a connector reads a resource of a type: `Inputs` and `Outputs`.
pub(crate) fn connector_resource(kind: &str) -> Option<Node> {
    find(CONNECTOR_RESOURCES, kind).and_then(parse)
}

fn parse(json: &str) -> Option<Node> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    Some(Node::from(&value))
}

/// The value of `key` in a table sorted by the bytes of its keys.
fn find<'t>(table: &'t str, key: &str) -> Option<&'t str> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = table.as_bytes().get(..middle)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = table.get(start..)?.split('\n').next()?;
        let (name, value) = line.split_once('\t')?;
        match name.as_bytes().cmp(key.as_bytes()) {
            std::cmp::Ordering::Equal => return Some(value),
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{CONNECTOR_PROFILES, MANAGED_AWS, MANAGED_CN, MANAGED_EUSC, MANAGED_GOV, POLICY_TEMPLATES, find};

    #[test]
    fn every_entry_is_found() {
        for table in [MANAGED_AWS, MANAGED_CN, MANAGED_GOV, MANAGED_EUSC, POLICY_TEMPLATES, CONNECTOR_PROFILES] {
            for line in table.lines() {
                let (name, value) = line.split_once('\t').unwrap();
                assert_eq!(find(table, name), Some(value), "{name}");
            }
            assert_eq!(find(table, "Absent"), None);
            assert_eq!(find(table, "zzz"), None);
        }
    }
}
