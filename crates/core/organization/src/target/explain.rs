//! Which accounts an expression means, and why each is in or out.

use std::fmt;

use stackfleet_base::{Region, Span};

use super::check::unit_is;
use super::{All, Expression, Factor, Group, Kind, Range, Term, glob};
use crate::tree::{Account, State, Tree, ancestors};

/// Whether an account is meant, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is in.
    pub included: bool,
    /// Why.
    pub reason: Reason,
}

/// Why an account is in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// In: this part of the expression names it.
    Matched {
        /// The part as written.
        term: String,
        /// Its place.
        span: Span,
    },
    /// Out: this part excludes it, whatever else names it.
    Excluded {
        /// The part as written.
        term: String,
        /// Its place.
        span: Span,
    },
    /// Out: no part names it.
    NotNamed {
        /// The part of an `&` that failed where the others held, as written.
        missed: Option<String>,
    },
    /// Out: it is named, but nothing can be deployed in an account in this state.
    State(State),
    /// Out: the management account must be named by `account:`; `*`, units and tags do not reach it.
    Management,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched { term, .. } => write!(f, "named by `{term}`"),
            Self::Excluded { term, .. } => write!(f, "excluded by `{term}`"),
            Self::NotNamed { missed: None } => f.write_str("no term names it"),
            Self::NotNamed { missed: Some(term) } => write!(f, "no term names it: `{term}` does not hold"),
            Self::State(state) => write!(f, "the account is {state}"),
            Self::Management => f.write_str("the management account is left out unless `account:` names it"),
        }
    }
}

impl Expression {
    /// Tells whether something is to be deployed in an account, and why.
    ///
    /// Accounts that are not active are left out even where they are named. Without a region the answer is for any
    /// region: `region:` terms hold and `!region:` terms do not exclude.
    #[must_use]
    pub fn explain(&self, account: &Account, region: Option<&Region>) -> Verdict {
        let verdict = self.named(account, region);
        if !verdict.included {
            return verdict;
        }
        let out = |reason| Verdict { included: false, reason };
        match account.state {
            State::Active => verdict,
            State::PendingActivation | State::Suspended | State::PendingClosure | State::Closed => {
                out(Reason::State(account.state))
            }
        }
    }

    /// Tells whether the expression names an account, in whatever state it is; for looking, not for deploying.
    #[must_use]
    pub fn named(&self, account: &Account, region: Option<&Region>) -> Verdict {
        let subject = Subject { account, region };
        let part = |range: Range| (self.text_of(range), self.span_of(range));
        if let Some(factor) = self.root.none.iter().find(|factor| subject.factor_inner(factor, false)) {
            let (term, span) = part(factor.range);
            return Verdict { included: false, reason: Reason::Excluded { term, span } };
        }
        if let Some(all) = self.root.any.iter().find(|all| subject.all(all, true)) {
            if account.management && !all.factors.iter().any(|factor| subject.names_by_account(factor)) {
                let by_name = self.root.any.iter().find(|all| {
                    subject.all(all, true) && all.factors.iter().any(|factor| subject.names_by_account(factor))
                });
                return match by_name {
                    Some(all) => matched(part(all.range)),
                    None => Verdict { included: false, reason: Reason::Management },
                };
            }
            return matched(part(all.range));
        }
        let near_miss = self.root.any.iter().find_map(|all| subject.missed(all));
        let missed = near_miss.map(|range| part(range).0);
        Verdict { included: false, reason: Reason::NotNamed { missed } }
    }

    /// Returns the accounts in which something is to be deployed in at least one region, in the tree's order.
    #[must_use]
    pub fn select<'a>(&self, tree: &'a Tree) -> Vec<&'a Account> {
        tree.accounts.iter().filter(|account| self.explain(account, None).included).collect()
    }
}

fn matched((term, span): (String, Span)) -> Verdict {
    Verdict { included: true, reason: Reason::Matched { term, span } }
}

#[derive(Clone, Copy)]
struct Subject<'a> {
    account: &'a Account,
    region: Option<&'a Region>,
}

