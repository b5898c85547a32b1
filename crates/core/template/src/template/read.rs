//! Reading a template: from text or from a value, and what CloudFormation says against its shape.
//!
//! The texts of refusals are those recorded from AWS where there is a recording, and those known from practice elsewhere.

use std::sync::OnceLock;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use stackfleet_base::{Diagnostic, FileId, Severity, Sources, Span};

use super::{Source, Template};
use crate::{
    Parameter, ParameterKind, Problem,
    document::{self, Direct, Facts, read_directly},
    names,
    parameter::{AWS_TYPES, PLAIN_TYPES, compile_pattern},
    pinpoint,
    pointer::{Step, to_pointer},
    problem::{FORMAT, QUOTA, STRUCTURE, UNKNOWN_MEMBER, refusal},
    yaml::{self, Node, NodeValue},
};

/// Most bytes of a template that is given in a request.
pub const BODY_BYTES_MAX: usize = 51_200;
/// Most bytes of a template that is read from S3.
pub const URL_BYTES_MAX: usize = 1_048_576;
/// Most resources of a template (CloudFormation's quota, as the others here).
pub const RESOURCES_MAX: usize = 500;
const PARAMETERS_MAX: usize = 200;
const OUTPUTS_MAX: usize = 200;
const MAPPINGS_MAX: usize = 200;
const ATTRIBUTES_MAX: usize = 200;
const NAME_BYTES_MAX: usize = 255;
const DESCRIPTION_BYTES_MAX: usize = 1_024;

/// Reads a template of a file, with everything that is wrong with its shape.
///
/// A text that is not well-formed gives an empty template and error-level diagnostics.
#[must_use]
pub fn read(file: FileId, text: &str) -> (Template, Vec<Diagnostic>) {
    let (template, mut diagnostics) = match read_directly(file, text) {
        Some(Direct { value, diagnostics, facts, places }) => {
            let source = Source::Places { places, root: OnceLock::new() };
            (Template { source: Some(source), ..Template::of_facts(value, facts) }, diagnostics)
        }
        None => read_tree(file, text),
    };
    diagnostics.extend(pinpoint::diagnostics(&template, &template.problems, text));
    stackfleet_base::diagnostic::sort(&mut diagnostics);
    (template, diagnostics)
}

/// Reads what the direct way gives up at.
fn read_tree(file: FileId, text: &str) -> (Template, Vec<Diagnostic>) {
    let (root, mut diagnostics) = yaml::read(file, text);
    for found in &mut diagnostics {
        // CloudFormation takes the last one in silence.
        if found.code == yaml::DUPLICATE_KEY {
            found.severity = Severity::Warning;
        }
    }
    let Some(root) = root else { return (Template::unreadable(), diagnostics) };
    let json = yaml::is_json_like(text);
    let value = document::to_value(&root, json, &mut diagnostics);
    let mut template = Template::new(value);
    template.problems.extend(alias_problem(&root, text));
    template.source = Some(Source::Tree { root, json });
    (template, diagnostics)
}

/// Reads a template that came in a request, where there is no file to point at.
///
/// # Errors
/// What CloudFormation answers to a text that is not well-formed or has not the shape of a template.
pub fn read_body(text: &str) -> Result<Template, Problem> {
    let file = Sources::default().add("", "");
    let template = match read_directly(file, text) {
        Some(Direct { value, facts, .. }) => Template::of_facts(value, facts),
        None => body_of_tree(file, text)?,
    };
    match template.problems.first() {
        Some(first) => Err(Problem { message: refusal(&template.problems), ..first.clone() }),
        None => Ok(template),
    }
}

fn body_of_tree(file: FileId, text: &str) -> Result<Template, Problem> {
    let (root, found) = yaml::read(file, text);
    let Some(root) = root else {
        let format = if yaml::is_json_like(text) { "JSON" } else { "YAML" };
        let place = found.first().and_then(Diagnostic::span).map(|span| place(text, span)).unwrap_or_default();
        let message = format!("Template format error: {format} not well-formed.{place}");
        return Err(Problem::new(FORMAT, message, ""));
    };
    let mut found = Vec::new();
    let value = document::to_value(&root, yaml::is_json_like(text), &mut found);
    if found.iter().any(Diagnostic::is_error) {
        return Err(Problem::new(FORMAT, "Template format error: YAML not well-formed.", ""));
    }
    let mut template = Template::new(value);
    template.problems.extend(alias_problem(&root, text));
    Ok(template)
}

fn place(text: &str, span: Span) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" (line {line}, column {column})")
}

