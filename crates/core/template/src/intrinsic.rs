//! The functions of the template language: recognised in a value, and what they refer to.

use serde_json::{Map, Value};

use crate::pointer::{Path, Step};

/// A function of the template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    And,
    Base64,
    Cidr,
    Condition,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    Equals,
    FindInMap,
    GetAtt,
    GetAzs,
    GetStackOutput,
    If,
    ImportValue,
    Join,
    Length,
    Not,
    Or,
    Ref,
    RefAll,
    Select,
    Split,
    Sub,
    ToJsonString,
    Transform,
    ValueOf,
    ValueOfAll,
}

/// What an object is to the template language.
pub(crate) enum Call<'value> {
    /// A function with its argument; the key as written.
    Known(Function, &'value str, &'value Value),
    /// A key that begins with `Fn::` and names no function.
    Unknown(&'value str),
}

/// Recognises a function call: an object whose only key names a function.
///
/// `{"Condition": "Name"}` counts only with text: an IAM statement may consist of a `Condition` object.
pub(crate) fn call(value: &Value) -> Option<Call<'_>> {
    call_object(value.as_object()?)
}

/// Recognises a function call in an object; see [`call`].
pub(crate) fn call_object(object: &Map<String, Value>) -> Option<Call<'_>> {
    let (key, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    let function = match &**key {
        "Ref" => Function::Ref,
        "Condition" if argument.is_string() => Function::Condition,
        _ => match named(key.strip_prefix("Fn::")?) {
            Some(function) => function,
            None if key.starts_with("Fn::ForEach::") => return None,
            None => return Some(Call::Unknown(key)),
        },
    };
    Some(Call::Known(function, key, argument))
}

fn named(name: &str) -> Option<Function> {
    Some(match name {
        "And" => Function::And,
        "Base64" => Function::Base64,
        "Cidr" => Function::Cidr,
        "Contains" => Function::Contains,
        "EachMemberEquals" => Function::EachMemberEquals,
        "EachMemberIn" => Function::EachMemberIn,
        "Equals" => Function::Equals,
        "FindInMap" => Function::FindInMap,
        "GetAtt" => Function::GetAtt,
        "GetAZs" => Function::GetAzs,
        "GetStackOutput" => Function::GetStackOutput,
        "If" => Function::If,
        "ImportValue" => Function::ImportValue,
        "Join" => Function::Join,
        "Length" => Function::Length,
        "Not" => Function::Not,
        "Or" => Function::Or,
        "RefAll" => Function::RefAll,
        "Select" => Function::Select,
        "Split" => Function::Split,
        "Sub" => Function::Sub,
        "ToJsonString" => Function::ToJsonString,
        "Transform" => Function::Transform,
        "ValueOf" => Function::ValueOf,
        "ValueOfAll" => Function::ValueOfAll,
        _ => return None,
    })
}

/// A piece of an `Fn::Sub` text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'text> {
    /// Text to keep.
    Text(&'text str),
    /// `${name}`.
    Variable(&'text str),
}

/// Splits an `Fn::Sub` text; `${!name}` stands for the text `${name}`. An unclosed `${` is text.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text, kept: None }
}

/// The pieces of an `Fn::Sub` text, in order.
pub(crate) struct Pieces<'text> {
    rest: &'text str,
    /// What follows the `${` of a `${!name}`: the name with its brace.
    kept: Option<&'text str>,
}

impl<'text> Iterator for Pieces<'text> {
    type Item = Piece<'text>;

    fn next(&mut self) -> Option<Piece<'text>> {
        if let Some(kept) = self.kept.take() {
            return Some(Piece::Text(kept));
        }
        let opened = opening(self.rest).and_then(|at| {
            let (before, after) = self.rest.split_at_checked(at)?;
            let inner = after.strip_prefix("${")?;
            Some((before, inner, inner.find('}')?))
        });
        let Some((before, inner, close)) = opened else {
            let rest = std::mem::take(&mut self.rest);
            return Some(Piece::Text(rest)).filter(|_| !rest.is_empty());
        };
        if !before.is_empty() {
            self.rest = self.rest.strip_prefix(before).unwrap_or_default();
            return Some(Piece::Text(before));
        }
        let name = inner.get(..close)?;
        self.rest = inner.get(close + 1..)?;
        if name.starts_with('!') {
            self.kept = inner.get(1..close + 1);
            return Some(Piece::Text("${"));
        }
        Some(Piece::Variable(name.trim()))
    }
}

/// Finds the first `${`.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().zip(bytes.iter().skip(1)).position(|pair| pair == (&b'$', &b'{'))
}

/// What the argument of `Fn::GetAtt` names: a resource, and an attribute that may be a function call.
pub(crate) enum Attribute<'value> {
    /// Both are text.
    Text(&'value str, &'value str),
    /// The attribute must be evaluated first.
    Computed(&'value str, &'value Value),
}

