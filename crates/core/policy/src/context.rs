//! The context keys of a request, and answers that may depend on a key nobody knows yet.

use std::sync::Arc;

/// Whether something matches, when a context key may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    No,
    /// It depends on a key that is not known.
    Unknown,
    Yes,
}

impl Truth {
    /// Both must hold (Kleene).
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// One must hold (Kleene).
    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    pub(crate) const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

/// The name of a key as a policy writes it, and in lower case for looking it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) written: Box<str>,
    lower: Box<str>,
}

impl Key {
    pub(crate) fn new(written: &str) -> Self {
        Self { written: written.into(), lower: lower(written) }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.lower == other.lower
    }

    pub(crate) fn is_unknown(&self, context: &Context) -> bool {
        matches!(context.held(self), Some(Held::Unknown))
    }
}

/// What a request says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// Its values; never empty, for a key without values counts as absent.
    Values(Arc<[Box<str>]>),
    /// It may be there with any value, or not: nobody can say yet.
    Unknown,
}

/// The context keys of a request: `aws:PrincipalOrgID`, `s3:prefix`, ...
///
/// Names ignore case, tag keys within names too, as AWS documents. Values are texts; a condition reads them as
/// numbers, dates or addresses when its operator wants that. A clone shares names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    // INVARIANT: sorted by name, each name once, in lower case. Requests have a few dozen keys: a sorted list is
    // cloned with one allocation and searched faster than a tree.
    keys: Vec<(Arc<str>, Held)>,
}

impl Context {
    /// Makes a context without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key with one value, replacing what it had.
    pub fn set(&mut self, key: &str, value: impl Into<Box<str>>) -> &mut Self {
        self.put(&lower(key), Some(Held::Values(Arc::new([value.into()]))))
    }

    /// Sets a key with several values. Without any the key is absent, as in AWS.
    pub fn set_all<V: Into<Box<str>>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) -> &mut Self {
        let values: Arc<[Box<str>]> = values.into_iter().map(Into::into).collect();
        self.put(&lower(key), (!values.is_empty()).then_some(Held::Values(values)))
    }

    /// Says that nobody knows yet whether the key is there and with which value; answers that hinge on it become
    /// [`Decision::Depends`](crate::Decision::Depends).
    pub fn set_unknown(&mut self, key: &str) -> &mut Self {
        self.put(&lower(key), Some(Held::Unknown))
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) -> &mut Self {
        self.put(&lower(key), None)
    }

    /// Adds the keys of `other`, which win over those here.
    pub fn extend(&mut self, other: &Self) -> &mut Self {
        for (key, held) in &other.keys {
            self.put(key, Some(held.clone()));
        }
        self
    }

    /// Returns a key's values; empty when it is absent or unknown.
    #[must_use]
    pub fn values(&self, key: &str) -> &[Box<str>] {
        match self.find(&lower(key)) {
            Some(Held::Values(values)) => values,
            Some(Held::Unknown) | None => &[],
        }
    }

    /// Looks up what is known of a key.
    pub(crate) fn held(&self, key: &Key) -> Option<&Held> {
        self.find(&key.lower)
    }

    fn find(&self, lower_key: &str) -> Option<&Held> {
        let index = self.keys.binary_search_by(|(key, _)| (**key).cmp(lower_key)).ok()?;
        self.keys.get(index).map(|(_, held)| held)
    }

    fn put(&mut self, lower_key: &str, held: Option<Held>) -> &mut Self {
        match (self.keys.binary_search_by(|(key, _)| (**key).cmp(lower_key)), held) {
            (Ok(index), Some(held)) => {
                if let Some((_, known)) = self.keys.get_mut(index) {
                    *known = held;
                }
            }
            (Ok(index), None) => {
                self.keys.remove(index);
            }
            (Err(index), Some(held)) => self.keys.insert(index, (lower_key.into(), held)),
            (Err(_), None) => {}
        }
        self
    }
}

impl<K: AsRef<str>, V: Into<Box<str>>> FromIterator<(K, V)> for Context {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        let mut context = Self::new();
        for (key, value) in pairs {
            context.set(key.as_ref(), value);
        }
        context
    }
}

/// Key names are ASCII but for the tag keys that stand in some.
fn lower(key: &str) -> Box<str> {
    if key.is_ascii() { key.to_ascii_lowercase().into() } else { key.to_lowercase().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_a_key_without_values_is_absent() {
        let mut context = Context::new();
        context.set("aws:PrincipalTag/Team", "a").set_all("aws:TagKeys", ["x", "y"]);
        assert_eq!(context.values("AWS:principaltag/TEAM"), [Box::from("a")]);
        assert_eq!(context.values("aws:tagkeys").len(), 2);
        context.extend(&[("aws:a", "1"), ("aws:PRINCIPALTAG/team", "b")].into_iter().collect());
        assert_eq!(context.values("aws:PrincipalTag/Team"), [Box::from("b")]);
        assert_eq!(context.values("aws:A").len(), 1);
        context.set_all("aws:TagKeys", Vec::<&str>::new()).remove("aws:b").remove("AWS:a");
        assert_eq!(context.held(&Key::new("aws:a")), None);
        assert_eq!(context.held(&Key::new("aws:TagKeys")), None);
    }

    #[test]
    fn unknown_is_neither_yes_nor_no() {
        use Truth::{No, Unknown, Yes};
        assert_eq!([Yes.and(Unknown), No.and(Unknown), Unknown.and(Unknown)], [Unknown, No, Unknown]);
        assert_eq!([Yes.or(Unknown), No.or(Unknown), Unknown.not()], [Yes, Unknown, Unknown]);
    }
}
