//! Condition keys that do not exist, or that no action of the statement has.

use stackfleet_base::{Diagnostic, suggest};
use stackfleet_catalog::actions;
use stackfleet_catalog::actions::Action;
use stackfleet_policy::{Draft, DraftValue};

use super::Lint;
use crate::codes;

impl Lint<'_> {
    pub(super) fn condition(
        &mut self,
        covered: &[(Action<'static>, Option<&Draft>)],
        is_open: bool,
        condition: &Draft,
    ) {
        let DraftValue::Object(operators) = &condition.value else { return };
        for (_, keys) in operators {
            let DraftValue::Object(keys) = &keys.value else { continue };
            for (key, value) in keys {
                if !is_beyond_the_lists(key) {
                    self.key(covered, is_open, key, value);
                }
            }
        }
    }

    fn key(&mut self, covered: &[(Action<'static>, Option<&Draft>)], is_open: bool, key: &str, value: &Draft) {
        let known = actions().key(key);
        let is_global = actions().global_keys().any(|global| global.matches(key));
        if is_global || is_open && known.is_some() || covered.iter().any(|(action, _)| action.knows_key(key)) {
            return;
        }
        if known.is_some() {
            let message = format!("no action of the statement has the condition key `{key}`");
            let help = "remove the key, or the actions whose requests do not have it";
            self.tell(Diagnostic::warning(codes::KEY, message).help(help), value, true, None);
            return;
        }
        let meant = nearest(covered, key);
        let warning = Diagnostic::warning(codes::KEY, format!("no condition key `{key}` is known"));
        self.tell_unknown(warning, value, true, key, meant);
    }
}

/// Tells whether AWS's lists cannot be asked: claims of identity providers are named by whoever runs them, and tags
/// stand in keys that the lists have for some actions only.
fn is_beyond_the_lists(key: &str) -> bool {
    let Some((prefix, name)) = key.split_once(':') else { return true };
    let name = name.to_ascii_lowercase();
    prefix.contains(['.', '/'])
        || prefix.eq_ignore_ascii_case("saml")
        || name.starts_with("resourcetag/")
        || name.starts_with("requesttag/")
}

/// Returns the key that was probably meant, of those that the statement's requests have.
fn nearest(covered: &[(Action<'static>, Option<&Draft>)], key: &str) -> Option<String> {
    let (prefix, _) = key.split_once(':')?;
    let of_service = actions().service(prefix).into_iter().flat_map(|service| service.keys());
    let services = covered.iter().flat_map(|(action, _)| action.keys());
    let known = actions().global_keys().chain(of_service).chain(services).map(|known| known.name());
    suggest::nearest(key, known.filter(|known| !known.contains('$'))).map(str::to_owned)
}
