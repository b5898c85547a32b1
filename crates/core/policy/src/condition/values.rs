//! Values of a key worth asking about: for every way in which the conditions on it can come out together, one.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{Condition, Network, Set, Test, words::moment};
use crate::difference::{
    automaton::{self, Text},
    variables::Known,
};

/// What a request may say about a key.
pub(crate) struct Values {
    /// Single values.
    pub(crate) values: BTreeSet<String>,
    /// Whether requests with several values matter.
    pub(crate) several: bool,
    /// Whether every way in which the conditions can come out is there.
    pub(crate) complete: bool,
}

impl Values {
    /// Finds them for conditions that ask for one key; `known` has the values of
    /// variables.
    pub(crate) fn of(conditions: &[&Condition], known: &Known) -> Self {
        let mut found = Self { values: BTreeSet::new(), several: false, complete: true };
        let (mut texts, mut arns, mut networks) = (Vec::new(), Vec::new(), Vec::new());
        for condition in conditions {
            found.several |= condition.set != Set::None;
            match &condition.test {
                // Requests in the policy's own case show whatever comes out.
                Test::Text(patterns) | Test::TextIgnoringCase(patterns) => {
                    texts.extend(
                        patterns
                            .iter()
                            .flat_map(|one| known.fill(one.keys(), |variables| Some(Text::of(one, variables)))),
                    );
                }
                Test::Arn(patterns) => {
                    arns.extend(
                        patterns
                            .iter()
                            .flat_map(|one| known.fill(one.keys(), |variables| Text::of_condition(one, variables))),
                    );
                }
                Test::Number(_, numbers) => found.values.extend(
                    numbers
                        .iter()
                        .flat_map(|number| [number - 1.0, *number, number + 1.0].map(|number| number.to_string())),
                ),
                Test::Date(_, dates) => {
                    found.values.extend(dates.iter().flat_map(|date| [date - 1000, *date, date + 1000].map(moment)))
                }
                Test::Bool(_) => found.values.extend(["true", "false"].map(str::to_owned)),
                Test::Address(listed) => networks.extend(listed.iter()),
                Test::Binary(_) => found.complete = false,
                Test::Null(_) => {}
            }
        }
        for (shape, patterns) in [(Text::anything(), texts), (Text::any_arn(), arns)] {
            if !patterns.is_empty() {
                let reached = automaton::explore(&shape, &patterns);
                found.complete &= reached.complete;
                found.values.extend(reached.texts);
            }
        }
        found.values.extend(addresses(&networks).iter().map(ToString::to_string));
        if found.values.is_empty() {
            found.values.insert("any".to_owned());
        }
        found
    }
}

/// Returns addresses at both ends of every network, and one outside of all of each kind.
fn addresses(networks: &[&Network]) -> BTreeSet<IpAddr> {
    // Set apart for documentation (RFC 5737, RFC 3849), one of them private.
    let outside = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "10.0.0.1", "2001:db8::1", "fd00::1"];
    let outside = outside.iter().filter_map(|text| text.parse().ok());
    let is_outside = |address: &IpAddr| !networks.iter().any(|network| network.contains(*address));
    let mut found: BTreeSet<IpAddr> = outside.filter(|address| !networks.is_empty() && is_outside(address)).collect();
    for network in networks {
        let (first, last) = match network.address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(network.prefix).unwrap_or(0);
                let bits = address.to_bits();
                (IpAddr::V4(Ipv4Addr::from_bits(bits & !host)), IpAddr::V4(Ipv4Addr::from_bits(bits | host)))
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(network.prefix).unwrap_or(0);
                let bits = address.to_bits();
                (IpAddr::V6(Ipv6Addr::from_bits(bits & !host)), IpAddr::V6(Ipv6Addr::from_bits(bits | host)))
            }
        };
        found.extend([first, last]);
    }
    found
}