/// `hopeful` is what a region term answers where no region is asked for; it turns at every negation, so that the
/// whole expression errs on the side of naming.
impl Subject<'_> {
    fn group(self, group: &Group, hopeful: bool) -> bool {
        group.any.iter().any(|all| self.all(all, hopeful))
            && !group.none.iter().any(|factor| self.factor_inner(factor, !hopeful))
    }

    fn all(self, all: &All, hopeful: bool) -> bool {
        all.factors.iter().all(|factor| self.factor(factor, hopeful))
    }

    fn factor(self, factor: &Factor, hopeful: bool) -> bool {
        if factor.negated { !self.factor_inner(factor, !hopeful) } else { self.factor_inner(factor, hopeful) }
    }

    /// A factor without its `!`.
    fn factor_inner(self, factor: &Factor, hopeful: bool) -> bool {
        match &factor.kind {
            Kind::Term(term) => self.term(term, hopeful),
            Kind::Group(group) => self.group(group, hopeful),
        }
    }

    fn term(self, term: &Term, hopeful: bool) -> bool {
        match term {
            Term::All => true,
            Term::Unit(name) => ancestors(&self.account.unit).any(|path| unit_is(path, name)),
            Term::AccountName(name) => self.account.name == *name,
            Term::AccountId(id) => self.account.id.as_ref() == Some(id),
            Term::Tag(key, value) => {
                self.account.tags.get(key).is_some_and(|found| value.as_ref().is_none_or(|wanted| wanted == found))
            }
            Term::Name(pattern) => glob::fits(pattern, &self.account.name),
            Term::State(state) => self.account.state == *state,
            Term::Region(region) => self.region.map_or(hopeful, |asked| asked == region),
        }
    }

    fn names_by_account(self, factor: &Factor) -> bool {
        !factor.negated
            && match &factor.kind {
                Kind::Term(term @ (Term::AccountName(_) | Term::AccountId(_))) => self.term(term, true),
                Kind::Term(
                    Term::All | Term::Unit(_) | Term::Tag(..) | Term::Name(_) | Term::State(_) | Term::Region(_),
                ) => false,
                Kind::Group(group) => group
                    .any
                    .iter()
                    .any(|all| self.all(all, true) && all.factors.iter().any(|factor| self.names_by_account(factor))),
            }
    }

    /// The one factor of an `&` that does not hold, where at least one other does.
    fn missed(self, all: &All) -> Option<Range> {
        let mut failed = all.factors.iter().filter(|factor| !self.factor(factor, true));
        match (failed.next(), failed.next()) {
            (Some(only), None) if all.factors.len() > 1 => Some(only.range),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stackfleet_base::{Diagnostic, Sources};
    use std::collections::BTreeMap;

    fn account(name: &str, unit: &str, env: &str) -> Account {
        let tags = BTreeMap::from([("env".to_owned(), env.to_owned())]);
        Account { name: name.into(), unit: unit.into(), tags, ..Account::default() }
    }

    fn tree() -> Tree {
        let mut ledger = account("Ledger", "Workloads/Payments", "prod");
        ledger.id = Some("111122223333".parse().unwrap());
        let closed = Account { state: State::Suspended, ..account("Old", "Workloads", "prod") };
        let management = Account { name: "Source".into(), management: true, ..Account::default() };
        Tree {
            units: BTreeMap::new(),
            accounts: vec![
                management,
                account("Production", "Workloads", "prod"),
                account("Development", "Workloads", "dev"),
                ledger,
                closed,
                account("SensitiveData", "Shared", "shared"),
                account("Data Lake", "Shared/Payments", "shared"),
            ],
        }
    }

    fn expression(text: &str) -> (Expression, Vec<Diagnostic>) {
        let file = Sources::default().add("t", text);
        Expression::parse(text, Span { file, start: 0, end: text.len() })
    }

    fn selected(text: &str) -> String {
        let (expression, problems) = expression(text);
        assert_eq!(problems, [], "{text}");
        expression.select(&tree()).iter().map(|account| account.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn terms_select_accounts() {
        insta::assert_snapshot!(
            ["*", "ou:Workloads", "ou:Workloads/Payments", "ou:Payments", "account:Ledger", "account:111122223333",
             "tag:env=prod", "tag:env", "name:*a", "state:suspended", "account:'Data Lake'", "region:eu-west-1",
             "account:Source", "account:Source & *"]
                .map(|text| format!("{text:22} {}", selected(text))).join("\n"), @r"
        *                      Production Development Ledger SensitiveData Data Lake
        ou:Workloads           Production Development Ledger
        ou:Workloads/Payments  Ledger
        ou:Payments            Ledger Data Lake
        account:Ledger         Ledger
        account:111122223333   Ledger
        tag:env=prod           Production Ledger
        tag:env                Production Development Ledger SensitiveData Data Lake
        name:*a                SensitiveData
        state:suspended        
        account:'Data Lake'    Data Lake
        region:eu-west-1       Production Development Ledger SensitiveData Data Lake
        account:Source         Source
        account:Source & *     Source
        ");
    }

    #[test]
    fn operators_combine_and_excludes_win() {
        insta::assert_snapshot!(
            ["ou:Workloads ou:Shared !account:SensitiveData", "!account:SensitiveData ou:Shared",
             "ou:Workloads & tag:env=prod", "ou:Workloads & !tag:env=prod ou:Shared", "* !(ou:Shared tag:env=dev)",
             "(ou:Workloads ou:Shared !ou:Payments) & tag:env=shared", "ou:Shared !ou:Shared",
             "account:Ledger !ou:Workloads & tag:env=dev"]
                .map(|text| format!("{text:56} {}", selected(text))).join("\n"), @r"
        ou:Workloads ou:Shared !account:SensitiveData            Production Development Ledger Data Lake
        !account:SensitiveData ou:Shared                         Data Lake
        ou:Workloads & tag:env=prod                              Production Ledger
        ou:Workloads & !tag:env=prod ou:Shared                   Development SensitiveData Data Lake
        * !(ou:Shared tag:env=dev)                               Production Ledger
        (ou:Workloads ou:Shared !ou:Payments) & tag:env=shared   SensitiveData
        ou:Shared !ou:Shared                                     
        account:Ledger !ou:Workloads & tag:env=dev               Ledger
        ");
    }

    #[test]
    fn every_account_has_a_reason() {
        let (expression, _) = expression("ou:Workloads & tag:env=prod ou:Shared !account:SensitiveData");
        let tree = tree();
        let told: Vec<String> = tree
            .accounts
            .iter()
            .map(|account| {
                let verdict = expression.explain(account, None);
                format!("{:14} {:5} {}", account.name, verdict.included, verdict.reason)
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Source         false no term names it
        Production     true  named by `ou:Workloads & tag:env=prod`
        Development    false no term names it: `tag:env=prod` does not hold
        Ledger         true  named by `ou:Workloads & tag:env=prod`
        Old            false the account is suspended
        SensitiveData  false excluded by `!account:SensitiveData`
        Data Lake      true  named by `ou:Shared`
        ");
        let (everyone, _) = super::tests::expression("*");
        assert_eq!(everyone.explain(&tree.accounts[0], None).reason, Reason::Management);
    }

    #[test]
    fn regions_divide_the_cells_of_an_account() {
        let (expression, _) =
            expression("ou:Workloads & region:eu-west-1 account:Ledger !region:us-east-1 & ou:Payments");
        let tree = tree();
        let cell = |name: &str, region: &str| {
            let region: Region = region.parse().unwrap();
            expression.explain(tree.account(name).unwrap(), Some(&region)).included
        };
        assert!(cell("Production", "eu-west-1"));
        assert!(!cell("Production", "us-east-1"));
        assert!(cell("Ledger", "us-west-2"));
        assert!(expression.explain(tree.account("Ledger").unwrap(), None).included);
    }

    #[test]
    fn names_that_do_not_exist_are_told() {
        let tree = tree();
        let regions = ["eu-west-1".parse::<Region>().unwrap()];
        let (expression, _) = expression(
            "ou:Workload ou:Ledger account:ledger account:Shared tag:env=prd tag:Envv name:zz* region:eu-wets-1 ou:Payments",
        );
        let told: Vec<String> = expression
            .check(&tree, &regions)
            .iter()
            .map(|found| {
                format!("{:?} {} {} ({})", found.severity, found.code, found.message, found.help.as_ref().unwrap())
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Error ORG005 there is no unit `Workload` (did you mean `ou:Workloads`?)
        Error ORG005 there is no unit `Ledger` (`Ledger` is an account: write `account:Ledger`)
        Error ORG006 there is no account `ledger` (did you mean `account:Ledger`?)
        Error ORG006 there is no account `Shared` (`Shared` is a unit: write `ou:Shared`)
        Warning ORG008 no account has the tag `env=prd` (did you mean `tag:env=prod`?)
        Warning ORG008 no account has the tag `Envv` (did you mean `tag:env`?)
        Warning ORG008 no account has a name like `zz*` (`*` stands for any text, case counts)
        Error ORG007 `eu-wets-1` is not among the organization's regions (did you mean `region:eu-west-1`?)
        Warning ORG009 `ou:Payments` means 2 units: Shared/Payments, Workloads/Payments (write the path of the one that is meant)
        ");
    }
}
