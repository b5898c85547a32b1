//! The way to a property: `/Code/S3Bucket`, `/Tags/*/Key`.

use std::fmt;

use crate::format::TextId;
use crate::texts::Texts;

/// The step that stands for every member of a list or map.
pub(crate) const EACH: &str = "*";

/// The way from a resource's properties to one of them.
///
/// Shown as a JSON pointer in which `*` stands for every member of a list or map; [`Self::dotted`] is what
/// `Fn::GetAtt` takes.
#[derive(Clone, Copy)]
pub struct PropertyPath<'catalog> {
    texts: Texts<'catalog>,
    steps: &'catalog [TextId],
}

impl<'catalog> PropertyPath<'catalog> {
    pub(crate) fn new(texts: Texts<'catalog>, steps: &'catalog [TextId]) -> Self {
        Self { texts, steps }
    }

    /// Returns the steps.
    pub fn steps(self) -> impl Iterator<Item = &'catalog str> + Clone {
        self.steps.iter().map(move |step| self.texts.get(*step))
    }

    /// Returns the steps joined by dots, as `Fn::GetAtt` takes them.
    #[must_use]
    pub fn dotted(self) -> String {
        self.steps().collect::<Vec<_>>().join(".")
    }

    /// Returns how the property at `steps` lies to this one.
    pub(crate) fn compare(self, steps: &[&str]) -> Relation {
        let mut own = self.steps().filter(|step| *step != EACH);
        for step in steps {
            match own.next() {
                None => return Relation::Below,
                Some(wanted) if wanted != *step => return Relation::Apart,
                Some(_) => {}
            }
        }
        if own.next().is_none() { Relation::Same } else { Relation::Above }
    }
}

impl fmt::Display for PropertyPath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps().try_for_each(|step| write!(out, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

impl fmt::Debug for PropertyPath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{self}`")
    }
}

/// How a property lies to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It is that one.
    Same,
    /// It is part of it.
    Below,
    /// It contains it.
    Above,
    /// Neither.
    Apart,
}

/// Splits a way that a caller wrote: a JSON pointer, or names joined by dots.
pub(crate) fn split(path: &str) -> Vec<String> {
    match path.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
        None if path.is_empty() => Vec::new(),
        None => path.split('.').map(str::to_owned).collect(),
    }
}

/// Splits and leaves out what selects a member of a list: AWS's own lists of properties leave it out at times.
pub(crate) fn names(path: &str) -> Vec<String> {
    let selects = |step: &String| step == EACH || step.bytes().all(|byte| byte.is_ascii_digit());
    split(path).into_iter().filter(|step| !selects(step)).collect()
}
