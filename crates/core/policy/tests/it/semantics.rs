//! Cases of our own, a few for each rule of evaluation, with the statement or the layer that decides.

use std::sync::Arc;

use serde_json::{Value, json};
use stackfleet_base::AccountId;
use stackfleet_policy::{
    Context, Decision, Layers, Level, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request, decide,
    denial_text, explain,
};

const ANA: &str = "arn:aws:iam::111111111111:user/ana";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/deployer/s1";
const ROLE: &str = "arn:aws:iam::111111111111:role/deployer";
const OBJECT: &str = "arn:aws:s3:::b/k";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";

/// A request and its policies; what is not said is an administrator of the resource's account.
struct Case {
    principal: Principal,
    action: &'static str,
    resource: &'static str,
    owner: AccountId,
    context: Context,
    identity: PolicySet,
    boundary: Option<PolicySet>,
    session: Option<PolicySet>,
    resource_policy: Option<PolicySet>,
    scps: PolicyPath,
    rcps: PolicyPath,
    management: Option<AccountId>,
}

fn set(kind: PolicyKind, name: &str, statements: Value) -> PolicySet {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    PolicySet::of(Policy::parse(kind, name, &document.to_string()).unwrap())
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Sid": "A", "Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str) -> Value {
    json!({"Sid": "D", "Effect": "Deny", "Action": action, "Resource": "*"})
}

