//! Decisions over all layers: bytes choose a world of policies and a request, and what must hold for every world is
//! checked. The language of these worlds is wider than that of the properties in `core/policy`, and partly broken.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use stackfleet_base::AccountId;
use stackfleet_policy::{
    Context, Decision, Layers, Level, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request, decide,
    denial_text, explain,
};

use super::choices::Choices;

/// A policy that allows everything.
pub(super) const ALLOW_ALL: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

const ACTIONS: [&str; 10] = [
    "*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:PutObject",
    "kms:*",
    "sts:AssumeRole",
    "s?:*",
    "*:Get*",
    "lambda:Invoke?unction",
];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:kms:*:111111111111:key/*",
    "arn:aws:iam::*:role/r",
    "arn:*:*:*:*:*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team,'x'}/*",
    "arn:aws:lambda:eu-west-1:*:function:?",
];
const PARTS: [&str; 16] = [
    "*",
    "?",
    ":",
    "/",
    "s3",
    "Get",
    "arn:aws:s3:::",
    "b",
    "${aws:username}",
    "${*}",
    "${$}",
    "${aws:x, 'y'}",
    "${",
    "é",
    "111111111111",
    " ",
];
const OPERATORS: [&str; 20] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "ArnLike",
    "ArnNotEquals",
    "NumericLessThan",
    "NumericNotEquals",
    "DateGreaterThan",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "StringLikeIfExists",
    "ForAnyValue:ArnLikeIfExists",
    "ForAllValues:StringNotLikeIfExists",
];
const KEYS: [&str; 7] = [
    "aws:PrincipalOrgID",
    "aws:username",
    "aws:RequestedRegion",
    "aws:SourceIp",
    "aws:CurrentTime",
    "aws:TagKeys",
    "AWS:principaltag/team",
];
const VALUES: [&str; 14] = [
    "o-1",
    "ana",
    "eu-west-1",
    "true",
    "false",
    "e*",
    "${aws:username}",
    "10.0.0.1",
    "10.0.0.0/8",
    "2001:db8::/32",
    "2026-01-01T00:00:00Z",
    "5",
    "arn:aws:iam::111111111111:user/*",
    "",
];
const PRINCIPALS: [&str; 8] = [
    "arn:aws:iam::111111111111:user/ana",
    "arn:aws:sts::111111111111:assumed-role/r/s",
    "arn:aws:iam::222222222222:user/bo",
    "arn:aws:iam::111111111111:root",
    "lambda.amazonaws.com",
    "*",
    "arn:aws:sts::111111111111:federated-user/ana",
    "arn:aws:sts::111111111111:assumed-role/aws-service-role/x",
];
const TARGETS: [(&str, &str); 7] = [
    ("s3:GetObject", "arn:aws:s3:::b/ana/x"),
    ("s3:PutObject", "arn:aws:s3:::b/bo/x"),
    ("s3:ListAllMyBuckets", "*"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1"),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
    ("sts:AssumeRole", "arn:aws:iam::111111111111:role/r"),
    ("sts:GetCallerIdentity", "*"),
];
const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];

/// What remains of a decision when the statements that decided are left out, by how much it permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    ExplicitlyDenied,
    ImplicitlyDenied,
    Depends,
    Allowed,
}

/// A context key: absent, unknown, or with values.
type Held = (&'static str, Option<Vec<String>>);

#[derive(Debug, Clone)]
struct World {
    principal: &'static str,
    target: (&'static str, &'static str),
    owner: &'static str,
    management: Option<&'static str>,
    context: Vec<Held>,
    identity: Option<Vec<Value>>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    resource: Option<Vec<Value>>,
    scps: Vec<Vec<Value>>,
    rcps: Vec<Vec<Value>>,
}

pub(super) fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let world = world(&mut choices);
    let verdict = world.verdict();
    assert_eq!(world.reversed().verdict(), verdict, "BUG: the order of statements matters");
    let layer = choices.below(4);
    let deny = statement(&mut choices, Some("Deny"), false, PolicyKind::Identity);
    let stricter = world.denied(layer, deny);
    let denied = stricter.verdict();
    assert!(denied <= verdict, "BUG: a deny more allows more: {verdict:?} -> {denied:?}\n{world:#?}\n{stricter:#?}");
    let mut bounded = world.clone();
    bounded.scps.push(statements(&mut choices, PolicyKind::ServiceControl));
    assert!(bounded.verdict() <= verdict, "BUG: a level of SCPs more allows more");
    let mut granted = world.clone();
    granted.identity.get_or_insert_default().push(statement(&mut choices, Some("Allow"), false, PolicyKind::Identity));
    assert!(granted.verdict() >= verdict, "BUG: an allow more denies more");
    let settled = world.settled(&mut choices).verdict();
    let holds = match verdict {
        Verdict::Depends => true,
        Verdict::Allowed => settled == Verdict::Allowed,
        // Whether a deny is explicit may hinge on the key, that it is one may not.
        Verdict::ImplicitlyDenied => settled <= Verdict::ImplicitlyDenied,
        Verdict::ExplicitlyDenied => settled == Verdict::ExplicitlyDenied,
    };
    assert!(holds, "BUG: {verdict:?} did not depend, but a value makes it {settled:?}");
}

fn world(choices: &mut Choices<'_>) -> World {
    let optional = |choices: &mut Choices<'_>, kind| (!choices.one_in(3)).then(|| statements(choices, kind));
    let levels = |choices: &mut Choices<'_>, kind| (0..choices.below(3)).map(|_| statements(choices, kind)).collect();
    World {
        principal: choices.pick(&PRINCIPALS),
        target: TARGETS.get(choices.below(TARGETS.len())).copied().unwrap_or_default(),
        owner: choices.pick(&ACCOUNTS),
        management: choices.one_in(4).then_some("222222222222"),
        context: KEYS.iter().filter_map(|key| held(choices, key)).collect(),
        identity: optional(choices, PolicyKind::Identity),
        boundary: choices.one_in(3).then(|| statements(choices, PolicyKind::Boundary)),
        session: choices.one_in(3).then(|| statements(choices, PolicyKind::Session)),
        resource: optional(choices, PolicyKind::Resource),
        scps: levels(choices, PolicyKind::ServiceControl),
        rcps: levels(choices, PolicyKind::ResourceControl),
    }
}

fn held(choices: &mut Choices<'_>, key: &'static str) -> Option<Held> {
    match choices.below(4) {
        0 => None,
        1 => Some((key, None)),
        2 => Some((key, Some(vec![choices.phrase(&VALUES, &PARTS)]))),
        _ => Some((key, Some((0..choices.below(4)).map(|_| choices.phrase(&VALUES, &PARTS)).collect()))),
    }
}

fn statements(choices: &mut Choices<'_>, kind: PolicyKind) -> Vec<Value> {
    let has_principal = matches!(kind, PolicyKind::Resource | PolicyKind::ResourceControl);
    if kind != PolicyKind::ResourceControl && choices.one_in(3) {
        return vec![if has_principal {
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
        } else {
            json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
        }];
    }
    let effect = (kind == PolicyKind::ResourceControl).then_some("Deny");
    (0..=choices.below(3)).map(|_| statement(choices, effect, has_principal, kind)).collect()
}

fn statement(choices: &mut Choices<'_>, effect: Option<&str>, has_principal: bool, kind: PolicyKind) -> Value {
    let is_control = kind == PolicyKind::ResourceControl;
    let effect = effect.map_or_else(
        || choices.pick(&["Allow", "Deny", "Allow"]),
        |effect| if effect == "Deny" { "Deny" } else { "Allow" },
    );
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), effect.into());
    let key = if choices.one_in(4) && !is_control { "NotAction" } else { "Action" };
    statement.insert(key.to_owned(), texts(choices, &ACTIONS));
    let key = if choices.one_in(4) { "NotResource" } else { "Resource" };
    statement.insert(key.to_owned(), texts(choices, &RESOURCES));
    if is_control {
        statement.insert("Principal".to_owned(), "*".into());
    } else if has_principal {
        let key = if choices.one_in(8) { "NotPrincipal" } else { "Principal" };
        statement.insert(key.to_owned(), principal(choices));
    }
    if choices.one_in(2) {
        let mut conditions = Map::new();
        for _ in 0..=choices.below(2) {
            let operator = choices.pick(&OPERATORS);
            let key = choices.pick(&KEYS);
            conditions.insert(operator.to_owned(), json!({key: texts(choices, &VALUES)}));
        }
        statement.insert("Condition".to_owned(), conditions.into());
    }
    Value::Object(statement)
}

fn texts(choices: &mut Choices<'_>, list: &[&str]) -> Value {
    if choices.one_in(3) {
        return (0..=choices.below(3)).map(|_| choices.phrase(list, &PARTS)).collect();
    }
    choices.phrase(list, &PARTS).into()
}

fn principal(choices: &mut Choices<'_>) -> Value {
    match choices.below(5) {
        0 => json!("*"),
        1 => json!({"AWS": choices.pick(&ACCOUNTS)}),
        2 => json!({"Service": "lambda.amazonaws.com"}),
        3 => json!({"AWS": [choices.pick(&PRINCIPALS), choices.pick(&PRINCIPALS)]}),
        _ => {
            json!({"AWS": choices.pick(&["arn:aws:iam::111111111111:role/r", "arn:aws:iam::111111111111:user/ana", "*"])})
        }
    }
}

/// Reads each statement as a policy of its own, so that one that AWS would refuse does not take the others with it.
fn set(kind: PolicyKind, statements: &[Value]) -> PolicySet {
    let policy = |statement: &Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        Policy::from_value(kind, "p", &document).0.map(Arc::new)
    };
    PolicySet::new(statements.iter().filter_map(policy).collect())
}

fn path(kind: PolicyKind, levels: &[Vec<Value>]) -> PolicyPath {
    let level = |statements: &Vec<Value>| Arc::new(Level { place: "level".into(), policies: set(kind, statements) });
    PolicyPath::new(levels.iter().map(level).collect())
}

impl World {
    fn context(&self) -> Context {
        let mut context = Context::new();
        for (key, values) in &self.context {
            match values {
                Some(values) => context.set_all(key, values.iter().map(String::as_str)),
                None => context.set_unknown(key),
            };
        }
        context
    }

    fn verdict(&self) -> Verdict {
        let (Ok(principal), Ok(owner)) = (Principal::parse(self.principal), self.owner.parse::<AccountId>()) else {
            return Verdict::ImplicitlyDenied;
        };
        let management = self.management.and_then(|id| id.parse::<AccountId>().ok());
        let layer = |kind, statements: &Option<Vec<Value>>| statements.as_ref().map(|statements| set(kind, statements));
        let identity = layer(PolicyKind::Identity, &self.identity);
        let boundary = layer(PolicyKind::Boundary, &self.boundary);
        let session = layer(PolicyKind::Session, &self.session);
        let resource = layer(PolicyKind::Resource, &self.resource);
        let (scps, rcps) =
            (path(PolicyKind::ServiceControl, &self.scps), path(PolicyKind::ResourceControl, &self.rcps));
        let layers = Layers {
            identity: identity.as_ref(),
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            resource: resource.as_ref(),
            scps: Some(&scps),
            rcps: Some(&rcps),
            management: management.as_ref(),
        };
        let (context, (action, resource)) = (self.context(), self.target);
        let request =
            Request { principal: &principal, action, resource, resource_account: Some(&owner), context: &context };
        verdict(&request, &layers)
    }

    /// The same statements the other way round.
    fn reversed(&self) -> Self {
        let mut world = self.clone();
        let World { identity, boundary, session, resource, scps, rcps, .. } = &mut world;
        let layers = [identity, boundary, session, resource].into_iter().flatten();
        layers.chain(scps).chain(rcps).for_each(|statements| statements.reverse());
        world
    }

    /// With a deny more in one of the layers.
    fn denied(&self, layer: usize, deny: Value) -> Self {
        let mut world = self.clone();
        let all = || vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
        match layer {
            0 => world.identity.get_or_insert_default().push(deny),
            1 => world.boundary.get_or_insert_with(all).push(deny),
            2 => world.session.get_or_insert_with(all).push(deny),
            _ => world.scps.push(all().into_iter().chain([deny]).collect()),
        }
        world
    }

    /// With a value, or none, for every unknown key.
    fn settled(&self, choices: &mut Choices<'_>) -> Self {
        let mut world = self.clone();
        for (_, values) in &mut world.context {
            if values.is_none() {
                *values = Some((0..choices.below(3)).map(|_| choices.phrase(&VALUES, &PARTS)).collect());
            }
        }
        world
    }
}

/// Decides, and checks that the decision, its explanation and its words agree.
fn verdict(request: &Request<'_>, layers: &Layers<'_>) -> Verdict {
    let decision = decide(request, layers);
    let explanation = explain(request, layers);
    assert_eq!(explanation.decision, decision, "BUG: decided and explained differently");
    let verdict = match &decision {
        Decision::Allowed(_) => Verdict::Allowed,
        Decision::ImplicitlyDenied(_) => Verdict::ImplicitlyDenied,
        Decision::ExplicitlyDenied(_) => Verdict::ExplicitlyDenied,
        Decision::Depends(keys) => {
            assert!(!keys.is_empty(), "BUG: it depends on nothing");
            Verdict::Depends
        }
    };
    let is_refused = verdict <= Verdict::ImplicitlyDenied;
    assert_eq!(explanation.blockers().next().is_some(), is_refused, "BUG: {decision:?} and its reasons");
    assert_eq!(denial_text(request, &decision).is_some(), is_refused, "BUG: {decision:?} and its words");
    verdict
}
