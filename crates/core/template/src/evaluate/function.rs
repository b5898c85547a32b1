//! The functions that give values.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON will not get more kinds of value; functions are told apart in one place"
)]

use serde_json::{Map, Value};

use super::{
    cidr,
    condition::Truth,
    inputs::{Answer, Inputs, Lookup},
    scope::Scope,
    text::{base64, concatenate, is_residual, residual, scalar_text},
};
use crate::{
    Problem, Template,
    intrinsic::{Attribute, Call, Function, Piece, attribute, call, is_pseudo_parameter, pieces},
    pointer::{Path, Step, to_pointer},
    problem::{FUNCTION, TRANSFORM, UNRESOLVED, VALUE},
    template::LANGUAGE_EXTENSIONS,
};

/// Computes values of one part of a template. Problems are collected; the value is then not to be used.
pub(super) struct Evaluator<'value> {
    template: &'value Template,
    pub(super) scope: &'value Scope,
    lookup: &'value dyn Lookup,
    pub(super) path: Path<'value>,
    problems: Vec<Problem>,
}

impl<'value> Evaluator<'value> {
    pub(super) fn new(
        template: &'value Template,
        scope: &'value Scope,
        lookup: &'value dyn Lookup,
        path: Path<'value>,
    ) -> Self {
        Self { template, scope, lookup, path, problems: Vec::new() }
    }

