//! Reads `environments:` and `apps:`.

use indexmap::IndexMap;
use stackfleet_base::{Diagnostic, Region};
use stackfleet_organization::{Expression, Term};
use stackfleet_template::yaml::Node;

use crate::codes;
use crate::model::{Amount, App, Environment, Rollout, Spanned, Stack, Via, Wave};
use crate::reading::{Reading, entries, text_map, text_of};
use crate::text::RESERVED;

/// Longest name of an app or a stack: both are part of the stack set's name, which has 128 characters.
const NAME_MAX: usize = 50;

/// Reads the environments.
pub(crate) fn environments(reading: &mut Reading<'_>, node: Option<&Node>) -> IndexMap<String, Environment> {
    let mut environments = IndexMap::new();
    for (name, node) in entries(node) {
        let parameters = reading.parameters(node.get("parameters"));
        let targets = node.get("targets").and_then(|targets| reading.expression(targets));
        if let Some(targets) = targets {
            environments.insert(name.value.clone(), Environment { name, targets, parameters });
        }
    }
    environments
}

/// Reads the apps. `all_regions` are those of the organization, the default of `regions:`.
pub(crate) fn apps(
    reading: &mut Reading<'_>,
    node: Option<&Node>,
    all_regions: &[Spanned<Region>],
) -> IndexMap<String, App> {
    let mut apps = IndexMap::new();
    for (name, node) in entries(node) {
        check_name(reading, &name, "an app");
        if let Some(app) = app(reading, name, node, all_regions) {
            apps.insert(app.name.value.clone(), app);
        }
    }
    apps
}

fn app(reading: &mut Reading<'_>, name: Spanned<String>, node: &Node, all_regions: &[Spanned<Region>]) -> Option<App> {
    let regions = app_regions(reading, &name, node, all_regions);
    let targets = node.get("targets").and_then(|targets| reading.expression(targets));
    let rollout = rollout(reading, node.get("rollout"));
    let mut stacks = IndexMap::new();
    for (name, node) in entries(node.get("stacks")) {
        check_name(reading, &name, "a stack");
        if let Some(stack) = stack(reading, name, node) {
            stacks.insert(stack.name.value.clone(), stack);
        }
    }
    if let Some(written) = node.get("stacks").filter(|node| node.as_mapping().is_some_and(|stacks| stacks.is_empty())) {
        let message = format!("the app `{}` has no stacks", name.value);
        reading.tell(Diagnostic::error(codes::BAD_VALUE, message).at(written.span, "").help("describe at least one"));
    }
    for stack in stacks.values() {
        check_stack_regions(reading, stack, &regions);
    }
    Some(App { name, targets: targets?, regions, rollout, stacks })
}

