//! One service: its shapes, constraints, errors, operations, trait and dispatch, as Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, bail, ensure};

use super::model::{Model, Operation, Reference, Shape};
use super::names::{constant, snake, type_name, variant};

/// The generated file and what the file above it needs to know.
pub(super) struct Emitted {
    pub(super) text: String,
    pub(super) summary: Summary,
}

/// What spans services has to know about one.
pub(super) struct Summary {
    pub(super) module: String,
    pub(super) service_trait: String,
    pub(super) operations: Vec<String>,
}

/// Generates the file of `service`.
pub(super) fn service(service: &str, model: &Model, operations: &[String]) -> anyhow::Result<Emitted> {
    let mut emitter = Emitter::new(service, model);
    for name in operations {
        let operation = model.operations.get(name).with_context(|| format!("the model has no operation {name}"))?;
        emitter.operation(name, operation).with_context(|| format!("operation {name}"))?;
    }
    let service_trait = trait_name(service);
    let text = emitter.finish(&service_trait, operations)?;
    Ok(Emitted { text, summary: Summary { module: service.into(), service_trait, operations: operations.to_vec() } })
}

fn trait_name(service: &str) -> String {
    match service {
        "cloudformation" => "CloudFormation".into(),
        other => type_name(other),
    }
}

struct Emitter<'m> {
    service: &'m str,
    model: &'m Model,
    /// Structures to write: Rust name -> (shape, HTTP trait of an input).
    structures: BTreeMap<String, (String, Option<String>)>,
    enumerations: BTreeSet<String>,
    lists: BTreeSet<String>,
    constraints: BTreeSet<String>,
    errors: BTreeSet<String>,
    aliases: BTreeMap<String, String>,
    table: String,
}

impl<'m> Emitter<'m> {
    fn new(service: &'m str, model: &'m Model) -> Self {
        Emitter {
            service,
            model,
            structures: BTreeMap::new(),
            enumerations: BTreeSet::new(),
            lists: BTreeSet::new(),
            constraints: BTreeSet::new(),
            errors: BTreeSet::new(),
            aliases: BTreeMap::new(),
            table: String::new(),
        }
    }

