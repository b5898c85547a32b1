//! Paths into a template's JSON value while it is walked, and JSON pointers (RFC 6901) made of them.

/// One step into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'value> {
    /// A member of an object.
    Key(&'value str),
    /// An item of an array.
    Index(usize),
}

/// The steps from the root to where a walk is.
pub(crate) type Path<'value> = Vec<Step<'value>>;

/// Writes a path as a JSON pointer.
pub(crate) fn to_pointer(path: &[Step<'_>]) -> String {
    let mut pointer = String::new();
    for step in path {
        pointer.push('/');
        match step {
            Step::Key(key) if key.contains(['~', '/']) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::Key(key) => pointer.push_str(key),
            Step::Index(index) => pointer.push_str(&index.to_string()),
        }
    }
    pointer
}

/// Splits a JSON pointer into its tokens, unescaped.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}
