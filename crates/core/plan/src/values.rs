//! What `${...}` stands for in one account.

use std::collections::BTreeMap;

use stackfleet_base::Partition;
use stackfleet_organization::tree;
use stackfleet_project::model::{App, Project, Reference, Stack, Text, TextPart};

use crate::plan::placeholder;

/// Why a text has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// The account belongs to no environment and has no `env` tag.
    Environment,
    /// The account lacks a tag.
    Tag(String),
    /// The value differs by account where it must not.
    Account,
    /// An output depends on what only a deployment can tell.
    Output {
        /// The stack.
        stack: String,
        /// The output.
        output: String,
        /// Why it is not known.
        why: String,
    },
}

/// Everything that values are looked up in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) project: &'a Project,
    pub(crate) app: &'a App,
    /// The management account's id.
    pub(crate) management: &'a str,
    /// The organization's id or its placeholder.
    pub(crate) organization: &'a str,
    pub(crate) partition: Partition,
}

impl Lookup<'_> {
    /// Returns a text's value in an account, or in any account when none is given.
    pub(crate) fn text(&self, text: &Text, account: Option<&tree::Account>) -> Result<String, NoValue> {
        let parts = text.parts.iter().map(|part| match part {
            TextPart::Literal(literal) => Ok(literal.clone()),
            TextPart::Reference(reference) => self.reference(reference, account),
        });
        parts.collect()
    }

    fn reference(&self, reference: &Reference, account: Option<&tree::Account>) -> Result<String, NoValue> {
        let needs_account = || account.ok_or(NoValue::Account);
        match reference {
            Reference::ManagementId => Ok(self.management.to_owned()),
            Reference::OrganizationId => Ok(self.organization.to_owned()),
            Reference::Environment => {
                let environment = self.project.environment_of(needs_account()?);
                environment.map(str::to_owned).ok_or(NoValue::Environment)
            }
            Reference::AccountId => needs_account().map(account_id),
            Reference::AccountName => needs_account().map(|account| account.name.clone()),
            Reference::AccountTag(key) => {
                needs_account()?.tags.get(key).cloned().ok_or_else(|| NoValue::Tag(key.clone()))
            }
            // A known output refers to accounts and the organization only, so this ends.
            Reference::Output { stack, output } => match self.project.output(self.app, stack, output) {
                Ok(text) => self.text(&text, account),
                Err(why) => {
                    let (stack, output, why) = (stack.clone(), output.clone(), why.to_string());
                    Err(NoValue::Output { stack, output, why })
                }
            },
        }
    }
}

/// Returns an account's id, or what will be put in its place.
fn account_id(account: &tree::Account) -> String {
    account.id.as_ref().map_or_else(|| placeholder::account(&account.name), ToString::to_string)
}

/// A stack's parameter values in one account, by name; what has no value is told beside them.
pub(crate) fn parameters(
    lookup: &Lookup<'_>,
    stack: &Stack,
    account: &tree::Account,
) -> (BTreeMap<String, String>, Vec<(String, NoValue)>) {
    let (mut values, mut problems) = (BTreeMap::new(), Vec::new());
    let declared = stack.template.template.parameters().keys();
    let surplus = stack.parameters.keys().filter(|name| !stack.template.template.parameters().contains_key(*name));
    for name in declared.chain(surplus) {
        let Some(text) = lookup.project.parameter(stack, name, account) else { continue };
        match lookup.text(text, Some(account)) {
            Ok(value) => {
                values.insert(name.clone(), value);
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    (values, problems)
}
