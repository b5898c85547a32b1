//! Conditions and rules.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON will not get more kinds of value; functions are told apart in one place"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    function::Evaluator,
    inputs::Lookup,
    scope::Scope,
    text::{is_residual, scalar_text},
};
use crate::{
    Problem, Template,
    intrinsic::{Call, Function, Reference, call, references},
    pointer::{Step, to_pointer},
    problem::{CYCLE, FUNCTION, RULE, VALUE},
};

/// Decides every condition of the template into the scope.
pub(super) fn decide(template: &Template, scope: &mut Scope, lookup: &dyn Lookup) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut deciding = Vec::new();
    for (name, _) in template.section("Conditions") {
        decide_one(template, scope, lookup, name, &mut deciding, &mut problems);
    }
    // Answers list conditions in the order of the template.
    let order: Vec<&str> = template.section("Conditions").map(|(name, _)| name).collect();
    scope.conditions.sort_by_cached_key(|name, _| order.iter().position(|known| known == name));
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn decide_one<'template>(
    template: &'template Template,
    scope: &mut Scope,
    lookup: &dyn Lookup,
    name: &'template str,
    deciding: &mut Vec<&'template str>,
    problems: &mut Vec<Problem>,
) {
    let Some(body) = template.value().get("Conditions").and_then(|section| section.get(name)) else { return };
    if scope.conditions.contains_key(name) {
        return;
    }
    let pointer = || to_pointer(&[Step::Key("Conditions"), Step::Key(name)]);
    if deciding.contains(&name) {
        let message = format!("Circular dependency between conditions: [{}]", deciding.join(", "));
        problems.push(Problem::new(CYCLE, message, pointer()));
        return;
    }
    deciding.push(name);
    let mut needed = BTreeSet::new();
    references(body, &mut Vec::new(), &|_| None, &mut |reference, _| {
        if let Reference::Condition(other) = reference {
            needed.insert(other);
        }
    });
    for other in needed {
        decide_one(template, scope, lookup, other, deciding, problems);
    }
    deciding.pop();
    let mut evaluator = Evaluator::new(template, scope, lookup, vec![Step::Key("Conditions"), Step::Key(name)]);
    let decided = evaluator.truth(body);
    match evaluator.finish(decided) {
        Ok(Truth::Yes) => drop(scope.conditions.insert(name.to_owned(), true)),
        Ok(Truth::No) => drop(scope.conditions.insert(name.to_owned(), false)),
        Ok(Truth::Unknown) => {
            let message = format!("the condition {name} depends on a value that is known only at deployment");
            problems.push(Problem::new(VALUE, message, pointer()));
        }
        Err(found) => problems.extend(found),
    }
}

