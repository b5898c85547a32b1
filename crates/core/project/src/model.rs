//! The project as values: what `stackfleet.yaml` says, with places kept where a later check may have to point.
//!
//! Everything here was checked for form when it was read; names refer to things that exist in the file. Ids are not
//! known here: whoever plans looks them up.

use std::sync::Arc;

use indexmap::IndexMap;
use stackfleet_base::{Digest, FileId, Region, Span};
use stackfleet_organization::target::Expression;
use stackfleet_template::Template;

/// A value and where it stands in the project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// The whole project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Digest of `stackfleet.yaml` and of every file it names; a plan carries it.
    pub digest: Digest,
    /// The organization, if this project describes one.
    pub organization: Option<Organization>,
    /// Parameters by environment, in file order; the first whose targets match an account is the account's.
    pub environments: IndexMap<String, Environment>,
    /// Applications, in file order.
    pub apps: IndexMap<String, App>,
}

/// `organization:`: the units, accounts and policies that shall exist.
#[derive(Debug, Clone)]
pub struct Organization {
    /// E-mail address of the management account.
    pub management: Spanned<String>,
    /// Regions that may be used; never empty. The first is home: stack sets live there. All others are denied by a
    /// generated policy.
    pub regions: Vec<Spanned<Region>>,
    /// Tag keys that every account must carry.
    pub required_tags: Vec<Spanned<String>>,
    /// Policies attached to the root.
    pub policies: Vec<PolicyFile>,
    /// Top-level units, in file order.
    pub units: Vec<Unit>,
}

/// An organizational unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its name.
    pub name: Spanned<String>,
    /// Names from the top, joined by `/`.
    pub path: String,
    /// Policies attached to it.
    pub policies: Vec<PolicyFile>,
    /// Accounts directly in it.
    pub accounts: Vec<Account>,
    /// Units directly below it.
    pub units: Vec<Unit>,
}

/// A member account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name; unique in the project.
    pub name: Spanned<String>,
    /// Its e-mail address; unique in the project.
    pub email: Spanned<String>,
    /// Its tags.
    pub tags: IndexMap<String, String>,
    /// Policies attached to it alone.
    pub policies: Vec<PolicyFile>,
    /// Path of its unit.
    pub unit: String,
}

/// A service control policy in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The policy's name in the organization: the file's name without extension.
    pub name: String,
    /// Path relative to the project's folder.
    pub path: Spanned<String>,
    /// The file, for places of statements.
    pub file: FileId,
    /// The JSON text without insignificant white space, as it is sent.
    pub content: Arc<str>,
}

/// `environments:` entry.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name, `${env}`.
    pub name: Spanned<String>,
    /// Which accounts belong to it.
    pub targets: Expression,
    /// Parameter values for every stack that declares the parameter and does not set it itself.
    pub parameters: IndexMap<String, Spanned<Text>>,
}

/// `apps:` entry.
#[derive(Debug, Clone)]
pub struct App {
    /// Its name.
    pub name: Spanned<String>,
    /// Which accounts it goes to.
    pub targets: Expression,
    /// Which regions it goes to; never empty.
    pub regions: Vec<Spanned<Region>>,
    /// How it goes there.
    pub rollout: Rollout,
    /// Its stacks; a stack that refers to another comes after it.
    pub stacks: IndexMap<String, Stack>,
}

/// `rollout:` of an app.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// Waves in order; an account belongs to the first that matches. Accounts that match none form a last wave.
    pub waves: Vec<Wave>,
    /// How many accounts of an operation at once, per region. Default: all.
    pub max_concurrent: Amount,
    /// After how many failed accounts a stack stops, in each region and over all waves: `stop-after: 2 failures`
    /// tolerates one. AWS knows failures of one operation only; the rollout adds them up.
    /// Default: after the first.
    pub stop_after: Amount,
}

/// One wave.
#[derive(Debug, Clone)]
pub struct Wave {
    /// What people call it: the value of a `tag:` or the last name of a unit, else the expression's text.
    pub name: String,
    /// Which accounts.
    pub targets: Expression,
}

/// A count of accounts or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many accounts.
    Count(u32),
    /// So many percent, 0 to 100.
    Percent(u8),
}

/// How a stack is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// A CloudFormation stack set.
    StackSet,
    /// A change set in each account.
    ChangeSet,
}

/// One stack of an app.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name.
    pub name: Spanned<String>,
    /// Its template.
    pub template: TemplateFile,
    /// How it is deployed, when the file says.
    pub via: Option<Spanned<Via>>,
    /// Which of the app's regions it goes to; all of them when empty. A role, say, is the same in all regions and is
    /// wanted once.
    pub regions: Vec<Spanned<Region>>,
    /// Whether new accounts of the targeted units get it by themselves.
    pub auto_deploy: bool,
    /// The execution role: a name, or an output of another stack. Given: the stack set is self-managed.
    pub role: Option<Spanned<Text>>,
    /// Parameters, in file order.
    pub parameters: IndexMap<String, Spanned<Text>>,
    /// Tags of the stack, which CloudFormation hands down to its resources.
    pub tags: IndexMap<String, String>,
}

/// A template of the project.
#[derive(Debug, Clone)]
pub struct TemplateFile {
    /// Path relative to the project's folder.
    pub path: Spanned<String>,
    /// The file.
    pub file: FileId,
    /// The text as written.
    pub text: Arc<str>,
    /// The text as read.
    pub template: Arc<Template>,
}

/// A text with references: `arn:${management.id}` is a literal and a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The parts in order; no two literals stand side by side.
    pub parts: Vec<TextPart>,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Characters as they are.
    Literal(String),
    /// Something to look up.
    Reference(Reference),
}

/// What `${...}` may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `${management.id}`.
    ManagementId,
    /// `${organization.id}`.
    OrganizationId,
    /// `${env}`: the name of the account's environment, or else its `env` tag.
    Environment,
    /// `${account.id}`.
    AccountId,
    /// `${account.name}`.
    AccountName,
    /// `${account.tags.KEY}`.
    AccountTag(String),
    /// `${STACK.OUTPUT}`: an output of another stack of the app that can be known from its template alone.
    Output {
        /// The stack's name.
        stack: String,
        /// The output's name.
        output: String,
    },
}

impl Text {
    /// Returns the text when it refers to nothing.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TextPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns everything it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Literal(_) => None,
            TextPart::Reference(reference) => Some(reference),
        })
    }
}

impl Organization {
    /// Returns the region in which stack sets live.
    #[must_use]
    pub fn home(&self) -> Option<&Region> {
        self.regions.first().map(|region| &region.value)
    }

    /// Returns every unit, parents before children.
    #[must_use]
    pub fn all_units(&self) -> Vec<&Unit> {
        fn walk<'a>(units: &'a [Unit], found: &mut Vec<&'a Unit>) {
            for unit in units {
                found.push(unit);
                walk(&unit.units, found);
            }
        }
        let mut found = Vec::new();
        walk(&self.units, &mut found);
        found
    }

    /// Returns every member account, in file order of their units.
    #[must_use]
    pub fn all_accounts(&self) -> Vec<&Account> {
        self.all_units().into_iter().flat_map(|unit| &unit.accounts).collect()
    }
}
