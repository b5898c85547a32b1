//! What stack sets stand on: the administration role, the artifact buckets and the artifacts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stackfleet_base::Region;
use stackfleet_project::ADMINISTRATION_ROLE;

use crate::{
    artifacts::{Artifacts, bucket_name, bucket_policy},
    draft::Draft,
    guard::same_json,
    observed::Observed,
    plan::{Action, Stage, StepId, placeholder},
    population::management_id,
};

/// Regions that every account has from its first day; in all others CloudFormation calls itself by a regional name
/// (AWS General Reference, 2026).
const ALWAYS_ON: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What later steps wait for.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pub(crate) administration_role: Option<StepId>,
    /// The bucket of the home region, from which long templates are read, is there.
    pub(crate) home_bucket: Option<StepId>,
    uploads: BTreeMap<(Region, String), StepId>,
}

impl Ready {
    /// Returns the uploads that a stack needs in some regions.
    pub(crate) fn uploads<'a>(
        &'a self,
        artifacts: &'a Artifacts,
        (app, stack): (&'a str, &'a str),
        regions: &'a [Region],
    ) -> impl Iterator<Item = StepId> {
        let keys = artifacts.of(app, stack).map(crate::Artifact::key);
        keys.flat_map(move |key| {
            regions.iter().filter_map(move |region| self.uploads.get(&(region.clone(), key.clone())).copied())
        })
    }
}

/// What is wanted of the administration role.
#[derive(Debug, Default)]
pub(crate) struct WantedRole {
    /// Names of the execution roles it assumes.
    pub(crate) execution_roles: BTreeSet<String>,
    /// Regions it works in.
    pub(crate) regions: BTreeSet<Region>,
}

/// Adds the step for the administration role, when it is wanted and not as it should be.
pub(crate) fn administration_role(draft: &mut Draft, ready: &mut Ready, observed: &Observed, wanted: &WantedRole) {
    if wanted.execution_roles.is_empty() {
        return;
    }
    let trust = trust(&wanted.regions);
    let policy = assume_policy(observed.home.partition().as_str(), &wanted.execution_roles);
    let why = match &observed.administration_role {
        Some(role) if !trusts(&role.trust, &wanted.regions) => "the administration role does not trust CloudFormation",
        Some(role) if !allows(role.inline.values(), &policy) => {
            "the administration role may not assume the execution roles"
        }
        Some(_) => return,
        None => "there is no administration role",
    };
    let action = Action::PutAdministrationRole { name: ADMINISTRATION_ROLE.to_owned(), trust, policy };
    ready.administration_role = Some(draft.step(Stage::Groundwork, action, Vec::new(), why, Vec::new()));
}

fn principals(regions: &BTreeSet<Region>) -> Vec<String> {
    let optional = regions.iter().filter(|region| !ALWAYS_ON.contains(&region.as_str()));
    let mut principals = vec!["cloudformation.amazonaws.com".to_owned()];
    principals.extend(optional.map(|region| format!("cloudformation.{region}.amazonaws.com")));
    principals
}

fn trust(regions: &BTreeSet<Region>) -> String {
    let principals = principals(regions);
    let service = match principals.as_slice() {
        [one] => json!(one),
        many => json!(many),
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    })
    .to_string()
}

fn assume_policy(partition: &str, roles: &BTreeSet<String>) -> String {
    let resources: Vec<String> = roles.iter().map(|role| format!("arn:{partition}:iam::*:role/{role}")).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resources}]
    })
    .to_string()
}

/// Tells whether a trust policy lets every principal assume the role. Conditions are left to AWS.
fn trusts(trust: &str, regions: &BTreeSet<Region>) -> bool {
    let trusted = statements(trust).into_iter().filter(is_allowed_to_assume);
    let services: BTreeSet<String> =
        trusted.flat_map(|statement| texts(statement.pointer("/Principal/Service"))).collect();
    principals(regions).iter().all(|principal| services.contains(principal))
}

