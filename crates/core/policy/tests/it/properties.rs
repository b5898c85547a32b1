//! What must hold for every request and all policies: more denies or more SCPs never allow more, the order of
//! statements is without meaning, a shared path decides as a fresh one.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use stackfleet_base::AccountId;
use stackfleet_policy::{
    Context, Decision, Layers, Level, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request, decide,
    difference::{KnownAction, Shape, difference, says},
    explain, minify, pretty,
};

/// A world small enough that policies often speak of the same things.
#[derive(Debug, Clone)]
struct World {
    principal: &'static str,
    action: &'static str,
    resource: &'static str,
    owner: &'static str,
    /// Key and value; no value means unknown.
    context: Vec<(&'static str, Option<&'static str>)>,
    identity: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    resource_policy: Option<Vec<Value>>,
    scps: Vec<Vec<Value>>,
    rcps: Vec<Vec<Value>>,
}

fn action_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "s3:*",
        "s3:Get*",
        "S3:getobject",
        "s3:PutObject",
        "kms:*",
        "sts:AssumeRole",
        "s?:*",
    ])
}

fn resource_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:kms:*:111111111111:key/*",
        "arn:aws:iam::*:role/r",
    ])
}

fn principal_element() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!("*"),
        json!({"AWS": "111111111111"}),
        json!({"AWS": "arn:aws:iam::111111111111:user/ana"}),
        json!({"AWS": "arn:aws:iam::111111111111:role/r"}),
        json!({"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"}),
        json!({"Service": "lambda.amazonaws.com"}),
        json!({"AWS": ["arn:aws:iam::222222222222:user/bo", "222222222222"]}),
    ])
}

fn condition() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotLike",
        "Null",
    ]);
    let key = prop::sample::select(vec!["aws:PrincipalOrgID", "aws:username", "aws:RequestedRegion"]);
    let value = prop::sample::select(vec!["o-1", "ana", "eu-west-1", "true", "e*"]);
    (operator, key, value).prop_map(|(operator, key, value)| json!({operator: {key: value}}))
}

fn statement(with_principal: bool, effect: Option<&'static str>) -> impl Strategy<Value = Value> {
    let effect = effect
        .map_or_else(|| prop::sample::select(vec!["Allow", "Allow", "Deny"]), |one| prop::sample::select(vec![one]));
    let conditions = prop::option::weighted(0.4, condition());
    (effect, action_pattern(), any::<bool>(), resource_pattern(), any::<bool>(), principal_element(), conditions)
        .prop_map(move |(effect, action, not_action, resource, not_resource, principal, conditions)| {
            let mut statement = json!({"Effect": effect});
            statement[if not_action && action != "*" { "NotAction" } else { "Action" }] = json!(action);
            statement[if not_resource && resource != "*" { "NotResource" } else { "Resource" }] = json!(resource);
            if with_principal {
                statement["Principal"] = principal;
            }
            if let Some(conditions) = conditions {
                statement["Condition"] = conditions;
            }
            statement
        })
}

fn statements(with_principal: bool) -> impl Strategy<Value = Vec<Value>> {
    let full = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    prop_oneof![
        2 => prop::collection::vec(statement(with_principal, None), 1..4),
        1 => Just(if with_principal {
            vec![json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})]
        } else {
            vec![full]
        }),
    ]
}

fn rcp() -> impl Strategy<Value = Vec<Value>> {
    let service = prop::sample::select(vec!["s3:*", "s3:GetObject", "kms:*", "sts:AssumeRole"]);
    let deny = (service, prop::option::weighted(0.7, condition())).prop_map(|(action, condition)| {
        let mut deny = json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"});
        if let Some(condition) = condition {
            deny["Condition"] = condition;
        }
        deny
    });
    prop::collection::vec(deny, 1..2)
}

fn world() -> impl Strategy<Value = World> {
    let principal = prop::sample::select(vec![
        "arn:aws:iam::111111111111:user/ana",
        "arn:aws:sts::111111111111:assumed-role/r/s",
        "arn:aws:iam::222222222222:user/bo",
        "arn:aws:iam::111111111111:root",
        "lambda.amazonaws.com",
        "*",
    ]);
    let target = prop::sample::select(vec![
        ("s3:GetObject", "arn:aws:s3:::b/ana/x"),
        ("s3:PutObject", "arn:aws:s3:::b/bo/x"),
        ("s3:ListAllMyBuckets", "*"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
    ]);
    let value = || {
        prop::sample::select(vec![
            Some(Some("o-1")),
            Some(Some("ana")),
            Some(Some("eu-west-1")),
            Some(None),
            None,
            None,
        ])
    };
    let context = [value(), value(), value()].prop_map(|values| {
        let keys = ["aws:PrincipalOrgID", "aws:username", "aws:RequestedRegion"];
        keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    });
    let policies = (
        statements(false),
        prop::option::weighted(0.3, statements(false)),
        prop::option::weighted(0.3, statements(false)),
        prop::option::weighted(0.5, statements(true)),
        prop::collection::vec(statements(false), 0..3),
        prop::collection::vec(rcp(), 0..2),
    );
    (principal, target, prop::sample::select(vec!["111111111111", "222222222222"]), context, policies).prop_map(
        |(principal, (action, resource), owner, context, policies)| {
            let (identity, boundary, session, resource_policy, scps, rcps) = policies;
            World {
                principal,
                action,
                resource,
                owner,
                context,
                identity,
                boundary,
                session,
                resource_policy,
                scps,
                rcps,
            }
        },
    )
}

/// The actions of the world with the shapes of their resources.
fn known_actions() -> Vec<KnownAction> {
    [
        ("s3:GetObject", Some(("arn:aws:s3:::*/*", false))),
        ("s3:PutObject", Some(("arn:aws:s3:::*/*", false))),
        ("s3:ListAllMyBuckets", None),
        ("kms:Decrypt", Some(("arn:aws:kms:*:*:key/*", true))),
        ("lambda:InvokeFunction", Some(("arn:aws:lambda:*:*:function:*", true))),
    ]
    .into_iter()
    .map(|(name, shape)| KnownAction {
        name: name.to_owned(),
        shapes: shape.into_iter().map(|(text, is_flat)| Shape { text: text.to_owned(), is_flat }).collect(),
    })
    .collect()
}

