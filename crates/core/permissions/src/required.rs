//! Which calls CloudFormation makes for the resources of a template, and on what.
//!
//! What a resource type needs comes from two places. For the types in `types` it is written down here, property by property, from
//! AWS's documentation and what is seen of the handlers. For all types the catalog has the lists of AWS's resource
//! schemas, which name everything that a handler might call in some case.

mod generic;
mod name;
mod stack;
mod types;

use serde_json::{Map, Value};
use stackfleet_base::{AccountId, Region};
use stackfleet_template::{Evaluated, EvaluatedResource};

pub(crate) use stack::Stack;

/// Where a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The account.
    pub account: AccountId,
    /// The region; it determines the partition.
    pub region: Region,
    /// The stack's name, where it is known: names that CloudFormation makes begin with it.
    pub stack_name: Option<String>,
    /// Tags of the stack, which its resources inherit.
    pub tags: Vec<(String, String)>,
}

/// What CloudFormation does with a stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation<'a> {
    /// Makes all resources.
    Create,
    /// Changes them in place, makes those that are new, removes those that are gone.
    Update {
        /// The stack as it is. Without it every resource is taken as there, and what changes is not known.
        previous: Option<&'a Evaluated>,
    },
    /// Removes all resources.
    Delete,
}

/// How sure it is that a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The handler cannot do without, given the properties that are set.
    Certain,
    /// A property that is set, or changes, makes the handler call it, as far as AWS's lists say.
    ByProperty,
    /// The handler may call it in some case.
    Possible,
}

impl Grade {
    /// Returns the word for people and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::ByProperty => "by-property",
            Self::Possible => "possible",
        }
    }
}

/// A permission that a resource needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The logical id.
    pub resource: String,
    /// The action: `lambda:CreateFunction`.
    pub action: String,
    /// On what: an ARN in which `*` stands for what only AWS knows, or `*`.
    pub arn: String,
    /// How sure it is.
    pub grade: Grade,
    /// Why, as the end of a sentence: "to make an `AWS::Lambda::Function`".
    pub because: String,
    /// The part of the template that is the reason, as a JSON pointer.
    pub pointer: String,
    /// Context keys of the call, each with its values; AWS sets others, too.
    pub keys: Vec<(String, Vec<String>)>,
}

impl Requirement {
    /// Returns the ARN with made-up text for the parts that only AWS knows: for asking policies, where a `*` would be
    /// compared as a sign. The text is like the random end of names that CloudFormation makes.
    #[must_use]
    pub fn example_arn(&self) -> String {
        if self.arn == "*" { self.arn.clone() } else { self.arn.replace('*', "1A2B3C4D5E6F7") }
    }
}

/// What happens to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Create,
    Update,
    Delete,
}

/// Returns what an operation needs, resource by resource in the order of the template, the surest first.
#[must_use]
pub fn required(stack: &Evaluated, cell: &Cell, operation: Operation<'_>) -> Vec<Requirement> {
    let mut found: Vec<Requirement> =
        stack.resources.keys().flat_map(|id| required_of(stack, id, cell, operation)).collect();
    if let Operation::Update { previous: Some(previous) } = operation {
        let gone = previous.resources.keys().filter(|id| !stack.resources.contains_key(*id));
        found.extend(gone.flat_map(|id| required_of(previous, id, cell, Operation::Delete)));
    }
    found
}

/// Returns what an operation needs for one resource; nothing when the stack does not have it.
#[must_use]
pub fn required_of(stack: &Evaluated, id: &str, cell: &Cell, operation: Operation<'_>) -> Vec<Requirement> {
    let Some(resource) = stack.resources.get(id) else { return Vec::new() };
    let retained = resource.deletion_policy.as_deref().is_some_and(|policy| policy.starts_with("Retain"));
    let now = Stack::new(stack, cell);
    match operation {
        Operation::Create => calls(now, id, resource, None, Step::Create),
        Operation::Delete if retained => Vec::new(),
        Operation::Delete => calls(now, id, resource, None, Step::Delete),
        Operation::Update { previous: None } => calls(now, id, resource, None, Step::Update),
        Operation::Update { previous: Some(previous) } => match previous.resources.get(id) {
            None => calls(now, id, resource, None, Step::Create),
            Some(before) if before.properties == resource.properties && before.type_name == resource.type_name => {
                Vec::new()
            }
            Some(before) if is_replaced(before, resource) => {
                let mut found = calls(now, id, resource, None, Step::Create);
                found.extend(calls(Stack::new(previous, cell), id, before, None, Step::Delete));
                found
            }
            Some(before) => calls(now, id, resource, Some(&before.properties), Step::Update),
        },
    }
}

/// Tells whether CloudFormation makes another resource instead of changing this one.
fn is_replaced(before: &EvaluatedResource, after: &EvaluatedResource) -> bool {
    use stackfleet_catalog::{Replacement, catalog};
    if before.type_name != after.type_name {
        return true;
    }
    let Some(kind) = catalog().resource(&after.type_name) else { return false };
    let names = before.properties.keys().chain(after.properties.keys());
    names
        .filter(|name| before.properties.get(*name) != after.properties.get(*name))
        .any(|name| kind.replacement(&format!("/{name}")) == Replacement::Always)
}

