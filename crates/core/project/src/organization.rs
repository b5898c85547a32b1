//! Reads `organization:`.

use std::collections::BTreeMap;

use stackfleet_base::{Diagnostic, Span};
use stackfleet_template::yaml::Node;

use crate::codes;
use crate::model::{Account, Organization, PolicyFile, Spanned, Unit};
use crate::reading::{Reading, entries, text_map, text_of, texts};

/// Levels of units under the root (quota of Organizations).
const UNIT_DEPTH_MAX: usize = 5;

/// Reads the organization; `None` where it says too little to be used.
pub(crate) fn read(reading: &mut Reading<'_>, node: &Node) -> Option<Organization> {
    let regions = reading.regions(node.get("regions"));
    if let Some(written) = node.get("regions").filter(|node| node.as_sequence().is_some_and(<[Node]>::is_empty)) {
        let error = Diagnostic::error(codes::BAD_VALUE, "an organization needs at least one region");
        reading.tell(error.at(written.span, "").help("name the region in which stack sets shall live"));
    }
    let management = text_of(node, "management");
    let required = texts(node.get("tags").and_then(|tags| tags.get("required")));
    let required_tags = required.iter().map(|(tag, span)| Spanned { value: (*tag).to_owned(), span: *span }).collect();
    let policies = policies(reading, node);
    let mut taken = Taken::default();
    if let Some(management) = &management {
        taken.email(reading, management, None);
    }
    let units = entries(node.get("units"));
    let units = units.iter().filter_map(|(name, node)| unit(reading, &mut taken, name, node, "")).collect();
    // A region that was refused was told; what refers to it must not fall over a second time.
    if regions.is_empty() {
        return None;
    }
    Some(Organization { management: management?, regions, required_tags, policies, units })
}

/// Names and addresses that are given away, with the places where they were.
#[derive(Default)]
struct Taken {
    names: BTreeMap<String, Span>,
    emails: BTreeMap<String, Span>,
}

impl Taken {
    fn name(&mut self, reading: &mut Reading<'_>, name: &Spanned<String>) {
        check_account_name(reading, name);
        if let Some(first) = self.names.insert(name.value.clone(), name.span) {
            let message = format!("two accounts are called `{}`", name.value);
            let error = Diagnostic::error(codes::DUPLICATE, message).at(name.span, "").at(first, "the other one");
            reading.tell(error.help("give each account a name of its own: names stand for accounts everywhere else"));
        }
    }

    /// Addresses are told apart without case, as AWS does.
    fn email(&mut self, reading: &mut Reading<'_>, email: &Spanned<String>, account: Option<&str>) {
        check_email(reading, email);
        if let Some(first) = self.emails.insert(email.value.to_lowercase(), email.span) {
            let of = account.map_or_else(String::new, |account| format!(" of `{account}`"));
            let message = format!("the e-mail address{of} `{}` is given to another account", email.value);
            let error = Diagnostic::error(codes::DUPLICATE, message).at(email.span, "").at(first, "used here first");
            reading
                .tell(error.help("every AWS account needs an address of its own; `name+something@domain` often works"));
        }
    }
}

fn unit(
    reading: &mut Reading<'_>,
    taken: &mut Taken,
    name: &Spanned<String>,
    node: &Node,
    above: &str,
) -> Option<Unit> {
    let path = if above.is_empty() { name.value.clone() } else { format!("{above}/{}", name.value) };
    check_unit_name(reading, name, above);
    let policies = policies(reading, node);
    let accounts = entries(node.get("accounts"));
    let accounts = accounts.iter().filter_map(|(name, node)| account(reading, taken, name, node, &path)).collect();
    let units = entries(node.get("units"));
    let units = units.iter().filter_map(|(name, node)| unit(reading, taken, name, node, &path)).collect();
    Some(Unit { name: name.clone(), path, policies, accounts, units })
}

fn account(
    reading: &mut Reading<'_>,
    taken: &mut Taken,
    name: &Spanned<String>,
    node: &Node,
    unit: &str,
) -> Option<Account> {
    taken.name(reading, name);
    let email = text_of(node, "email");
    if let Some(email) = &email {
        taken.email(reading, email, Some(&name.value));
    }
    Some(Account {
        name: name.clone(),
        email: email?,
        tags: text_map(node.get("tags")),
        policies: policies(reading, node),
        unit: unit.to_owned(),
    })
}

fn policies(reading: &mut Reading<'_>, node: &Node) -> Vec<PolicyFile> {
    let named = texts(node.get("policies"));
    named.into_iter().filter_map(|(path, span)| crate::policies::read(reading, path, span)).collect()
}

/// Organizations: 1 to 50 characters of printable ASCII.
fn check_account_name(reading: &mut Reading<'_>, name: &Spanned<String>) {
    let printable = name.value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if name.value.is_empty() || name.value.len() > 50 || !printable {
        let message = format!("an account cannot be called `{}`", name.value);
        let error = Diagnostic::error(codes::BAD_VALUE, message).at(name.span, "");
        reading.tell(error.help("names have 1 to 50 printable ASCII characters"));
    }
}

/// Organizations: 6 to 64 characters, one `@` with something on both sides, no blanks.
fn check_email(reading: &mut Reading<'_>, email: &Spanned<String>) {
    let parts: Vec<&str> = email.value.split('@').collect();
    let formed = matches!(parts.as_slice(), [local, domain] if !local.is_empty() && domain.contains('.'));
    let clean = email.value.chars().all(|letter| letter.is_ascii_graphic());
    if !(6..=64).contains(&email.value.len()) || !formed || !clean {
        let message = format!("`{}` is not an e-mail address that AWS takes", email.value);
        let error = Diagnostic::error(codes::BAD_VALUE, message).at(email.span, "");
        reading.tell(error.help("write `name@domain`, 6 to 64 characters"));
    }
}

fn check_unit_name(reading: &mut Reading<'_>, name: &Spanned<String>, above: &str) {
    let problem = if name.value.is_empty() || name.value.chars().count() > 128 {
        Some("names of units have 1 to 128 characters")
    } else if name.value.contains('/') {
        Some("write the unit below the other one under `units:`; `/` divides names in paths")
    } else if !above.is_empty() && above.split('/').count() >= UNIT_DEPTH_MAX {
        Some("AWS allows five levels of units")
    } else {
        None
    };
    if let Some(help) = problem {
        let message = format!("there cannot be a unit `{}` here", name.value);
        reading.tell(Diagnostic::error(codes::BAD_VALUE, message).at(name.span, "").help(help));
    }
}