/// CloudFormation refuses aliases; clients such as the AWS CLI expand them when they package a template.
fn alias_problem(root: &Node, text: &str) -> Option<Problem> {
    fn uses_alias(node: &Node) -> bool {
        node.alias.is_some()
            || match &node.value {
                NodeValue::Scalar(_) => false,
                NodeValue::Sequence(items) => items.iter().any(uses_alias),
                NodeValue::Mapping(mapping) => {
                    mapping.entries().iter().any(|entry| uses_alias(&entry.key) || uses_alias(&entry.value))
                }
            }
    }
    let message = "Template format error: YAML aliases are not allowed in CloudFormation templates";
    (text.contains('*') && uses_alias(root)).then(|| Problem::new(FORMAT, message, ""))
}

impl Template {
    /// Makes a template of a normalised value, such as a transform gives; it has no places.
    #[must_use]
    pub fn new(value: Value) -> Self {
        let facts = Facts::of(&value);
        Self::of_facts(value, facts)
    }

    fn of_facts(value: Value, facts: Facts) -> Self {
        let has_open_transforms = facts.has_expansion || super::has_macros(&value);
        let mut reader = Reader::default();
        reader.template(&value, has_open_transforms, facts.has_null);
        let Reader { parameters, problems } = reader;
        let mut template = Self { value, parameters, problems, has_open_transforms, source: None };
        if !has_open_transforms {
            template.problems.extend(names::problems(&template));
        }
        template
    }

    /// Stands for a text that was not even well-formed: its shape is not judged.
    fn unreadable() -> Self {
        Self {
            value: Value::Object(Map::new()),
            parameters: IndexMap::new(),
            problems: Vec::new(),
            has_open_transforms: false,
            source: None,
        }
    }
}

#[derive(Default)]
struct Reader {
    parameters: IndexMap<String, Parameter>,
    problems: Vec<Problem>,
}

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_ATTRIBUTES: [&str; 10] = [
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
];

const POLICIES: [&str; 4] = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];

