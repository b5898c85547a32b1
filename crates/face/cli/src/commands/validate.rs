//! `validate`: reads and checks everything offline; mends it, where that is asked for.

mod fix;
mod subject;

use anyhow::Result;
use serde_json::json;
use stackfleet_base::Diagnostic;
use stackfleet_catalog::catalog;

use crate::{
    arguments::{Global, Validate},
    console::{Console, Paint},
    diagnostics,
    exit::Exit,
    files, sarif,
};
use subject::Subject;

pub(crate) fn run(console: &Console, global: &Global, options: &Validate) -> Result<Exit> {
    let mut subject = match Subject::new(&global.project, options)? {
        Ok(subject) => subject,
        Err(wrong) => {
            console.warn(format!("{} {wrong}", console.paint(Paint::Bad, "error:")));
            return Ok(Exit::Usage);
        }
    };
    unknown_regions(console, options);
    let mut checked = subject.check()?;
    let mut fixed = Vec::new();
    if options.fix {
        (checked, fixed) = fix::all(&mut subject, checked)?;
        for (path, text) in subject.changed() {
            files::rewrite(&path, text)?;
        }
    }
    let wrong = checked.found.iter().any(Diagnostic::is_error) || checked.told.is_none();
    if options.sarif {
        console.json(&sarif::log(&checked.sources, &checked.found, subject.folder()));
    } else if console.json {
        console.json(&json!({
            "schema": "stackfleet/validate/v1",
            "valid": !wrong,
            "diagnostics": diagnostics::values(&checked.sources, &checked.found),
            "fixed": fixed.iter().map(fix::Fixed::value).collect::<Vec<_>>(),
        }));
    } else {
        fixed.iter().for_each(|fixed| console.say(fixed));
        diagnostics::show(console, &checked.sources, &checked.found);
        if let (Some(told), false) = (&checked.told, wrong) {
            console.result(console.paint_result(Paint::Good, format!("✓ {told}: no error")));
        }
    }
    Ok(if wrong { Exit::Error } else { Exit::Done })
}

/// Says which regions the catalog does not know: nothing can be told about what they have.
fn unknown_regions(console: &Console, options: &Validate) {
    for region in &options.regions {
        if !catalog().regions().any(|known| known == region.as_str()) {
            let near = stackfleet_base::suggest::nearest(region.as_str(), catalog().regions());
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            console.warn(format!("nothing is known of the region {region}{hint}"));
        }
    }
}
