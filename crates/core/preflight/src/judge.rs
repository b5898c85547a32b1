//! One request decided over all layers, with what is unknown kept apart from what is denied.

use std::{collections::BTreeSet, sync::Arc};

use stackfleet_base::{AccountId, Span};
use stackfleet_policy::{
    Context, Decision, Layer, Layers, Policy, PolicyKind, PolicySet, Principal, Request, decide, explain,
};

use crate::roles::Boundary;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// Refused whatever is unknown, for these reasons.
    Refused(Vec<Reason>),
    /// It depends on these: context keys, or policies that nobody could read.
    Open(Vec<String>),
}

/// Something that has to change before the request is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    pub(crate) layer: Layer,
    /// For policies of the organization: the node.
    pub(crate) place: Option<Arc<str>>,
    /// The policy, where one is to blame.
    pub(crate) policy: Option<Arc<str>>,
    /// The statement that denies, from 0; `None` where nothing allows.
    pub(crate) statement: Option<usize>,
    pub(crate) sid: Option<Arc<str>>,
    pub(crate) span: Option<Span>,
}

/// Who asks, with the policies of their own.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) principal: Principal,
    pub(crate) identity: &'a PolicySet,
    /// Why there may be grants that are not in `identity`.
    pub(crate) open: Option<&'a str>,
    pub(crate) boundary: Option<&'a Boundary>,
}

/// A call to be decided.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) action: &'a str,
    pub(crate) on: &'a str,
    /// The account that owns the resource, when it is not the caller's.
    pub(crate) owner: Option<&'a AccountId>,
    /// The resource's own policy.
    pub(crate) resource: Option<&'a PolicySet>,
    pub(crate) context: &'a Context,
}

/// Policies that hold for whoever asks.
#[derive(Debug)]
pub(crate) struct Judge {
    /// Grants everything: what an unknown policy may do at most.
    anything: PolicySet,
}

impl Judge {
    pub(crate) fn new() -> Self {
        const EVERYTHING: &str =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let anything = Policy::parse(PolicyKind::Identity, "AdministratorAccess", EVERYTHING);
        Self { anything: anything.map(PolicySet::of).unwrap_or_default() }
    }

    /// Returns the policies of somebody who may do everything.
    pub(crate) const fn anything(&self) -> &PolicySet {
        &self.anything
    }

    /// Decides. `layers` brings the organization's policies.
    pub(crate) fn verdict(&self, caller: &Caller<'_>, ask: &Ask<'_>, layers: &Layers<'_>) -> Verdict {
        let (request, known) = question(caller, ask, layers);
        let mut open = Vec::new();
        match decide(&request, &known) {
            Decision::Allowed(_) => {}
            Decision::Depends(keys) => open.extend(keys.into_iter().map(str::to_owned)),
            Decision::ExplicitlyDenied(_) => return Verdict::Refused(reasons(&request, &known)),
            Decision::ImplicitlyDenied(_) => {
                let Some(why) = caller.open else { return Verdict::Refused(reasons(&request, &known)) };
                let most = Layers { identity: Some(&self.anything), ..known };
                match decide(&request, &most) {
                    Decision::Allowed(_) => {}
                    Decision::Depends(keys) => open.extend(keys.into_iter().map(str::to_owned)),
                    Decision::ExplicitlyDenied(_) | Decision::ImplicitlyDenied(_) => {
                        return Verdict::Refused(reasons(&request, &most));
                    }
                }
                open.push(why.to_owned());
            }
        }
        if let Some(Boundary::Unknown(arn)) = caller.boundary {
            open.push(format!("the permissions boundary {arn}"));
        }
        if open.is_empty() { Verdict::Allowed } else { Verdict::Open(open) }
    }
}

fn reasons(request: &Request<'_>, layers: &Layers<'_>) -> Vec<Reason> {
    let explained = explain(request, layers);
    let mut reasons: Vec<Reason> = explained
        .blockers()
        .map(|blocker| {
            let policy = blocker.deny.map(|deny| deny.policy).or(match blocker.policies {
                [only] => Some(&**only),
                _ => None,
            });
            let statement = blocker.deny.map(|deny| deny.statement);
            Reason {
                layer: blocker.layer,
                place: blocker.place.map(Into::into),
                policy: policy.map(|policy| policy.name().into()),
                statement: statement.map(|statement| statement.index()),
                sid: statement.and_then(|statement| statement.sid()).map(Into::into),
                span: statement.and_then(|statement| statement.span()),
            }
        })
        .collect();
    reasons.sort();
    reasons.dedup();
    reasons
}

/// Adds what is known of somebody's sessions: the tags of the role or user.
pub(crate) fn describe_tags(tags: &[(String, String)], context: &mut Context) {
    for (key, value) in tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
}

/// Keys that are absent whenever CloudFormation calls on behalf of a role (IAM User Guide, "Global condition context
/// keys"): those of services that call for themselves, of users, and of other ways to sign in.
pub(crate) const ABSENT: [&str; 13] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:username",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:ec2instancesourcevpc",
    "aws:ec2instancesourceprivateipv4",
    "sts:externalid",
    "aws:chatbotsourcearn",
];

/// Makes a context in which every key that policies ask for and nobody knows is unknown.
pub(crate) fn open_context(keys: &BTreeSet<String>) -> Context {
    let mut context = Context::new();
    for key in keys {
        let lower = key.to_ascii_lowercase();
        if !ABSENT.contains(&lower.as_str()) && !lower.starts_with("aws:principaltag/") {
            context.set_unknown(key);
        }
    }
    context
}

/// Returns what the policy engine is asked. A boundary whose content nobody knows is left out: the verdict says so.
pub(crate) fn question<'a>(caller: &'a Caller<'_>, ask: &Ask<'a>, layers: &Layers<'a>) -> (Request<'a>, Layers<'a>) {
    let request = Request {
        principal: &caller.principal,
        action: ask.action,
        resource: ask.on,
        resource_account: ask.owner,
        context: ask.context,
    };
    let boundary = match caller.boundary {
        Some(Boundary::Known(set)) => Some(set),
        Some(Boundary::Unknown(_)) | None => None,
    };
    let known = Layers { identity: Some(caller.identity), boundary, resource: ask.resource, ..*layers };
    (request, known)
}