impl Reader {
    fn refuse(&mut self, code: &'static str, path: &[Step<'_>], message: impl Into<String>) {
        self.problems.push(Problem::new(code, message, to_pointer(path)));
    }

    /// `open` says that a macro may bring sections and attributes of its own; CloudFormation looks after it has run.
    fn template(&mut self, value: &Value, open: bool, has_null: bool) {
        let Some(sections) = value.as_object() else {
            return self.refuse(FORMAT, &[], "Template format error: unsupported structure.");
        };
        let unknown: Vec<&str> = sections.keys().map(String::as_str).filter(|name| !SECTIONS.contains(name)).collect();
        if let Some(first) = unknown.first().filter(|_| !open) {
            let message = format!("Invalid template property or properties [{}]", unknown.join(", "));
            let problem = Problem::new(UNKNOWN_MEMBER, message, to_pointer(&[Step::Key(first)]));
            self.problems.push(problem.suggesting(first, SECTIONS));
        }
        self.head(sections);
        // Before the transform has run, a null may stand where it is taken away: in the definition of a SAM state machine, say.
        if has_null && !open {
            self.nulls(value, &mut Vec::new());
        }
        self.read_parameters(sections);
        self.mappings(sections);
        self.resources(sections, open);
        self.outputs(sections);
    }

    fn head(&mut self, sections: &Map<String, Value>) {
        if let Some(version) = sections.get("AWSTemplateFormatVersion")
            && version.as_str() != Some("2010-09-09")
            && !version.is_null()
        {
            let message = "Template format error: Invalid template format version. Supported versions: [2010-09-09]";
            self.refuse(STRUCTURE, &[Step::Key("AWSTemplateFormatVersion")], message);
        }
        let path = [Step::Key("Description")];
        match sections.get("Description") {
            Some(Value::String(text)) if text.len() > DESCRIPTION_BYTES_MAX => {
                let message = "Template format error: 'Description' length is greater than 1024.";
                self.refuse(QUOTA, &path, message);
            }
            None | Some(Value::String(_) | Value::Null) => {}
            Some(_) => self.refuse(STRUCTURE, &path, "Template format error: Description must be a string."),
        }
    }

    fn nulls<'value>(&mut self, value: &'value Value, path: &mut Vec<Step<'value>>) {
        match value {
            Value::Null => {
                let message = format!("[{}] 'null' values are not allowed in templates", to_pointer(path));
                let problem = Problem::new(STRUCTURE, message, to_pointer(path));
                self.problems.push(match path.last() {
                    Some(Step::Key("Fn::GetAZs")) => {
                        problem.help("write \"\" for the stack's own region").replacing("null", "\"\"")
                    }
                    _ => problem.help("write a value, or remove the key"),
                });
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    self.nulls(item, path);
                    path.pop();
                }
            }
            Value::Object(object) => {
                for (key, member) in object {
                    path.push(Step::Key(key));
                    self.nulls(member, path);
                    path.pop();
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn section<'value>(
        &mut self,
        sections: &'value Map<String, Value>,
        name: &str,
    ) -> Option<&'value Map<String, Value>> {
        let section = sections.get(name).filter(|section| !section.is_null())?;
        if section.as_object().is_none() {
            self.refuse(STRUCTURE, &[Step::Key(name)], format!("Template format error: {name} must be an object."));
        }
        section.as_object()
    }

    fn quota(&mut self, section: &str, what: &str, count: usize, most: usize) {
        if count > most {
            let message =
                format!("Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}");
            self.refuse(QUOTA, &[Step::Key(section)], message);
        }
    }

    fn name(&mut self, section: &str, what: &str, name: &str) {
        let well_formed = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed && !name.starts_with("Fn::ForEach::") {
            let message = format!("Template format error: {what} name {name} is non alphanumeric.");
            self.refuse(STRUCTURE, &[Step::Key(section), Step::Key(name)], message);
        }
        self.name_length(what, name, &[Step::Key(section), Step::Key(name)]);
    }

    fn name_length(&mut self, what: &str, name: &str, path: &[Step<'_>]) {
        if name.len() > NAME_BYTES_MAX {
            let length = name.len();
            let message = format!(
                "Template format error: {what} name has {length} characters, more than the maximum allowed, {NAME_BYTES_MAX}"
            );
            self.refuse(QUOTA, path, message);
        }
    }

    fn read_parameters(&mut self, sections: &Map<String, Value>) {
        let Some(section) = self.section(sections, "Parameters") else { return };
        self.quota("Parameters", "parameters", section.len(), PARAMETERS_MAX);
        for (name, body) in section {
            self.name("Parameters", "Parameter", name);
            let path = [Step::Key("Parameters"), Step::Key(name)];
            let Some(body) = body.as_object() else {
                self.refuse(STRUCTURE, &path, "Template format error: Any Parameters member must be an object.");
                continue;
            };
            let Some(type_name) = body.get("Type").and_then(Value::as_str) else {
                let message = "Template format error: Every Parameters object must contain a Type member.";
                self.refuse(STRUCTURE, &path, message);
                continue;
            };
            let parameter = parameter(type_name, body);
            if parameter.kind.is_none() {
                let message = format!("Template format error: Unrecognized parameter type: {type_name}");
                let pointer = to_pointer(&[path[0], path[1], Step::Key("Type")]);
                let problem = Problem::new(STRUCTURE, message, pointer);
                self.problems.push(problem.suggesting(type_name, PLAIN_TYPES.into_iter().chain(AWS_TYPES)));
            }
            if matches!(body.get("Default"), Some(Value::Array(_) | Value::Object(_))) {
                let message = "Template format error: Every Default member must be a string.";
                self.refuse(STRUCTURE, &[path[0], path[1], Step::Key("Default")], message);
            }
            self.parameters.insert(name.clone(), parameter);
        }
    }

    fn mappings(&mut self, sections: &Map<String, Value>) {
        let Some(section) = self.section(sections, "Mappings") else { return };
        self.quota("Mappings", "mappings", section.len(), MAPPINGS_MAX);
        for (name, mapping) in section {
            if name == "Fn::Transform" {
                continue;
            }
            let path = [Step::Key("Mappings"), Step::Key(name)];
            let Some(mapping) = mapping.as_object() else {
                let message = format!("Template format error: Every Mappings member {name} must be a map");
                self.refuse(STRUCTURE, &path, message);
                continue;
            };
            self.name_length("Mapping", name, &path);
            let attributes: usize =
                mapping.values().filter_map(Value::as_object).map(Map::len).max().unwrap_or_default();
            if attributes > ATTRIBUTES_MAX {
                let message = format!(
                    "Template format error: Number of attributes of mapping {name}, {attributes}, is greater than maximum \
                     allowed, {ATTRIBUTES_MAX}"
                );
                self.refuse(QUOTA, &path, message);
            }
            for (key, row) in mapping {
                let path = [path[0], path[1], Step::Key(key)];
                let Some(row) = row.as_object() else {
                    if key != "Fn::Transform" {
                        let message = format!("Template format error: Every Mappings member {key} must be a map");
                        self.refuse(STRUCTURE, &path, message);
                    }
                    continue;
                };
                let bad = row.iter().find(|(_, value)| value.is_object());
                if let Some((column, _)) = bad.filter(|_| key != "Fn::Transform") {
                    let message = "Template format error: Every Mappings attribute must be a String or a List.";
                    self.refuse(STRUCTURE, &[path[0], path[1], path[2], Step::Key(column)], message);
                }
            }
        }
    }

    fn resources(&mut self, sections: &Map<String, Value>, open: bool) {
        let section = self.section(sections, "Resources");
        let Some(section) = section.filter(|section| !section.is_empty()) else {
            let message = "Template format error: At least one Resources member must be defined.";
            return self.refuse(STRUCTURE, &[], message);
        };
        self.quota("Resources", "resources", section.len(), RESOURCES_MAX);
        for (name, body) in section {
            if name == "Fn::Transform" || name.starts_with("Fn::ForEach::") {
                continue;
            }
            self.name("Resources", "Resource", name);
            let path = [Step::Key("Resources"), Step::Key(name)];
            match body.as_object() {
                Some(body) => self.resource(path, body, open),
                None => self.refuse(STRUCTURE, &path, "Template format error: Any Resources member must be an object."),
            }
        }
    }

    fn resource(&mut self, path: [Step<'_>; 2], body: &Map<String, Value>, open: bool) {
        if !body.get("Type").is_some_and(Value::is_string) && !body.contains_key("Fn::Transform") {
            let message = format!(
                "Template format error: [{}] Every Resources object must contain a Type member.",
                to_pointer(&path)
            );
            self.refuse(STRUCTURE, &path, message);
        }
        for key in body.keys().filter(|key| !open && !RESOURCE_ATTRIBUTES.contains(&key.as_str())) {
            let message = format!("Invalid template resource property '{key}'");
            let problem = Problem::new(UNKNOWN_MEMBER, message, to_pointer(&[path[0], path[1], Step::Key(key)]));
            self.problems.push(problem.suggesting(key, RESOURCE_ATTRIBUTES));
        }
        if body.get("Properties").is_some_and(|properties| !properties.is_object() && !properties.is_null()) {
            let message = "Template format error: Properties must be an object.";
            self.refuse(STRUCTURE, &[path[0], path[1], Step::Key("Properties")], message);
        }
        let texts = |value: &Value| match value.as_array() {
            Some(items) => items.iter().all(Value::is_string),
            None => value.is_string(),
        };
        if body.get("DependsOn").is_some_and(|names| !texts(names)) {
            let message = "Template format error: DependsOn must be a string or list of strings.";
            self.refuse(STRUCTURE, &[path[0], path[1], Step::Key("DependsOn")], message);
        }
        for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
            let allowed = |policy: &str| match policy {
                "Delete" | "Retain" | "Snapshot" => true,
                "RetainExceptOnCreate" => attribute == "DeletionPolicy",
                _ => false,
            };
            if let Some(policy) = body.get(attribute).and_then(Value::as_str).filter(|policy| !allowed(policy)) {
                let message = format!(
                    "Template format error: Unrecognized {attribute} {policy} for resource {}",
                    match path[1] {
                        Step::Key(name) => name,
                        Step::Index(_) => "",
                    }
                );
                let problem = Problem::new(STRUCTURE, message, to_pointer(&[path[0], path[1], Step::Key(attribute)]));
                self.problems.push(problem.suggesting(policy, POLICIES));
            }
        }
    }

    fn outputs(&mut self, sections: &Map<String, Value>) {
        let Some(section) = self.section(sections, "Outputs") else { return };
        self.quota("Outputs", "outputs", section.len(), OUTPUTS_MAX);
        for (name, body) in section {
            if name == "Fn::Transform" || name.starts_with("Fn::ForEach::") {
                continue;
            }
            self.name("Outputs", "Output", name);
            if !body.as_object().is_some_and(|body| body.contains_key("Value") || body.contains_key("Fn::Transform")) {
                let message = "Template format error: Every Outputs member must contain a Value object";
                self.refuse(STRUCTURE, &[Step::Key("Outputs"), Step::Key(name)], message);
            }
        }
    }
}

/// Returns a scalar as the text that CloudFormation makes of it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn parameter(type_name: &str, body: &Map<String, Value>) -> Parameter {
    let member = |name: &str| body.get(name).and_then(text);
    let allowed = body.get("AllowedValues").and_then(Value::as_array);
    let allowed_pattern = member("AllowedPattern");
    Parameter {
        type_name: type_name.to_owned(),
        kind: ParameterKind::from_type(type_name),
        default: member("Default"),
        no_echo: member("NoEcho").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        allowed_values: allowed.into_iter().flatten().filter_map(text).collect(),
        pattern: allowed_pattern.as_deref().and_then(compile_pattern),
        allowed_pattern,
        length_min: member("MinLength").and_then(|value| value.parse().ok()),
        length_max: member("MaxLength").and_then(|value| value.parse().ok()),
        value_min: member("MinValue").and_then(|value| value.parse().ok()),
        value_max: member("MaxValue").and_then(|value| value.parse().ok()),
        description: member("Description"),
        constraint_description: member("ConstraintDescription"),
    }
}
