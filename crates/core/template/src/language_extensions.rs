//! `AWS::LanguageExtensions`: loops unrolled.
//!
//! Functions that name what `Ref` and `Fn::GetAtt` refer to are computed, too. The transform's other functions
//! (`Fn::Length`, `Fn::ToJsonString`, `Fn::FindInMap` with a default) are computed where they stand. Source: "AWS::LanguageExtensions transform" and "Fn::ForEach" of the template reference.

use serde_json::{Map, Value};

use crate::{
    Inputs, Lookup, Problem, Scope, Template,
    pointer::{Path, Step, to_pointer},
    problem::{FUNCTION, QUOTA, TRANSFORM},
    template::LANGUAGE_EXTENSIONS,
};

/// Most values that unrolling may make: more do not fit into the 1 MB that the resulting template may have.
const VALUES_MAX: usize = 250_000;
const LOOP: &str = "Fn::ForEach::";

/// Unrolls `Fn::ForEach` and takes the transform off the template's list. A template without the transform comes back as
/// it is. The result has no places.
///
/// The transform runs after custom macros and before `AWS::Serverless`.
///
/// # Errors
/// When a parameter that a loop needs has no value, or a loop has the wrong form or makes too much.
pub fn expand_language_extensions(
    template: &Template,
    inputs: &Inputs,
    lookup: &dyn Lookup,
) -> Result<Template, Vec<Problem>> {
    if !template.transforms().contains(&LANGUAGE_EXTENSIONS) {
        return Ok(template.clone());
    }
    let scope = Scope::with_parameters(template, inputs, lookup)?;
    let mut expander = Expander {
        template,
        scope: &scope,
        lookup,
        bindings: Vec::new(),
        path: Vec::new(),
        made: 0,
        problems: Vec::new(),
    };
    let mut sections = Map::new();
    for (name, section) in template.value().as_object().into_iter().flatten() {
        match name.as_str() {
            "Conditions" | "Resources" | "Outputs" => {
                let expanded = expander.below(Step::Key(name), |expander| expander.value(section));
                sections.insert(name.clone(), expanded);
            }
            "Transform" => {
                let rest = without_language_extensions(section);
                sections.extend(rest.map(|rest| (name.clone(), rest)));
            }
            _ => drop(sections.insert(name.clone(), section.clone())),
        }
    }
    if expander.problems.is_empty() { Ok(Template::new(Value::Object(sections))) } else { Err(expander.problems) }
}

fn without_language_extensions(transform: &Value) -> Option<Value> {
    let is_it = |entry: &Value| entry.as_str().or_else(|| entry.get("Name")?.as_str()) == Some(LANGUAGE_EXTENSIONS);
    let Some(entries) = transform.as_array() else { return Some(transform.clone()).filter(|one| !is_it(one)) };
    let rest: Vec<Value> = entries.iter().filter(|entry| !is_it(entry)).cloned().collect();
    (!rest.is_empty()).then_some(Value::Array(rest))
}

struct Expander<'template> {
    template: &'template Template,
    scope: &'template Scope,
    lookup: &'template dyn Lookup,
    /// Identifiers of the loops around, innermost last, and their values.
    bindings: Vec<(String, String)>,
    path: Path<'template>,
    made: usize,
    problems: Vec<Problem>,
}

impl<'template> Expander<'template> {
    fn below<T>(&mut self, step: Step<'template>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let made = work(self);
        self.path.pop();
        made
    }

