//! How large a policy document may be, by what it is attached to.
//!
//! The figures are those of 2026 (Organizations raised SCPs to 10,240 characters in May 2026). IAM does not count
//! white space; Organizations' API does, while its console strips it first.

use stackfleet_base::{Diagnostic, Span};

use crate::{
    codes,
    format::minify,
    parse::Origin,
    policy::{Policy, PolicyKind, Statement},
};

/// What a document is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attachment {
    /// A managed policy, also one used as a permissions boundary.
    Managed,
    /// All inline policies of a role together.
    RoleInline,
    /// All inline policies of a user together.
    UserInline,
    /// All inline policies of a group together.
    GroupInline,
    /// A role's trust policy.
    Trust,
    /// A session policy.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The organization's delegation policy.
    Delegation,
    /// An S3 bucket policy.
    Bucket,
    /// A KMS key policy.
    Key,
}

impl Attachment {
    /// Returns what a policy is most likely attached to; `None` for policies of resources whose limits are not known
    /// here: only those of buckets and keys are.
    #[must_use]
    pub fn of(policy: &Policy) -> Option<Self> {
        let is_about = |service: &str| {
            let mut entries = policy.statements().iter().flat_map(Statement::action_entries);
            entries.all(|entry| entry.strip_prefix(service).is_some_and(|rest| rest.starts_with(':')))
        };
        Some(match policy.kind() {
            PolicyKind::Identity | PolicyKind::Boundary => Self::Managed,
            PolicyKind::Trust => Self::Trust,
            PolicyKind::Session => Self::Session,
            PolicyKind::ServiceControl => Self::ServiceControl,
            PolicyKind::ResourceControl => Self::ResourceControl,
            PolicyKind::Resource if is_about("s3") => Self::Bucket,
            PolicyKind::Resource if is_about("kms") => Self::Key,
            PolicyKind::Resource => return None,
        })
    }

    /// Returns the most characters (bytes for bucket and key policies) that the default quota allows.
    #[must_use]
    pub const fn characters_max(self) -> usize {
        match self {
            Self::Managed => 6_144,
            Self::RoleInline | Self::ServiceControl => 10_240,
            Self::UserInline | Self::Trust | Self::Session => 2_048,
            Self::GroupInline | Self::ResourceControl => 5_120,
            Self::Delegation => 40_000,
            Self::Bucket => 20_480,
            Self::Key => 32_768,
        }
    }

    /// Returns to how many characters AWS raises the quota on request, where it does.
    #[must_use]
    pub const fn characters_max_raised(self) -> Option<usize> {
        match self {
            Self::Trust => Some(8_192),
            Self::Managed
            | Self::RoleInline
            | Self::UserInline
            | Self::GroupInline
            | Self::Session
            | Self::ServiceControl
            | Self::ResourceControl
            | Self::Delegation
            | Self::Bucket
            | Self::Key => None,
        }
    }

    /// Tells whether white space between the elements counts.
    #[must_use]
    pub const fn counts_white_space(self) -> bool {
        match self {
            Self::Managed | Self::RoleInline | Self::UserInline | Self::GroupInline | Self::Trust => false,
            Self::Session
            | Self::ServiceControl
            | Self::ResourceControl
            | Self::Delegation
            | Self::Bucket
            | Self::Key => true,
        }
    }

    /// Returns how many characters of a text count.
    #[must_use]
    pub fn measure(self, text: &str) -> usize {
        if matches!(self, Self::Bucket | Self::Key) {
            text.len()
        } else if self.counts_white_space() {
            text.chars().count()
        } else {
            text.chars().filter(|sign| !sign.is_whitespace()).count()
        }
    }
}

/// Checks a document's size; `None` when it fits.
#[must_use]
pub fn check_size(attachment: Attachment, text: &str, origin: Option<Origin>) -> Option<Diagnostic> {
    let (size, limit) = (attachment.measure(text), attachment.characters_max());
    if size <= limit {
        return None;
    }
    let minified = minify(text).map(|text| attachment.measure(&text)).filter(|size| *size <= limit);
    let message = format!("the policy has {size} characters; {limit} are allowed");
    let diagnostic = match (minified, attachment.characters_max_raised()) {
        (Some(size), _) => {
            Diagnostic::error(codes::SIZE, message).help(format!("minify it: without white space it has {size}"))
        }
        (None, Some(raised)) if size <= raised => Diagnostic::warning(codes::SIZE, message)
            .help(format!("ask AWS to raise the quota, which it does to {raised}, or shorten the policy")),
        (None, _) => Diagnostic::error(codes::SIZE, message).help("divide it, or merge statements"),
    };
    Some(match origin {
        Some(Origin { file, offset }) => diagnostic.at(Span { file, start: offset, end: offset }, ""),
        None => diagnostic,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_where_aws_counts_it() {
        let text = format!("{{{}}}", " ".repeat(10_300));
        assert_eq!(check_size(Attachment::Managed, &text, None), None);
        let found = check_size(Attachment::ServiceControl, &text, None).unwrap();
        assert!(found.is_error() && found.help.unwrap().contains("without white space it has 2"));
    }

    #[test]
    fn policies_of_resources_have_the_limit_of_their_service() {
        let of = |kind, action: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"*"}}}}"#
            );
            Attachment::of(&Policy::parse(kind, "p", &text).unwrap())
        };
        assert_eq!(of(PolicyKind::Resource, "s3:Get*"), Some(Attachment::Bucket));
        assert_eq!(of(PolicyKind::Resource, "kms:*"), Some(Attachment::Key));
        assert_eq!(of(PolicyKind::Resource, "sns:Publish"), None);
        assert_eq!(of(PolicyKind::ResourceControl, "s3:*"), Some(Attachment::ResourceControl));
    }

    #[test]
    fn a_quota_that_can_be_raised_gives_a_warning() {
        let document = |length: usize| format!("\"{}\"", "x".repeat(length));
        assert!(!check_size(Attachment::Trust, &document(3_000), None).unwrap().is_error());
        assert!(check_size(Attachment::Trust, &document(9_000), None).unwrap().is_error());
        assert!(check_size(Attachment::ResourceControl, &document(5_118), None).is_none());
        assert!(check_size(Attachment::ResourceControl, &document(5_119), None).unwrap().is_error());
    }
}
