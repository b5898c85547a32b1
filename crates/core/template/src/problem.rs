//! What CloudFormation would say against a template or its inputs.

use stackfleet_base::{
    Diagnostic, Span,
    suggest::{distance, nearest},
};

/// A refusal, in CloudFormation's words, with its place in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// A stable code such as `TPL004`.
    pub code: &'static str,
    /// What CloudFormation answers (as a `ValidationError`).
    pub message: String,
    /// JSON pointer into [`Template::value`](crate::Template::value); empty for the whole template.
    pub pointer: String,
    /// What to do, as a command.
    pub help: Option<String>,
    /// The name that leads nowhere and the section it stands in: CloudFormation names all of a section at once.
    pub(crate) unresolved: Option<Box<(String, &'static str)>>,
    /// The word that is wrong, within what is written at the place.
    pub(crate) wrong: Option<Box<Wrong>>,
}

/// A word that is wrong, and the one that is surely meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) written: String,
    pub(crate) meant: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: pointer.into(), help: None, unresolved: None, wrong: None }
    }

    /// Makes the problem of a name that leads nowhere.
    pub(crate) fn unresolved(name: &str, block: &'static str, pointer: impl Into<String>) -> Self {
        let unresolved = Some(Box::new((name.to_owned(), block)));
        Self { unresolved, ..Self::new(UNRESOLVED, unresolved_message(&[name], block), pointer) }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which word is wrong and, if one of the known ones is near, which was meant. A word that is the only one near
    /// and not too far makes a fix.
    pub(crate) fn suggesting<'known>(self, written: &str, known: impl IntoIterator<Item = &'known str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let nearest = nearest(written, known.iter().copied());
        let help = nearest.map(|meant| format!("did you mean `{meant}`?")).or_else(|| self.help.clone());
        let far = |word: &str| distance(&written.to_lowercase(), &word.to_lowercase());
        let certain = nearest.filter(|meant| {
            let rivals = known.iter().filter(|other| *other != meant && far(other) <= far(meant) + 1);
            far(meant) <= 2 && rivals.count() == 0
        });
        let wrong = Wrong { written: written.to_owned(), meant: certain.map(str::to_owned) };
        Self { help, wrong: Some(Box::new(wrong)), ..self }
    }

    /// Says that the key at the pointer is to blame.
    pub(crate) fn about_key(self, key: &str) -> Self {
        Self { wrong: Some(Box::new(Wrong { written: key.to_owned(), meant: None })), ..self }
    }

    /// Says what is to be written instead of a word at the pointer.
    pub(crate) fn replacing(self, written: &str, meant: &str) -> Self {
        Self { wrong: Some(Box::new(Wrong { written: written.to_owned(), meant: Some(meant.to_owned()) })), ..self }
    }

    /// Returns the same as an error-level diagnostic.
    #[must_use]
    pub fn to_diagnostic(&self, span: Option<Span>) -> Diagnostic {
        let error = Diagnostic::error(self.code, self.message.trim_end_matches('.'));
        let error = Diagnostic { help: self.help.clone(), ..error };
        match span {
            Some(span) => error.at(span, ""),
            None => error,
        }
    }
}

/// Returns the one message that CloudFormation answers when there are several problems: the first, which names every
/// missing name of its section. Empty when there is no problem.
#[must_use]
pub fn refusal(problems: &[Problem]) -> String {
    let Some(first) = problems.first() else { return String::new() };
    let Some((_, block)) = first.unresolved.as_deref() else { return first.message.clone() };
    let mut names: Vec<&str> = Vec::new();
    for (name, other) in problems.iter().filter_map(|problem| problem.unresolved.as_deref()) {
        if other == block && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    unresolved_message(&names, block)
}

/// Says it as CloudFormation does when names lead nowhere.
fn unresolved_message(names: &[&str], block: &str) -> String {
    let names = names.join(", ");
    match block {
        "Outputs" => format!("Unresolved resource dependencies [{names}] in the Outputs block of the template"),
        block => {
            format!(
                "Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template"
            )
        }
    }
}

/// The text is not well-formed or not a template at all.
pub(crate) const FORMAT: &str = "TPL001";
/// A section or a member of it has the wrong shape.
pub(crate) const STRUCTURE: &str = "TPL002";
/// A name refers to nothing.
pub(crate) const UNRESOLVED: &str = "TPL003";
/// A function has arguments that it does not take.
pub(crate) const FUNCTION: &str = "TPL004";
/// Resources depend on each other in a circle.
pub(crate) const CYCLE: &str = "TPL005";
/// A parameter's value is missing, surplus or against a constraint.
pub(crate) const PARAMETER: &str = "TPL006";
/// A value is looked up that is not there: a mapping, an export, a list item.
pub(crate) const VALUE: &str = "TPL007";
/// The template must be transformed before it can be evaluated.
pub(crate) const TRANSFORM: &str = "TPL008";
/// More than CloudFormation's quota.
pub(crate) const QUOTA: &str = "TPL009";
/// A rule's assertion does not hold.
pub(crate) const RULE: &str = "TPL010";
/// A bare scalar becomes something else than it looks.
pub(crate) const SURPRISE: &str = "TPL011";
/// A section or an attribute of a resource that does not exist.
pub(crate) const UNKNOWN_MEMBER: &str = "TPL012";
