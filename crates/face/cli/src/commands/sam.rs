//! `sam translate`: the local SAM transform for any number of files in one process.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_project::local_code;
use stackfleet_sam::{Applications, Environment, SamError, transform};
use stackfleet_template::Template;

use crate::{console::Console, diagnostics, exit::Exit};

/// What may be set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    pub(crate) region: &'a str,
    pub(crate) parameters: &'a [String],
    pub(crate) lookups: Option<&'a Path>,
    pub(crate) code_uri: Option<&'a str>,
    pub(crate) out_dir: Option<&'a Path>,
}

pub(crate) fn translate(console: &Console, files: &[PathBuf], options: &Options<'_>) -> Result<Exit> {
    let Options { region, parameters, lookups, code_uri, out_dir } = *options;
    let environment = environment(region, parameters, lookups)?;
    if let Some(folder) = out_dir {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    if files.len() > 1 && out_dir.is_none() {
        bail!("several templates need --out-dir DIR");
    }
    let mut exit = Exit::Done;
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        match translated(&file.to_string_lossy(), &text, &environment, code_uri) {
            Ok(template) => put(console, out_dir, file, "json", &format!("{template:#}\n"))?,
            Err(refused) => {
                exit = Exit::Error;
                if out_dir.is_some() {
                    put(console, out_dir, file, "error.txt", &refused.text)?;
                } else if refused.diagnostics.is_empty() {
                    console.warn(&refused.text);
                } else {
                    diagnostics::show(console, &refused.sources, &refused.diagnostics);
                }
            }
        }
    }
    Ok(exit)
}

/// Why a template was refused.
struct Refused {
    /// The text that AWS's transform gives.
    text: String,
    /// The same with places, where they are known.
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

fn translated(path: &str, text: &str, environment: &Environment, code_uri: Option<&str>) -> Result<Value, Refused> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let (template, found) = stackfleet_template::read(file, text);
    let unreadable = template.value().is_null();
    if unreadable && found.iter().any(Diagnostic::is_error) {
        let messages: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
        return Err(Refused { text: messages.join("\n"), diagnostics: found, sources });
    }
    run(&template, environment, &|_| code_uri.map(str::to_owned)).map_err(|errors| {
        let diagnostics = diagnostics(&errors, &template);
        Refused { text: SamError::summary(&errors), diagnostics, sources }
    })
}

/// Transforms a template; `code` says what stands for code that lies beside it.
pub(super) fn run(
    template: &Template,
    environment: &Environment,
    code: &dyn Fn(&str) -> Option<String>,
) -> Result<Value, Vec<SamError>> {
    let mut document = template.value().clone();
    for (pointer, path) in local_code(template) {
        if let (Some(written), Some(uri)) = (document.pointer_mut(&pointer), code(path)) {
            *written = Value::from(uri);
        }
    }
    transform(&document, environment)
}

/// Says refusals at their places in the template.
pub(super) fn diagnostics(errors: &[SamError], template: &Template) -> Vec<Diagnostic> {
    errors.iter().map(|error| diagnostic(error, template)).collect()
}

fn diagnostic(error: &SamError, template: &Template) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("SAM001", error.message.clone());
    if error.message.contains("is not a valid S3 Uri") {
        diagnostic = diagnostic
            .help("code that lies beside the template needs `--code-uri s3://BUCKET/KEY` here; `deploy` uploads it");
    }
    match template.key_span(&error.pointer).or_else(|| template.span(&error.pointer)) {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}

fn put(console: &Console, out_dir: Option<&Path>, file: &Path, ending: &str, text: &str) -> Result<()> {
    let Some(folder) = out_dir else {
        console.result(text.trim_end());
        return Ok(());
    };
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let target = folder.join(format!("{stem}.{ending}"));
    fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))
}

/// Reads `k=v` items; one without `=` goes on with the value before it, as lists do: `Zones=a,b`.
pub(super) fn parameters(items: &[String]) -> Result<BTreeMap<String, String>> {
    let mut given: Vec<(String, String)> = Vec::new();
    for item in items {
        match (item.split_once('='), given.last_mut()) {
            (Some((name, value)), _) => given.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => value.push_str(&format!(",{item}")),
            (None, None) => bail!("`{item}` is not KEY=VALUE"),
        }
    }
    Ok(given.into_iter().collect())
}

fn environment(region: &str, parameters: &[String], lookups: Option<&Path>) -> Result<Environment> {
    let mut environment = Environment::in_region(region);
    environment.unix_time_s = SystemTime::UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs());
    let given = self::parameters(parameters)?;
    environment.parameters.extend(given.into_iter().map(|(name, value)| (name, Value::from(value))));
    if let Some(path) = lookups {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lookups: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        environment.managed_policies = policies(&lookups, environment.partition());
        environment.applications = applications(&lookups);
    }
    Ok(environment)
}

/// `partitions.<partition>.fallback_managed_policy_map`.
fn policies(lookups: &Value, partition: &str) -> BTreeMap<String, String> {
    let map =
        lookups.pointer(&format!("/partitions/{partition}/fallback_managed_policy_map")).and_then(Value::as_object);
    let entries = map.into_iter().flatten();
    entries.filter_map(|(name, arn)| Some((name.clone(), arn.as_str()?.to_owned()))).collect()
}

/// `sar`: the template's address, errors by application, and those whose template never becomes active.
fn applications(lookups: &Value) -> Option<Applications> {
    let told = lookups.get("sar")?;
    let errors = told.get("errors").and_then(Value::as_object).into_iter().flatten();
    let states = told.get("status").and_then(Value::as_object).into_iter().flatten();
    let never = states
        .filter(|(_, state)| state.as_str().is_some_and(|state| state == "EXPIRED" || state.contains("for ever")));
    Some(Applications {
        template_url: told.get("template_url").and_then(Value::as_str).unwrap_or_default().to_owned(),
        errors: errors.filter_map(|(id, text)| Some((id.clone(), text.as_str()?.to_owned()))).collect(),
        never_ready: never.map(|(id, _)| id.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_lists() {
        let items: Vec<String> = "Zones=a,b,Env=x=y".split(',').map(str::to_owned).collect();
        let given = parameters(&items).unwrap();
        assert_eq!(given, [("Zones", "a,b"), ("Env", "x=y")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert!(parameters(&["a".to_owned()]).unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
