//! Templates read for one stack: what is wrong with them told, SAM transformed, functions computed.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde_json::Value;
use stackfleet_base::{Diagnostic, Sources};
use stackfleet_sam::Environment;
use stackfleet_template::{Evaluated, Inputs, Nothing, Problem, Template, evaluate};

use crate::{arguments::TemplateCell, commands::sam, input};

/// A template as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) template: Template,
    /// What is wrong with it.
    pub(super) found: Vec<Diagnostic>,
}

/// Reads a template; what is not well-formed gives one without resources.
pub(super) fn read(sources: &mut Sources, path: &Path) -> Result<Written> {
    let text = input::read(path)?;
    let file = sources.add(&input::name(path), &text);
    let (template, found) = stackfleet_template::read(file, &text);
    Ok(Written { text, template, found })
}

/// The stack for which templates are evaluated.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    pub(super) arguments: &'a TemplateCell,
    pub(super) parameters: BTreeMap<String, String>,
}

impl<'a> Cell<'a> {
    pub(super) fn new(arguments: &'a TemplateCell) -> Result<Self> {
        Ok(Self { arguments, parameters: sam::parameters(&arguments.parameters)? })
    }

    fn inputs(&self, template: &Template) -> Inputs {
        let mut parameters = self.parameters.clone();
        parameters.retain(|name, _| template.parameters().contains_key(name));
        Inputs {
            parameters,
            account: self.arguments.account.clone(),
            region: self.arguments.region.clone(),
            stack_name: None,
            stack_id: None,
            notification_arns: Vec::new(),
        }
    }

    /// Returns the template that CloudFormation deploys: after the SAM transform, where it is one of SAM's.
    pub(super) fn transformed(&self, written: &Template) -> Result<Template, Vec<Diagnostic>> {
        if !written.is_serverless() {
            return Ok(written.clone());
        }
        let mut environment = Environment::in_region(self.arguments.region.as_str());
        let values = self.parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        environment.parameters.extend(values);
        // Code that lies beside the template would be uploaded; its path stands for what is in it.
        let code = |path: &str| Some(format!("s3://local/{path}"));
        let transformed = sam::run(written, &environment, &code);
        transformed.map(Template::new).map_err(|errors| sam::diagnostics(&errors, written))
    }

    /// Unrolls the loops of a template.
    pub(super) fn unrolled(&self, written: &Template, template: &Template) -> Result<Template, Vec<Diagnostic>> {
        let expanded = stackfleet_template::expand_language_extensions(template, &self.inputs(template), &Nothing);
        expanded.map_err(|problems| problems.iter().map(|problem| diagnostic(written, problem)).collect())
    }

    /// Computes everything that is known before deployment.
    pub(super) fn evaluated(&self, written: &Template) -> Result<Evaluated, Vec<Diagnostic>> {
        let template = self.transformed(written)?;
        evaluate(&template, &self.inputs(&template), &Nothing)
            .map_err(|problems| problems.iter().map(|problem| diagnostic(written, problem)).collect())
    }
}

/// A value that a parameter lacks or does not allow.
const PARAMETER: &str = "TPL006";

/// Says a problem at the place in the written template that is nearest to it.
fn diagnostic(written: &Template, problem: &Problem) -> Diagnostic {
    let mut pointer = problem.pointer.as_str();
    while !pointer.is_empty() && written.value().pointer(pointer).is_none() {
        pointer = pointer.rsplit_once('/').map_or("", |(above, _)| above);
    }
    let span = match pointer == problem.pointer {
        true => written.problem_span(problem),
        false => written.key_span(pointer).or_else(|| written.span(pointer)),
    };
    let told = problem.to_diagnostic(span);
    if told.help.is_none() && problem.code == PARAMETER {
        return told.help("`--parameters NAME=VALUE,...` gives values");
    }
    told
}
