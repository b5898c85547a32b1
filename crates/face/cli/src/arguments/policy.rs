//! What may be written behind `stackfleet policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stackfleet_policy::PolicyKind;

use super::PolicyLeast;

/// `policy ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide the cases of a file, one line of JSON each; or a whole rollout
    Evaluate {
        /// Cases: requests with the policies in force
        #[arg(required_unless_present = "rollout")]
        cases: Option<PathBuf>,
        /// An organization and what a rollout needs: which accounts refuse it, by which statements
        #[arg(long, value_name = "FILE", conflicts_with = "cases")]
        rollout: Option<PathBuf>,
    },
    /// Check policy documents, and tell how much of what AWS allows they take
    Lint {
        /// The documents; `-` is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What they are attached to
        #[arg(long, value_enum, default_value_t = PolicyUse::Scp)]
        kind: PolicyUse,
        /// Write them without white space, one a line
        #[arg(long, conflicts_with = "json")]
        minify: bool,
    },
    /// Print the smallest policy for the role that deploys a template
    Least(PolicyLeast),
    /// Show who gains or loses what when one policy becomes another
    Diff(PolicyDiff),
}

/// `policy diff ...`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  git show main:policies/protect.json | stackfleet policy diff - policies/protect.json
  stackfleet policy diff old.json policies/protect.json --org     for the roles of the project's organization
  stackfleet policy diff old.json RegionGuard.json --org org.json --name RegionGuard
  stackfleet policy diff old.json new.json --kind identity --detailed-exitcode

Every known action is asked about, with its own kinds of resources and every value of a condition key that makes a \
difference. Without --org the two documents are compared by themselves; with --org all other policies count, too: \
what they refuse anyhow is no loss, and what they refuse still is no gain.

Exit codes: 0 done; 1 a document cannot be read; 2 something changes (--detailed-exitcode only); 64 wrong usage.")]
pub(crate) struct PolicyDiff {
    /// The document as it was; `-` is standard input
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The document as it is to be; `-` is standard input
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// What the documents are attached to; with --org that is looked up
    #[arg(long, value_enum, default_value_t = PolicyUse::Scp)]
    pub(crate) kind: PolicyUse,
    /// Tell for whom: in the project's organization, or in one that a file describes (as `policy evaluate --rollout`)
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the option may be there with or without a file")]
    pub(crate) org: Option<Option<PathBuf>>,
    /// With --org: the policy's name there, when neither file is called so
    #[arg(long, value_name = "POLICY", requires = "org")]
    pub(crate) name: Option<String>,
    /// Exit with 2 when something changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

/// What a policy document is attached to.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum PolicyUse {
    /// Users, groups, roles
    Identity,
    /// A bucket, a topic, a key...
    Resource,
    /// A role, as its trust policy
    Trust,
    /// A user or role, as its permissions boundary
    Boundary,
    /// A session
    Session,
    /// The organization, as a service control policy
    Scp,
    /// The organization, as a resource control policy
    Rcp,
}

impl PolicyUse {
    /// Returns it in the engine's words.
    pub(crate) const fn kind(self) -> PolicyKind {
        match self {
            Self::Identity => PolicyKind::Identity,
            Self::Resource => PolicyKind::Resource,
            Self::Trust => PolicyKind::Trust,
            Self::Boundary => PolicyKind::Boundary,
            Self::Session => PolicyKind::Session,
            Self::Scp => PolicyKind::ServiceControl,
            Self::Rcp => PolicyKind::ResourceControl,
        }
    }
}