/// What remains of a decision when the statements that decided are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    ExplicitlyDenied,
    ImplicitlyDenied,
    Depends,
    Allowed,
}

fn set(kind: PolicyKind, statements: &[Value]) -> PolicySet {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    PolicySet::of(Policy::parse(kind, "p", &document.to_string()).unwrap())
}

fn path(kind: PolicyKind, levels: &[Vec<Value>]) -> PolicyPath {
    let level = |(index, statements): (usize, &Vec<Value>)| {
        Arc::new(Level { place: format!("l{index}").into(), policies: set(kind, statements) })
    };
    PolicyPath::new(levels.iter().enumerate().map(level).collect())
}

impl World {
    fn context(&self) -> Context {
        let mut context = Context::new();
        for (key, value) in &self.context {
            match value {
                Some(value) => context.set(key, *value),
                None => context.set_unknown(key),
            };
        }
        context
    }

    fn with<T>(&self, ask: impl FnOnce(&Request<'_>, &Layers<'_>) -> T) -> T {
        let principal = Principal::parse(self.principal).unwrap();
        let (owner, context): (AccountId, Context) = (self.owner.parse().unwrap(), self.context());
        let request = Request {
            principal: &principal,
            action: self.action,
            resource: self.resource,
            resource_account: Some(&owner),
            context: &context,
        };
        let identity = set(PolicyKind::Identity, &self.identity);
        let boundary = self.boundary.as_ref().map(|statements| set(PolicyKind::Boundary, statements));
        let session = self.session.as_ref().map(|statements| set(PolicyKind::Session, statements));
        let resource = self.resource_policy.as_ref().map(|statements| set(PolicyKind::Resource, statements));
        let scps = path(PolicyKind::ServiceControl, &self.scps);
        let rcps = path(PolicyKind::ResourceControl, &self.rcps);
        let layers = Layers {
            identity: Some(&identity),
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            resource: resource.as_ref(),
            scps: Some(&scps),
            rcps: Some(&rcps),
            management: None,
        };
        ask(&request, &layers)
    }

    fn verdict(&self) -> Verdict {
        self.with(|request, layers| match decide(request, layers) {
            Decision::Allowed(_) => Verdict::Allowed,
            Decision::ImplicitlyDenied(_) => Verdict::ImplicitlyDenied,
            Decision::ExplicitlyDenied(_) => Verdict::ExplicitlyDenied,
            Decision::Depends(keys) => {
                assert!(!keys.is_empty());
                Verdict::Depends
            }
        })
    }

