//! The smallest policy that allows what is needed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::Requirement;

/// What a statement is about: a service, and the service that roles are passed to.
type Subject<'a> = (&'a str, Option<&'a str>);

/// Returns an identity policy that allows exactly these calls, statements by service, those with the same actions merged.
///
/// It is a policy for a role that CloudFormation uses, not for whoever calls CloudFormation.
#[must_use]
pub fn least<'a>(requirements: impl IntoIterator<Item = &'a Requirement>) -> Value {
    let mut by_arn: BTreeMap<(Subject<'a>, String), BTreeSet<&str>> = BTreeMap::new();
    for requirement in requirements {
        let service = requirement.action.split(':').next().unwrap_or_default();
        by_arn
            .entry(((service, passed_to(requirement)), pattern(&requirement.arn)))
            .or_default()
            .insert(&requirement.action);
    }
    // What is allowed on everything needs no other resource.
    let wide: BTreeSet<(Subject<'a>, &str)> = by_arn
        .iter()
        .filter(|((_, arn), _)| arn == "*")
        .flat_map(|((subject, _), actions)| actions.iter().map(|action| (*subject, *action)))
        .collect();
    let mut statements: BTreeMap<(Subject<'a>, Vec<&str>), BTreeSet<&str>> = BTreeMap::new();
    for ((subject, arn), actions) in &by_arn {
        let is_needed = |action: &&&str| arn == "*" || !wide.contains(&(*subject, **action));
        let actions: Vec<&str> = actions.iter().filter(is_needed).copied().collect();
        if !actions.is_empty() {
            statements.entry((*subject, actions)).or_default().insert(arn);
        }
    }
    let statements = statements.into_iter().map(|((subject, actions), arns)| statement(subject, &actions, &arns));
    json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<Value>>() })
}

fn statement((_, passed_to): Subject<'_>, actions: &[&str], arns: &BTreeSet<&str>) -> Value {
    let one_or_all = |values: Vec<&str>| match values.as_slice() {
        [single] => Value::from(*single),
        all => Value::from(all),
    };
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), Value::from("Allow"));
    statement.insert("Action".to_owned(), one_or_all(actions.to_vec()));
    statement.insert("Resource".to_owned(), one_or_all(arns.iter().copied().collect()));
    if let Some(service) = passed_to {
        statement.insert("Condition".to_owned(), json!({ "StringEquals": { "iam:PassedToService": service } }));
    }
    Value::Object(statement)
}

fn passed_to(requirement: &Requirement) -> Option<&str> {
    let (_, values) = requirement.keys.iter().find(|(key, _)| key == "iam:PassedToService")?;
    values.first().map(String::as_str).filter(|_| requirement.action == "iam:PassRole")
}

/// Returns the pattern for an ARN. Logs is asked with an empty stream at the end; a policy says which streams.
fn pattern(arn: &str) -> String {
    if arn.ends_with(":log-stream:") { format!("{arn}*") } else { arn.to_owned() }
}
