//! What went wrong, by cause: two hundred cells that failed for one reason are one problem.
//!
//! AWS's reason texts differ in account ids, request ids and session names; with those taken out, equal causes have
//! equal texts. Finding the file and line to blame is for whoever knows the project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{board::CellStatus, event::CellName};
use stackfleet_plan::plan::CellState;

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where; `None` where no cell is concerned.
    pub cell: Option<CellName>,
    /// What AWS said.
    pub reason: String,
}

/// A cause and all that it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The cause, without what differs from cell to cell.
    pub cause: String,
    /// How many cells it concerns.
    pub cells: u32,
    /// Which cells.
    pub names: Vec<CellName>,
    /// One text in full, as AWS said it.
    pub example: String,
    /// What was denied, when a policy denied it.
    pub denial: Option<Denial>,
    /// `file:line`, policy or stack, where known.
    pub place: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// A refusal by a policy, as far as the text says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// `lambda:TagResource`.
    pub action: String,
    /// Whether a service control policy denied it.
    pub service_control_policy: bool,
}

/// Returns the troubles of cells that failed or drifted, or were blocked.
#[must_use]
pub fn troubles(cells: &[CellStatus]) -> Vec<Trouble> {
    let bad = [CellState::Failed, CellState::Blocked, CellState::Outdated];
    let troubled = cells.iter().filter(|cell| bad.contains(&cell.state));
    let trouble =
        troubled.filter_map(|cell| Some(Trouble { cell: Some(cell.name.clone()), reason: cell.reason.clone()? }));
    trouble.collect()
}

/// Groups troubles by cause; those that concern the most cells come first.
#[must_use]
pub fn problems(troubles: &[Trouble]) -> Vec<Problem> {
    let mut by_cause: BTreeMap<String, Problem> = BTreeMap::new();
    for trouble in troubles {
        let cause = cause(&trouble.reason);
        let problem = by_cause.entry(cause).or_insert_with_key(|cause| Problem {
            cause: cause.clone(),
            cells: 0,
            names: Vec::new(),
            example: trouble.reason.clone(),
            denial: denial(&trouble.reason),
            place: None,
            help: help(&trouble.reason).map(str::to_owned),
        });
        if let Some(cell) = &trouble.cell {
            problem.cells += 1;
            problem.names.push(cell.clone());
        }
    }
    let mut found: Vec<Problem> = by_cause.into_values().collect();
    found.sort_by(|one, other| other.cells.cmp(&one.cells).then_with(|| one.cause.cmp(&other.cause)));
    found
}

/// Returns a reason without what differs from cell to cell; a denial in few words: `Finder: denied lambda:TagResource
/// by a service control policy`.
#[must_use]
pub fn cause(reason: &str) -> String {
    if let Some(denied) = denied(reason) {
        return denied;
    }
    let reason = without_request(reason);
    let mut text = String::with_capacity(reason.len());
    let mut word = String::new();
    for character in reason.chars() {
        if character.is_ascii_alphanumeric() || character == '-' {
            word.push(character);
        } else {
            text.push_str(&normal_word(&word));
            word.clear();
            text.push(character);
        }
    }
    text.push_str(&normal_word(&word));
    text
}

/// Cuts `(Service: ..; Request ID: ..)` and `(RequestToken: .., HandlerErrorCode: ..)`.
fn without_request(reason: &str) -> String {
    let mut text = reason.to_owned();
    for start in [" (Service: ", " (RequestToken: "] {
        while let Some(at) = text.find(start) {
            let Some(end) = text.get(at..).and_then(|rest| rest.find(')')) else { break };
            text.replace_range(at..=at + end, "");
        }
    }
    text
}

fn normal_word(word: &str) -> String {
    let all = |test: fn(&u8) -> bool| word.as_bytes().iter().all(test);
    if word.len() == 12 && all(u8::is_ascii_digit) {
        return "<account>".to_owned();
    }
    if is_uuid(word) {
        return "<id>".to_owned();
    }
    // StackSet-<name>-<uuid>, stacksets-exec-<32 hex>
    if let Some(at) = word.len().checked_sub(37)
        && word.is_char_boundary(at)
        && let Some((name, tail)) = word.split_at_checked(at)
        && let Some(id) = tail.strip_prefix('-')
        && is_uuid(id)
    {
        return format!("{name}-<id>");
    }
    if let Some((name, tail)) = word.rsplit_once('-')
        && tail.len() >= 16
        && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return format!("{name}-<id>");
    }
    if word.len() >= 32 && all(u8::is_ascii_hexdigit) {
        return "<id>".to_owned();
    }
    word.to_owned()
}