    pub(super) fn refuse(&mut self, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::new(code, message, to_pointer(&self.path)));
    }

    /// Returns the value if there was no problem.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() { Ok(value) } else { Err(self.problems) }
    }

    /// Computes a member; `None` where it is `AWS::NoValue` or a problem was recorded.
    pub(super) fn member(&mut self, key: &'value str, value: &'value Value) -> Option<Value> {
        self.path.push(Step::Key(key));
        let computed = self.value(value);
        self.path.pop();
        computed
    }

    /// Computes an item; as [`Self::member`].
    pub(super) fn item(&mut self, index: usize, value: &'value Value) -> Option<Value> {
        self.path.push(Step::Index(index));
        let computed = self.value(value);
        self.path.pop();
        computed
    }

    fn value(&mut self, value: &'value Value) -> Option<Value> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
            Value::String(text) => self.with_dynamic_references(text),
            Value::Array(items) => Some(Value::Array(self.items(items))),
            Value::Object(object) => match call(value) {
                Some(Call::Known(Function::Condition, ..)) | None => {
                    let mut computed = Map::with_capacity(object.len());
                    for (key, member) in object {
                        if let Some(member) = self.member(key, member) {
                            computed.insert(key.clone(), member);
                        }
                    }
                    Some(Value::Object(computed))
                }
                Some(Call::Known(function, key, argument)) => {
                    self.path.push(Step::Key(key));
                    let computed = self.call(function, argument);
                    self.path.pop();
                    computed
                }
                Some(Call::Unknown(name)) => {
                    let message = format!(
                        "Template error: Encountered unsupported function: {name} Supported functions are: [{SUPPORTED}]"
                    );
                    let problem = Problem::new(FUNCTION, message, to_pointer(&self.path) + "/" + name);
                    self.problems.push(problem.suggesting(name, SUPPORTED.split(", ")));
                    None
                }
            },
        }
    }

    fn items(&mut self, items: &'value [Value]) -> Vec<Value> {
        items.iter().enumerate().filter_map(|(index, item)| self.item(index, item)).collect()
    }

    fn call(&mut self, function: Function, argument: &'value Value) -> Option<Value> {
        match function {
            Function::Ref => self.reference(argument),
            Function::GetAtt => self.get_attribute(argument),
            Function::Sub => self.substitute(argument),
            Function::Join => self.join(argument),
            Function::If => self.choose(argument),
            Function::FindInMap => self.find_in_map(argument),
            Function::Select => self.select(argument),
            Function::Split => self.split(argument),
            Function::Base64 => self.base64(argument),
            Function::Cidr => self.cidr(argument),
            Function::GetAzs => self.zones(argument),
            Function::ImportValue => self.import(argument),
            Function::GetStackOutput => self.stack_output(argument),
            Function::Length => self.length(argument),
            Function::ToJsonString => self.json_string(argument),
            Function::And | Function::Or | Function::Not | Function::Equals => {
                // Condition functions are computed where their value is asked for (with language extensions).
                match self.truth_of_call(function, argument) {
                    Truth::Yes => Some(Value::Bool(true)),
                    Truth::No => Some(Value::Bool(false)),
                    Truth::Unknown => None,
                }
            }
            Function::Transform => {
                self.refuse(TRANSFORM, "Fn::Transform must be expanded before the template is evaluated");
                None
            }
            Function::Condition
            | Function::Contains
            | Function::EachMemberEquals
            | Function::EachMemberIn
            | Function::RefAll
            | Function::ValueOf
            | Function::ValueOfAll => self.rule_function(argument),
        }
    }

    /// Functions that only rules have: their facts are those of the account.
    fn rule_function(&mut self, argument: &'value Value) -> Option<Value> {
        let in_rules = matches!(self.path.first(), Some(Step::Key("Rules")));
        if !in_rules {
            self.refuse(FUNCTION, "Template error: this function is allowed in the Rules section only");
        }
        Some(argument.clone()).filter(|_| !in_rules)
    }

    fn reference(&mut self, argument: &'value Value) -> Option<Value> {
        match argument {
            Value::String(name) => self.name(name),
            Value::Object(_) if self.names_are_computed() => match self.value(argument)? {
                Value::String(name) => self.name(&name),
                unknown => Some(residual("Ref", unknown)),
            },
            _ => {
                self.refuse(FUNCTION, "Template format error: All Ref objects must have a single String key.");
                None
            }
        }
    }

    /// Tells whether `Ref` and `Fn::GetAtt` take functions: with language extensions.
    fn names_are_computed(&self) -> bool {
        self.template.transforms().contains(&LANGUAGE_EXTENSIONS)
    }

    /// What a name stands for: pseudo parameter, parameter or resource.
    fn name(&mut self, name: &str) -> Option<Value> {
        if name == "AWS::NoValue" {
            return None;
        }
        if is_pseudo_parameter(name) {
            let known = self.scope.inputs.as_ref().and_then(|inputs| pseudo_parameter(inputs, name));
            return Some(known.unwrap_or_else(|| residual("Ref", Value::from(name))));
        }
        if let Some(parameter) = self.scope.parameters.get(name) {
            return Some(parameter.value.clone());
        }
        let answer = self.lookup.reference(name);
        self.answered(answer, || residual("Ref", Value::from(name)))
    }

    fn answered(&mut self, answer: Answer, otherwise: impl FnOnce() -> Value) -> Option<Value> {
        match answer {
            Answer::Known(value) => Some(value),
            Answer::Unknown => Some(otherwise()),
            Answer::Refused(message) => {
                self.refuse(VALUE, message);
                None
            }
        }
    }

    fn get_attribute(&mut self, argument: &'value Value) -> Option<Value> {
        match attribute(argument) {
            Some(Attribute::Text(resource, attribute)) => self.attribute(resource, attribute),
            Some(Attribute::Computed(resource, computed)) => match self.item(1, computed)? {
                Value::String(attribute) => self.attribute(resource, &attribute),
                unknown => Some(residual("Fn::GetAtt", Value::Array(vec![Value::from(resource), unknown]))),
            },
            None if self.names_are_computed() && argument.as_array().is_some_and(|names| names.len() == 2) => {
                let names = self.items(argument.as_array().map(Vec::as_slice).unwrap_or_default());
                Some(residual("Fn::GetAtt", Value::Array(names)))
            }
            None => {
                let message = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource \
                               name and the resource attribute";
                self.refuse(FUNCTION, message);
                None
            }
        }
    }

    fn attribute(&mut self, resource: &str, attribute: &str) -> Option<Value> {
        let answer = self.lookup.attribute(resource, attribute);
        self.answered(answer, || residual("Fn::GetAtt", Value::from(vec![resource, attribute])))
    }

    fn substitute(&mut self, argument: &'value Value) -> Option<Value> {
        let (text, variables) = match argument {
            Value::String(text) => (text, None),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text), Value::Object(variables)] => (text, Some(variables)),
                _ => return self.refuse_sub(),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return self.refuse_sub(),
        };
        let mut parts = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => parts.push(Value::from(text)),
                Piece::Variable(name) => parts.push(self.variable(name, variables)?),
            }
        }
        self.text_of(parts)
    }

    fn refuse_sub(&mut self) -> Option<Value> {
        let message = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify \
                       a string as first argument, and an optional second argument to specify a mapping of values to \
                       replace in the string";
        self.refuse(FUNCTION, message);
        None
    }

    fn variable(&mut self, name: &'value str, variables: Option<&'value Map<String, Value>>) -> Option<Value> {
        let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
        if name.is_empty() || !name.bytes().all(well_formed) {
            let message = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, \
                           underscores, periods, and colons";
            self.refuse(FUNCTION, message);
            return None;
        }
        let value = match (variables.and_then(|variables| variables.get_key_value(name)), name.split_once('.')) {
            (Some((key, value)), _) => {
                self.path.push(Step::Index(1));
                let value = self.member(key, value);
                self.path.pop();
                value?
            }
            (None, Some((resource, attribute))) => self.attribute(resource, attribute)?,
            (None, None) => self.name(name)?,
        };
        if scalar_text(&value).is_none() && !is_residual(&value) {
            let message = format!("Template error: variable {name} in Fn::Sub expression does not resolve to a string");
            self.refuse(VALUE, message);
            return None;
        }
        Some(value)
    }

    /// Puts scalars and unknown calls together.
    fn text_of(&mut self, parts: Vec<Value>) -> Option<Value> {
        let texts = parts.into_iter().map(|part| scalar_text(&part).map_or(part, Value::String)).collect();
        match concatenate(texts) {
            Value::String(text) => self.with_dynamic_references(&text),
            unknown => Some(unknown),
        }
    }

    fn join(&mut self, argument: &'value Value) -> Option<Value> {
        let Some([Value::String(delimiter), list]) = argument.as_array().map(Vec::as_slice) else {
            return self.refuse_join();
        };
        match self.item(1, list)? {
            Value::Array(items) => {
                if items.iter().any(|item| scalar_text(item).is_none() && !is_residual(item)) {
                    return self.refuse_join();
                }
                let mut parts = Vec::with_capacity(items.len() * 2);
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        parts.push(Value::from(delimiter.as_str()));
                    }
                    parts.push(item);
                }
                self.text_of(parts)
            }
            unknown if is_residual(&unknown) => {
                Some(residual("Fn::Join", Value::Array(vec![Value::from(delimiter.as_str()), unknown])))
            }
            _ => self.refuse_join(),
        }
    }

    fn refuse_join(&mut self) -> Option<Value> {
        let message = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a \
                       list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) \
                       to be joined.";
        self.refuse(FUNCTION, message);
        None
    }

    fn choose(&mut self, argument: &'value Value) -> Option<Value> {
        let Some([Value::String(condition), yes, no]) = argument.as_array().map(Vec::as_slice) else {
            self.refuse(FUNCTION, "Template error: Fn::If requires a list argument with three elements");
            return None;
        };
        match self.scope.conditions.get(condition) {
            Some(true) => self.item(1, yes),
            Some(false) => self.item(2, no),
            None if self.scope.inputs.is_none() => {
                let nothing = || residual("Ref", Value::from("AWS::NoValue"));
                let yes = self.item(1, yes).unwrap_or_else(nothing);
                let no = self.item(2, no).unwrap_or_else(nothing);
                Some(residual("Fn::If", Value::Array(vec![Value::from(condition.as_str()), yes, no])))
            }
            None => {
                let message = format!("Template error: unresolved condition dependency {condition} in Fn::If");
                self.refuse(UNRESOLVED, message);
                None
            }
        }
    }

    fn find_in_map(&mut self, argument: &'value Value) -> Option<Value> {
        let (keys, default) = match argument.as_array().map(Vec::as_slice) {
            Some(keys @ [_, _, _]) => (keys, None),
            Some([keys @ .., Value::Object(extra)]) if keys.len() == 3 => (keys, extra.get("DefaultValue")),
            _ => {
                let message = "Template error: every Fn::FindInMap object requires three parameters, the map name, map \
                               key and the attribute for return value";
                self.refuse(FUNCTION, message);
                return None;
            }
        };
        let mut computed = Vec::with_capacity(3);
        for (index, key) in keys.iter().enumerate() {
            computed.push(self.item(index, key)?);
        }
        if computed.iter().any(is_residual) {
            return Some(residual("Fn::FindInMap", Value::Array(computed)));
        }
        let names: Vec<String> = computed.iter().filter_map(scalar_text).collect();
        let mut found = self.template.value().get("Mappings");
        for name in &names {
            found = found.and_then(|map| map.get(name));
        }
        match (found.filter(|_| names.len() == 3), default) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => {
                self.path.extend([Step::Index(3), Step::Key("DefaultValue")]);
                let value = self.value(default);
                self.path.truncate(self.path.len() - 2);
                value
            }
            // A mapping that is not there was told when the template was read.
            (None, None) if self.scope.inputs.is_none() && !self.has_mapping(names.first()) => None,
            (None, None) => {
                self.refuse(VALUE, format!("Template error: Unable to get mapping for {}", names.join("::")));
                None
            }
        }
    }

    fn has_mapping(&self, name: Option<&String>) -> bool {
        let mappings = self.template.value().get("Mappings");
        name.is_some_and(|name| mappings.and_then(|mappings| mappings.get(name)).is_some())
    }

    fn select(&mut self, argument: &'value Value) -> Option<Value> {
        const MESSAGE: &str =
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
        let Some([index, list]) = argument.as_array().map(Vec::as_slice) else {
            self.refuse(FUNCTION, MESSAGE);
            return None;
        };
        let (index, list) = (self.item(0, index)?, self.item(1, list)?);
        if is_residual(&index) || is_residual(&list) {
            return Some(residual("Fn::Select", Value::Array(vec![index, list])));
        }
        match (scalar_text(&index).and_then(|index| index.trim().parse::<usize>().ok()), list) {
            (Some(index), Value::Array(items)) => {
                let selected = items.into_iter().nth(index);
                if selected.is_none() {
                    let message =
                        format!("Template error: Fn::Select cannot select nonexistent value at index {index}");
                    self.refuse(VALUE, message);
                }
                selected
            }
            _ => {
                self.refuse(FUNCTION, MESSAGE);
                None
            }
        }
    }

    fn split(&mut self, argument: &'value Value) -> Option<Value> {
        if let Some([Value::String(delimiter), text]) = argument.as_array().map(Vec::as_slice)
            && !delimiter.is_empty()
        {
            match self.item(1, text)? {
                Value::String(text) => return Some(text.split(delimiter.as_str()).map(Value::from).collect()),
                unknown if is_residual(&unknown) => {
                    return Some(residual("Fn::Split", Value::Array(vec![Value::from(delimiter.as_str()), unknown])));
                }
                _ => {}
            }
        }
        let message = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a \
                       string to be split or a function that returns a string to be split.";
        self.refuse(FUNCTION, message);
        None
    }

    fn base64(&mut self, argument: &'value Value) -> Option<Value> {
        let value = self.value(argument)?;
        match scalar_text(&value) {
            Some(text) => Some(Value::String(base64(&text))),
            None if is_residual(&value) => Some(residual("Fn::Base64", value)),
            None => {
                self.refuse(FUNCTION, "Template error: every Fn::Base64 object must have a String-typed value.");
                None
            }
        }
    }

    fn cidr(&mut self, argument: &'value Value) -> Option<Value> {
        let items = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        if !(2..=3).contains(&items.len()) {
            let message = "Template error: every Fn::Cidr object requires two required parameters, (1) an IP address \
                           block and (2) a count, and an optional third, the subnet bits";
            self.refuse(FUNCTION, message);
            return None;
        }
        let mut computed = Vec::with_capacity(3);
        for (index, item) in items.iter().enumerate() {
            computed.push(self.item(index, item)?);
        }
        let texts: Vec<String> = computed.iter().filter_map(scalar_text).collect();
        let [block, count, bits] = texts.as_slice() else {
            // Unknown parts, or the number of bits left to AWS, whose choice is not documented.
            return Some(residual("Fn::Cidr", Value::Array(computed)));
        };
        let blocks = match (count.parse(), bits.parse()) {
            (Ok(count), Ok(bits)) => cidr::subnets(block, count, bits),
            _ => Err("count and bits must be numbers".to_owned()),
        };
        match blocks {
            Ok(blocks) => Some(Value::from(blocks)),
            Err(reason) => {
                self.refuse(VALUE, format!("Template error: Fn::Cidr cannot be computed: {reason}"));
                None
            }
        }
    }

    fn zones(&mut self, argument: &'value Value) -> Option<Value> {
        match self.value(argument)? {
            Value::String(region) => {
                let own = self.scope.inputs.as_ref().map(|inputs| inputs.region.as_str().to_owned());
                let region = own.filter(|_| region.is_empty()).unwrap_or(region);
                let answer = self.lookup.availability_zones(&region);
                self.answered(answer, || residual("Fn::GetAZs", Value::from(region.as_str())))
            }
            unknown => Some(residual("Fn::GetAZs", unknown)),
        }
    }

    fn import(&mut self, argument: &'value Value) -> Option<Value> {
        match self.value(argument)? {
            Value::String(name) => {
                let answer = self.lookup.export(&name);
                self.answered(answer, || residual("Fn::ImportValue", Value::from(name.as_str())))
            }
            // What the stack's own name or parameters in SSM decide is known at deployment.
            unknown if is_residual(&unknown) => Some(residual("Fn::ImportValue", unknown)),
            _ => {
                let message = "Template error: the attribute in Fn::ImportValue must be a string or a function that \
                               returns a string";
                self.refuse(FUNCTION, message);
                None
            }
        }
    }

    /// Source: "Fn::GetStackOutput" of the template reference.
    fn stack_output(&mut self, argument: &'value Value) -> Option<Value> {
        const MEMBERS: [&str; 4] = ["StackName", "OutputName", "Region", "RoleArn"];
        let members = argument.as_object().filter(|members| {
            let required = ["StackName", "OutputName"].iter().all(|name| members.contains_key(*name));
            required && members.keys().all(|name| MEMBERS.contains(&name.as_str()))
        });
        let Some(members) = members else {
            let message = "Template error: every Fn::GetStackOutput object requires StackName and OutputName, and may \
                           have Region and RoleArn";
            self.refuse(FUNCTION, message);
            return None;
        };
        let mut computed = Map::new();
        for (name, member) in members {
            computed.extend(self.member(name, member).map(|member| (name.clone(), member)));
        }
        let text = |name: &str| computed.get(name).and_then(Value::as_str);
        let known = computed.values().all(Value::is_string);
        let answer = match (text("StackName"), text("OutputName")) {
            (Some(stack), Some(output)) if known => self.lookup.stack_output(stack, output, text("Region")),
            _ => Answer::Unknown,
        };
        self.answered(answer, || residual("Fn::GetStackOutput", Value::Object(computed)))
    }

    fn length(&mut self, argument: &'value Value) -> Option<Value> {
        match self.value(argument)? {
            Value::Array(items) => Some(Value::from(items.len())),
            unknown if is_residual(&unknown) => Some(residual("Fn::Length", unknown)),
            _ => {
                self.refuse(FUNCTION, "Template error: Fn::Length requires a list");
                None
            }
        }
    }

    fn json_string(&mut self, argument: &'value Value) -> Option<Value> {
        let value = self.value(argument)?;
        Some(if super::is_known(&value) {
            Value::String(value.to_string())
        } else {
            residual("Fn::ToJsonString", value)
        })
    }

    /// Replaces `{{resolve:...}}` as far as the lookup knows; the rest stays, as CloudFormation stores it.
    fn with_dynamic_references(&mut self, text: &str) -> Option<Value> {
        if !text.contains("{{resolve:") {
            return Some(Value::from(text));
        }
        let mut replaced = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{resolve:") {
            replaced.push_str(before);
            let Some((inner, behind)) = after.split_once("}}") else {
                rest = rest.get(before.len()..).unwrap_or_default();
                break;
            };
            let reference = format!("resolve:{inner}");
            let answer = self.lookup.dynamic_reference(&reference);
            let value = self.answered(answer, || Value::String(format!("{{{{{reference}}}}}")))?;
            replaced.push_str(&scalar_text(&value).unwrap_or_default());
            rest = behind;
        }
        replaced.push_str(rest);
        Some(Value::String(replaced))
    }
}

/// Returns the value of a pseudo parameter, where the stack has one.
fn pseudo_parameter(inputs: &Inputs, name: &str) -> Option<Value> {
    let partition = inputs.region.partition();
    Some(match name {
        "AWS::AccountId" => Value::from(inputs.account.as_str()),
        "AWS::Region" => Value::from(inputs.region.as_str()),
        "AWS::Partition" => Value::from(partition.as_str()),
        "AWS::URLSuffix" => Value::from(partition.url_suffix()),
        "AWS::StackName" => Value::from(inputs.stack_name.as_deref()?),
        "AWS::StackId" => Value::from(inputs.stack_id.as_deref()?),
        "AWS::NotificationARNs" => Value::from(inputs.notification_arns.as_slice()),
        _ => return None,
    })
}

const SUPPORTED: &str = "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, \
                         Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, \
                         Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr";
