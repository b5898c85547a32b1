//! Pages of lists, and the opaque tokens between them.

use crate::md5::hex;

/// Returns a token that stands for "after `last`" in lists of this kind.
pub(crate) fn seal(kind: &str, last: &str) -> String {
    aws_smithy_types::base64::encode(format!("{}\n{last}", hex(kind.as_bytes())))
}

/// Returns what a token of this kind stands for; none when it is not one.
pub(crate) fn open(kind: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(aws_smithy_types::base64::decode(token).ok()?).ok()?;
    let (found, last) = text.split_once('\n')?;
    (found == hex(kind.as_bytes())).then(|| last.to_owned())
}

/// A page of a list whose items have keys in ascending order.
///
/// Returns the items after `after`, at most `max`, and the key of the last one when more follow.
pub(crate) fn page<Item>(
    items: impl Iterator<Item = (String, Item)>,
    after: Option<&str>,
    max: usize,
) -> (Vec<Item>, Option<String>) {
    let mut following = items.skip_while(|(key, _)| after.is_some_and(|after| key.as_str() <= after));
    let mut taken = Vec::new();
    let mut last = None;
    for (key, item) in following.by_ref().take(max) {
        taken.push(item);
        last = Some(key);
    }
    let more = following.next().is_some();
    (taken, last.filter(|_| more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap() {
        let items = || ["a", "b", "c", "d", "e"].into_iter().map(|key| (key.to_owned(), key));
        let (first, token) = page(items(), None, 2);
        assert_eq!((first, token.as_deref()), (vec!["a", "b"], Some("b")));
        let (second, token) = page(items(), token.as_deref(), 3);
        assert_eq!((second, token), (vec!["c", "d", "e"], None));
    }

    #[test]
    fn tokens_belong_to_one_list() {
        let token = seal("roles", "x");
        assert_eq!(open("roles", &token).as_deref(), Some("x"));
        assert_eq!(open("users", &token), None);
        assert_eq!(open("roles", "!"), None);
    }
}
