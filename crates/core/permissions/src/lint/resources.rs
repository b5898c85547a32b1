//! Resources that no action takes, and actions that take none of the resources.

use std::collections::BTreeMap;

use stackfleet_base::Diagnostic;
use stackfleet_catalog::actions::{Action, ResourceShapes};
use stackfleet_policy::Draft;

use super::{Covered, Lint, items, text};
use crate::codes;

/// Most shapes that a help text lists.
const SHAPES_MAX: usize = 3;

/// Services whose resources the lists have in part (paths of `apigateway`), or under one of two names only.
const LISTED_IN_PART: [&str; 3] = ["apigateway", "codeconnections", "codestar-connections"];

impl Lint<'_> {
    pub(super) fn resources(&mut self, covered: &Covered<'_>, resources: &Draft) {
        let mut arns = Vec::new();
        for item in items(resources) {
            match text(item) {
                Some(arn) if arn.starts_with("arn:") => arns.push((item, arn)),
                // `*`, a function, or what is no ARN and told elsewhere.
                Some(_) | None => return,
            }
        }
        if covered.actions.iter().any(|(action, _)| LISTED_IN_PART.contains(&action.service().prefix())) {
            return;
        }
        // Actions without types of resources may still ask for an ARN (`logs:DescribeLogGroups` for
        // `log-group::log-stream:`): a resource that means everything of a kind may cover it.
        let is_wide = arns.iter().any(|(_, arn)| is_wide(arn));
        if is_wide && covered.actions.iter().all(|(action, _)| action.resources().next().is_none()) {
            return;
        }
        // Every type of resources once: a wildcard names hundreds of actions of a few types.
        let mut types: BTreeMap<(&str, &str), ResourceShapes<'_>> = BTreeMap::new();
        for (action, _) in &covered.actions {
            for resource in action.resources() {
                types.insert((action.service().prefix(), resource.shapes().name()), resource.shapes());
            }
        }
        let mut taken = Vec::new();
        let mut foreign = Vec::new();
        for (item, arn) in &arns {
            let before = taken.len();
            taken.extend(types.iter().filter(|(_, shapes)| shapes.matches(arn)).map(|(name, _)| *name));
            if taken.len() == before {
                foreign.push((*item, *arn));
            }
        }
        if taken.is_empty() {
            self.nothing_taken(&arns, &types, resources);
            return;
        }
        for (item, arn) in foreign {
            let message = format!("no action of the statement takes `{arn}`");
            self.tell(Diagnostic::warning(codes::RESOURCE, message).help(help(&types)), item, false, None);
        }
        for (action, item) in &covered.actions {
            let Some(item) = item else { continue };
            let prefix = action.service().prefix();
            if is_wide && action.resources().next().is_none() {
                continue;
            }
            if !action.resources().any(|resource| taken.contains(&(prefix, resource.shapes().name()))) {
                self.idle(*action, item);
            }
        }
    }

    fn nothing_taken(
        &mut self,
        arns: &[(&Draft, &str)],
        types: &BTreeMap<(&str, &str), ResourceShapes<'_>>,
        resources: &Draft,
    ) {
        let what = match arns {
            [] => return,
            [(_, arn)] => format!("`{arn}`"),
            _ => "any of its resources".to_owned(),
        };
        let message = format!("the statement can never match: none of its actions takes {what}");
        self.tell(Diagnostic::warning(codes::RESOURCE, message).help(help(types)), resources, false, None);
    }

    fn idle(&mut self, action: Action<'_>, item: &Draft) {
        let types = action.resources().map(|resource| ((action.service().prefix(), ""), resource.shapes()));
        let types: Vec<_> = types.collect();
        let message = format!("`{action}` takes none of the statement's resources, so nothing is said of it");
        let help = if types.is_empty() {
            "give it a statement of its own with the resource `*`".to_owned()
        } else {
            format!("add a resource such as {}", shapes(types.iter().map(|(_, shapes)| *shapes)))
        };
        self.tell(Diagnostic::warning(codes::IDLE_ACTION, message).help(help), item, false, None);
    }
}

/// Tells whether an ARN ends in `*` without naming more than a kind: `arn:aws:s3:::*`, `arn:aws:logs:*:*:log-group:*`.
fn is_wide(arn: &str) -> bool {
    let last = arn.splitn(6, ':').nth(5).unwrap_or("*");
    // What CloudWatch Logs asks for where no group is named.
    let last = last.strip_prefix("log-group::log-stream:").unwrap_or(last);
    let rest = last.trim_start_matches(|sign: char| sign.is_ascii_alphanumeric() || sign == '-');
    rest.contains('*') && rest.chars().all(|sign| matches!(sign, '*' | ':' | '/'))
}

fn help(types: &BTreeMap<(&str, &str), ResourceShapes<'_>>) -> String {
    if types.is_empty() {
        return "write `*`: these actions take no resource".to_owned();
    }
    format!("write a resource such as {}", shapes(types.values().copied()))
}

fn shapes<'facts>(types: impl Iterator<Item = ResourceShapes<'facts>>) -> String {
    let shapes = types.flat_map(ResourceShapes::shapes).take(SHAPES_MAX);
    shapes.map(|shape| format!("`{shape}`")).collect::<Vec<_>>().join(" or ")
}
