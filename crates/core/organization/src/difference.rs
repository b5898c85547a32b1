//! What must change so that an organization becomes as declared, and what is merely worth knowing.
//!
//! Nothing is ever closed or removed: what exists and is not declared becomes a [`Finding`]. Accounts are the same when
//! their e-mail addresses are, for those are unique over all of AWS and cannot be changed from outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Account, Node, State, Tree};

/// The policy that Organizations attaches everywhere when service control policies are enabled.
const FULL_ACCESS: &str = "FullAWSAccess";

/// Changes in an order in which they can be made, and findings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What must be done: units, accounts, names, places, tags, then policies, attached before others are detached.
    pub changes: Vec<Change>,
    /// What is left as it is.
    pub findings: Vec<Finding>,
}

/// One change. Accounts go by their declared names, units by their paths after the changes before this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Make a unit; its parent exists by then.
    CreateUnit {
        /// Its path.
        path: String,
    },
    /// Give a unit another name: all accounts below the old one are declared below the new one.
    RenameUnit {
        /// Its path.
        from: String,
        /// Its path afterwards; only the last name differs.
        to: String,
    },
    /// Make an account; AWS puts it into the root, a move follows.
    CreateAccount {
        /// Its name.
        account: String,
    },
    /// Give an account another name.
    RenameAccount {
        /// The name it has.
        from: String,
        /// The declared name.
        to: String,
    },
    /// Move an account.
    MoveAccount {
        /// The account.
        account: String,
        /// Path of the unit it is in; empty for the root.
        from: String,
        /// Path of the unit it shall be in.
        to: String,
    },
    /// Set tags; others stay.
    TagAccount {
        /// The account.
        account: String,
        /// Tags that are missing or differ.
        tags: BTreeMap<String, String>,
    },
    /// Attach a policy.
    Attach {
        /// Its name.
        policy: String,
        /// To what.
        node: Node,
    },
    /// Detach a policy that is declared, but elsewhere.
    Detach {
        /// Its name.
        policy: String,
        /// From what.
        node: Node,
    },
}

/// Something that is not as declared and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The account exists and is not declared.
    UndeclaredAccount(String),
    /// The unit exists and is not declared.
    UndeclaredUnit(String),
    /// An account with the declared name has another address: one of the two is mistaken.
    OtherEmail {
        /// The account.
        account: String,
        /// The address it has.
        observed: String,
        /// The declared address.
        declared: String,
    },
    /// The account is declared, but nothing can be done with it.
    NotActive {
        /// The account.
        account: String,
        /// Its state.
        state: State,
    },
    /// A policy that is not declared anywhere is attached to something that is.
    UndeclaredPolicy {
        /// Its name.
        policy: String,
        /// What it is attached to.
        node: Node,
    },
}

/// Compares what shall be with what is.
#[must_use]
pub fn difference(declared: &Tree, observed: &Tree) -> Difference {
    let mut work = Work { declared, observed, units: BTreeMap::new(), result: Difference::default() };
    work.units = observed.unit_paths().into_iter().map(|path| (path, path.to_owned())).collect();
    work.compare_units();
    for account in &declared.accounts {
        work.compare_account(account);
    }
    work.undeclared();
    work.compare_policies();
    work.result
}

struct Work<'a> {
    declared: &'a Tree,
    observed: &'a Tree,
    /// Paths that observed units have after the renamings so far, by the paths that they had.
    units: BTreeMap<&'a str, String>,
    result: Difference,
}

