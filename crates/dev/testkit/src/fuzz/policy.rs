//! Policy documents: read, checked, written anew, and asked.

use serde_json::Value;
use stackfleet_policy::{
    Attachment, Context, Layers, Origin, Policy, PolicyKind, PolicySet, Principal, Request, check_size, decide,
    denial_text, explain, lint, minify, pretty,
};

use super::{check_diagnostics, sources};

pub(super) const KINDS: [PolicyKind; 7] = [
    PolicyKind::Identity,
    PolicyKind::Resource,
    PolicyKind::Trust,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
];

const ATTACHMENTS: [Attachment; 11] = [
    Attachment::Managed,
    Attachment::RoleInline,
    Attachment::UserInline,
    Attachment::GroupInline,
    Attachment::Trust,
    Attachment::Session,
    Attachment::ServiceControl,
    Attachment::ResourceControl,
    Attachment::Delegation,
    Attachment::Bucket,
    Attachment::Key,
];

/// The kinds that a text is read as: what one kind refuses another may take.
pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in KINDS {
        check_kind(kind, text);
    }
    let (_, file) = sources(text);
    for attachment in ATTACHMENTS {
        let found = check_size(attachment, text, Some(Origin { file, offset: 0 }));
        assert_eq!(found.is_none(), attachment.measure(text) <= attachment.characters_max(), "BUG: {attachment:?}");
        check_diagnostics(found.as_slice(), text);
    }
}

fn check_kind(kind: PolicyKind, text: &str) {
    let (_, file) = sources(text);
    let (placed, found) = Policy::read(kind, "p", text, Some(Origin { file, offset: 0 }));
    check_diagnostics(&found, text);
    assert_eq!(placed.is_none(), found.iter().any(|found| found.is_error()), "BUG: {found:?}");
    let Some(placed) = placed else { return };
    check_diagnostics(&lint(&placed), text);
    let (policy, _) = Policy::read(kind, "p", text, None);
    for written in [minify(text), pretty(text)] {
        let again = written.and_then(|written| Policy::read(kind, "p", &written, None).0);
        assert_eq!(again, policy, "BUG: formatting changes the policy");
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        assert_eq!(Policy::from_value(kind, "p", &value).0, policy, "BUG: a value is read unlike its text");
    }
    if let Some(policy) = policy {
        ask(policy);
    }
}

/// Asks a policy about a few requests, as the layer of its kind.
fn ask(policy: Policy) {
    let kind = policy.kind();
    let set = PolicySet::of(policy);
    let allowing = Policy::parse(PolicyKind::Identity, "all", super::evaluate::ALLOW_ALL).map(PolicySet::of).ok();
    let mut layers = Layers { identity: allowing.as_ref(), ..Layers::default() };
    match kind {
        PolicyKind::Identity | PolicyKind::ServiceControl | PolicyKind::ResourceControl => layers.identity = Some(&set),
        PolicyKind::Boundary => layers.boundary = Some(&set),
        PolicyKind::Session => layers.session = Some(&set),
        PolicyKind::Resource | PolicyKind::Trust => layers.resource = Some(&set),
    }
    let requests = [
        ("arn:aws:iam::111111111111:user/ana", "s3:GetObject", "arn:aws:s3:::b/ana/x"),
        ("arn:aws:sts::111111111111:assumed-role/r/s", "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1"),
        ("lambda.amazonaws.com", "sts:AssumeRole", "arn:aws:iam::111111111111:role/r"),
    ];
    for (principal, action, resource) in requests {
        let Ok(principal) = Principal::parse(principal) else { continue };
        let mut context = Context::new();
        principal.describe(&mut context);
        context.set("aws:RequestedRegion", "eu-west-1").set_unknown("aws:SourceIp");
        let request = Request { principal: &principal, action, resource, resource_account: None, context: &context };
        let decision = decide(&request, &layers);
        let explained = explain(&request, &layers);
        assert_eq!(decision, explained.decision, "BUG: decided and explained differently");
        assert_eq!(denial_text(&request, &decision).is_some(), explained.blockers().next().is_some(), "BUG: no reason");
    }
}
