//! The form of `stackfleet.yaml` as one table: which keys there are, what stands under them, what they mean.
//!
//! [`form`](crate::form) checks a file against the table and [`schema`](crate::schema) prints it as JSON Schema, so
//! that what an editor offers and what is accepted cannot differ. A key is added here, in the model and in the reader.

/// What stands under a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// One scalar; numbers and truth values are taken as they are written.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A list of texts.
    Texts,
    /// Names with texts.
    TextMap,
    /// Names with texts or lists of texts: parameters.
    ParameterMap,
    /// A mapping with known keys.
    Object(&'static Table),
    /// Names, each with a mapping with known keys.
    Objects(&'static Table),
    /// Whatever a later release will say.
    Anything,
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the mapping describes, as messages say it: "an account".
    pub(crate) what: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
}

/// One key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
    /// What it means, for editors; one sentence.
    pub(crate) about: &'static str,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    /// It is part of the format, but this release does nothing with it.
    NotSupported,
}

use Presence::{NotSupported, Optional, Required};

const fn key(name: &'static str, presence: Presence, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, presence, about }
}

const BUDGET: Key = key("budget", NotSupported, Shape::Anything, "A bound on what may be spent.");
const POLICIES: &str = "Files with service control policies, relative to this file.";

/// The whole file.
pub(crate) static PROJECT: Table = Table {
    what: "a project",
    keys: &[
        key("version", Required, Shape::Word(&["1"]), "The version of this format."),
        key("organization", Optional, Shape::Object(&ORGANIZATION), "The organization that shall exist."),
        key("access", NotSupported, Shape::Anything, "Who may sign in where (IAM Identity Center)."),
        key("environments", Optional, Shape::Objects(&ENVIRONMENT), "Parameters by environment."),
        key("apps", Optional, Shape::Objects(&APP), "What is deployed, and where."),
    ],
};

static ORGANIZATION: Table = Table {
    what: "an organization",
    keys: &[
        key("management", Required, Shape::Text, "E-mail address of the management account."),
        key("regions", Required, Shape::Texts, "Regions that may be used; the first is home. All others are denied."),
        key("tags", Optional, Shape::Object(&TAGS), "Rules for tags of accounts."),
        key("policies", Optional, Shape::Texts, POLICIES),
        key("units", Optional, Shape::Objects(&UNIT), "Organizational units."),
        BUDGET,
    ],
};

static TAGS: Table = Table {
    what: "the rules for tags",
    keys: &[key("required", Optional, Shape::Texts, "Tag keys that every account must carry.")],
};

static UNIT: Table = Table {
    what: "a unit",
    keys: &[
        key("policies", Optional, Shape::Texts, POLICIES),
        key("accounts", Optional, Shape::Objects(&ACCOUNT), "Accounts directly in this unit."),
        key("units", Optional, Shape::Objects(&UNIT), "Units directly below this one."),
        BUDGET,
    ],
};

static ACCOUNT: Table = Table {
    what: "an account",
    keys: &[
        key("email", Required, Shape::Text, "The account's e-mail address, unique over all of AWS."),
        key("tags", Optional, Shape::TextMap, "The account's tags."),
        key("policies", Optional, Shape::Texts, POLICIES),
        BUDGET,
    ],
};

static ENVIRONMENT: Table = Table {
    what: "an environment",
    keys: &[
        key("targets", Required, Shape::Text, "A target expression: which accounts belong to it."),
        key("parameters", Optional, Shape::ParameterMap, "Values for every stack whose template declares them."),
    ],
};

static APP: Table = Table {
    what: "an app",
    keys: &[
        key("targets", Required, Shape::Text, "A target expression: which accounts it goes to."),
        key("regions", Optional, Shape::Texts, "Which regions it goes to; all of the organization's by default."),
        key("rollout", Optional, Shape::Object(&ROLLOUT), "How it goes there."),
        key("stacks", Required, Shape::Objects(&STACK), "Its stacks."),
    ],
};

static ROLLOUT: Table = Table {
    what: "a rollout",
    keys: &[
        key("waves", Optional, Shape::Texts, "Target expressions; an account belongs to the first that matches."),
        key("max-concurrent", Optional, Shape::Text, "How many accounts at once: `10` or `25%`."),
        key("stop-after", Optional, Shape::Text, "When to stop: `2 failures` or `10%`."),
    ],
};

static STACK: Table = Table {
    what: "a stack",
    keys: &[
        key("template", Required, Shape::Text, "The template's file, relative to this file."),
        key("regions", Optional, Shape::Texts, "Which of the app's regions it goes to; all by default."),
        key("via", Optional, Shape::Word(&["stack-set", "change-set"]), "How it is deployed."),
        key("auto-deploy", Optional, Shape::Bool, "Whether accounts that join the units later get it by themselves."),
        key("role", Optional, Shape::Text, "The execution role; makes the stack set self-managed."),
        key("parameters", Optional, Shape::ParameterMap, "Values of the template's parameters."),
        key("tags", Optional, Shape::TextMap, "Tags of the stack, handed down to its resources."),
    ],
};