impl<'a> Work<'a> {
    /// The observed account that is this declared one.
    fn same(&self, account: &Account) -> Option<&'a Account> {
        let management = |found: &&Account| account.management && found.management;
        let email = |found: &&Account| found.email.eq_ignore_ascii_case(&account.email);
        let accounts = &self.observed.accounts;
        accounts.iter().find(management).or_else(|| accounts.iter().find(email))
    }

    /// An observed account of this name, whatever its address.
    fn namesake(&self, account: &Account) -> Option<&'a Account> {
        self.observed.accounts.iter().find(|found| found.name == account.name)
    }

    fn compare_units(&mut self) {
        let declared = self.declared.unit_paths();
        for path in &declared {
            if self.units.values().any(|known| known == path) {
                continue;
            }
            match self.renamed(path, &declared) {
                Some(from) => {
                    for known in self.units.values_mut() {
                        if let Some(below) =
                            known.strip_prefix(&from).filter(|below| below.is_empty() || below.starts_with('/'))
                        {
                            *known = format!("{path}{below}");
                        }
                    }
                    self.result.changes.push(Change::RenameUnit { from, to: (*path).to_owned() });
                }
                None => self.result.changes.push(Change::CreateUnit { path: (*path).to_owned() }),
            }
        }
    }

    /// The one undeclared unit beside `path` whose accounts are all declared in `path` or below it.
    fn renamed(&self, path: &str, declared: &BTreeSet<&str>) -> Option<String> {
        let mut candidates = self.units.iter().filter(|(original, current)| {
            parent(current) == parent(path)
                && !declared.contains(current.as_str())
                && self.all_declared_in(original, path)
        });
        match (candidates.next(), candidates.next()) {
            (Some((_, current)), None) => Some(current.clone()),
            _ => None,
        }
    }

    fn all_declared_in(&self, original: &str, path: &str) -> bool {
        let mut inside = self.observed.accounts.iter().filter(|account| within(&account.unit, original)).peekable();
        let declared_inside = |account: &Account| {
            self.declared
                .accounts
                .iter()
                .any(|declared| declared.email.eq_ignore_ascii_case(&account.email) && within(&declared.unit, path))
        };
        inside.peek().is_some() && inside.all(declared_inside)
    }

    fn compare_account(&mut self, declared: &Account) {
        let name = declared.name.clone();
        let Some(found) = self.same(declared) else {
            match self.namesake(declared) {
                Some(namesake) => self.result.findings.push(Finding::OtherEmail {
                    account: name,
                    observed: namesake.email.clone(),
                    declared: declared.email.clone(),
                }),
                None => {
                    self.result.changes.push(Change::CreateAccount { account: name.clone() });
                    self.place_and_tag(declared, "", &BTreeMap::new());
                }
            }
            return;
        };
        if found.state != State::Active {
            self.result.findings.push(Finding::NotActive { account: name, state: found.state });
            return;
        }
        // The file does not tell the management account's name, and it cannot leave the root's care.
        if declared.management {
            return;
        }
        if found.name != name {
            self.result.changes.push(Change::RenameAccount { from: found.name.clone(), to: name });
        }
        let from = self.units.get(found.unit.as_str()).cloned().unwrap_or_default();
        self.place_and_tag(declared, &from, &found.tags);
    }

    fn place_and_tag(&mut self, declared: &Account, from: &str, tags: &BTreeMap<String, String>) {
        let account = declared.name.clone();
        if from != declared.unit {
            let (from, to) = (from.to_owned(), declared.unit.clone());
            self.result.changes.push(Change::MoveAccount { account: account.clone(), from, to });
        }
        let differing = declared.tags.iter().filter(|(key, value)| tags.get(*key) != Some(value));
        let tags: BTreeMap<String, String> = differing.map(|(key, value)| (key.clone(), value.clone())).collect();
        if !tags.is_empty() {
            self.result.changes.push(Change::TagAccount { account, tags });
        }
    }

    fn undeclared(&mut self) {
        for found in &self.observed.accounts {
            let known = self.declared.accounts.iter().any(|declared| {
                declared.email.eq_ignore_ascii_case(&found.email)
                    || declared.name == found.name
                    || (declared.management && found.management)
            });
            if !known {
                self.result.findings.push(Finding::UndeclaredAccount(found.name.clone()));
            }
        }
        let declared = self.declared.unit_paths();
        let units = self.units.values().filter(|path| !declared.contains(path.as_str()));
        self.result.findings.extend(units.map(|path| Finding::UndeclaredUnit(path.clone())));
    }

    fn compare_policies(&mut self) {
        let known: BTreeSet<&String> = self
            .declared
            .units
            .values()
            .flatten()
            .chain(self.declared.accounts.iter().flat_map(|account| &account.policies))
            .collect();
        let none = BTreeSet::new();
        let mut nodes: Vec<(Node, &BTreeSet<String>, &BTreeSet<String>)> = Vec::new();
        let root = |tree: &'a Tree| tree.units.get("");
        nodes.push((Node::Root, root(self.declared).unwrap_or(&none), root(self.observed).unwrap_or(&none)));
        for path in self.declared.unit_paths() {
            let original = self.units.iter().find(|(_, current)| *current == path).map(|(original, _)| *original);
            let observed = original.and_then(|original| self.observed.units.get(original));
            let declared = self.declared.units.get(path).unwrap_or(&none);
            nodes.push((Node::Unit(path.to_owned()), declared, observed.unwrap_or(&none)));
        }
        for account in &self.declared.accounts {
            let same = self.same(account);
            // Which of two accounts is meant must be settled first.
            if same.is_none() && self.namesake(account).is_some() {
                continue;
            }
            let observed = same.map_or(&none, |found| &found.policies);
            nodes.push((Node::Account(account.name.clone()), &account.policies, observed));
        }
        let (mut attach, mut detach, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        for (node, declared, observed) in nodes {
            let missing = declared.difference(observed).cloned();
            attach.extend(missing.map(|policy| Change::Attach { policy, node: node.clone() }));
            for policy in observed.difference(declared).filter(|policy| *policy != FULL_ACCESS) {
                let (policy, node) = (policy.clone(), node.clone());
                if known.contains(&policy) {
                    detach.push(Change::Detach { policy, node });
                } else {
                    findings.push(Finding::UndeclaredPolicy { policy, node });
                }
            }
        }
        self.result.changes.extend(attach.into_iter().chain(detach));
        self.result.findings.extend(findings);
    }
}

