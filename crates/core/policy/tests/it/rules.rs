//! The 154 cases of forty IAM rules in `policy-rules/cases.json`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may panic, and reads its data"
)]

use std::sync::Arc;

use serde_json::Value;
use stackfleet_base::AccountId;
use stackfleet_policy::{
    Context, Decision, Layers, Level, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request, decide,
};

/// How many cases are known to pass; it may only rise.
const PASSED: usize = 154;

/// Reads a file of the conformance data, or says that the test is skipped.
pub(crate) fn conformance(path: &str) -> Option<Value> {
    let Ok(folder) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return None;
    };
    let text = std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn policy(kind: PolicyKind, name: &str, value: &Value) -> Arc<Policy> {
    let (policy, diagnostics) = Policy::from_value(kind, name, value);
    Arc::new(policy.unwrap_or_else(|| unreachable_policy(&diagnostics)))
}

fn unreachable_policy(diagnostics: &[stackfleet_base::Diagnostic]) -> Policy {
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    Policy::parse(PolicyKind::Identity, "never", "").unwrap()
}

fn set(kind: PolicyKind, values: &Value) -> Option<PolicySet> {
    let values = values.as_array()?;
    Some(PolicySet::new(values.iter().map(|value| policy(kind, "p", value)).collect()))
}

fn path(kind: PolicyKind, levels: &Value) -> Option<PolicyPath> {
    let level = |level: &Value| {
        let policies = set(kind, &level["policies"]).unwrap_or_default();
        Arc::new(Level { place: level["orgIdentifier"].as_str().unwrap().into(), policies })
    };
    Some(PolicyPath::new(levels.as_array()?.iter().map(level).collect()))
}

/// Everything that a case needs, owned.
pub(crate) struct Case {
    principal: Principal,
    action: String,
    resource: String,
    owner: AccountId,
    context: Context,
    identity: Option<PolicySet>,
    boundary: Option<PolicySet>,
    session: Option<PolicySet>,
    resource_policy: Option<PolicySet>,
    scps: Option<PolicyPath>,
    rcps: Option<PolicyPath>,
    management: Option<AccountId>,
}

impl Case {
    pub(crate) fn new(case: &Value) -> Self {
        let request = &case["request"];
        let action = request["action"].as_str().unwrap().to_owned();
        let mut context = Context::new();
        for (key, value) in request["context"].as_object().unwrap() {
            match value.as_array() {
                Some(values) => context.set_all(key, values.iter().map(|value| value.as_str().unwrap())),
                None => context.set(key, value.as_str().unwrap()),
            };
        }
        let owner: AccountId = request["resource"]["accountId"].as_str().unwrap().parse().unwrap();
        let mut principal = Principal::parse(request["principal"].as_str().unwrap()).unwrap();
        let org = &case["org"];
        for role in org["serviceLinkedRoles"].as_array().into_iter().flatten() {
            let linked = Principal::role_session(role.as_str().unwrap(), "s").unwrap();
            if linked.to_string() == principal.to_string() {
                principal = linked;
            }
        }
        let levels = |own: &str, account: Option<&AccountId>, name: &str| {
            let of_account = account.map(|account| &org["accounts"][account.as_str()][name]);
            case.get(own).or(of_account).cloned().unwrap_or_default()
        };
        let resource_kind = if action.to_ascii_lowercase().starts_with("sts:assume") {
            PolicyKind::Trust
        } else {
            PolicyKind::Resource
        };
        let one =
            |kind: PolicyKind, name: &str| case.get(name).map(|value| PolicySet::new(vec![policy(kind, "p", value)]));
        Self {
            scps: path(PolicyKind::ServiceControl, &levels("serviceControlPolicies", principal.account(), "scps")),
            rcps: path(PolicyKind::ResourceControl, &levels("resourceControlPolicies", Some(&owner), "rcps")),
            identity: set(PolicyKind::Identity, &case["identityPolicies"]),
            boundary: set(PolicyKind::Boundary, &case["permissionBoundaries"]),
            session: one(PolicyKind::Session, "sessionPolicy"),
            resource_policy: one(resource_kind, "resourcePolicy"),
            management: org["management"].as_str().map(|account| account.parse().unwrap()),
            resource: request["resource"]["resource"].as_str().unwrap().to_owned(),
            principal,
            action,
            owner,
            context,
        }
    }

    pub(crate) fn decide(&self) -> Decision<'_> {
        let request = Request {
            principal: &self.principal,
            action: &self.action,
            resource: &self.resource,
            resource_account: Some(&self.owner),
            context: &self.context,
        };
        let layers = Layers {
            identity: self.identity.as_ref(),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource_policy.as_ref(),
            scps: self.scps.as_ref(),
            rcps: self.rcps.as_ref(),
            management: self.management.as_ref(),
        };
        decide(&request, &layers)
    }
}

fn response(case: &Value) -> String {
    // The length of a chained session is no question of policies.
    let chained = case["request"]["principal"].as_str().unwrap().contains(":assumed-role/");
    if chained && case["durationSeconds"].as_u64().is_some_and(|seconds| seconds > 3600) {
        return "ValidationError: chained sessions are limited to 3600 s".to_owned();
    }
    match Case::new(case).decide() {
        Decision::Allowed(_) => "Allowed",
        Decision::ImplicitlyDenied(_) => "ImplicitlyDenied",
        Decision::ExplicitlyDenied(_) => "ExplicitlyDenied",
        Decision::Depends(_) => "Depends",
    }
    .to_owned()
}

#[test]
fn the_cases_of_forty_rules_are_decided_as_documented() {
    let Some(cases) = conformance("policy-rules/cases.json") else { return };
    let cases = cases.as_array().unwrap();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let (got, expected) = (response(case), case["expected"]["response"].as_str().unwrap());
            (got != expected).then(|| format!("{} {}: {got}, not {expected}", case["id"], case["label"]))
        })
        .collect();
    assert!(cases.len() - wrong.len() >= PASSED, "{}", wrong.join("\n"));
}

#[test]
fn all_permissions_of_the_big_case_are_decided() {
    let Some(cases) = conformance("policy-rules/bench_big.json") else { return };
    let allowed = cases.as_array().unwrap().iter().filter(|case| Case::new(case).decide().is_allowed()).count();
    assert!(allowed > 0, "{allowed}");
}
