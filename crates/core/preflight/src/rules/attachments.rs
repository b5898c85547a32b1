//! More policies on a node than Organizations allows: the rollout would stop before the first stack.

use stackfleet_base::Severity;

use crate::{
    codes, controls,
    report::{Finding, Report},
    world::World,
};

/// Service control policies on the root, a unit or an account ("Quotas for AWS Organizations", since May 2026).
const MAX: usize = 10;

pub(super) fn check(world: &World<'_>, report: &mut Report) {
    for (node, count) in world.scps.nodes().filter(|(_, count)| *count > MAX) {
        let place = controls::place(node, world.plan);
        let message = format!("{place} would have {count} service control policies; AWS allows {MAX}");
        let help = "join some of the policies, or attach them to a unit above or below";
        report.add(Finding::new(codes::TOO_MANY_POLICIES, Severity::Error, message).help(help));
    }
}