/// The path of the unit above; empty for the root.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Tells whether a unit is `above` or lies below it.
fn within(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines such as `Workloads/Production env=prod +baseline`: path with name, tags, policies. A path that ends in `/`
    /// is a unit, `/` alone the root.
    fn tree(text: &str) -> Tree {
        let mut tree = Tree::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let path = words.next().unwrap();
            let (mut tags, mut policies) = (BTreeMap::new(), BTreeSet::new());
            let (mut email, mut state) = (None, State::Active);
            for word in words {
                match (word.strip_prefix('+'), word.split_once('='), word) {
                    (Some(policy), ..) => drop(policies.insert(policy.to_owned())),
                    (None, Some((key, value)), _) => drop(tags.insert(key.to_owned(), value.to_owned())),
                    (None, None, "suspended") => state = State::Suspended,
                    (None, None, address) => email = Some(address.to_owned()),
                }
            }
            match path.rsplit_once('/') {
                Some((unit, "")) => drop(tree.units.insert(unit.to_owned(), policies)),
                Some((unit, name)) => tree.accounts.push(Account {
                    name: name.to_owned(),
                    email: email.unwrap_or_else(|| format!("{name}@source.example")),
                    unit: unit.to_owned(),
                    state,
                    tags,
                    policies,
                    management: name == "Management",
                    id: None,
                }),
                None => panic!("{path}"),
            }
        }
        tree
    }

    fn compare(declared: &str, observed: &str) -> String {
        let difference = difference(&tree(declared), &tree(observed));
        let changes = difference.changes.iter().map(|change| format!("{change:?}"));
        let findings = difference.findings.iter().map(|finding| format!("- {finding:?}"));
        changes.chain(findings).collect::<Vec<_>>().join("\n")
    }

    const DECLARED: &str = "
        / +regions
        /Management
        Workloads/ +baseline
        Workloads/Production env=prod
        Workloads/Payments/Ledger env=prod +lockdown
        Shared/Infra
    ";

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(compare(DECLARED, DECLARED), "");
        let with_full_access = DECLARED.replace("+baseline", "+baseline +FullAWSAccess");
        assert_eq!(compare(DECLARED, &with_full_access), "");
    }

    #[test]
    fn an_empty_organization_is_filled() {
        insta::assert_snapshot!(compare(DECLARED, "/Management root@source.example"), @r#"
        CreateUnit { path: "Shared" }
        CreateUnit { path: "Workloads" }
        CreateUnit { path: "Workloads/Payments" }
        CreateAccount { account: "Production" }
        MoveAccount { account: "Production", from: "", to: "Workloads" }
        TagAccount { account: "Production", tags: {"env": "prod"} }
        CreateAccount { account: "Ledger" }
        MoveAccount { account: "Ledger", from: "", to: "Workloads/Payments" }
        TagAccount { account: "Ledger", tags: {"env": "prod"} }
        CreateAccount { account: "Infra" }
        MoveAccount { account: "Infra", from: "", to: "Shared" }
        Attach { policy: "regions", node: Root }
        Attach { policy: "baseline", node: Unit("Workloads") }
        Attach { policy: "lockdown", node: Account("Ledger") }
        "#);
    }

    #[test]
    fn accounts_are_moved_renamed_and_tagged() {
        insta::assert_snapshot!(
            compare(
                DECLARED,
                "/ +regions
                /Management
                Workloads/ +baseline
                Workloads/Prod PRODUCTION@source.example env=dev team=x
                Workloads/Payments/
                Workloads/Ledger env=prod +lockdown
                Shared/Infra infra@other.example
                Shared/Old
                Attic/Gone suspended"
            ),
            @r#"
        RenameAccount { from: "Prod", to: "Production" }
        TagAccount { account: "Production", tags: {"env": "prod"} }
        MoveAccount { account: "Ledger", from: "Workloads", to: "Workloads/Payments" }
        - OtherEmail { account: "Infra", observed: "infra@other.example", declared: "Infra@source.example" }
        - UndeclaredAccount("Old")
        - UndeclaredAccount("Gone")
        - UndeclaredUnit("Attic")
        "#
        );
    }

    #[test]
    fn units_are_renamed_when_all_their_accounts_say_so() {
        insta::assert_snapshot!(
            compare(
                DECLARED,
                "/ +regions
                /Management
                Work/ +baseline
                Work/Production env=prod
                Work/Money/Ledger env=prod +lockdown
                Shared/Infra"
            ),
            @r#"
        RenameUnit { from: "Work", to: "Workloads" }
        RenameUnit { from: "Workloads/Money", to: "Workloads/Payments" }
        "#
        );
        insta::assert_snapshot!(compare("New/One\nNew/Two", "Old/One\nOld/Other"), @r#"
        CreateUnit { path: "New" }
        MoveAccount { account: "One", from: "Old", to: "New" }
        CreateAccount { account: "Two" }
        MoveAccount { account: "Two", from: "", to: "New" }
        - UndeclaredAccount("Other")
        - UndeclaredUnit("Old")
        "#);
    }

    #[test]
    fn policies_are_attached_before_others_are_detached() {
        insta::assert_snapshot!(
            compare(
                DECLARED,
                "/ +lockdown +audit
                /Management
                Workloads/
                Workloads/Production env=prod +baseline
                Workloads/Payments/Ledger suspended
                Shared/Infra"
            ),
            @r#"
        Attach { policy: "regions", node: Root }
        Attach { policy: "baseline", node: Unit("Workloads") }
        Attach { policy: "lockdown", node: Account("Ledger") }
        Detach { policy: "lockdown", node: Root }
        Detach { policy: "baseline", node: Account("Production") }
        - NotActive { account: "Ledger", state: Suspended }
        - UndeclaredPolicy { policy: "audit", node: Root }
        "#
        );
    }
}