    fn problem(&mut self, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::new(code, message, to_pointer(&self.path)));
    }

    fn value(&mut self, value: &'template Value) -> Value {
        self.made += 1;
        if self.made > VALUES_MAX {
            if self.made == VALUES_MAX + 1 {
                let message = format!("Fn::ForEach makes more than {VALUES_MAX} values");
                self.problem(QUOTA, message);
            }
            return Value::Null;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => {
                let item = |(index, item)| self.below(Step::Index(index), |expander| expander.value(item));
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            Value::Object(object) => match self.bound_reference(object) {
                Some(bound) => Value::String(bound),
                None => {
                    let mut expanded = self.object(object);
                    self.resolve_names(&mut expanded);
                    Value::Object(expanded)
                }
            },
        }
    }

    /// Computes functions that stand for the names in `Ref` and `Fn::GetAtt`.
    fn resolve_names(&mut self, object: &mut Map<String, Value>) {
        if object.len() != 1 {
            return;
        }
        let Some((key, argument)) = object.iter_mut().next() else { return };
        match (key.as_str(), argument) {
            ("Ref", name @ Value::Object(_)) => self.resolve_name(name),
            ("Fn::GetAtt", Value::Array(names)) => names.iter_mut().for_each(|name| self.resolve_name(name)),
            _ => {}
        }
    }

    fn resolve_name(&mut self, name: &mut Value) {
        if !name.is_object() {
            return;
        }
        match self.computed(name) {
            // What only deployment knows stays, and is refused where it is used.
            Some(computed) if computed.is_string() => *name = computed,
            Some(_) | None => {}
        }
    }

    /// Computes a value that stands here; a problem is recorded where that is not possible.
    fn computed(&mut self, value: &Value) -> Option<Value> {
        match self.scope.computed(self.template, value, self.lookup) {
            Ok(computed) => Some(computed),
            Err(found) => {
                let pointer = to_pointer(&self.path);
                self.problems.extend(found.into_iter().map(|problem| Problem { pointer: pointer.clone(), ..problem }));
                None
            }
        }
    }

    fn object(&mut self, object: &'template Map<String, Value>) -> Map<String, Value> {
        let mut expanded = Map::with_capacity(object.len());
        for (key, member) in object {
            if key.starts_with(LOOP) {
                self.below(Step::Key(key), |expander| expander.unroll(member, &mut expanded));
            } else {
                let value = self.below(Step::Key(key), |expander| expander.value(member));
                expanded.insert(self.text(key), value);
            }
        }
        expanded
    }

    fn unroll(&mut self, body: &'template Value, into: &mut Map<String, Value>) {
        let Some([Value::String(identifier), collection, Value::Object(fragment)]) = body.as_array().map(Vec::as_slice)
        else {
            let message = "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect";
            self.problem(FUNCTION, message);
            return;
        };
        let Some(items) = self.below(Step::Index(1), |expander| expander.collection(collection)) else { return };
        for item in items {
            self.bindings.push((identifier.clone(), item));
            into.extend(self.below(Step::Index(2), |expander| expander.object(fragment)));
            self.bindings.pop();
            if self.made > VALUES_MAX {
                return;
            }
        }
    }

    fn collection(&mut self, collection: &'template Value) -> Option<Vec<String>> {
        let collection = self.value(collection);
        let computed = self.computed(&collection)?;
        let items = computed.as_array().map(|items| {
            items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).or_else(|| number(item)))
                .collect::<Option<Vec<_>>>()
        });
        if let Some(Some(items)) = items {
            return Some(items);
        }
        let message = "Transform AWS::LanguageExtensions failed with: the collection of Fn::ForEach must be a list of \
                       strings that is known before deployment";
        self.problem(TRANSFORM, message);
        None
    }

    /// `{"Ref": "Identifier"}` stands for the item.
    fn bound_reference(&self, object: &Map<String, Value>) -> Option<String> {
        let name = object.get("Ref").filter(|_| object.len() == 1)?.as_str()?;
        self.bindings.iter().rev().find(|(identifier, _)| identifier == name).map(|(_, item)| item.clone())
    }

    /// Replaces `${Identifier}`, and `&{Identifier}` by the item without what a logical id cannot have.
    fn text(&mut self, text: &str) -> String {
        let mut replaced = text.to_owned();
        if !text.contains("{") {
            return replaced;
        }
        for (identifier, item) in self.bindings.iter().rev() {
            let bare: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
            replaced = replaced.replace(&format!("${{{identifier}}}"), item);
            replaced = replaced.replace(&format!("&{{{identifier}}}"), &bare);
        }
        // Long texts count as many values.
        self.made += replaced.len() / 256;
        replaced
    }
}

fn number(item: &Value) -> Option<String> {
    item.as_number().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Nothing, read_body};

    fn expand(text: &str) -> Result<String, String> {
        let inputs = Inputs {
            parameters: BTreeMap::new(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            stack_name: None,
            stack_id: None,
            notification_arns: Vec::new(),
        };
        let template = read_body(text).map_err(|problem| problem.message)?;
        expand_language_extensions(&template, &inputs, &Nothing).map(|template| template.value().to_string()).map_err(
            |problems| problems.into_iter().map(|found| format!("{} {}", found.pointer, found.message)).collect(),
        )
    }

    #[test]
    fn loops_are_unrolled() {
        let text = "
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}}
Resources:
  'Fn::ForEach::Topics':
    - Name
    - !Ref Names
    - 'Topic${Name}':
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Sub '${Name}-${AWS::Region}'
          DisplayName: !Ref Name
          'Fn::ForEach::Inner': [Key, [x.1], {'P&{Key}': '${Name}${Key}'}]
  Other: {Type: T}
