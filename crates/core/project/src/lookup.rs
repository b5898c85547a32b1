//! Questions that others ask of a project: the tree it declares, the environment of an account, known outputs.

use std::collections::BTreeSet;

use stackfleet_organization::{self as organization, Tree};

use crate::model::{Account, App, Organization, PolicyFile, Project, Reference, Stack, Text, TextPart};

/// The role of the administrator account with which self-managed stack sets enter targets, as AWS names it.
pub const ADMINISTRATION_ROLE: &str = "AWSCloudFormationStackSetAdministrationRole";

/// The tag that names an account's environment where no entry of `environments:` claims the account.
pub const ENVIRONMENT_TAG: &str = "env";

/// Why an output is not known before it is deployed; a fragment for messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKnown {
    /// The stack's parameters refer, by way of others, to the stack itself.
    #[error("`{0}` refers to itself")]
    Circle(String),
    /// Anything else: "`Role` has no `RoleName`, so AWS makes up a name in each account".
    #[error("{0}")]
    Because(String),
}

impl Project {
    /// Returns the name of an account's environment: the first whose targets name it, or else its `env` tag.
    #[must_use]
    pub fn environment_of<'a>(&'a self, account: &'a organization::Account) -> Option<&'a str> {
        let claimed = self.environments.values().find(|environment| environment.targets.named(account, None).included);
        claimed.map(|environment| environment.name.value.as_str()).or_else(|| {
            account.tags.get(ENVIRONMENT_TAG).map(String::as_str).filter(|environment| !environment.is_empty())
        })
    }

    /// Returns the value that a stack's parameter gets in an account, from the stack or from the account's
    /// environment; `None` leaves it to the template's default.
    #[must_use]
    pub fn parameter<'a>(&'a self, stack: &'a Stack, name: &str, account: &organization::Account) -> Option<&'a Text> {
        if let Some(own) = stack.parameters.get(name) {
            return Some(&own.value);
        }
        let environment = self.environments.values().find(|entry| entry.targets.named(account, None).included)?;
        environment.parameters.get(name).map(|value| &value.value)
    }

    /// Returns an output of a stack as far as it can be known from the template: the text may refer to the account
    /// and the organization, never to another output.
    ///
    /// # Errors
    /// When AWS decides the value, or it differs by account in a way that the file does not tell.
    pub fn output(&self, app: &App, stack: &str, output: &str) -> Result<Text, NotKnown> {
        self.output_within(app, stack, output, &mut BTreeSet::new())
    }

    /// `asked` are the stacks that are being looked at, so that a circle ends.
    fn output_within(
        &self,
        app: &App,
        name: &str,
        output: &str,
        asked: &mut BTreeSet<String>,
    ) -> Result<Text, NotKnown> {
        let stack = app.stacks.get(name).ok_or_else(|| NotKnown::Because(format!("there is no stack `{name}`")))?;
        if !asked.insert(name.to_owned()) {
            return Err(NotKnown::Circle(name.to_owned()));
        }
        let found = crate::known::output(&stack.template.template, output, &|name| self.known_parameter(stack, name))
            .map_err(NotKnown::Because)?;
        let mut parts = Vec::new();
        for part in found.parts {
            match part {
                TextPart::Reference(Reference::Output { stack, output }) => {
                    parts.extend(self.output_within(app, &stack, &output, asked)?.parts);
                }
                TextPart::Literal(_) | TextPart::Reference(_) => parts.push(part),
            }
        }
        asked.remove(name);
        Ok(Text::of(parts))
    }

    /// The value of a stack's parameter where it is the same in all accounts, but for what it refers to.
    pub(crate) fn known_parameter(&self, stack: &Stack, name: &str) -> Result<Text, String> {
        if let Some(own) = stack.parameters.get(name) {
            return Ok(own.value.clone());
        }
        if self.environments.values().any(|environment| environment.parameters.contains_key(name)) {
            return Err(format!("the parameter `{name}` differs by environment"));
        }
        let default = stack.template.template.parameters().get(name).and_then(|parameter| parameter.default.clone());
        default
            .map(|default| Text::of([TextPart::Literal(default)]))
            .ok_or_else(|| format!("the parameter `{name}` has no value"))
    }
}

impl Organization {
    /// Returns the declared organization as a tree; ids are unknown and everything is active.
    ///
    /// The management account goes by its e-mail address, for the file does not tell its name.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let names = |policies: &[PolicyFile]| policies.iter().map(|policy| policy.name.clone()).collect();
        let management = organization::Account {
            name: self.management.value.clone(),
            email: self.management.value.clone(),
            management: true,
            ..organization::Account::default()
        };
        let member = |account: &Account| organization::Account {
            name: account.name.value.clone(),
            email: account.email.value.clone(),
            unit: account.unit.clone(),
            tags: account.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            policies: names(&account.policies),
            ..organization::Account::default()
        };
        let units = self.all_units();
        let root = (String::new(), names(&self.policies));
        Tree {
            units: units.iter().map(|unit| (unit.path.clone(), names(&unit.policies))).chain([root]).collect(),
            accounts: std::iter::once(management).chain(self.all_accounts().into_iter().map(member)).collect(),
        }
    }
}

impl Text {
    /// Makes a text of parts; literals that stand side by side become one, empty ones vanish.
    #[must_use]
    pub fn of(parts: impl IntoIterator<Item = TextPart>) -> Self {
        let mut joined: Vec<TextPart> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, TextPart::Literal(text)) if text.is_empty() => {}
                (Some(TextPart::Literal(before)), TextPart::Literal(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        Self { parts: joined }
    }

    /// Returns the text with every reference looked up; `None` as soon as one is not known.
    pub fn render(&self, mut look_up: impl FnMut(&Reference) -> Option<String>) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                TextPart::Literal(text) => Some(text.clone()),
                TextPart::Reference(reference) => look_up(reference),
            })
            .collect()
    }
}
