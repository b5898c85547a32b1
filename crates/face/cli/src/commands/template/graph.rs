//! `template graph`: which resource needs which.

use anyhow::Result;
use serde_json::{Value, json};
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_template::{Link, LinkKind, Template, graph as needs, links};

use super::reading::{Cell, read};
use crate::{
    arguments::{GraphFormat, TemplateGraph},
    console::Console,
    diagnostics,
    exit::Exit,
    screens::graph::{self, Drawing},
};

/// Resources that need each other.
const CYCLE: &str = "TPL005";

pub(crate) fn graph(console: &Console, options: &TemplateGraph) -> Result<Exit> {
    let mut sources = Sources::default();
    let written = read(&mut sources, &options.file)?;
    let mut found = written.found;
    found.retain(Diagnostic::is_error);
    if !found.iter().any(|found| found.code == CYCLE) {
        let checked = stackfleet_template::check(&written.template, &written.text);
        found.extend(checked.into_iter().filter(|found| found.code == CYCLE));
    }
    let mut template = written.template.clone();
    if options.transformed && !found.iter().any(Diagnostic::is_error) {
        let cell = Cell::new(&options.cell)?;
        let transformed = cell.transformed(&template).and_then(|made| cell.unrolled(&template, &made));
        match transformed {
            Ok(made) => template = made,
            Err(refused) => found.extend(refused),
        }
    }
    diagnostics::show(console, &sources, &found);
    let wrong = found.iter().any(Diagnostic::is_error);
    if template.resources().next().is_some() {
        let cycle = needs(&template).order().err().map(|cycle| cycle.resources).unwrap_or_default();
        if console.json {
            console.json(&value(&template, &cycle));
        } else {
            let drawing = Drawing::new(&template, &cycle);
            let text = match options.format {
                GraphFormat::Mermaid => graph::mermaid(&drawing),
                GraphFormat::Dot => graph::dot(&drawing),
            };
            console.result(text.trim_end());
        }
    }
    if !options.transformed && template.has_open_transforms() && !template.is_serverless() {
        console.warn("resources that transforms or loops make are not shown; --transformed unrolls loops");
    }
    Ok(if wrong { Exit::Error } else { Exit::Done })
}

fn value(template: &Template, cycle: &[String]) -> Value {
    let resources = template.resources().map(|resource| {
        json!({ "logical_id": resource.name, "type": resource.type_name(), "condition": resource.condition() })
    });
    let conditions = |link: &Link<'_>| -> Vec<Value> {
        link.conditions.iter().map(|(name, holds)| json!({ "name": name, "holds": holds })).collect()
    };
    let all = links(template);
    let links = all.iter().map(|link| {
        json!({
            "from": link.from,
            "to": link.to,
            "kind": word(link.kind),
            "attribute": link.attribute,
            "pointer": link.pointer,
            "conditions": conditions(link),
        })
    });
    json!({
        "schema": "stackfleet/template-graph/v1",
        "resources": resources.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "cycle": cycle,
    })
}

const fn word(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Ref => "ref",
        LinkKind::GetAtt => "get-att",
        LinkKind::Sub => "sub",
        LinkKind::DependsOn => "depends-on",
    }
}