/// Reads the argument of `Fn::GetAtt`: a pair, or text with a point.
pub(crate) fn attribute(argument: &Value) -> Option<Attribute<'_>> {
    if let Some(text) = argument.as_str() {
        let (resource, attribute) = text.split_once('.')?;
        return Some(Attribute::Text(resource, attribute)).filter(|_| !resource.is_empty() && !attribute.is_empty());
    }
    match argument.as_array().map(Vec::as_slice)? {
        [Value::String(resource), Value::String(attribute)] if !resource.is_empty() && !attribute.is_empty() => {
            Some(Attribute::Text(resource, attribute))
        }
        [Value::String(resource), computed @ Value::Object(_)] if !resource.is_empty() => {
            Some(Attribute::Computed(resource, computed))
        }
        _ => None,
    }
}

/// Something that a value refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference<'value> {
    /// A parameter, pseudo parameter or resource.
    Name(&'value str),
    /// An attribute of a resource; `None` where it is computed.
    Attribute(&'value str, Option<&'value str>),
    /// A condition.
    Condition(&'value str),
    /// A mapping.
    Mapping(&'value str),
}

/// Calls `found` for everything a value refers to, in the order of the value.
///
/// `choose` says, where it can, which branch of an `Fn::If` holds; only that branch is then looked at.
pub(crate) fn references<'value>(
    value: &'value Value,
    path: &mut Path<'value>,
    choose: &dyn Fn(&str) -> Option<bool>,
    found: &mut dyn FnMut(Reference<'value>, &[Step<'value>]),
) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                references(item, path, choose, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            if let Some(Call::Known(function, key, argument)) = call(value) {
                path.push(Step::Key(key));
                of_call(function, argument, path, choose, found);
                path.pop();
                return;
            }
            for (key, member) in object {
                path.push(Step::Key(key));
                references(member, path, choose, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_call<'value>(
    function: Function,
    argument: &'value Value,
    path: &mut Path<'value>,
    choose: &dyn Fn(&str) -> Option<bool>,
    found: &mut dyn FnMut(Reference<'value>, &[Step<'value>]),
) {
    match (function, argument) {
        (Function::Ref, Value::String(name)) => found(Reference::Name(name), path),
        (Function::Condition, Value::String(name)) => found(Reference::Condition(name), path),
        (Function::GetAtt, _) => match attribute(argument) {
            Some(Attribute::Text(resource, attribute)) => found(Reference::Attribute(resource, Some(attribute)), path),
            Some(Attribute::Computed(resource, computed)) => {
                found(Reference::Attribute(resource, None), path);
                references(computed, path, choose, found);
            }
            None => references(argument, path, choose, found),
        },
        (Function::Sub, Value::String(text)) => of_sub(text, None, path, found),
        (Function::Sub, Value::Array(items)) => {
            if let [Value::String(text), variables] = items.as_slice() {
                path.push(Step::Index(0));
                of_sub(text, Some(variables), path, found);
                path.pop();
                path.push(Step::Index(1));
                references(variables, path, choose, found);
                path.pop();
            }
        }
        (Function::If, Value::Array(items)) => {
            let Some(Value::String(condition)) = items.first() else {
                return references(argument, path, choose, found);
            };
            found(Reference::Condition(condition), path);
            let chosen = choose(condition);
            for (index, item) in items.iter().enumerate().skip(1) {
                if chosen.is_none_or(|holds| holds == (index == 1)) {
                    path.push(Step::Index(index));
                    references(item, path, choose, found);
                    path.pop();
                }
            }
        }
        (Function::FindInMap, Value::Array(items)) => {
            if let Some(Value::String(mapping)) = items.first() {
                found(Reference::Mapping(mapping), path);
            }
            references(argument, path, choose, found);
        }
        _ => references(argument, path, choose, found),
    }
}

fn of_sub<'value>(
    text: &'value str,
    variables: Option<&'value Value>,
    path: &[Step<'value>],
    found: &mut dyn FnMut(Reference<'value>, &[Step<'value>]),
) {
    for piece in pieces(text) {
        let Piece::Variable(name) = piece else { continue };
        if variables.is_some_and(|variables| variables.get(name).is_some()) {
            continue;
        }
        match name.split_once('.') {
            Some((resource, attribute)) => found(Reference::Attribute(resource, Some(attribute)), path),
            None => found(Reference::Name(name), path),
        }
    }
}

/// The names that CloudFormation itself gives values.
pub(crate) const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Tells whether a name is one that CloudFormation itself gives a value.
pub(crate) fn is_pseudo_parameter(name: &str) -> bool {
    PSEUDO_PARAMETERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_texts_are_split() {
        use Piece::{Text, Variable};
        let pieces = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(pieces("a${b}c"), [Text("a"), Variable("b"), Text("c")]);
        assert_eq!(pieces("${!x}${a.b}"), [Text("${"), Text("x}"), Variable("a.b")]);
        assert_eq!(pieces("$x ${open"), [Text("$x ${open")]);
    }
}
