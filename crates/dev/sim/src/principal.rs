//! Whom `Principal` and `NotPrincipal` name (IAM User Guide: "AWS JSON policy elements: Principal").

use serde_json::Value;

use crate::{
    asked::Caller,
    statement::{has_effect, member, texts},
};

/// How a policy names a caller. The order is that of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// By the account, which leaves it to the account's administrators whom it grants.
    Account,
    /// By the role, whose sessions remain within boundary and session policies.
    Role,
    /// The caller itself, or everyone.
    Directly,
}

/// Returns how a statement names the caller; `None` when it does not. Where no principal is written it is whoever the
/// policy is attached to.
pub(crate) fn naming(statement: &Value, caller: &Caller, has_boundary: bool) -> Option<Naming> {
    if let Some(element) = member(statement, "Principal") {
        return names(element, caller).into_iter().max();
    }
    let Some(element) = member(statement, "NotPrincipal") else { return Some(Naming::Directly) };
    // A deny with NotPrincipal denies "any IAM principal that has a permissions boundary policy attached", whoever is
    // listed.
    let denied_anyway = has_boundary && has_effect(statement, "Deny");
    let listed = names(element, caller);
    let is_listed = match caller {
        // Of a session both role and session have to be listed, or the account.
        Caller::Session { .. } => {
            listed.contains(&Naming::Account) || listed.contains(&Naming::Role) && listed.contains(&Naming::Directly)
        }
        Caller::Root { .. }
        | Caller::User { .. }
        | Caller::FederatedUser { .. }
        | Caller::Federated { .. }
        | Caller::Service { .. }
        | Caller::Anonymous => !listed.is_empty(),
    };
    (!is_listed || denied_anyway).then_some(Naming::Directly)
}

fn names(element: &Value, caller: &Caller) -> Vec<Naming> {
    let Some(kinds) = element.as_object() else { return vec![Naming::Directly] };
    let listed = kinds.iter().flat_map(|(kind, entries)| texts(entries).into_iter().map(move |entry| (kind, entry)));
    listed.filter_map(|(kind, entry)| entry_names(kind, &entry, caller)).collect()
}

fn entry_names(kind: &str, entry: &str, caller: &Caller) -> Option<Naming> {
    if kind == "AWS" && entry == "*" {
        return Some(Naming::Directly);
    }
    let account = entry.split(':').nth(4).unwrap_or(entry);
    let is_account = entry.len() == 12 && !entry.contains(':') || entry.ends_with(":root");
    let directly = |named: bool| named.then_some(Naming::Directly);
    match (kind, caller) {
        ("AWS", Caller::Root { account: own }) if is_account => directly(account == own),
        ("AWS", caller) if is_account => (caller.account() == Some(account)).then_some(Naming::Account),
        ("AWS", Caller::User { arn } | Caller::FederatedUser { arn }) => directly(entry == arn),
        ("AWS", Caller::Session { session, .. }) if entry == session => Some(Naming::Directly),
        ("AWS", Caller::Session { role, path_known, .. }) if entry.contains(":role/") => {
            // A role's name is unique in its account whatever its path, and sessions do not show the path.
            let pathless = |arn: &str| {
                let mut parts: Vec<String> = arn.split(':').map(str::to_owned).collect();
                let name = parts.pop().unwrap_or_default();
                parts.push(name.rsplit('/').next().unwrap_or_default().to_owned());
                parts
            };
            let same = if *path_known { role == entry } else { pathless(role) == pathless(entry) };
            same.then_some(Naming::Role)
        }
        ("Service", Caller::Service { name }) => directly(entry == name),
        ("Federated", Caller::Federated { provider }) => directly(entry == provider),
        _ => None,
    }
}