    fn shape(&self, name: &str) -> anyhow::Result<&'m Shape> {
        self.model.shapes.get(name).with_context(|| format!("the model has no shape {name}"))
    }

    fn operation(&mut self, name: &str, operation: &'m Operation) -> anyhow::Result<()> {
        let rest = self.model.metadata.protocol == "rest-json";
        let uri = self.uri(operation)?;
        let http = rest.then(|| {
            let status = operation.http.response_code.unwrap_or(200);
            format!(
                ".with_http(aws_smithy_schema::traits::HttpTrait::new({:?}, {uri:?}, Some({status})))",
                operation.http.method
            )
        });
        let input = format!("{name}Input");
        // Inputs are never shared: the protocols read the operation's method and path from the input's schema.
        self.add_structure(&input, operation.input.as_ref().map_or("", |input| &input.shape), http)?;
        let output = format!("{name}Output");
        let output_shape = operation.output.as_ref().map_or("", |output| output.shape.as_str());
        if output_shape.is_empty() || self.belongs_to_one(output_shape) {
            self.add_structure(&output, output_shape, None)?;
        } else {
            self.reach(output_shape)?;
            self.aliases.insert(output.clone(), type_name(output_shape));
        }
        let mut errors = Vec::new();
        for error in &operation.errors {
            self.reach(&error.shape)?;
            self.errors.insert(error.shape.clone());
            errors.push(format!("&E_{}", constant(&error.shape)));
        }
        let wrapper = operation.output.as_ref().and_then(|output| output.result_wrapper.as_deref());
        let info = constant(name);
        let status = operation.http.response_code.unwrap_or(200);
        let method = &operation.http.method;
        let mutating = !["Get", "List", "Describe", "Validate", "AssumeRole"].iter().any(|verb| name.starts_with(verb));
        let variant = trait_name(self.service);
        let errors = errors.join(", ");
        write!(
            self.table,
            "pub(crate) static OP_{info}: OperationInfo = OperationInfo {{
                service: &SERVICE, name: {name:?}, method: {method:?}, uri: {uri:?}, status: {status},
                result_wrapper: {wrapper:?}, mutating: {mutating},
                input: <{input} as Structure>::SCHEMA, output: <{output} as Structure>::SCHEMA, errors: &[{errors}],
                read_request: |deserializer, reader| Ok(crate::Request::{variant}(Request::{name}(read_structure(deserializer, reader)?))),
                read_answer: |deserializer, reader| Ok(crate::Answer::{variant}(Answer::{name}(read_structure(deserializer, reader)?))),
            }};\n"
        )?;
        Ok(())
    }

    /// Returns the URI with labels named after members rather than after their wire names.
    fn uri(&self, operation: &Operation) -> anyhow::Result<String> {
        let mut uri = operation.http.request_uri.clone();
        if let Some(input) = &operation.input {
            for (member, reference) in &self.shape(&input.shape)?.members {
                if let (Some("uri"), Some(wire)) = (reference.location.as_deref(), &reference.location_name) {
                    uri = uri.replace(&format!("{{{wire}}}"), &format!("{{{member}}}"));
                }
            }
        }
        Ok(uri)
    }

    /// Says whether an output shape is used by one operation only and never inside of another shape.
    fn belongs_to_one(&self, shape: &str) -> bool {
        let as_output = self
            .model
            .operations
            .values()
            .filter(|operation| operation.output.as_ref().is_some_and(|output| output.shape == shape))
            .count();
        let inside = self.model.shapes.values().any(|other| {
            let references = other.members.values().chain(&other.member).chain(&other.value);
            references.into_iter().any(|reference| reference.shape == shape)
        });
        as_output == 1 && !inside
    }

    fn add_structure(&mut self, name: &str, shape: &str, http: Option<String>) -> anyhow::Result<()> {
        self.structures.insert(name.into(), (shape.into(), http));
        if !shape.is_empty() {
            for reference in self.shape(shape)?.members.values() {
                self.reach(&reference.shape)?;
            }
        }
        Ok(())
    }

    /// Adds a shape and everything that it is made of.
    fn reach(&mut self, name: &str) -> anyhow::Result<()> {
        let shape = self.shape(name)?;
        ensure!(!shape.document, "shape {name} is a document");
        if is_constrained(self.model, name) {
            self.constraints.insert(name.into());
        }
        match shape.kind.as_str() {
            "structure" => {
                let type_name = type_name(name);
                if !self.structures.contains_key(&type_name) {
                    self.add_structure(&type_name, name, None)?;
                }
            }
            "string" => {
                if shape.values.is_some() {
                    self.enumerations.insert(name.into());
                }
            }
            "list" | "map" => {
                if self.lists.insert(name.into()) {
                    for reference in shape.member.iter().chain(&shape.key).chain(&shape.value) {
                        self.reach(&reference.shape)?;
                    }
                }
            }
            "integer" | "long" | "double" | "boolean" | "timestamp" | "blob" => {}
            other => bail!("shape {name} is of kind {other}, which is not supported"),
        }
        Ok(())
    }

    fn finish(self, service_trait: &str, operations: &[String]) -> anyhow::Result<String> {
        let mut out = String::new();
        self.write_service_trait(&mut out, service_trait, operations)?;
        self.write_enums(&mut out, operations)?;
        for (alias, target) in &self.aliases {
            writeln!(out, "/// What `{}` answers.\npub type {alias} = {target};\n", alias.trim_end_matches("Output"))?;
        }
        for (name, (shape, http)) in &self.structures {
            self.write_structure(&mut out, name, shape, http.as_deref())?;
        }
        for name in &self.enumerations {
            self.write_enumeration(&mut out, name)?;
        }
        for name in &self.errors {
            self.write_error(&mut out, name)?;
        }
        for name in &self.lists {
            self.write_list(&mut out, name)?;
        }
        for name in &self.constraints {
            self.write_constraint(&mut out, name)?;
        }
        self.write_service(&mut out)?;
        out.push_str(&self.table);
        Ok(format!("{}\n{out}", imports(&out)))
    }

    fn write_service_trait(&self, out: &mut String, name: &str, operations: &[String]) -> anyhow::Result<()> {
        let service = &self.model.metadata.service_id;
        writeln!(
            out,
            "/// The operations of {service}. One that is left out answers as AWS answers an unknown action.\n\
             pub trait {name} {{\n    /// What comes with every call: who calls, in which region, when.\n    type Call;\n"
        )?;
        for operation in operations {
            let method = snake(operation);
            writeln!(
                out,
                "    /// `{operation}`.\n    ///\n    /// # Errors\n    /// The operation's modelled errors and the common ones.
                 fn {method}(&mut self, call: &Self::Call, input: {operation}Input) -> Result<{operation}Output, crate::Error> {{
                     let _ = (call, input);
                     Err(crate::common::unknown_operation(&SERVICE, {operation:?}))
                 }}\n"
            )?;
        }
        out.push_str("}\n\n");
        Ok(())
    }

    fn write_enums(&self, out: &mut String, operations: &[String]) -> anyhow::Result<()> {
        let service = &self.model.metadata.service_id;
        for (kind, suffix, what) in
            [("Request", "Input", "An input of any operation"), ("Answer", "Output", "An output of any operation")]
        {
            writeln!(out, "/// {what} of {service}.\n#[derive(Debug, Clone, PartialEq)]\npub enum {kind} {{")?;
            for operation in operations {
                writeln!(out, "/// `{operation}`.\n{operation}({operation}{suffix}),")?;
            }
            writeln!(
                out,
                "}}\n\nimpl {kind} {{
                 /// Returns the operation that this belongs to.\npub fn operation(&self) -> &'static OperationInfo {{ match self {{"
            )?;
            for operation in operations {
                writeln!(out, "{kind}::{operation}(_) => &OP_{},", constant(operation))?;
            }
            writeln!(
                out,
                "}} }}\n\n/// Returns the value for writing.
                 pub fn value(&self) -> &dyn aws_smithy_schema::serde::SerializableStruct {{ match self {{"
            )?;
            for operation in operations {
                writeln!(out, "{kind}::{operation}(value) => value,")?;
            }
            writeln!(out, "}} }} }}\n")?;
        }
        let name = trait_name(self.service);
        writeln!(
            out,
            "/// Calls the method that `request` is for.\n///\n/// # Errors\n/// What the operation answers instead of its output.
             pub fn dispatch<S: {name}>(service: &mut S, call: &S::Call, request: Request) -> Result<Answer, crate::Error> {{
                 Ok(match request {{"
        )?;
        for operation in operations {
            let method = snake(operation);
            writeln!(out, "Request::{operation}(input) => Answer::{operation}(service.{method}(call, input)?),")?;
        }
        out.push_str("})\n}\n\n");
        Ok(())
    }

    fn write_structure(&self, out: &mut String, name: &str, shape: &str, http: Option<&str>) -> anyhow::Result<()> {
        let empty = Shape::empty();
        let definition = if shape.is_empty() { &empty } else { self.shape(shape)? };
        ensure!(definition.members.len() <= 64, "{shape} has more than 64 members");
        let wire_name = if shape.is_empty() { name } else { shape };
        let mut fields = String::new();
        let mut lines = String::new();
        let mut required = 0_u64;
        let mut defaults = String::new();
        let mut derives_default = true;
        for (index, (member, reference)) in definition.members.iter().enumerate() {
            let field = snake(member);
            let is_required = definition.required.contains(member);
            let mut rust = self.rust_type(&reference.shape)?;
            if self.shape(&reference.shape)?.kind == "structure"
                && self.leads_to(&reference.shape, shape, &mut BTreeSet::new())?
            {
                rust = format!("Box<{rust}>");
            }
            // A time has no default, so the epoch stands in where a structure is begun empty.
            let epoch = is_required && rust == "DateTime";
            derives_default &= !epoch;
            let default = if epoch { "DateTime::from_secs(0)" } else { "Default::default()" };
            writeln!(defaults, "{field}: {default},")?;
            let need = if is_required {
                required |= 1 << index;
                "required"
            } else {
                rust = format!("Option<{rust}>");
                "optional"
            };
            writeln!(fields, "/// {}\npub {field}: {rust},", self.describe(member, reference, is_required)?)?;
            let kind = shape_type(&self.shape(&reference.shape)?.kind)?;
            let constraint = if self.constraints.contains(&reference.shape) {
                format!("C_{}", constant(&reference.shape))
            } else {
                "NONE".into()
            };
            let payload = definition.payload.as_deref() == Some(member);
            let with = self.member_setters(member, reference, payload)?;
            writeln!(lines, "        {index} {need} {field} {member:?} {kind} {constraint} [{with}];")?;
        }
        let count = definition.members.len();
        let derives = if derives_default { "Debug, Clone, PartialEq, Default" } else { "Debug, Clone, PartialEq" };
        writeln!(out, "/// `{wire_name}`.\n#[derive({derives})]\npub struct {name} {{\n{fields}}}\n")?;
        if !derives_default {
            writeln!(out, "impl Default for {name} {{ fn default() -> Self {{ {name} {{ {defaults} }} }} }}\n")?;
        }
        writeln!(
            out,
            "structure! {{\n    {name}: \"com.amazonaws.{}\" {wire_name:?} {required:#b} {count} [{}] {{\n{lines}    }}\n}}\n",
            self.service,
            http.unwrap_or_default(),
        )?;
        Ok(())
    }

    /// Says whether `from` is `to` or holds it without a list or a map between.
    fn leads_to(&self, from: &str, to: &str, seen: &mut BTreeSet<String>) -> anyhow::Result<bool> {
        if from == to {
            return Ok(true);
        }
        if !seen.insert(from.into()) {
            return Ok(false);
        }
        for reference in self.shape(from)?.members.values() {
            if self.shape(&reference.shape)?.kind == "structure" && self.leads_to(&reference.shape, to, seen)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn rust_type(&self, name: &str) -> anyhow::Result<String> {
        let shape = self.shape(name)?;
        Ok(match shape.kind.as_str() {
            "structure" => type_name(name),
            "string" if shape.values.is_some() => type_name(name),
            "string" => "String".into(),
            "integer" => "i32".into(),
            "long" => "i64".into(),
            "double" => "f64".into(),
            "boolean" => "bool".into(),
            "timestamp" => "DateTime".into(),
            "blob" => "Blob".into(),
            "list" => {
                let member = shape.member.as_ref().context("a list without a member")?;
                format!("Vec<{}>", self.rust_type(&member.shape)?)
            }
            "map" => {
                let value = shape.value.as_ref().context("a map without a value")?;
                format!("BTreeMap<String, {}>", self.rust_type(&value.shape)?)
            }
            other => bail!("shape {name} is of kind {other}"),
        })
    }

    /// Describes a member in a line: its wire name and what the model demands.
    fn describe(&self, member: &str, reference: &Reference, required: bool) -> anyhow::Result<String> {
        let shape = self.shape(&reference.shape)?;
        let mut facts = Vec::new();
        if required {
            facts.push("required".to_owned());
        }
        let what = match shape.kind.as_str() {
            "string" | "blob" => "length ",
            "list" | "map" => "entries ",
            _ => "",
        };
        match (shape.min, shape.max) {
            (Some(min), Some(max)) => facts.push(format!("{what}{min} to {max}")),
            (Some(min), None) => facts.push(format!("{what}at least {min}")),
            (None, Some(max)) => facts.push(format!("{what}at most {max}")),
            (None, None) => {}
        }
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
        Ok(format!("`{member}`{facts}."))
    }

    /// Returns the setters of a member's schema.
    fn member_setters(&self, member: &str, reference: &Reference, payload: bool) -> anyhow::Result<String> {
        let shape = self.shape(&reference.shape)?;
        let name = reference.location_name.as_deref().unwrap_or(member);
        let mut with = String::new();
        match reference.location.as_deref() {
            Some("header") => write!(with, ".with_http_header({name:?})")?,
            Some("querystring") if shape.kind == "map" => with.push_str(".with_http_query_params()"),
            Some("querystring") => write!(with, ".with_http_query({name:?})")?,
            Some("uri") => with.push_str(".with_http_label()"),
            Some("headers") => write!(with, ".with_http_prefix_headers({name:?})")?,
            Some("statusCode") => with.push_str(".with_http_response_code()"),
            Some(other) => bail!("member {member} is bound to {other}"),
            None if name != member => match self.model.metadata.protocol.as_str() {
                "query" => write!(with, ".with_xml_name({name:?})")?,
                _ => write!(with, ".with_json_name({name:?})")?,
            },
            None => {}
        }
        if payload {
            with.push_str(".with_http_payload()");
        }
        if reference.flattened || shape.flattened {
            with.push_str(".with_xml_flattened()");
        }
        with.push_str(&timestamp_setter(reference, shape)?);
        with.push_str(&container_setter(shape, &reference.shape));
        Ok(with)
    }

    fn write_enumeration(&self, out: &mut String, name: &str) -> anyhow::Result<()> {
        let shape = self.shape(name)?;
        let mut variants = String::new();
        let mut pairs = String::new();
        let mut used = BTreeSet::new();
        for (index, value) in shape.values.iter().flatten().enumerate() {
            let mut variant = variant(value);
            while !used.insert(variant.clone()) {
                variant.push('_');
            }
            let default = if index == 0 { "#[default]\n" } else { "" };
            writeln!(variants, "/// `{value}`.\n{default}{variant},")?;
            writeln!(pairs, "        {variant} = {value:?},")?;
        }
        let name = type_name(name);
        writeln!(
            out,
            "/// `{name}`.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]\npub enum {name} {{\n{variants}}}\n\n
             enumeration! {{\n    {name} {{\n{pairs}    }}\n}}\n"
        )?;
        Ok(())
    }

    fn write_error(&self, out: &mut String, name: &str) -> anyhow::Result<()> {
        let shape = self.shape(name)?;
        let code = shape.error.as_ref().and_then(|error| error.code.as_deref()).unwrap_or(name);
        let status = shape.error.as_ref().and_then(|error| error.http_status_code);
        let status = status.unwrap_or(if shape.fault { 500 } else { 400 });
        let sender = shape.error.as_ref().and_then(|error| error.sender_fault).unwrap_or(!shape.fault && status < 500);
        let fault = if sender { "Sender" } else { "Receiver" };
        let message = shape.members.keys().find(|member| member.eq_ignore_ascii_case("message"));
        let message = message.map(|member| snake(member)).unwrap_or_default();
        let rust = type_name(name);
        writeln!(out, "modelled_error! {{ {rust} {name:?} {code:?} {status} {fault} {message} }}\n")?;
        writeln!(
            out,
            "static E_{}: ErrorInfo = ErrorInfo {{ shape: {name:?}, code: {code:?}, status: {status}, schema: <{rust} as Structure>::SCHEMA,
             read: |deserializer, reader| Ok(read_structure::<{rust}>(deserializer, reader)?.into()) }};\n",
            constant(name)
        )?;
        Ok(())
    }

    /// Writes the schemas of a list's elements or a map's keys and values.
    fn write_list(&self, out: &mut String, name: &str) -> anyhow::Result<()> {
        let shape = self.shape(name)?;
        let namespace = format!("com.amazonaws.{}", self.service);
        let parts = [("L", "member", &shape.member, 0), ("K", "key", &shape.key, 0), ("V", "value", &shape.value, 1)];
        for (prefix, member, reference, index) in parts {
            let Some(reference) = reference else { continue };
            let target = self.shape(&reference.shape)?;
            let kind = shape_type(&target.kind)?;
            let mut with = String::new();
            if let Some(wire) = reference.location_name.as_deref().filter(|wire| *wire != member) {
                write!(with, ".with_xml_name({wire:?})")?;
            }
            with.push_str(&timestamp_setter(reference, target)?);
            with.push_str(&container_setter(target, &reference.shape));
            writeln!(
                out,
                "static {prefix}_{}: Schema<'static> = Schema::new_member(shape_id!({namespace:?}, {name:?}, {member:?}), ShapeType::{kind}, {member:?}, {index}){with};\n",
                constant(name)
            )?;
        }
        Ok(())
    }

    fn write_constraint(&self, out: &mut String, name: &str) -> anyhow::Result<()> {
        let shape = self.shape(name)?;
        let constant_name = constant(name);
        let mut with = String::new();
        for (setter, bound) in [("min", shape.min), ("max", shape.max)] {
            if let Some(bound) = bound {
                ensure!(bound.fract() == 0.0, "{name} has a bound that is no integer");
                write!(with, ".{setter}({bound})")?;
            }
        }
        if shape.sensitive {
            with.push_str(".sensitive()");
        }
        if let Some(pattern) = &shape.pattern {
            writeln!(out, "pub(crate) static P_{constant_name}: Pattern = Pattern::new({pattern:?});\n")?;
            write!(with, ".pattern(&P_{constant_name})")?;
        }
        for (setter, reference) in [("key", &shape.key), ("element", &shape.member), ("element", &shape.value)] {
            if let Some(reference) = reference.as_ref().filter(|reference| is_constrained(self.model, &reference.shape))
            {
                write!(with, ".{setter}(&C_{})", constant(&reference.shape))?;
            }
        }
        writeln!(out, "static C_{constant_name}: Constraint = Constraint::new(){with};\n")?;
        Ok(())
    }

    fn write_service(&self, out: &mut String) -> anyhow::Result<()> {
        let metadata = &self.model.metadata;
        let protocol = match metadata.protocol.as_str() {
            "query" => "Query",
            "json" => "Json11",
            "rest-json" => "RestJson",
            other => bail!("protocol {other} is not supported"),
        };
        let patterns: Vec<String> = self
            .constraints
            .iter()
            .filter(|name| self.model.shapes.get(*name).is_some_and(|shape| shape.pattern.is_some()))
            .map(|name| format!("(\"{name}\", &P_{})", constant(name)))
            .collect();
        writeln!(
            out,
            "/// What the model says about {}.\npub static SERVICE: ServiceInfo = ServiceInfo {{
                service: crate::Service::{}, name: {:?}, signing_name: {:?}, protocol: Protocol::{protocol},
                api_version: {:?}, target_prefix: {:?}, xml_namespace: {:?},
             }};\n\n
             /// The patterns by shape.\npub(crate) static PATTERNS: &[(&str, &Pattern)] = &[{}];\n",
            metadata.service_id,
            trait_name(self.service),
            self.service,
            metadata.signing_name.as_deref().unwrap_or(&metadata.endpoint_prefix),
            metadata.api_version,
            metadata.target_prefix.as_deref().unwrap_or_default(),
            metadata.xml_namespace.as_deref().unwrap_or_default(),
            patterns.join(", "),
        )?;
        Ok(())
    }
}

/// Returns the imports that `text` needs.
fn imports(text: &str) -> String {
    let mut out = String::new();
    for (path, sign) in [
        ("std::collections::BTreeMap", "BTreeMap<"),
        ("aws_smithy_schema::Schema", "Schema<'static>"),
        ("aws_smithy_schema::ShapeType", "ShapeType::"),
        ("aws_smithy_schema::shape_id", "shape_id!("),
        ("aws_smithy_types::Blob", "Blob>"),
        ("aws_smithy_types::DateTime", " DateTime,"),
        ("aws_smithy_types::DateTime", "<DateTime>"),
        ("crate::constraint::Constraint", ": Constraint"),
        ("crate::constraint::NONE", " NONE "),
        ("crate::constraint::Pattern", "Pattern"),
        ("crate::error::modelled_error", "modelled_error!"),
        ("crate::operation::ErrorInfo", "ErrorInfo {"),
        ("crate::operation::{OperationInfo, Protocol, ServiceInfo}", ""),
        ("crate::shape::{Structure, read_structure, structure}", ""),
        ("crate::shape::enumeration", "enumeration!"),
    ] {
        let line = format!("use {path};\n");
        if text.contains(sign) && !out.contains(&line) {
            out.push_str(&line);
        }
    }
    out
}

/// Says whether the model constrains a shape or, for lists and maps, its elements.
fn is_constrained(model: &Model, name: &str) -> bool {
    model.shapes.get(name).is_some_and(|shape| {
        let elements = shape.member.iter().chain(&shape.key).chain(&shape.value);
        shape.kind != "structure"
            && shape.values.is_none()
            && (shape.min.is_some()
                || shape.max.is_some()
                || shape.pattern.is_some()
                || elements.into_iter().any(|element| is_constrained(model, &element.shape)))
    })
}

fn timestamp_setter(reference: &Reference, shape: &Shape) -> anyhow::Result<String> {
    let format = match reference.timestamp_format.as_deref().or(shape.timestamp_format.as_deref()) {
        None => return Ok(String::new()),
        Some("iso8601") => "DateTime",
        Some("unixTimestamp") => "EpochSeconds",
        Some("rfc822") => "HttpDate",
        Some(other) => bail!("timestamp format {other}"),
    };
    Ok(format!(".with_timestamp_format(aws_smithy_schema::traits::TimestampFormat::{format})"))
}

fn container_setter(shape: &Shape, name: &str) -> String {
    let name = constant(name);
    match shape.kind.as_str() {
        "list" => format!(".with_list_member(&L_{name})"),
        "map" => format!(".with_map_members(&K_{name}, &V_{name})"),
        _ => String::new(),
    }
}

fn shape_type(kind: &str) -> anyhow::Result<&'static str> {
    Ok(match kind {
        "structure" => "Structure",
        "string" => "String",
        "integer" => "Integer",
        "long" => "Long",
        "double" => "Double",
        "boolean" => "Boolean",
        "timestamp" => "Timestamp",
        "blob" => "Blob",
        "list" => "List",
        "map" => "Map",
        other => bail!("kind {other} is not supported"),
    })
}