";
        insta::assert_snapshot!(expand(text).unwrap(), @r#"{"Transform":["AWS::Serverless-2016-10-31"],"Parameters":{"Names":{"Type":"CommaDelimitedList","Default":"a,b"}},"Resources":{"Topica":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":{"Fn::Sub":"a-${AWS::Region}"},"DisplayName":"a","Px1":"ax.1"}},"Topicb":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":{"Fn::Sub":"b-${AWS::Region}"},"DisplayName":"b","Px1":"bx.1"}},"Other":{"Type":"T"}}}"#);
    }

    #[test]
    fn functions_may_name_what_is_referred_to() {
        let text = "
Transform: AWS::LanguageExtensions
Parameters: {Env: {Type: String, Default: Prod}, Policy: {Type: String, Default: Retain}}
Mappings: {Topics: {Prod: {Name: TopicProd}}}
Resources:
  TopicProd: {Type: T, DeletionPolicy: !Ref Policy}
  A:
    Type: T
    Properties:
      a: {Ref: {'Fn::Sub': 'Topic${Env}'}}
      b: {'Fn::GetAtt': [{'Fn::FindInMap': [Topics, {Ref: Env}, Name]}, {'Fn::Join': ['', [A, rn]]}]}
      c: {'Fn::FindInMap': [Topics, Dev, Name, {DefaultValue: {'Fn::Length': [1, 2]}}]}
Conditions:
  IsA: {'Fn::Equals': [{Ref: Env}, Prod]}
Outputs:
  ArnProd: {Value: {'Fn::GetAtt': [TopicProd, Arn]}, Condition: IsA}
";
        let inputs = Inputs {
            parameters: BTreeMap::new(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            stack_name: None,
            stack_id: None,
            notification_arns: Vec::new(),
        };
        let template = read_body(text).unwrap();
        let wrong: Vec<_> =
            crate::check(&template, text).into_iter().filter(stackfleet_base::Diagnostic::is_error).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        let evaluated = crate::evaluate(&template, &inputs, &Nothing).unwrap();
        let properties = Value::Object(evaluated.resources["A"].properties.clone());
        insta::assert_snapshot!(properties, @r#"{"a":{"Ref":"TopicProd"},"b":{"Fn::GetAtt":["TopicProd","Arn"]},"c":2}"#);
        assert_eq!(evaluated.resources["TopicProd"].deletion_policy.as_deref(), Some("Retain"));
        insta::assert_snapshot!(evaluated.outputs["ArnProd"].value, @r#"{"Fn::GetAtt":["TopicProd","Arn"]}"#);
    }

    #[test]
    fn loops_stand_in_conditions_and_outputs_too() {
        let text = "
Transform: AWS::LanguageExtensions
Resources: {TopicA: {Type: T}}
Conditions:
  'Fn::ForEach::Conditions': [Name, [A, B], {'Is${Name}': {'Fn::Equals': [{Ref: Name}, A]}}]
Outputs:
  'Fn::ForEach::Outputs': [Name, [A], {'Arn${Name}': {Value: {'Fn::GetAtt': ['Topic${Name}', Arn]}}}]
";
        insta::assert_snapshot!(expand(text).unwrap(), @r#"{"Resources":{"TopicA":{"Type":"T"}},"Conditions":{"IsA":{"Fn::Equals":["A","A"]},"IsB":{"Fn::Equals":["B","A"]}},"Outputs":{"ArnA":{"Value":{"Fn::GetAtt":["TopicA","Arn"]}}}}"#);
    }

    #[test]
    fn wrong_and_endless_loops_are_refused() {
        let looped = |resources: &str| expand(&format!("Transform: AWS::LanguageExtensions\nResources: {resources}"));
        assert!(looped("{'Fn::ForEach::A': [x, [1]]}").unwrap_err().contains("layout is incorrect"));
        assert!(looped("{'Fn::ForEach::A': [x, !GetAZs '', {}]}").unwrap_err().contains("known before deployment"));
        let mut body = "{'${a}': 1}".to_owned();
        let items = "[1,2,3,4,5,6,7,8,9,0]";
        for level in 0..9 {
            body = format!("{{'Fn::ForEach::L{level}': [a{level}, {items}, {body}]}}");
        }
        assert!(looped(&body).unwrap_err().contains("more than"));
    }
}