fn grant(principal: Value, action: &str) -> Value {
    json!({"Sid": "G", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"})
}

impl Case {
    fn new(principal: &str, action: &'static str, resource: &'static str) -> Self {
        Self {
            principal: Principal::parse(principal).unwrap(),
            action,
            resource,
            owner: "111111111111".parse().unwrap(),
            context: Context::new(),
            identity: set(PolicyKind::Identity, "admin", json!([allow("*", "*")])),
            boundary: None,
            session: None,
            resource_policy: None,
            scps: PolicyPath::none(),
            rcps: PolicyPath::none(),
            management: None,
        }
    }

    fn identity(mut self, statements: Value) -> Self {
        self.identity = set(PolicyKind::Identity, "identity", statements);
        self
    }

    fn nothing_of_its_own(mut self) -> Self {
        self.identity = PolicySet::default();
        self
    }

    fn boundary(mut self, statements: Value) -> Self {
        self.boundary = Some(set(PolicyKind::Boundary, "boundary", statements));
        self
    }

    fn session(mut self, statements: Value) -> Self {
        self.session = Some(set(PolicyKind::Session, "session", statements));
        self
    }

    fn resource_policy(mut self, statements: Value) -> Self {
        self.resource_policy = Some(set(PolicyKind::Resource, "resource", statements));
        self
    }

    fn trust(mut self, principal: Value) -> Self {
        let statement = json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:*"}]);
        self.resource_policy = Some(set(PolicyKind::Trust, "trust", statement));
        self
    }

    fn scp(mut self, place: &str, statements: Value) -> Self {
        let policies = set(PolicyKind::ServiceControl, "guardrail", statements);
        self.scps = self.scps.below(Arc::new(Level { place: place.into(), policies }));
        self
    }

    fn rcp(mut self, statements: Value) -> Self {
        let policies = set(PolicyKind::ResourceControl, "perimeter", statements);
        self.rcps = self.rcps.below(Arc::new(Level { place: "root".into(), policies }));
        self
    }

    fn key(mut self, key: &str, value: &str) -> Self {
        self.context.set(key, value);
        self
    }

    fn unknown(mut self, key: &str) -> Self {
        self.context.set_unknown(key);
        self
    }

    fn ask<T>(&self, ask: impl FnOnce(&Request<'_>, &Layers<'_>) -> T) -> T {
        let request = Request {
            principal: &self.principal,
            action: self.action,
            resource: self.resource,
            resource_account: Some(&self.owner),
            context: &self.context,
        };
        let layers = Layers {
            identity: Some(&self.identity),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource_policy.as_ref(),
            scps: Some(&self.scps),
            rcps: Some(&self.rcps),
            management: self.management.as_ref(),
        };
        ask(&request, &layers)
    }

    /// The decision in a line: verdict, layer, place, policy and statement.
    fn outcome(&self) -> String {
        self.ask(|request, layers| match decide(request, layers) {
            Decision::Allowed(None) => "allowed".to_owned(),
            Decision::Allowed(Some(by)) => {
                format!("allowed by {} {}", by.layer.as_str(), by.found.statement.sid().unwrap_or("-"))
            }
            Decision::ExplicitlyDenied(by) => {
                let place = by.place.map(|place| format!(" at {place}")).unwrap_or_default();
                format!("denied by {}{place} {}", by.layer.as_str(), by.found.statement.sid().unwrap_or("-"))
            }
            Decision::ImplicitlyDenied(missing) => {
                let place = missing.place.map(|place| format!(" at {place}")).unwrap_or_default();
                format!("nothing allows in {}{place}", missing.layer.as_str())
            }
            Decision::Depends(keys) => format!("depends on {}", keys.join(", ")),
        })
    }

    fn denial(&self) -> String {
        self.ask(|request, layers| denial_text(request, &decide(request, layers)).unwrap())
    }
}

#[track_caller]
fn check(case: &Case, expected: &str) {
    assert_eq!(case.outcome(), expected);
}

#[test]
fn a_root_user_needs_no_grant_but_obeys_its_organization() {
    let root = "arn:aws:iam::111111111111:root";
    check(&Case::new(root, "s3:GetObject", OBJECT).nothing_of_its_own(), "allowed");
    let capped = Case::new(root, "s3:GetObject", OBJECT).scp("root", json!([allow("ec2:*", "*")]));
    check(&capped, "nothing allows in scp at root");
    let locked = Case::new(root, "s3:GetObject", OBJECT).resource_policy(json!([
        {"Sid": "L", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    ]));
    check(&locked, "denied by resource L");
}

#[test]
fn the_deny_that_is_met_first_is_named() {
    let case = Case::new(ANA, "s3:GetObject", OBJECT)
        .identity(json!([allow("*", "*"), deny("s3:*")]))
        .scp("root", json!([allow("*", "*")]))
        .scp("ou-1", json!([allow("*", "*"), deny("s3:Get*")]));
    check(&case, "denied by scp at ou-1 D");
}

#[test]
fn every_level_of_scps_must_allow() {
    let case = Case::new(ANA, "s3:GetObject", OBJECT).scp("root", json!([allow("*", "*")]));
    check(&case, "allowed by identity A");
    check(&case.scp("ou-1", json!([allow("ec2:*", "*")])), "nothing allows in scp at ou-1");
}

#[test]
fn organization_policies_leave_the_management_account_and_service_linked_roles_alone() {
    let bound = |principal: &str| {
        Case::new(principal, "s3:GetObject", OBJECT)
            .scp("root", json!([deny("*")]))
            .rcp(json!([{"Sid": "R", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]))
    };
    check(&bound(ANA), "denied by rcp at root R");
    let mut management = bound(ANA);
    management.management = Some("111111111111".parse().unwrap());
    check(&management, "allowed by identity A");
    let linked = "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    check(&bound(linked), "allowed by identity A");
}

#[test]
fn a_management_accounts_bucket_is_out_of_reach_of_rcps_but_its_callers_scps_hold() {
    let mut case = Case::new("arn:aws:iam::222222222222:user/bo", "s3:GetObject", OBJECT)
        .resource_policy(json!([grant(json!("*"), "s3:*")]))
        .scp("root", json!([allow("*", "*"), deny("s3:GetObject")]))
        .rcp(json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]));
    case.management = Some("111111111111".parse().unwrap());
    check(&case, "denied by scp at root D");
}

#[test]
fn rcps_speak_only_of_services_that_have_them() {
    let all = json!([{"Sid": "R", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]);
    let function = "arn:aws:lambda:eu-west-1:111111111111:function:f";
    check(&Case::new(ANA, "lambda:InvokeFunction", function).rcp(all.clone()), "allowed by identity A");
    check(
        &Case::new(ANA, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:q").rcp(all.clone()),
        "denied by rcp at root R",
    );
    let key = Case::new(ANA, "kms:RetireGrant", KEY).resource_policy(json!([grant(json!({"AWS": ANA}), "kms:*")]));
    check(&key.rcp(all), "allowed by resource G");
}

#[test]
fn what_a_resource_policy_grants_depends_on_whom_it_names() {
    let named = |principal: &str, whom: Value| {
        Case::new(principal, "s3:GetObject", OBJECT)
            .nothing_of_its_own()
            .boundary(json!([allow("ec2:*", "*")]))
            .resource_policy(json!([grant(whom, "s3:*")]))
    };
    check(&named(ANA, json!({"AWS": ANA})), "allowed by resource G");
    check(&named(ANA, json!("*")), "allowed by resource G");
    check(&named(SESSION, json!({"AWS": SESSION})), "allowed by resource G");
    check(&named(SESSION, json!({"AWS": ROLE})), "nothing allows in boundary");
    check(&named(SESSION, json!({"AWS": "111111111111"})), "nothing allows in identity");
    check(&named(ANA, json!({"AWS": "222222222222"})), "nothing allows in identity");
    let capped = Case::new(SESSION, "s3:GetObject", OBJECT)
        .nothing_of_its_own()
        .session(json!([allow("ec2:*", "*")]))
        .resource_policy(json!([grant(json!({"AWS": ROLE}), "s3:*")]));
    check(&capped, "nothing allows in session");
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let stranger = "arn:aws:iam::222222222222:user/bo";
    let case = || Case::new(stranger, "s3:GetObject", OBJECT);
    check(&case(), "nothing allows in resource");
    check(&case().resource_policy(json!([grant(json!({"AWS": "222222222222"}), "s3:*")])), "allowed by identity A");
    let granted = case().nothing_of_its_own().resource_policy(json!([grant(json!({"AWS": stranger}), "s3:*")]));
    check(&granted, "nothing allows in identity");
    let capped = case().boundary(json!([allow("ec2:*", "*")])).resource_policy(json!([grant(json!("*"), "s3:*")]));
    check(&capped, "nothing allows in boundary");
}

#[test]
fn services_outsiders_and_anonymous_callers_have_only_the_resource_policy() {
    let case = |principal: &str| Case::new(principal, "s3:GetObject", OBJECT).scp("root", json!([deny("*")]));
    check(&case("lambda.amazonaws.com"), "nothing allows in resource");
    let service = json!([grant(json!({"Service": "lambda.amazonaws.com"}), "s3:*")]);
    check(&case("lambda.amazonaws.com").resource_policy(service.clone()), "allowed by resource G");
    check(&case("events.amazonaws.com").resource_policy(service), "nothing allows in resource");
    check(&case("*").resource_policy(json!([grant(json!("*"), "s3:*")])), "allowed by resource G");
}

#[test]
fn roles_are_assumed_by_whom_they_trust() {
    let role = "arn:aws:iam::111111111111:role/exec";
    let case = |principal: &str| Case::new(principal, "sts:AssumeRole", role);
    check(&case(ANA), "nothing allows in trust");
    check(&case(ANA).trust(json!({"AWS": "111111111111"})), "allowed by identity A");
    check(&case(ANA).nothing_of_its_own().trust(json!({"AWS": ANA})), "allowed by trust -");
    check(&case(SESSION).nothing_of_its_own().trust(json!({"AWS": ROLE})), "allowed by trust -");
    check(&case(ANA).nothing_of_its_own().trust(json!({"AWS": "111111111111"})), "nothing allows in identity");
    check(&case("lambda.amazonaws.com").trust(json!({"Service": "lambda.amazonaws.com"})), "allowed by trust -");
    let mut web = case(ANA).trust(json!({"Federated": "accounts.google.com"}));
    web.principal = Principal::Federated { provider: "accounts.google.com".into() };
    check(&web, "allowed by trust -");
    web.principal = Principal::Federated { provider: "example.com".into() };
    check(&web, "nothing allows in trust");
}

#[test]
fn a_key_policy_must_allow_or_delegate() {
    let case = || Case::new(ANA, "kms:Decrypt", KEY);
    check(&case(), "nothing allows in resource");
    check(&case().resource_policy(json!([grant(json!({"AWS": "111111111111"}), "kms:*")])), "allowed by identity A");
    check(&Case::new(ANA, "kms:CreateKey", "*"), "allowed by identity A");
}

#[test]
fn not_principal_denies_all_others_and_whoever_has_a_boundary() {
    let all_but = |named: Value| json!([{"Sid": "N", "Effect": "Deny", "NotPrincipal": {"AWS": named}, "Action": "s3:*", "Resource": "*"}]);
    let case = || Case::new(SESSION, "s3:GetObject", OBJECT);
    check(&case().resource_policy(all_but(json!([ROLE]))), "denied by resource N");
    check(&case().resource_policy(all_but(json!([ROLE, SESSION]))), "allowed by identity A");
    check(&case().resource_policy(all_but(json!(["111111111111"]))), "allowed by identity A");
    let bounded = case().boundary(json!([allow("*", "*")])).resource_policy(all_but(json!([ROLE, SESSION])));
    check(&bounded, "denied by resource N");
    // In an allow a boundary widens nothing.
    let allow_others = json!([{"Sid": "N", "Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"}]);
    let bounded = case().nothing_of_its_own().boundary(json!([allow("*", "*")])).resource_policy(allow_others);
    check(&bounded, "nothing allows in identity");
}

#[test]
fn a_boundary_does_not_make_not_principal_allow_whom_it_names() {
    let all_but =
        json!([{"Sid": "N", "Effect": "Allow", "NotPrincipal": {"AWS": ANA}, "Action": "s3:*", "Resource": "*"}]);
    let case = || Case::new(ANA, "s3:GetObject", OBJECT).identity(json!([])).resource_policy(all_but.clone());
    check(&case(), "nothing allows in identity");
    check(&case().boundary(json!([allow("*", "*")])), "nothing allows in identity");
}

#[test]
fn not_action_and_not_resource() {
    let case = |statement: Value| Case::new(ANA, "s3:GetObject", OBJECT).identity(json!([allow("*", "*"), statement]));
    let guard = json!({"Sid": "D", "Effect": "Deny", "NotAction": ["iam:*", "S3:get*"], "Resource": "*"});
    check(&case(guard), "allowed by identity A");
    let guard = json!({"Sid": "D", "Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"});
    check(&case(guard), "denied by identity D");
    let guard = json!({"Sid": "D", "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"});
    check(&case(guard), "allowed by identity A");
}

#[test]
fn a_variable_without_a_value_matches_no_resource_so_not_resource_covers_all() {
    let home = json!([allow("*", "*"), {"Sid": "D", "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/${aws:username}"}]);
    let case = || Case::new(ANA, "s3:GetObject", OBJECT).identity(home.clone());
    check(&case(), "denied by identity D");
    check(&case().key("aws:username", "k"), "allowed by identity A");
}

#[test]
fn an_answer_depends_on_a_key_only_when_it_hinges_on_it() {
    let region = json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}});
    let guard =
        json!([allow("*", "*"), {"Sid": "D", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": region}]);
    let case = |action| Case::new(ANA, action, OBJECT).unknown("aws:RequestedRegion");
    check(&case("s3:GetObject").scp("root", guard.clone()), "depends on aws:RequestedRegion");
    let denied = case("s3:GetObject").scp("root", guard.clone()).identity(json!([allow("ec2:*", "*")]));
    check(&denied, "nothing allows in identity");
    let denied = case("s3:GetObject").scp("root", guard).identity(json!([deny("*")]));
    check(&denied, "denied by identity D");
    let tagged = json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/env": "prod"}}}]);
    let both = json!([{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/home}/*"}]);
    let case = Case::new(ANA, "s3:GetObject", OBJECT).unknown("aws:requesttag/env").unknown("aws:PrincipalTag/home");
    check(&case.identity(tagged).boundary(both), "depends on aws:PrincipalTag/home, aws:RequestTag/env");
}

#[test]
fn get_caller_identity_cannot_be_denied() {
    check(&Case::new(ANA, "sts:GetCallerIdentity", "*").identity(json!([deny("*")])), "allowed");
}

#[test]
fn refusals_read_as_those_of_aws() {
    let case = || Case::new(ANA, "s3:GetObject", OBJECT);
    let user = format!("User: {ANA} is not authorized to perform: s3:GetObject on resource: {OBJECT}");
    for (case, reason) in [
        (case().nothing_of_its_own(), "because no identity-based policy allows the s3:GetObject action"),
        (case().identity(json!([deny("*")])), "with an explicit deny in an identity-based policy"),
        (case().scp("r", json!([deny("*")])), "with an explicit deny in a service control policy"),
        (
            case().scp("r", json!([allow("ec2:*", "*")])),
            "because no service control policy allows the s3:GetObject action",
        ),
        (
            case().boundary(json!([allow("ec2:*", "*")])),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (case().session(json!([deny("*")])), "with an explicit deny in a session policy"),
        (
            case().rcp(json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}])),
            "with an explicit deny in a resource control policy",
        ),
    ] {
        assert_eq!(case.denial(), format!("{user} {reason}"));
    }
    let trust = Case::new(SESSION, "sts:AssumeRole", "arn:aws:iam::111111111111:role/exec").denial();
    assert!(trust.ends_with("because no role trust policy allows the sts:AssumeRole action"), "{trust}");
}

#[test]
fn an_explanation_names_every_reason() {
    let case = Case::new(ANA, "s3:GetObject", OBJECT)
        .identity(json!([allow("ec2:*", "*")]))
        .boundary(json!([allow("*", "*"), deny("s3:*")]))
        .scp("root", json!([allow("*", "*")]))
        .scp("ou-1", json!([allow("ec2:*", "*")]));
    let blockers = case.ask(|request, layers| {
        let explanation = explain(request, layers);
        explanation
            .blockers()
            .map(|blocker| {
                let sid = blocker.deny.and_then(|found| found.statement.sid());
                format!("{} {} {}", blocker.layer.as_str(), blocker.place.unwrap_or("-"), sid.unwrap_or("-"))
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(blockers, ["scp ou-1 -", "identity - -", "boundary - D"]);
}

#[test]
fn a_policy_tells_the_keys_that_it_asks_for() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::home-${aws:username}/*",
         "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}, "Null": {"aws:SourceIp": "true"}}},
        {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}]}"#;
    let policy = Policy::parse(PolicyKind::ServiceControl, "p", text).unwrap();
    let mut keys: Vec<&str> = policy.keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["aws:PrincipalTag/team", "aws:ResourceTag/team", "aws:SourceIp", "aws:username"]);
}