/// Tells whether inline policies allow all that a policy allows; other statements in them do no harm.
fn allows<'a>(inline: impl Iterator<Item = &'a String>, wanted: &str) -> bool {
    let inline: Vec<&String> = inline.collect();
    if inline.iter().any(|policy| same_json(policy, wanted)) {
        return true;
    }
    let granting = inline.iter().flat_map(|policy| statements(policy));
    let granted: BTreeSet<String> = granting
        .filter(|statement| is_allowed_to_assume(statement) && statement.get("Condition").is_none())
        .flat_map(|statement| texts(statement.get("Resource")))
        .collect();
    statements(wanted).iter().flat_map(|statement| texts(statement.get("Resource"))).all(|arn| granted.contains(&arn))
}

fn statements(policy: &str) -> Vec<Value> {
    let parsed = serde_json::from_str::<Value>(policy).unwrap_or_default();
    match parsed.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

fn is_allowed_to_assume(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && texts(statement.get("Action")).iter().any(|action| action.eq_ignore_ascii_case("sts:AssumeRole"))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

/// Adds steps for the buckets of the regions where artifacts are wanted, and for the artifacts that are not there.
pub(crate) fn artifacts(
    draft: &mut Draft,
    ready: &mut Ready,
    observed: &Observed,
    artifacts: &Artifacts,
    wanted: &BTreeSet<(Region, String, String)>,
    long_templates: bool,
    organization_ready: Option<StepId>,
) {
    let management = management_id(observed);
    let mut buckets: BTreeMap<&Region, Option<StepId>> = BTreeMap::new();
    if long_templates {
        let bucket = bucket_name(management, &observed.home);
        ready.home_bucket = put_bucket(draft, observed, &observed.home, &bucket, organization_ready);
        buckets.insert(&observed.home, ready.home_bucket);
    }
    for (region, app, stack) in wanted {
        for artifact in artifacts.of(app, stack) {
            let bucket = bucket_name(management, region);
            let bucket_ready = *buckets
                .entry(region)
                .or_insert_with(|| put_bucket(draft, observed, region, &bucket, organization_ready));
            let key = artifact.key();
            let there = observed.buckets.get(region).is_some_and(|found| found.artifacts.contains(&key));
            if there || ready.uploads.contains_key(&(region.clone(), key.clone())) {
                continue;
            }
            let why = format!("{} is not in {bucket}", short_key(&key));
            let action =
                Action::UploadArtifact { region: region.clone(), bucket, key: key.clone(), artifact: artifact.digest };
            let after = bucket_ready.into_iter().collect();
            let step = draft.step(Stage::Groundwork, action, after, why, Vec::new());
            ready.uploads.insert((region.clone(), key), step);
        }
    }
}

fn put_bucket(
    draft: &mut Draft,
    observed: &Observed,
    region: &Region,
    bucket: &str,
    organization_ready: Option<StepId>,
) -> Option<StepId> {
    let organization = observed.organization.as_ref().map_or(placeholder::ORGANIZATION, |seen| seen.id.as_str());
    let policy = bucket_policy(bucket, region, organization);
    let found = observed.buckets.get(region);
    let why = match found {
        Some(found) if found.policy.as_deref().is_some_and(|seen| same_json(seen, &policy)) => return None,
        Some(_) => format!("the policy of bucket {bucket} differs"),
        None => format!("there is no artifact bucket in {region}"),
    };
    let action =
        Action::PutBucket { region: region.clone(), bucket: bucket.to_owned(), policy, exists: found.is_some() };
    let after = organization_ready.into_iter().collect();
    Some(draft.step(Stage::Groundwork, action, after, why, Vec::new()))
}

/// `app/stack/0123abcd…` of a key.
fn short_key(key: &str) -> String {
    match key.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/{}…", file.chars().take(8).collect::<String>()),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_made_by_others_is_enough_when_it_trusts_and_may() {
        let regions = BTreeSet::from(["eu-west-1".parse().unwrap(), "me-central-1".parse().unwrap()]);
        let trust = trust(&regions);
        assert!(trusts(&trust, &regions));
        assert!(trust.contains("cloudformation.me-central-1.amazonaws.com"));
        assert!(!trusts(
            r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}}"#,
            &regions
        ));
        let policy = assume_policy("aws", &BTreeSet::from(["exec".to_owned()]));
        let wider = assume_policy("aws", &BTreeSet::from(["exec".to_owned(), "other".to_owned()]));
        assert!(allows([wider.clone()].iter(), &policy));
        assert!(!allows([policy].iter(), &wider));
    }
}
