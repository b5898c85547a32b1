//! Random documents and requests of few words.
//!
//! There are two member accounts and a management account, a handful of callers, actions and resources. Patterns and
//! conditions are drawn from lists that name them in every way the language has, so that statements often match and
//! often do not. Every document is one that AWS would store.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    asked::{Asked, Caller, Known},
    dice::Dice,
};

/// What a document is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user or role.
    Identity,
    /// A user or role, as its permissions boundary.
    Boundary,
    /// A session.
    Session,
    /// A resource.
    Resource,
    /// A role, as its trust policy.
    Trust,
    /// A node of the organization, as a service control policy.
    ServiceControl,
    /// A node of the organization, as a resource control policy.
    ResourceControl,
}

/// The management account.
pub const MANAGEMENT: &str = "900000000000";
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", MANAGEMENT];

const ACTION_PATTERNS: [&str; 17] = [
    "*",
    "*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:?etObject",
    "s3:PutObject",
    "s?:*",
    "*:*Object*",
    "kms:*",
    "kms:Decrypt",
    "kms:Re*",
    "sts:*",
    "sts:AssumeRole",
    "lambda:Invoke*",
    "iam:Pass*",
    "l*:*",
];

const RESOURCE_PATTERNS: [&str; 19] = [
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team, 'ana'}/*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::?/an?/*",
    "arn:aws:s3:::B/*",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3",
    "arn:*:s3:::*",
    "arn:aws:kms:*:111111111111:key/*",
    "arn:aws:kms:eu-*:*:key/1",
    "arn:aws:kms:${aws:RequestedRegion}:*:key/1",
    "arn:aws:iam::*:role/r",
    "arn:aws:iam:*:role/p/r",
    "arn:aws:iam::111111111111:*",
    "arn:aws:lambda:*:function:f",
    "arn:aws:lambda:*:111111111111:function:*",
    "arn:aws:lambda:eu-west-1:*:f",
    "arn:aws:*:eu-west-1:*",
];

const PRINCIPALS: [(&str, &str); 14] = [
    ("AWS", "*"),
    ("AWS", "111111111111"),
    ("AWS", "arn:aws:iam::111111111111:root"),
    ("AWS", "222222222222"),
    ("AWS", "arn:aws:iam::111111111111:user/team/ana"),
    ("AWS", "arn:aws:iam::222222222222:user/bo"),
    ("AWS", "arn:aws:iam::111111111111:role/r"),
    ("AWS", "arn:aws:iam::111111111111:role/p/r"),
    ("AWS", "arn:aws:sts::111111111111:assumed-role/r/s"),
    ("AWS", "arn:aws:sts::111111111111:federated-user/f"),
    ("AWS", "arn:aws:iam::900000000000:root"),
    ("Service", "lambda.amazonaws.com"),
    ("Service", "s3.amazonaws.com"),
    ("Federated", "accounts.google.com"),
];

/// Context keys and values that requests have; some are not what the operators compare.
const KEYS: [(&str, &[&str]); 12] = [
    ("aws:username", &["ana", "bo", "*"]),
    ("aws:PrincipalOrgID", &["o-1", "o-2"]),
    ("aws:RequestedRegion", &["eu-west-1", "us-east-1"]),
    ("aws:PrincipalTag/team", &["red", "ana", "RED", "*"]),
    ("aws:TagKeys", &["red", "blue", "ana"]),
    ("aws:PrincipalArn", &["arn:aws:iam::111111111111:role/r", "arn:aws:iam::111111111111:user/team/ana", "none"]),
    ("aws:SourceArn", &["arn:aws:s3:::b", "arn:aws:lambda:eu-west-1:111111111111:function:f"]),
    ("aws:SourceIp", &["10.1.2.3", "203.0.113.9", "2001:db8::1", "nowhere"]),
    ("s3:max-keys", &["5", "10", "10.0", "-1", "many"]),
    ("aws:CurrentTime", &["2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", "1893456001", "soon"]),
    ("aws:MultiFactorAuthPresent", &["true", "false", "True"]),
    ("x:Blob", &["AQI=", "AQI", "AQM="]),
];

/// Operators that compare alike, the keys they are used with and the values they are given.
struct Family {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    values: &'static [&'static str],
}

const FAMILIES: [Family; 8] = [
    Family {
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
        keys: &[
            "aws:username",
            "AWS:principalorgid",
            "aws:RequestedRegion",
            "aws:PrincipalTag/team",
            "aws:PrincipalTag/Team",
            "aws:TagKeys",
        ],
        values: &[
            "ana",
            "?na",
            "o-1",
            "o-*",
            "eu-west-1",
            "*",
            "red",
            "Red",
            "r*d",
            "${aws:username}",
            "${aws:PrincipalTag/team, 'red'}",
            "${*}",
        ],
    },
    Family {
        operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        keys: &["aws:PrincipalArn", "aws:SourceArn"],
        values: &[
            "*",
            "arn:aws:iam::*:role/r",
            "arn:*:iam::111111111111:*",
            "arn:aws:iam:*:role/r",
            "arn:aws:iam::111111111111:user/*/${aws:username}",
            "arn:aws:lambda:*:*:function:?",
            "arn:aws:s3:::b",
        ],
    },
    Family {
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        keys: &["s3:max-keys"],
        values: &["5", "10", "7.5"],
    },
    Family {
        operators: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        keys: &["aws:CurrentTime"],
        values: &["2030-01-01T00:00:00Z", "1893456000", "2030-01-01", "2031-06-15T12:30:00Z"],
    },
    Family { operators: &["Bool"], keys: &["aws:MultiFactorAuthPresent"], values: &["true", "false"] },
    Family {
        operators: &["IpAddress", "NotIpAddress"],
        keys: &["aws:SourceIp"],
        values: &["10.0.0.0/8", "203.0.113.9", "0.0.0.0/0", "2001:db8::/32", "203.0.113.0/29"],
    },
    Family { operators: &["BinaryEquals"], keys: &["x:Blob"], values: &["AQI=", "AQM="] },
    Family {
        operators: &["Null"],
        keys: &["aws:username", "aws:TagKeys", "aws:MultiFactorAuthPresent", "aws:SourceArn"],
        values: &["true", "false"],
    },
];

