//! The evaluation of a request over all documents (IAM User Guide: "Policy evaluation logic"; AWS Organizations User
//! Guide: "SCP evaluation", "RCP evaluation").

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    asked::{Asked, Caller, Documents},
    maybe::Maybe,
    principal::Naming,
    statement::{covers, has_effect, statements},
};

/// Which documents say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Resource control policies.
    ResourceControl,
    /// Service control policies.
    ServiceControl,
    /// The resource's own policy, or a role's trust policy.
    Resource,
    /// Policies of the user or role.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The request may proceed.
    Allowed,
    /// Nothing allows it; in these parts an allow is missing.
    NotAllowed(BTreeSet<Part>),
    /// These parts deny it.
    Denied(BTreeSet<Part>),
    /// It depends on keys that nobody knows yet.
    Depends,
}

/// Some services that have resource control policies; requests of [`crate::world`] are to these and to others.
const WITH_RESOURCE_CONTROL: [&str; 6] = ["s3", "sts", "kms", "sqs", "secretsmanager", "dynamodb"];

/// Tells what the rules say to a request.
#[must_use]
pub fn evaluate(asked: &Asked, documents: &Documents<'_>) -> Answer {
    let case = Case::new(asked, documents);
    // "No permissions are required ... even if a policy denies it" (STS API, GetCallerIdentity).
    if asked.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return Answer::Allowed;
    }
    let (denied, deniers) = case.denied();
    if denied == Maybe::Yes {
        return Answer::Denied(deniers);
    }
    let (allowed, missing) = case.allowed();
    match denied.negated().and(allowed) {
        Maybe::Yes => Answer::Allowed,
        Maybe::No => Answer::NotAllowed(missing),
        Maybe::Unknown => Answer::Depends,
    }
}

struct Case<'d> {
    asked: &'d Asked,
    documents: &'d Documents<'d>,
    owner: Option<&'d str>,
    scps: &'d [&'d [Value]],
    rcps: &'d [&'d [Value]],
}

impl<'d> Case<'d> {
    fn new(asked: &'d Asked, documents: &'d Documents<'d>) -> Self {
        let account = asked.caller.account();
        let owner = asked.owner.as_deref().or(account);
        let is_management = |account: Option<&str>| account.is_some() && account == documents.management;
        let linked = asked.caller.is_service_linked();
        // SCPs bind users, roles and root users of member accounts.
        let bound = account.is_some() && !is_management(account) && !linked;
        // RCPs protect resources of member accounts, of some services; `kms:RetireGrant` is left out.
        let service = asked.action.split(':').next().unwrap_or_default().to_lowercase();
        let protected = WITH_RESOURCE_CONTROL.contains(&&*service)
            && !asked.action.eq_ignore_ascii_case("kms:RetireGrant")
            && !is_management(owner)
            && !linked;
        Self {
            asked,
            documents,
            owner,
            scps: if bound { documents.scps } else { &[] },
            rcps: if protected { documents.rcps } else { &[] },
        }
    }

    /// Asks all statements of one effect whether they cover the request, and how each names the caller.
    fn said(&self, effect: &str, documents: impl IntoIterator<Item = &'d Value>) -> Vec<(Maybe, Naming)> {
        let has_boundary = self.documents.boundary.is_some();
        let all = documents.into_iter().flat_map(statements);
        let wanted = all.filter(|(statement, _)| has_effect(statement, effect));
        let covers = wanted.map(|(statement, variables)| covers(statement, variables, self.asked, has_boundary));
        covers.filter_map(|(covers, naming)| Some((covers, naming?))).collect()
    }

    fn says(&self, effect: &str, documents: impl IntoIterator<Item = &'d Value>) -> Maybe {
        Maybe::any(self.said(effect, documents).into_iter().map(|(covers, _)| covers))
    }

    fn resource_documents(&self) -> impl Iterator<Item = &'d Value> + use<'d> {
        self.documents.resource.iter().map(|resource| resource.document)
    }

    /// A deny in any document is final.
    fn denied(&self) -> (Maybe, BTreeSet<Part>) {
        let documents = self.documents;
        let parts = [
            (Part::ResourceControl, self.says("Deny", self.rcps.iter().copied().flatten())),
            (Part::ServiceControl, self.says("Deny", self.scps.iter().copied().flatten())),
            (Part::Resource, self.says("Deny", self.resource_documents())),
            (Part::Identity, self.says("Deny", documents.identity)),
            (Part::Boundary, self.says("Deny", documents.boundary.unwrap_or_default())),
            (Part::Session, self.says("Deny", documents.session.unwrap_or_default())),
        ];
        let denied = Maybe::any(parts.iter().map(|(_, says)| *says));
        (denied, parts.into_iter().filter(|(_, says)| *says == Maybe::Yes).map(|(part, _)| part).collect())
    }

    /// What has to allow does, denies aside; with the parts that do not.
    fn allowed(&self) -> (Maybe, BTreeSet<Part>) {
        let documents = self.documents;
        let cap = |documents: Option<&'d [Value]>| documents.map_or(Maybe::Yes, |all| self.says("Allow", all));
        // Every node from the root to the account has to allow; RCPs cannot fail to, RCPFullAWSAccess is on every node.
        let scps = Maybe::all(self.scps.iter().map(|node| self.says("Allow", *node)));
        let (boundary, session) = (cap(documents.boundary), cap(documents.session));
        // A root user has all permissions in the account.
        let is_root = matches!(self.asked.caller, Caller::Root { .. });
        let identity = if is_root { Maybe::Yes } else { self.says("Allow", documents.identity) };
        let own = identity.and(boundary).and(session);

        let granted = self.said("Allow", self.resource_documents());
        let by = |wanted: Naming| {
            Maybe::any(granted.iter().filter(|(_, naming)| *naming == wanted).map(|(covers, _)| *covers))
        };
        let (directly, role) = (by(Naming::Directly), by(Naming::Role));
        let resource = directly.or(role).or(by(Naming::Account));
        let account = self.asked.caller.account();
        let sides = if account.is_none() {
            // Services, outsiders and anonymous callers have no policies of their own.
            directly
        } else if account != self.owner {
            // Across accounts both sides have to allow.
            resource.and(own)
        } else {
            let granted = directly.or(role.and(boundary).and(session));
            // A role's trust policy and a key's policy have to allow even within the account.
            let own = if self.must_allow() { resource.and(own) } else { own };
            granted.or(own)
        };
        let parts = [
            (Part::ServiceControl, scps),
            (Part::Resource, resource),
            (Part::Identity, identity),
            (Part::Boundary, boundary),
            (Part::Session, session),
        ];
        let missing = parts.into_iter().filter(|(_, says)| *says == Maybe::No).map(|(part, _)| part).collect();
        (scps.and(sides), missing)
    }

    fn must_allow(&self) -> bool {
        let name = self.asked.resource.splitn(6, ':').nth(5).unwrap_or_default();
        let action = self.asked.action.to_lowercase();
        self.documents.resource.is_some_and(|resource| resource.is_trust)
            || action.starts_with("sts:") && name.starts_with("role/")
            || action.starts_with("kms:") && name.starts_with("key/")
    }
}
