//! Target expressions against a second, plainer reading of them: random expressions, every account, every region.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use stackfleet_base::{Region, Sources, Span};
use stackfleet_organization::{Account, Expression, State};

/// An expression as a tree whose meaning is obvious.
#[derive(Debug, Clone)]
enum Model {
    Term(&'static str),
    And(Box<Model>, Box<Model>),
    AndNot(Box<Model>, Box<Model>),
    /// Alternatives, and what is excluded.
    Group(Vec<Model>, Vec<Model>),
}

const TERMS: [&str; 10] = [
    "*",
    "ou:A",
    "ou:A/B",
    "ou:B",
    "account:one",
    "account:'number two'",
    "tag:env=dev",
    "tag:env",
    "name:*e",
    "region:eu-west-1",
];

impl Model {
    fn text(&self) -> String {
        match self {
            Self::Term(term) => (*term).to_owned(),
            Self::And(left, right) => format!("{} & {}", left.text(), right.text()),
            Self::AndNot(left, right) => format!("{} &!{}", left.text(), right.text()),
            Self::Group(any, none) => {
                let none = none.iter().map(|model| format!("!{}", model.text()));
                let all: Vec<String> = none.chain(any.iter().map(Self::text)).collect();
                format!("({})", all.join(" "))
            }
        }
    }

    fn holds(&self, account: &Account, region: &Region) -> bool {
        match self {
            Self::Term(term) => term_holds(term, account, region),
            Self::And(left, right) => left.holds(account, region) && right.holds(account, region),
            Self::AndNot(left, right) => left.holds(account, region) && !right.holds(account, region),
            Self::Group(any, none) => {
                any.iter().any(|model| model.holds(account, region))
                    && !none.iter().any(|model| model.holds(account, region))
            }
        }
    }
}

fn term_holds(term: &str, account: &Account, region: &Region) -> bool {
    match term {
        "*" => true,
        "ou:A" => account.unit == "A" || account.unit.starts_with("A/"),
        "ou:A/B" => account.unit == "A/B",
        "ou:B" => account.unit == "A/B" || account.unit == "B",
        "account:one" => account.name == "one",
        "account:'number two'" => account.name == "number two",
        "tag:env=dev" => account.tags.get("env").is_some_and(|env| env == "dev"),
        "tag:env" => account.tags.contains_key("env"),
        "name:*e" => account.name.ends_with('e'),
        "region:eu-west-1" => region.as_str() == "eu-west-1",
        other => unreachable!("{other}"),
    }
}

fn accounts() -> Vec<Account> {
    let account = |name: &str, unit: &str, env: Option<&str>| Account {
        name: name.into(),
        unit: unit.into(),
        tags: env.map(|env| BTreeMap::from([("env".to_owned(), env.to_owned())])).unwrap_or_default(),
        ..Account::default()
    };
    vec![
        account("one", "A", Some("dev")),
        account("number two", "A/B", Some("prod")),
        account("three", "B", None),
        account("four", "", Some("dev")),
        account("five", "AB", Some("prod")),
    ]
}

/// A term or a group: what may stand on either side of an operator.
fn factor() -> impl Strategy<Value = Model> {
    let term = prop::sample::select(TERMS.to_vec()).prop_map(Model::Term);
    term.prop_recursive(4, 24, 4, |inner| {
        let and = (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(left, right, negated)| {
            let (left, right) = (Box::new(left), Box::new(right));
            if negated { Model::AndNot(left, right) } else { Model::And(left, right) }
        });
        let alternative = prop_oneof![inner.clone(), and];
        (prop::collection::vec(alternative, 1..4), prop::collection::vec(inner, 0..3))
            .prop_map(|(any, none)| Model::Group(any, none))
    })
}

fn parse(text: &str) -> Expression {
    let file = Sources::default().add("t", text);
    let (expression, problems) = Expression::parse(text, Span { file, start: 0, end: text.len() });
    assert_eq!(problems, [], "{text}");
    expression
}

proptest! {
    #[test]
    fn expressions_mean_what_the_model_says(model in factor()) {
        let text = model.text();
        let expression = parse(&text);
        let regions: Vec<Region> = ["eu-west-1", "us-east-1"].iter().filter_map(|name| name.parse().ok()).collect();
        prop_assert_eq!(regions.len(), 2);
        for account in accounts() {
            let mut anywhere = false;
            for region in &regions {
                let named = expression.named(&account, Some(region)).included;
                prop_assert_eq!(named, model.holds(&account, region), "{} {} {}", text, account.name, region);
                anywhere |= named;
            }
            // Without a region the answer may be too wide, never too narrow.
            prop_assert!(!anywhere || expression.named(&account, None).included, "{} {}", text, account.name);
        }
    }

    #[test]
    fn only_active_accounts_are_selected(model in factor()) {
        let expression = parse(&model.text());
        let selected: BTreeSet<State> = State::ALL
            .into_iter()
            .flat_map(|state| accounts().into_iter().map(move |account| Account { state, ..account }))
            .filter(|account| expression.explain(account, None).included)
            .map(|account| account.state)
            .collect();
        prop_assert!(selected.iter().all(|state| *state == State::Active));
    }
}
