//! Requests that stand for all that statements do not tell apart.

use std::collections::BTreeSet;

use stackfleet_base::AccountId;

use super::{
    Class, REQUESTS_MAX, Sample, Viewpoint, automaton,
    automaton::Text,
    terms::Atom,
    variables::{Known, placeholder},
};
use crate::{
    condition::{Condition, Values},
    context::Context,
    principal::{Named, Principal},
};

/// Keys that every request has (IAM User Guide, "Global condition context keys": "Always included").
const ALWAYS: [&str; 11] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:userid",
    "aws:viaawsservice",
];

/// What one key may hold; nothing when it is absent.
type Choices = Vec<Vec<String>>;

/// The requests for one class of actions.
pub(super) struct Requests<'v> {
    action: String,
    owner: Option<&'v AccountId>,
    principals: Vec<(Principal, Context)>,
    resources: Vec<String>,
    keys: Vec<(String, Choices)>,
    /// Whether every combination is among them.
    pub(super) complete: bool,
}

impl<'v> Requests<'v> {
    pub(super) fn of(class: &Class<'_>, viewpoint: &Viewpoint<'v>) -> Self {
        let mut found = Self {
            action: class.actions.first().cloned().unwrap_or_default(),
            owner: viewpoint.owner,
            principals: principals(class, viewpoint),
            resources: class.others.iter().cloned().collect(),
            keys: Vec::new(),
            complete: true,
        };
        let known = found.variables(class);
        found.complete &= !class.atoms.iter().any(|atom| known.is_cut(atom.variables()));
        found.add_resources(class, &known);
        found.add_keys(class, viewpoint, &known);
        found.bound();
        found
    }

    /// Returns the values that variables may have: what is known of whoever asks, or else what conditions ask for, and one
    /// value that they do not.
    fn variables(&self, class: &Class<'_>) -> Known {
        let mut known = Known::default();
        let keys: BTreeSet<String> =
            class.atoms.iter().flat_map(Atom::variables).map(str::to_ascii_lowercase).collect();
        for key in keys {
            let told = self.principals.iter().flat_map(|(_, context)| context.values(&key));
            let mut values: BTreeSet<String> = told.map(ToString::to_string).collect();
            if self.principals.iter().any(|(_, context)| context.values(&key).is_empty()) {
                let on_key: Vec<&Condition> = conditions(class).filter(|one| asks_for(one, &key)).collect();
                values.extend(Values::of(&on_key, &Known::default()).values);
                values.insert(placeholder(&key));
            }
            known.0.insert(key, values);
        }
        known
    }

    fn add_resources(&mut self, class: &Class<'_>, known: &Known) {
        let mut patterns: Vec<Text> = Vec::new();
        for atom in &class.atoms {
            let Atom::Resource(pattern) = atom else { continue };
            patterns.extend(known.fill(atom.variables(), |variables| Text::of_resource(pattern, variables)));
        }
        for shape in &class.shapes {
            let reached = automaton::explore(&Text::shape(&shape.text, shape.is_flat), &patterns);
            self.complete &= reached.complete;
            self.resources.extend(reached.texts);
        }
        self.resources.sort();
        self.resources.dedup();
    }

    fn add_keys(&mut self, class: &Class<'_>, viewpoint: &Viewpoint<'_>, known: &Known) {
        let asked = conditions(class).map(|condition| condition.key().written.to_ascii_lowercase());
        let keys: BTreeSet<String> = asked.chain(known.0.keys().cloned()).collect();
        for key in keys {
            let is_absent = viewpoint.absent.iter().any(|absent| absent.eq_ignore_ascii_case(&key));
            if is_absent || !viewpoint.context.values(&key).is_empty() {
                continue;
            }
            let on_key: Vec<&Condition> = conditions(class).filter(|one| asks_for(one, &key)).collect();
            let found = Values::of(&on_key, known);
            self.complete &= found.complete;
            let mut values = found.values;
            values.extend(known.0.get(&key).into_iter().flatten().cloned());
            let values: Vec<String> = values.into_iter().collect();
            let mut choices: Choices = if ALWAYS.contains(&key.as_str()) { Vec::new() } else { vec![Vec::new()] };
            choices.extend(values.iter().map(|value| vec![value.clone()]));
            if found.several && values.len() > 1 {
                let pairs = values.iter().enumerate().flat_map(|(index, one)| {
                    values.iter().skip(index + 1).map(|other| vec![one.clone(), other.clone()])
                });
                choices.extend(pairs);
                choices.push(values);
            }
            self.keys.push((key, choices));
        }
    }

