//! Where a check is: a way through the template that costs nothing until something is wrong there.

/// A step, and the way to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'way> {
    above: Option<&'way Place<'way>>,
    step: Step<'way>,
    /// Whether the step is one of the resource's properties, not of the template or of a function.
    is_property: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step<'way> {
    Key(&'way str),
    Member(usize),
}

impl<'way> Place<'way> {
    /// A section of the template.
    pub(super) fn root(section: &'way str) -> Self {
        Self { above: None, step: Step::Key(section), is_property: false }
    }

    /// A member of the template or of a function.
    pub(super) fn key(&'way self, key: &'way str) -> Self {
        Self { above: Some(self), step: Step::Key(key), is_property: false }
    }

    /// A member of a list that is a function's argument.
    pub(super) fn argument(&'way self, number: usize) -> Self {
        Self { above: Some(self), step: Step::Member(number), is_property: false }
    }

    /// A property.
    pub(super) fn property(&'way self, name: &'way str) -> Self {
        Self { above: Some(self), step: Step::Key(name), is_property: true }
    }

    /// A member of a list.
    pub(super) fn member(&'way self, number: usize) -> Self {
        Self { above: Some(self), step: Step::Member(number), is_property: true }
    }

    /// Returns the JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.above.map(Self::pointer).unwrap_or_default();
        pointer.push('/');
        match self.step {
            Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::Member(number) => pointer.push_str(&number.to_string()),
        }
        pointer
    }

    /// Returns the property as people name it: `Code.S3Bucket`, `Tags[0].Key`; empty for the resource itself.
    pub(super) fn name(&self) -> String {
        let mut name = self.above.map(Self::name).unwrap_or_default();
        match self.step {
            Step::Key(key) if self.is_property => {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(key);
            }
            Step::Member(number) if self.is_property => name.push_str(&format!("[{number}]")),
            Step::Key(_) | Step::Member(_) => {}
        }
        name
    }
}