/// Applies the rules: a rule whose condition holds must have all its assertions hold. What depends on facts of the
/// account that nobody knows is not judged.
pub(super) fn apply_rules(template: &Template, scope: &Scope, lookup: &dyn Lookup) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for (name, rule) in template.section("Rules") {
        let start = vec![Step::Key("Rules"), Step::Key(name)];
        let mut evaluator = Evaluator::new(template, scope, lookup, start);
        let applies = rule.get("RuleCondition").map_or(Truth::Yes, |condition| evaluator.truth(condition));
        let assertions = rule.get("Assertions").and_then(Value::as_array);
        for (index, assertion) in assertions.into_iter().flatten().enumerate().filter(|_| applies == Truth::Yes) {
            let holds = assertion.get("Assert").map_or(Truth::Unknown, |assert| evaluator.truth(assert));
            if holds == Truth::No {
                let said = assertion.get("AssertDescription").and_then(Value::as_str).unwrap_or(name);
                let place = [Step::Key("Rules"), Step::Key(name), Step::Key("Assertions"), Step::Index(index)];
                let message = format!("Template validation error: Template error: {said}");
                problems.push(Problem::new(RULE, message, to_pointer(&place)));
            }
        }
        if let Err(found) = evaluator.finish(()) {
            problems.extend(found);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl<'value> Evaluator<'value> {
    /// Decides a condition function. Problems are recorded, and the answer is then unknown.
    pub(super) fn truth(&mut self, value: &'value Value) -> Truth {
        let Some(Call::Known(function, key, argument)) = call(value) else {
            return self.literal_truth(value);
        };
        self.path.push(Step::Key(key));
        let truth = self.truth_of_call(function, argument);
        self.path.pop();
        truth
    }

    fn literal_truth(&mut self, value: &Value) -> Truth {
        match value {
            Value::Bool(value) => Truth::of(*value),
            Value::String(text) if text == "true" => Truth::Yes,
            Value::String(text) if text == "false" => Truth::No,
            _ => {
                self.refuse(FUNCTION, "Template format error: Every Condition member must be a condition function.");
                Truth::Unknown
            }
        }
    }

    pub(super) fn truth_of_call(&mut self, function: Function, argument: &'value Value) -> Truth {
        let items = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match function {
            Function::And | Function::Or if !(2..=10).contains(&items.len()) => {
                let name = if function == Function::And { "Fn::And" } else { "Fn::Or" };
                let message = format!(
                    "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
                );
                self.refuse(FUNCTION, message);
                Truth::Unknown
            }
            Function::And => self.fold(items, Truth::No),
            Function::Or => self.fold(items, Truth::Yes),
            Function::Not => match items {
                [one] => {
                    self.path.push(Step::Index(0));
                    let truth = self.truth(one);
                    self.path.pop();
                    truth.not()
                }
                _ => {
                    self.refuse(FUNCTION, "Template error: every Fn::Not object requires one boolean parameter.");
                    Truth::Unknown
                }
            },
            Function::Equals => self.equals(items),
            Function::Condition => self.named_condition(argument),
            Function::Contains => self.contains(items),
            Function::EachMemberEquals => self.each_member(items, true),
            Function::EachMemberIn => self.each_member(items, false),
            _ => {
                let message =
                    "Template error: a condition must be one of Fn::And, Fn::Equals, Fn::Not, Fn::Or and Condition";
                self.refuse(FUNCTION, message);
                Truth::Unknown
            }
        }
    }

    /// `Fn::And` ends at the first `No`, `Fn::Or` at the first `Yes`.
    fn fold(&mut self, items: &'value [Value], decisive: Truth) -> Truth {
        let mut all = decisive.not();
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Index(index));
            let truth = self.truth(item);
            self.path.pop();
            if truth == decisive {
                return decisive;
            }
            if truth == Truth::Unknown {
                all = Truth::Unknown;
            }
        }
        all
    }

    fn equals(&mut self, items: &'value [Value]) -> Truth {
        let [left, right] = items else {
            self.refuse(FUNCTION, "Template error: every Fn::Equals object requires a list of 2 string parameters.");
            return Truth::Unknown;
        };
        match (self.item(0, left), self.item(1, right)) {
            (Some(left), Some(right)) if is_residual(&left) || is_residual(&right) => Truth::Unknown,
            (Some(left), Some(right)) => Truth::of(same(&left, &right)),
            _ => Truth::Unknown,
        }
    }

    fn named_condition(&mut self, argument: &Value) -> Truth {
        let name = argument.as_str().unwrap_or_default();
        match self.scope.conditions.get(name) {
            Some(holds) => Truth::of(*holds),
            // An undefined name was found when the template was read; an undecided one has its own problem.
            None => Truth::Unknown,
        }
    }

    fn contains(&mut self, items: &'value [Value]) -> Truth {
        let [list, wanted] = items else {
            self.refuse(FUNCTION, "Template error: every Fn::Contains object requires a list of strings and a string.");
            return Truth::Unknown;
        };
        match (self.list_item(0, list), self.item(1, wanted)) {
            (Some(list), Some(wanted)) if !is_residual(&wanted) => {
                Truth::of(list.iter().any(|item| same(item, &wanted)))
            }
            _ => Truth::Unknown,
        }
    }

    /// Whether each of a list equals a text, or is in another list.
    fn each_member(&mut self, items: &'value [Value], equals: bool) -> Truth {
        let [list, wanted] = items else {
            self.refuse(FUNCTION, "Template error: Fn::EachMemberEquals and Fn::EachMemberIn require two parameters.");
            return Truth::Unknown;
        };
        let list = self.list_item(0, list);
        let wanted = if equals { self.item(1, wanted).map(|one| vec![one]) } else { self.list_item(1, wanted) };
        match (list, wanted) {
            (Some(list), Some(wanted)) if !wanted.iter().any(is_residual) => {
                Truth::of(list.iter().all(|item| wanted.iter().any(|one| same(item, one))))
            }
            _ => Truth::Unknown,
        }
    }

    fn list_item(&mut self, index: usize, value: &'value Value) -> Option<Vec<Value>> {
        match self.item(index, value)? {
            Value::Array(items) if !items.iter().any(is_residual) => Some(items),
            _ => None,
        }
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (scalar_text(left), scalar_text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