/// Makes a request.
pub fn asked(dice: &mut Dice) -> Asked {
    const TARGETS: [(&str, &str); 14] = [
        ("s3:GetObject", "arn:aws:s3:::b/ana/x"),
        ("S3:getObject", "arn:aws:s3:::b/bo/x"),
        ("s3:PutObject", "arn:aws:s3:::b/ana/x"),
        ("s3:GetObject", "arn:aws:s3:::b/*"),
        ("s3:ListBucket", "arn:aws:s3:::b"),
        ("s3:ListAllMyBuckets", "*"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1"),
        ("kms:RetireGrant", "arn:aws:kms:us-east-1:111111111111:key/1"),
        ("sts:AssumeRole", "arn:aws:iam::111111111111:role/r"),
        ("sts:AssumeRole", "arn:aws:iam::111111111111:role/p/r"),
        ("sts:GetCallerIdentity", "*"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:g:f"),
        ("iam:PassRole", "arn:aws:iam::222222222222:role/p/r"),
    ];
    let (action, resource) = dice.pick(&TARGETS).copied().unwrap_or(("s3:GetObject", "*"));
    let owner = dice.chance(80).then(|| if dice.chance(70) { "111111111111" } else { dice.text(&ACCOUNTS) });
    Asked {
        caller: caller(dice),
        action: action.to_owned(),
        resource: resource.to_owned(),
        owner: owner.map(str::to_owned),
        keys: keys(dice),
    }
}

fn caller(dice: &mut Dice) -> Caller {
    let session = |role: &str, session: &str, path_known| Caller::Session {
        role: format!("arn:aws:iam::111111111111:role/{role}"),
        session: format!("arn:aws:sts::111111111111:assumed-role/{session}"),
        path_known,
    };
    match dice.below(14) {
        0 | 1 => Caller::User { arn: "arn:aws:iam::111111111111:user/team/ana".to_owned() },
        2 => Caller::User { arn: "arn:aws:iam::222222222222:user/bo".to_owned() },
        3 => Caller::User { arn: format!("arn:aws:iam::{MANAGEMENT}:user/mo") },
        4 | 5 => session("r", "r/s", false),
        6 => session("p/r", "r/s", true),
        7 => session("r", "r/other", true),
        8 => session("aws-service-role/x.amazonaws.com/l", "l/s", true),
        9 => Caller::Root { account: dice.text(&ACCOUNTS).to_owned() },
        10 => Caller::FederatedUser { arn: "arn:aws:sts::111111111111:federated-user/f".to_owned() },
        11 => Caller::Federated { provider: "accounts.google.com".to_owned() },
        12 => Caller::Service { name: "lambda.amazonaws.com".to_owned() },
        _ => Caller::Anonymous,
    }
}

fn keys(dice: &mut Dice) -> BTreeMap<String, Known> {
    let mut keys = BTreeMap::new();
    for (key, values) in KEYS {
        let known = match dice.below(100) {
            0..30 => continue,
            30..50 => Known::Unknown,
            50..85 => Known::Values(vec![dice.text(values).to_owned()]),
            _ => Known::Values((0..=dice.below(3)).map(|_| dice.text(values).to_owned()).collect()),
        };
        keys.insert(key.to_lowercase(), known);
    }
    keys
}

/// Makes the same request with every unknown key settled: absent, or with values of its own.
pub fn settled(dice: &mut Dice, asked: &Asked) -> Asked {
    let mut settled = asked.clone();
    for (key, values) in KEYS {
        let key = key.to_lowercase();
        if settled.keys.get(&key) != Some(&Known::Unknown) {
            continue;
        }
        let found: Vec<String> = (0..dice.below(3)).map(|_| dice.text(values).to_owned()).collect();
        if found.is_empty() {
            settled.keys.remove(&key);
        } else {
            settled.keys.insert(key, Known::Values(found));
        }
    }
    settled
}

/// Makes a document that allows everything.
#[must_use]
pub fn full_access(kind: Kind) -> Value {
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), json!("Allow"));
    if matches!(kind, Kind::Resource | Kind::Trust | Kind::ResourceControl) {
        statement.insert("Principal".to_owned(), json!("*"));
    }
    statement.insert("Action".to_owned(), json!("*"));
    if kind != Kind::Trust {
        statement.insert("Resource".to_owned(), json!("*"));
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Makes a document.
pub fn document(dice: &mut Dice, kind: Kind) -> Value {
    let statements = (0..=dice.below(3)).map(|_| statement(dice, kind, None)).collect();
    with_version(dice, kind, statements)
}

/// Makes a document that only denies.
pub fn deny(dice: &mut Dice, kind: Kind) -> Value {
    let statement = statement(dice, kind, Some("Deny"));
    with_version(dice, kind, vec![statement])
}

/// Makes the same document with its statements and their lists in another order.
pub fn shuffled(dice: &mut Dice, document: &Value) -> Value {
    match document {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| shuffled(dice, item)).collect();
            dice.shuffle(&mut items);
            Value::Array(items)
        }
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.iter().map(|(key, member)| (key.clone(), shuffled(dice, member))).collect();
            dice.shuffle(&mut members);
            Value::Object(members.into_iter().collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => document.clone(),
    }
}

fn with_version(dice: &mut Dice, kind: Kind, mut statements: Vec<Value>) -> Value {
    let statements = match statements.pop() {
        Some(only) if statements.is_empty() && dice.chance(20) => only,
        last => Value::Array(statements.into_iter().chain(last).collect()),
    };
    // Organizations knows one version only.
    match dice.below(100) {
        0..5 if !matches!(kind, Kind::ServiceControl | Kind::ResourceControl) => json!({"Statement": statements}),
        5..15 if !matches!(kind, Kind::ServiceControl | Kind::ResourceControl) => {
            json!({"Version": "2008-10-17", "Statement": statements})
        }
        _ => json!({"Version": "2012-10-17", "Statement": statements}),
    }
}

fn statement(dice: &mut Dice, kind: Kind, effect: Option<&str>) -> Value {
    let is_rcp = kind == Kind::ResourceControl;
    let drawn = if is_rcp || dice.chance(25) { "Deny" } else { "Allow" };
    let effect = effect.unwrap_or(drawn);
    let mut statement = Map::new();
    let mut put = |element: &str, value: Value| statement.insert(element.to_owned(), value);
    put("Effect", json!(effect));
    match kind {
        Kind::ResourceControl => drop(put("Principal", json!("*"))),
        Kind::Resource | Kind::Trust => {
            let element = if dice.chance(12) { "NotPrincipal" } else { "Principal" };
            let principals = if element == "Principal" && dice.chance(15) { json!("*") } else { principals(dice) };
            put(element, principals);
        }
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::ServiceControl => {}
    }
    // Denies are of few actions and mostly conditional, for a deny is the end of it. Organizations takes neither `*` nor
    // NotAction in RCPs.
    let few = ACTION_PATTERNS.get(2..).unwrap_or_default();
    if is_rcp {
        put("Action", several(dice, few));
    } else if effect == "Deny" && dice.chance(85) {
        put("Action", json!(dice.text(few)));
    } else {
        put(if dice.chance(15) { "NotAction" } else { "Action" }, several(dice, &ACTION_PATTERNS));
    }
    let implied = kind == Kind::Trust || kind == Kind::Resource && dice.chance(25);
    if !implied && dice.chance(50) {
        put("Resource", json!("*"));
    } else if !implied {
        put(if dice.chance(20) { "NotResource" } else { "Resource" }, several(dice, &RESOURCE_PATTERNS));
    }
    if dice.chance(if effect == "Deny" { 85 } else { 40 }) {
        put("Condition", conditions(dice));
    }
    Value::Object(statement)
}

/// One text, or a list of some.
fn several(dice: &mut Dice, texts: &[&'static str]) -> Value {
    if dice.chance(60) {
        return json!(dice.text(texts));
    }
    let texts: Vec<&str> = (0..=dice.below(3)).map(|_| dice.text(texts)).collect();
    json!(texts)
}

fn principals(dice: &mut Dice) -> Value {
    let mut kinds = BTreeMap::<&str, Vec<&str>>::new();
    for _ in 0..=dice.below(3) {
        let (kind, entry) = dice.pick(&PRINCIPALS).copied().unwrap_or(("AWS", "*"));
        kinds.entry(kind).or_default().push(entry);
    }
    json!(kinds)
}

fn conditions(dice: &mut Dice) -> Value {
    let mut operators = Map::new();
    for _ in 0..=dice.below(2) {
        let Some(family) = dice.pick(&FAMILIES) else { continue };
        let name = dice.text(family.operators);
        let is_null = name == "Null";
        let set = match dice.below(100) {
            0..15 if !is_null => "ForAllValues:",
            15..30 if !is_null => "ForAnyValue:",
            _ => "",
        };
        let suffix = if !is_null && dice.chance(20) { "IfExists" } else { "" };
        let mut keys = Map::new();
        for _ in 0..=usize::from(dice.chance(25)) {
            // Now and then a key that has other values than the operator compares.
            let key = if dice.chance(10) {
                dice.pick(&KEYS).map_or("aws:username", |(key, _)| key)
            } else {
                dice.text(family.keys)
            };
            keys.insert(key.to_owned(), several(dice, family.values));
        }
        operators.insert(format!("{set}{name}{suffix}"), Value::Object(keys));
    }
    Value::Object(operators)
}
