//! Statements that are well formed and yet without effect.
//!
//! Only what follows from the document alone is said; which actions exist and what they take is for `core/permissions` to
//! say.

use stackfleet_base::Diagnostic;

use crate::{
    codes,
    policy::{Effect, Policy, Statement},
};

/// Returns warnings about statements that can never match or that add nothing.
#[must_use]
pub fn lint(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for statement in policy.statements() {
        if let Some(reason) = never_matches(statement) {
            let message = format!("{} can never match: {reason}", name(statement));
            found.push(at(Diagnostic::warning(codes::NEVER_MATCHES, message), statement).help("correct or remove it"));
        } else if let Some(other) = makes_redundant(policy, statement) {
            let message = format!("{} adds nothing to {}", name(statement), name(other));
            found.push(at(Diagnostic::warning(codes::REDUNDANT, message), statement).help("remove it"));
        }
    }
    found
}

fn name(statement: &Statement) -> String {
    match statement.sid() {
        Some(sid) => format!("the statement `{sid}`"),
        None => format!("statement {}", statement.index() + 1),
    }
}

fn at(diagnostic: Diagnostic, statement: &Statement) -> Diagnostic {
    match statement.span() {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}

fn never_matches(statement: &Statement) -> Option<String> {
    let conditions = &statement.conditions;
    if let Some(condition) = conditions.iter().find(|condition| condition.needs_key() && condition.fits_nothing()) {
        return Some(format!("no value of `{}` can fit", condition.key().written));
    }
    for forbidding in conditions.iter().filter(|condition| condition.forbids_key()) {
        let key = forbidding.key();
        if conditions.iter().any(|condition| condition.needs_key() && condition.key().is_same(key)) {
            return Some(format!("`{}` would have to be there and absent", key.written));
        }
    }
    None
}

/// Returns another statement that does all that this one does: the same earlier, or one that allows everything.
fn makes_redundant<'p>(policy: &'p Policy, statement: &Statement) -> Option<&'p Statement> {
    policy.statements().iter().filter(|other| other.index() != statement.index()).find(|other| {
        let same = other.index() < statement.index()
            && other.effect == statement.effect
            && other.principal == statement.principal
            && other.actions == statement.actions
            && other.resources == statement.resources
            && other.conditions == statement.conditions;
        let first = !statement.allows_everything() || other.index() < statement.index();
        same || statement.effect == Effect::Allow && statement.principal.is_none() && first && other.allows_everything()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyKind;

    fn check(statements: &str, expected: &[&str]) {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        let policy = Policy::parse(PolicyKind::Identity, "p", &text).unwrap();
        let found: Vec<String> = lint(&policy).into_iter().map(|found| found.message).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn statements_that_can_never_match() {
        check(
            r#"{"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"NumericLessThan": {"s3:max-keys": "many"}}}"#,
            &["the statement `A` can never match: no value of `s3:max-keys` can fit"],
        );
        check(
            r#"{"Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"Null": {"aws:TagKeys": "true"}, "StringEquals": {"AWS:tagkeys": "a"}}}"#,
            &["statement 1 can never match: `aws:TagKeys` would have to be there and absent"],
        );
        check(
            r#"{"Effect": "Allow", "Action": ["s3:GetObject", "sts:AssumeRole"], "Resource": "arn:aws:iam::*:role/r"},
               {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:a": []}}}"#,
            &[],
        );
    }

    #[test]
    fn statements_that_add_nothing() {
        check(
            r#"{"Sid": "One", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
               {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
               {"Sid": "Again", "Effect": "Allow", "Action": "*", "Resource": "*"},
               {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}"#,
            &[
                "the statement `One` adds nothing to the statement `All`",
                "the statement `Again` adds nothing to the statement `All`",
            ],
        );
    }
}