fn calls(
    stack: Stack<'_>,
    id: &str,
    resource: &EvaluatedResource,
    before: Option<&Map<String, Value>>,
    step: Step,
) -> Vec<Requirement> {
    let kind = resource.type_name.as_str();
    let mut calls =
        Calls { stack, id, kind, properties: &resource.properties, before, step, found: Vec::new(), reason: None };
    types::add(&mut calls);
    generic::add(&mut calls);
    let mut found = calls.found;
    found.sort_by_key(|requirement| requirement.grade);
    found
}

/// Collects the calls for one resource.
pub(crate) struct Calls<'a> {
    pub(crate) stack: Stack<'a>,
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) properties: &'a Map<String, Value>,
    /// The properties that it has, where they are known.
    pub(crate) before: Option<&'a Map<String, Value>>,
    step: Step,
    found: Vec<Requirement>,
    /// The property that is the reason for what is added.
    reason: Option<String>,
}

impl Calls<'_> {
    /// Adds a call that is always made.
    pub(crate) fn need(&mut self, action: &str, arn: &str) -> &mut Requirement {
        self.add(Grade::Certain, action, arn)
    }

    /// Adds a call.
    pub(crate) fn add(&mut self, grade: Grade, action: &str, arn: &str) -> &mut Requirement {
        let verb = match self.step {
            Step::Create => "make",
            Step::Update => "change",
            Step::Delete => "delete",
        };
        let base = format!("/Resources/{}", self.id.replace('~', "~0").replace('/', "~1"));
        let (because, pointer) = match &self.reason {
            Some(name) => (format!("for `{name}` of {}", self.kind), format!("{base}/Properties/{name}")),
            None => (format!("to {verb} {}", self.kind), base),
        };
        let service = action.split(':').next().unwrap_or_default();
        self.found.push(Requirement {
            resource: self.id.to_owned(),
            action: action.to_owned(),
            arn: arn.to_owned(),
            grade,
            because,
            pointer,
            keys: self.stack.base_keys(service),
        });
        let last = self.found.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the last one was just added")]
        &mut self.found[last]
    }

    /// Returns a property, unless it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// Returns a property as text, `*` for what is not known.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| self.stack.text(value))
    }

    /// Returns the items of a list property; a single value counts as a list.
    pub(crate) fn items(&self, name: &str) -> Vec<&Value> {
        match self.get(name) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(single) => vec![single],
            None => Vec::new(),
        }
    }

    /// Does something on behalf of a property that is set.
    pub(crate) fn given(&mut self, name: &str, then: impl FnOnce(&mut Self)) {
        if self.get(name).is_some() {
            self.reason = Some(name.to_owned());
            then(self);
            self.reason = None;
        }
    }

    /// Adds a call of an update that is made when one of the properties changes; by property where that is not known.
    pub(crate) fn when_changed(&mut self, names: &[&str], action: &str, arn: &str) {
        let grade = match self.before {
            None if names.iter().any(|name| self.get(name).is_some()) => Grade::ByProperty,
            None => Grade::Possible,
            Some(before) if names.iter().any(|name| before.get(*name) != self.properties.get(*name)) => Grade::Certain,
            Some(_) => return,
        };
        self.add(grade, action, arn);
    }

    /// Returns the tags that the resource gets: of the stack, then its own, which win.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        let mut tags: Vec<(String, String)> = self.stack.cell.tags.clone();
        let mut put = |key: String, value: String| {
            tags.retain(|(known, _)| *known != key);
            tags.push((key, value));
        };
        match self.get("Tags") {
            Some(Value::Array(items)) => {
                for item in items {
                    if let (Some(key), Some(value)) = (item.get("Key"), item.get("Value")) {
                        put(self.stack.text(key), self.stack.text(value));
                    }
                }
            }
            Some(Value::Object(members)) => {
                members.iter().for_each(|(key, value)| put(key.clone(), self.stack.text(value)));
            }
            Some(_) | None => {}
        }
        tags
    }

    /// Adds the call that tags what is made, if there are tags, and gives both the keys of tags. `made` is the action
    /// that makes it, which carries the tags.
    pub(crate) fn tagged(&mut self, made: &str, action: &str, arn: &str) {
        let tags = self.tags();
        if tags.is_empty() {
            return;
        }
        self.add(Grade::Certain, action, arn).because = format!("to tag {}", self.kind);
        let is_tagged = |requirement: &&mut Requirement| requirement.action == made || requirement.action == action;
        for requirement in self.found.iter_mut().filter(is_tagged) {
            for (key, value) in &tags {
                requirement.keys.push((format!("aws:RequestTag/{key}"), vec![value.clone()]));
            }
            let names = tags.iter().map(|(key, _)| key.clone()).collect();
            requirement.keys.push(("aws:TagKeys".to_owned(), names));
        }
    }

    /// Adds the right to hand a role to a service.
    pub(crate) fn pass_role(&mut self, role: &str, service: &str) {
        self.need("iam:PassRole", role).key("iam:PassedToService", service);
    }

    /// Hands the role in a property to a service, where it is set and, in an update, changed.
    pub(crate) fn pass_role_in(&mut self, name: &str, service: &str) {
        let is_same = self.before.is_some_and(|before| before.get(name) == self.properties.get(name));
        let Some(role) = self.text(name).filter(|_| !is_same) else { return };
        let is_open = self.step == Step::Update && self.before.is_none();
        self.given(name, |calls| {
            let grade = if is_open { Grade::ByProperty } else { Grade::Certain };
            calls.add(grade, "iam:PassRole", &role).key("iam:PassedToService", service);
        });
    }
}

impl Requirement {
    /// Sets a context key.
    pub(crate) fn key(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.keys.push((name.to_owned(), vec![value.into()]));
        self
    }
}