    fn reversed(mut self) -> Self {
        let all =
            [Some(&mut self.identity), self.boundary.as_mut(), self.session.as_mut(), self.resource_policy.as_mut()];
        all.into_iter()
            .flatten()
            .chain(&mut self.scps)
            .chain(&mut self.rcps)
            .for_each(|statements| statements.reverse());
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").map_or(1_000, |n| n.parse().unwrap())))]

    #[test]
    fn adding_a_deny_never_allows_more(world in world(), deny in statement(false, Some("Deny")), layer in 0..4_usize) {
        let before = world.verdict();
        let mut after = world;
        match layer {
            0 => after.identity.push(deny),
            1 => after.boundary.get_or_insert_with(|| vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]).push(deny),
            2 => after.scps.push(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), deny]),
            _ => after.session.get_or_insert_with(|| vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]).push(deny),
        }
        prop_assert!(after.verdict() <= before);
    }

    #[test]
    fn adding_a_level_of_scps_never_allows_more(world in world(), level in statements(false)) {
        let before = world.verdict();
        let mut after = world;
        after.scps.push(level);
        // An implicit deny may become an explicit one, never the other way round.
        prop_assert!(after.verdict() <= before);
    }

    #[test]
    fn adding_an_allow_never_denies_more(world in world(), allow in statement(false, Some("Allow"))) {
        let before = world.verdict();
        let mut after = world;
        after.identity.push(allow);
        prop_assert!(after.verdict() >= before);
    }

    #[test]
    fn the_order_of_statements_is_without_meaning(world in world()) {
        prop_assert_eq!(world.clone().reversed().verdict(), world.verdict());
    }

    #[test]
    fn a_path_made_level_by_level_decides_as_one_made_at_once(world in world()) {
        let verdict = world.verdict();
        let levels = path(PolicyKind::ServiceControl, &world.scps);
        let grown = levels.levels().iter().fold(PolicyPath::none(), |path, level| path.below(Arc::clone(level)));
        let allowed = world.with(|request, layers| decide(request, &Layers { scps: Some(&grown), ..*layers }).is_allowed());
        prop_assert_eq!(allowed, verdict == Verdict::Allowed);
    }

    #[test]
    fn what_does_not_depend_holds_for_every_value(world in world(), value in prop::sample::select(vec![Some("o-1"), Some("eu-west-1"), Some("else"), None])) {
        let before = world.verdict();
        let mut settled = world;
        settled.context = settled.context.into_iter().filter_map(|(key, known)| Some((key, Some(known.or(value)?)))).collect();
        match before {
            Verdict::Depends => {}
            Verdict::Allowed => prop_assert_eq!(settled.verdict(), Verdict::Allowed),
            // Whether a deny is explicit may hinge on the key, that it is one may not.
            Verdict::ImplicitlyDenied => prop_assert!(settled.verdict() <= Verdict::ImplicitlyDenied),
            Verdict::ExplicitlyDenied => prop_assert_eq!(settled.verdict(), Verdict::ExplicitlyDenied),
        }
    }

    #[test]
    fn no_text_upsets_the_reader(world in world(), at in any::<prop::sample::Index>(), sign in any::<char>(), kind in 0..7_usize) {
        use PolicyKind::{Boundary, Identity, Resource, ResourceControl, ServiceControl, Session, Trust};
        let document = json!({"Version": "2012-10-17", "Statement": [world.identity, world.resource_policy]});
        let mut signs: Vec<char> = document.to_string().chars().collect();
        let at = at.index(signs.len());
        signs[at] = sign;
        let text: String = signs.into_iter().collect();
        let kind = [Identity, Resource, Trust, Boundary, Session, ServiceControl, ResourceControl][kind];
        let (policy, diagnostics) = Policy::read(kind, "p", &text, None);
        prop_assert!(policy.is_some() || !diagnostics.is_empty());
    }

    #[test]
    fn formatting_keeps_the_meaning(world in world()) {
        let document = json!({"Version": "2012-10-17", "Statement": world.identity});
        for written in [pretty(&document.to_string()), minify(&document.to_string())] {
            prop_assert_eq!(&serde_json::from_str::<Value>(&written.unwrap()).unwrap(), &document);
        }
    }

    #[test]
    fn a_difference_is_complete_and_shows_only_what_is_so(
        world in world(),
        before in prop::collection::vec(statement(false, None), 1..4),
        after in prop::collection::vec(statement(false, None), 1..4),
        shared in prop::collection::vec(statement(false, None), 0..2),
    ) {
        let [before, after] = [before, after].map(|own| set(PolicyKind::Identity, &[own, shared.clone()].concat()));
        let found = difference(&before, &after, &known_actions());
        for change in &found.changes {
            for case in &change.cases {
                let request = case.sample.request(None);
                prop_assert_eq!((says(&request, &before).0, says(&request, &after).0), (change.before, change.after));
                prop_assert!(change.actions.contains(&case.sample.action));
            }
        }
        // Every request has a region, and nothing of a request is unknown once it is made.
        let mut world = world;
        world.context.retain(|(key, value)| value.is_some() && *key != "aws:RequestedRegion");
        world.context.push(("aws:RequestedRegion", Some("eu-west-1")));
        let (old, new) = world.with(|request, _| (says(request, &before).0, says(request, &after).0));
        let told = found.changes.iter().any(|change| {
            (change.before, change.after) == (old, new) && change.actions.iter().any(|action| action == world.action)
        });
        prop_assert!(found.incomplete.is_empty());
        prop_assert!(old == new || told, "{:?} -> {:?} is not in {:?}", old, new, found);
    }

    #[test]
    fn a_refusal_has_blockers_and_anything_else_has_none(world in world()) {
        let verdict = world.verdict();
        let count = world.with(|request, layers| explain(request, layers).blockers().count());
        prop_assert_eq!(count > 0, verdict <= Verdict::ImplicitlyDenied);
    }
}