/// Says who was denied what, by what: names of resources differ by account and environment and are left out.
fn denied(reason: &str) -> Option<String> {
    let action = denial(reason)?.action;
    let resource = reason.split_once("ResourceLogicalId:").and_then(|(_, rest)| rest.split(',').next());
    let whom = match resource {
        Some(logical_id) => format!("{logical_id}: "),
        None => String::new(),
    };
    let by = match reason.split_once(" with an explicit deny in ") {
        Some((_, policy)) => {
            let policy = policy.split([' ', '.', '(', '"']).take_while(|word| !word.is_empty());
            format!("by {}", policy.collect::<Vec<_>>().join(" "))
        }
        None => "since no policy allows it".to_owned(),
    };
    Some(format!("{whom}denied {action} {by}"))
}

fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn denial(reason: &str) -> Option<Denial> {
    let (_, after) = reason.split_once("is not authorized to perform: ")?;
    let action = after.split([' ', ',', ')']).next()?.trim_end_matches('.').to_owned();
    Some(Denial { action, service_control_policy: reason.contains("service control policy") })
}

fn help(reason: &str) -> Option<&'static str> {
    let known = [
        ("service control policy", "allow the action in the policy, or leave the account out of the targets"),
        ("is not authorized to perform", "add the action to the execution role"),
        ("role with trust relationship to", "deploy the stack that makes the execution role to these accounts first"),
        ("already exists", "rename the resource, or remove the one that is in the way"),
        ("Cancelled since failure tolerance", "mend the failed cells, then deploy again"),
        ("can not be updated", "continue the rollback of the stack, or delete it, then deploy again"),
        ("STS is not activated", "activate the region in these accounts"),
        ("EMAIL_ALREADY_EXISTS", "choose another e-mail address: each belongs to one AWS account for ever"),
        ("ACCOUNT_LIMIT_EXCEEDED", "ask AWS for a higher number of accounts in the organization"),
    ];
    known.iter().find(|(text, _)| reason.contains(text)).map(|(_, help)| *help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_causes_have_equal_texts() {
        let reason = |account: &str, hex: &str, id: &str| {
            format!(
                "ResourceLogicalId:F, ResourceType:AWS::Lambda::Function, ResourceStatusReason:User: \
                 arn:aws:sts::{account}:assumed-role/stacksets-exec-{hex}/{hex} is not authorized to perform: \
                 lambda:TagResource on resource: arn:aws:lambda:eu-west-1:{account}:function:x with an explicit deny \
                 in a service control policy (Service: Lambda, Status Code: 403, Request ID: {id}) (RequestToken: \
                 {id}, HandlerErrorCode: AccessDenied)."
            )
        };
        let one = reason("111122223333", "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef");
        let other = reason("444455556666", "fedcba9876543210fedcba9876543210", "fedcba98-7654-3210-fedc-ba9876543210");
        let troubles = [one, other].map(|reason| Trouble { cell: None, reason });
        let found = problems(&troubles);
        assert_eq!(found.len(), 1);
        assert_eq!(found.first().unwrap().cause, "F: denied lambda:TagResource by a service control policy");
        let denial = found.first().unwrap().denial.clone().unwrap();
        assert_eq!((denial.action.as_str(), denial.service_control_policy), ("lambda:TagResource", true));
    }

    #[test]
    fn names_that_only_look_alike_stay() {
        assert_eq!(cause("Table-2024 in eu-west-1: 12 of 1234567"), "Table-2024 in eu-west-1: 12 of 1234567");
        assert_eq!(cause("stack/StackSet-app-01234567-89ab-cdef-0123-456789abcdef/x"), "stack/StackSet-app-<id>/x");
    }
}
