//! `template diff`: what differs between two templates for one stack, and what an update does.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use stackfleet_base::{Diagnostic, Sources, suggest};
use stackfleet_catalog::{Replacement, catalog};
use stackfleet_plan::{Effect, Fate, replacement, updates};
use stackfleet_template::{Evaluated, ResourceChange, Template, ValueDifference, declarations, difference};

use super::reading::{Cell, read};
use crate::{
    arguments::TemplateDiff,
    console::Console,
    diagnostics,
    exit::Exit,
    input,
    screens::difference::{self as screen, Compared},
};

pub(crate) fn diff(console: &Console, options: &TemplateDiff) -> Result<Exit> {
    if input::is_stdin(&options.before) && input::is_stdin(&options.after) {
        console.warn("error: standard input can be only one of the two");
        return Ok(Exit::Usage);
    }
    let cell = Cell::new(&options.cell)?;
    let mut sources = Sources::default();
    let (before, mut found) = side(&mut sources, &options.before, &cell)?;
    let (after, of_after) = side(&mut sources, &options.after, &cell)?;
    found.extend(of_after);
    diagnostics::show(console, &sources, &found);
    let (Some(before), Some(after)) = (before, after) else { return Ok(Exit::Error) };
    known_parameters(&cell, [&before.written, &after.written])?;

    let found = difference(&before.evaluated, &after.evaluated);
    let compared = Compared {
        resources: updates(catalog(), &before.evaluated, &after.evaluated, &found),
        outputs: &found.outputs,
        declarations: &declarations(&before.written, &after.written),
    };
    if console.json {
        console.json(&value(&compared));
    } else {
        screen::show(console, &compared);
    }
    let pending = options.detailed_exitcode && !compared.is_empty();
    Ok(if pending { Exit::Pending } else { Exit::Done })
}

/// One of the two templates.
#[derive(Debug)]
struct Side {
    written: Template,
    evaluated: Evaluated,
}

/// Reads and evaluates one; `None` where that cannot be, with the reasons.
fn side(sources: &mut Sources, path: &Path, cell: &Cell<'_>) -> Result<(Option<Side>, Vec<Diagnostic>)> {
    let written = read(sources, path)?;
    let mut found = written.found;
    found.retain(Diagnostic::is_error);
    if !found.is_empty() {
        return Ok((None, found));
    }
    Ok(match cell.evaluated(&written.template) {
        Ok(evaluated) => (Some(Side { written: written.template, evaluated }), found),
        Err(refused) => (None, refused),
    })
}

/// A mistyped parameter would be left out in silence.
fn known_parameters(cell: &Cell<'_>, templates: [&Template; 2]) -> Result<()> {
    let known = || templates.into_iter().flat_map(|template| template.parameters().keys().map(String::as_str));
    match cell.parameters.keys().find(|name| !known().any(|known| known == name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let near = suggest::nearest(unknown, known());
            let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            bail!("neither template has a parameter `{unknown}`{hint}")
        }
    }
}

fn value(compared: &Compared<'_>) -> Value {
    let resources = compared.resources.iter().map(|update| {
        let found = &update.difference;
        let (change, from, values) = match &found.kind {
            ResourceChange::Added => ("added", None, &[][..]),
            ResourceChange::Removed => ("removed", None, &[][..]),
            ResourceChange::Retyped { from } => ("retyped", Some(from), &[][..]),
            ResourceChange::Changed(values) if values.is_empty() => ("follows", None, &[][..]),
            ResourceChange::Changed(values) => ("changed", None, values.as_slice()),
        };
        let (effect, fate) = words(&update.effect);
        let follows = update.follows.iter().map(|(property, of)| json!({ "property": property, "of": of }));
        let values = values.iter().map(|value| {
            let replacement = match replacement(catalog(), &found.type_name, value) {
                Replacement::Never => "never",
                Replacement::Conditional => "conditional",
                Replacement::Always => "always",
            };
            json!({
                "path": value.path(),
                "pointer": value.pointer,
                "before": value.before,
                "after": value.after,
                "replacement": replacement,
            })
        });
        json!({
            "logical_id": found.logical_id,
            "type": found.type_name,
            "from": from,
            "change": change,
            "effect": effect,
            "fate": fate,
            "values": values.collect::<Vec<_>>(),
            "follows": follows.collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": "stackfleet/template-diff/v1",
        "differs": !compared.is_empty(),
        "resources": resources.collect::<Vec<_>>(),
        "outputs": compared.outputs.iter().map(value_of).collect::<Vec<_>>(),
        "declarations": compared.declarations.iter().map(value_of).collect::<Vec<_>>(),
    })
}

fn value_of(value: &ValueDifference) -> Value {
    json!({ "path": value.path(), "pointer": value.pointer, "before": value.before, "after": value.after })
}

/// The words of an effect, and of what becomes of a resource that goes.
const fn words(effect: &Effect) -> (&'static str, Option<&'static str>) {
    const fn fate(fate: Fate) -> Option<&'static str> {
        Some(match fate {
            Fate::Deleted => "deleted",
            Fate::DeletedIfEmpty => "deleted-if-empty",
            Fate::DataLost => "data-lost",
            Fate::Snapshot => "snapshot",
            Fate::Kept => "kept",
        })
    }
    match effect {
        Effect::Created => ("created", None),
        Effect::Untouched => ("untouched", None),
        Effect::InPlace => ("in-place", None),
        Effect::MayBeReplaced(old) => ("may-be-replaced", fate(*old)),
        Effect::Replaced(old) => ("replaced", fate(*old)),
        Effect::Removed(old) => ("removed", fate(*old)),
        Effect::TypeRefused | Effect::NameRefused(_) => ("refused", None),
    }
}