fn app_regions(
    reading: &mut Reading<'_>,
    name: &Spanned<String>,
    node: &Node,
    all_regions: &[Spanned<Region>],
) -> Vec<Spanned<Region>> {
    let Some(written) = node.get("regions") else {
        if all_regions.is_empty() {
            let message = format!("the app `{}` has no regions", name.value);
            let error = Diagnostic::error(codes::MISSING_KEY, message).at(name.span, "");
            reading.tell(error.help("add `regions:`; without an organization there is no default"));
        }
        return all_regions.to_vec();
    };
    let regions = reading.regions(Some(written));
    if written.as_sequence().is_some_and(<[Node]>::is_empty) {
        let error = Diagnostic::error(codes::BAD_VALUE, "an app needs at least one region").at(written.span, "");
        reading.tell(error.help("name one, or remove `regions:` for all of the organization's"));
    }
    if all_regions.is_empty() {
        return regions;
    }
    for region in regions.iter().filter(|region| all_regions.iter().all(|known| known.value != region.value)) {
        let known = all_regions.iter().map(|region| region.value.as_str()).collect::<Vec<_>>();
        let message = format!("`{}` is not among the organization's regions and will be denied", region.value);
        let help = match stackfleet_base::suggest::nearest(region.value.as_str(), known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`? or add it to `organization.regions`"),
            None => format!("add it to `organization.regions` ({})", known.join(", ")),
        };
        reading.tell(Diagnostic::error(codes::REGION, message).at(region.span, "").help(help));
    }
    regions
}

/// A stack goes to regions of its app, so that the app's regions say where anything of it can be.
fn check_stack_regions(reading: &mut Reading<'_>, stack: &Stack, app_regions: &[Spanned<Region>]) {
    for region in stack.regions.iter().filter(|region| app_regions.iter().all(|known| known.value != region.value)) {
        let message = format!("`{}` is not among the app's regions", region.value);
        let error = Diagnostic::error(codes::REGION, message).at(region.span, "");
        reading.tell(error.help("add it to the app's `regions:`, or remove it here"));
    }
}

/// Names become parts of stack set names: a letter, then letters, digits and hyphens.
fn check_name(reading: &mut Reading<'_>, name: &Spanned<String>, what: &str) {
    let formed = name.value.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.value.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && name.value.len() <= NAME_MAX;
    let help = if !formed {
        format!("names have a letter, then letters, digits and hyphens, at most {NAME_MAX}")
    } else if RESERVED.contains(&name.value.as_str()) {
        format!("`${{{}...}}` has a meaning of its own; choose another name", name.value)
    } else {
        return;
    };
    let message = format!("{what} cannot be called `{}`", name.value);
    reading.tell(Diagnostic::error(codes::BAD_VALUE, message).at(name.span, "").help(help));
}

fn rollout(reading: &mut Reading<'_>, node: Option<&Node>) -> Rollout {
    let waves = node.and_then(|node| node.get("waves")).and_then(Node::as_sequence).unwrap_or_default();
    let waves = waves.iter().filter_map(|wave| reading.expression(wave));
    let waves = waves.map(|targets| Wave { name: wave_name(&targets), targets }).collect();
    let amount_at = |reading: &mut Reading<'_>, key: &str, unit: &str| {
        let node = node?.get(key)?;
        amount(reading, node, key, unit)
    };
    Rollout {
        waves,
        max_concurrent: amount_at(reading, "max-concurrent", "account").unwrap_or(Amount::Percent(100)),
        stop_after: amount_at(reading, "stop-after", "failure").unwrap_or(Amount::Count(1)),
    }
}

/// What people would call a wave.
fn wave_name(targets: &Expression) -> String {
    match targets.single_term() {
        Some(Term::Tag(_, Some(value))) => value.clone(),
        Some(Term::Unit(path)) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        Some(Term::AccountName(name) | Term::Name(name)) => name.clone(),
        Some(Term::All) => "rest".to_owned(),
        Some(Term::Tag(_, None) | Term::AccountId(_) | Term::State(_) | Term::Region(_)) | None => {
            targets.text().to_owned()
        }
    }
}

/// Reads `10`, `25%` or a count with its unit: `2 failures`, `5 accounts`.
fn amount(reading: &mut Reading<'_>, node: &Node, key: &str, unit: &str) -> Option<Amount> {
    let text = node.as_str()?.trim();
    let counted = text.strip_suffix('s').unwrap_or(text).strip_suffix(unit).map_or(text, str::trim_end);
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().filter(|percent| (1..=100).contains(percent)).map(Amount::Percent),
        None => counted.parse().ok().filter(|count| *count > 0).map(Amount::Count),
    };
    if parsed.is_none() {
        let message = format!("`{key}` cannot be `{text}`");
        let help = format!("write a number above zero such as `2 {unit}s`, or a share from `1%` to `100%`");
        reading.tell(Diagnostic::error(codes::BAD_VALUE, message).at(node.full_span(), "").help(help));
    }
    parsed
}

fn stack(reading: &mut Reading<'_>, name: Spanned<String>, node: &Node) -> Option<Stack> {
    let via = text_of(node, "via").and_then(|via| {
        let value = match via.value.as_str() {
            "stack-set" => Via::StackSet,
            "change-set" => Via::ChangeSet,
            _ => return None,
        };
        Some(Spanned { value, span: via.span })
    });
    let auto_deploy = node.get("auto-deploy").and_then(Node::as_bool).unwrap_or(false);
    let role = node.get("role").and_then(|role| Some(Spanned { value: reading.text(role)?, span: role.span }));
    if auto_deploy {
        check_auto_deploy(reading, node, via.as_ref().map(|via| via.value), role.is_some());
    }
    let regions = reading.regions(node.get("regions"));
    let parameters = reading.parameters(node.get("parameters"));
    let template = text_of(node, "template").and_then(|path| crate::templates::read(reading, path));
    let tags = text_map(node.get("tags"));
    Some(Stack { name, template: template?, regions, via, auto_deploy, role, parameters, tags })
}

fn check_auto_deploy(reading: &mut Reading<'_>, node: &Node, via: Option<Via>, has_role: bool) {
    let message = match (via, has_role) {
        (Some(Via::ChangeSet), _) => "new accounts follow only stack sets, not change sets",
        (_, true) => "new accounts follow only stack sets without a role (service-managed ones)",
        (Some(Via::StackSet) | None, false) => return,
    };
    let span = node.get("auto-deploy").map_or(node.span, |node| node.span);
    let error = Diagnostic::error(codes::DEPLOYMENT, message).at(span, "");
    reading.tell(error.help("remove `auto-deploy`; run `deploy` again when accounts have joined"));
}