    /// Keeps within [`REQUESTS_MAX`]; the keys with the most values lose some.
    fn bound(&mut self) {
        let others = self.principals.len().max(1) * self.resources.len().max(1);
        loop {
            let product =
                self.keys.iter().fold(others, |product, (_, choices)| product.saturating_mul(choices.len().max(1)));
            let longest = self.keys.iter_mut().map(|(_, choices)| choices).max_by_key(|choices| choices.len());
            match longest {
                Some(choices) if product > REQUESTS_MAX && choices.len() > 2 => {
                    choices.truncate((choices.len() / 2).max(2));
                    self.complete = false;
                }
                _ => {
                    self.complete &= product <= REQUESTS_MAX;
                    return;
                }
            }
        }
    }

    /// Calls for every request.
    pub(super) fn each(&self, mut ask: impl FnMut(&Sample, Option<&AccountId>)) {
        for (principal, context) in &self.principals {
            for resource in &self.resources {
                let mut sample = Sample {
                    principal: principal.clone(),
                    action: self.action.clone(),
                    resource: resource.clone(),
                    context: context.clone(),
                };
                self.fill(&mut sample, 0, context, &mut |sample| ask(sample, self.owner));
            }
        }
    }

    fn fill(&self, sample: &mut Sample, index: usize, known: &Context, ask: &mut dyn FnMut(&Sample)) {
        let Some((key, choices)) = self.keys.get(index) else { return ask(sample) };
        // What follows from the principal is not chosen.
        if !known.values(key).is_empty() {
            return self.fill(sample, index + 1, known, ask);
        }
        for values in choices {
            sample.context.set_all(key, values.iter().map(String::as_str));
            self.fill(sample, index + 1, known, ask);
        }
        sample.context.remove(key);
    }
}

fn conditions<'c>(class: &'c Class<'_>) -> impl Iterator<Item = &'c Condition> {
    class.atoms.iter().filter_map(|atom| match atom {
        Atom::Condition(condition) => Some(*condition),
        Atom::Resource(_) | Atom::Principal(_) => None,
    })
}

fn asks_for(condition: &Condition, key: &str) -> bool {
    condition.key().written.eq_ignore_ascii_case(key)
}

/// Returns who asks: the viewpoint's principal, or one for each that the statements name, and a stranger.
fn principals(class: &Class<'_>, viewpoint: &Viewpoint<'_>) -> Vec<(Principal, Context)> {
    const STRANGER: &str = "arn:aws:iam::999999999999:role/stranger";
    let described = |principal: Principal| {
        let mut context = viewpoint.context.clone();
        principal.describe(&mut context);
        (principal, context)
    };
    if let Some(principal) = viewpoint.principal {
        return vec![described(principal.clone())];
    }
    let mut found = Vec::new();
    for atom in &class.atoms {
        let Atom::Principal(named) = atom else { continue };
        let one = match named {
            // Who of an account asks is open: conditions may tell.
            Named::Account(account) => {
                found.extend(
                    Principal::parse(&format!("arn:aws:iam::{account}:role/somebody"))
                        .map(|principal| (principal, viewpoint.context.clone())),
                );
                continue;
            }
            Named::User(arn) | Named::Role(arn) | Named::Session(arn) => Principal::parse(arn).ok(),
            Named::Service(name) if &**name != "*" => Some(Principal::Service { name: (&**name).into() }),
            Named::Service(_) => Some(Principal::Service { name: "any.amazonaws.com".into() }),
            Named::Federated(provider) => Some(Principal::Federated { provider: (&**provider).into() }),
            Named::Everyone | Named::Nobody => None,
        };
        found.extend(one.map(described));
    }
    found.extend(Principal::parse(STRANGER).map(|principal| (principal, viewpoint.context.clone())));
    found
}
