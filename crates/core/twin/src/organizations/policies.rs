//! Policies of the organization: their documents, where they are attached, which types are enabled.

use std::{collections::BTreeMap, time::Duration};

use stackfleet_api::{Error, organizations as api};

use super::{
    Event, FULL_ACCESS, MemberState, Organization, Policy, RCP, RCP_FULL_ACCESS, SCP, TypeStatus, refusal, tags,
    tree::{list as page, shown_root},
};
use crate::{call::Call, document::Document, world::World};

/// How long a policy type takes to be enabled or disabled: not documented, a few seconds are usual.
const ENABLING: Duration = Duration::from_secs(5);

/// What each policy type allows: characters of a document, policies on a node, policies in all.
/// Source: "Quotas and service limits for AWS Organizations", after the change of 15 May 2026.
fn limits(kind: &str) -> (usize, usize, usize) {
    match kind {
        SCP => (10_240, 10, 10_000),
        RCP => (5_120, 5, 2_000),
        "AISERVICES_OPT_OUT_POLICY" => (2_500, 5, 1_000),
        "CHATBOT_POLICY" => (10_000, 5, 1_000),
        _ => (10_000, 10, 1_000),
    }
}

/// The policies that every organization has.
pub(super) fn built_in() -> BTreeMap<String, Policy> {
    let allow = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;
    let allow_all = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;
    let make = |name: &str, description: &str, kind: &str, text: &str| Policy {
        name: name.to_owned(),
        description: description.to_owned(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        document: compile(kind, text).ok().flatten(),
        aws_managed: true,
        tags: Vec::new(),
    };
    BTreeMap::from([
        (FULL_ACCESS.to_owned(), make("FullAWSAccess", "Allows access to every operation", SCP, allow)),
        (RCP_FULL_ACCESS.to_owned(), make("RCPFullAWSAccess", "Allows access to every resource", RCP, allow_all)),
    ])
}

/// Compiles what authorization reads; other types only have to be JSON objects.
fn compile(kind: &str, text: &str) -> Result<Option<Document>, String> {
    match kind {
        SCP => Document::service_control(text).map(Some),
        RCP => Document::resource_control(text).map(Some),
        _ => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(_)) => Ok(None),
            Ok(_) => Err("the document is not a JSON object".to_owned()),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Attaches to a node what AWS attaches to every one when a type is enabled.
pub(super) fn attach_defaults(organization: &mut Organization, node: &str) {
    for (kind, policy) in [(SCP, FULL_ACCESS), (RCP, RCP_FULL_ACCESS)] {
        if organization.policy_types.get(kind) == Some(&TypeStatus::Enabled) {
            let attached = organization.attached.entry(node.to_owned()).or_default();
            if !attached.iter().any(|id| id == policy) {
                attached.push(policy.to_owned());
            }
        }
    }
}

pub(super) fn enable_type(
    world: &mut World,
    call: &Call,
    input: api::EnablePolicyTypeInput,
) -> Result<api::EnablePolicyTypeOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    let kind = input.policy_type.as_str().to_owned();
    check_root(organization, &input.root_id)?;
    if organization.billing_only {
        let message =
            "You can't use the specified policy type with the feature set currently enabled for this organization.";
        return Err(api::PolicyTypeNotAvailableForOrganizationException::error(message));
    }
    if organization.policy_types.contains_key(&kind) {
        let message = "The specified policy type is already enabled.";
        return Err(api::PolicyTypeAlreadyEnabledException::error(message));
    }
    organization.policy_types.insert(kind.clone(), TypeStatus::PendingEnable);
    let root = Some(shown_root(organization));
    world.queue.push(now + ENABLING, Event::PolicyType { kind }.into());
    Ok(api::EnablePolicyTypeOutput { root })
}

pub(super) fn disable_type(
    world: &mut World,
    call: &Call,
    input: api::DisablePolicyTypeInput,
) -> Result<api::DisablePolicyTypeOutput, Error> {
    let now = world.now;
    let organization = world.organization_write(call)?;
    let kind = input.policy_type.as_str().to_owned();
    check_root(organization, &input.root_id)?;
    if organization.policy_types.get(&kind) != Some(&TypeStatus::Enabled) {
        let message = "The specified policy type isn't currently enabled in this root.";
        return Err(api::PolicyTypeNotEnabledException::error(message));
    }
    organization.policy_types.insert(kind.clone(), TypeStatus::PendingDisable);
    let root = Some(shown_root(organization));
    world.queue.push(now + ENABLING, Event::PolicyType { kind }.into());
    Ok(api::DisablePolicyTypeOutput { root })
}

fn check_root(organization: &Organization, root: &str) -> Result<(), Error> {
    if root == organization.root {
        return Ok(());
    }
    Err(api::RootNotFoundException::error("You specified a root that doesn't exist."))
}

/// Enables a type and attaches its default everywhere, or disables it and detaches everything of it.
pub(super) fn finish_type(world: &mut World, kind: &str) {
    let Some(organization) = &mut world.organization else { return };
    organization.changed();
    match organization.policy_types.get(kind) {
        Some(TypeStatus::PendingEnable) => {
            organization.policy_types.insert(kind.to_owned(), TypeStatus::Enabled);
            let mut nodes = vec![organization.root.clone()];
            nodes.extend(organization.units.keys().cloned());
            nodes.extend(organization.accounts.keys().map(ToString::to_string));
            for node in nodes {
                attach_defaults(organization, &node);
            }
        }
        Some(TypeStatus::PendingDisable) => {
            organization.policy_types.remove(kind);
            let policies = &organization.policies;
            let of_kind = |id: &String| policies.get(id).is_some_and(|policy| policy.kind == kind);
            for attached in organization.attached.values_mut() {
                attached.retain(|id| !of_kind(id));
            }
        }
        Some(TypeStatus::Enabled) | None => {}
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreatePolicyInput,
) -> Result<api::CreatePolicyOutput, Error> {
    let organization = world.organization_write(call)?;
    let kind = input.type_.as_str().to_owned();
    let document = check_document(&kind, &input.content)?;
    check_name(organization, &kind, &input.name, None)?;
    let (_, _, count_max) = limits(&kind);
    if organization.policies.values().filter(|policy| policy.kind == kind && !policy.aws_managed).count() >= count_max {
        let message = "You have exceeded the number of policies that you can have in an organization.";
        return Err(refusal::constraint("POLICY_NUMBER_LIMIT_EXCEEDED", message));
    }
    let policy = Policy {
        name: input.name,
        description: input.description,
        text: input.content,
        document,
        aws_managed: false,
        tags: tags::merged(&[], input.tags.unwrap_or_default())?,
        kind,
    };
    let id = format!("p-{}", world.ids.draw("policy", &[&policy.kind, &policy.name]).lower(8));
    let organization = world.organization_write(call)?;
    organization.policies.insert(id.clone(), policy);
    Ok(api::CreatePolicyOutput { policy: shown(organization, &id) })
}

fn check_document(kind: &str, text: &str) -> Result<Option<Document>, Error> {
    let (size_max, ..) = limits(kind);
    if text.chars().count() > size_max {
        let message = "You have exceeded the maximum size of the policy document.";
        return Err(refusal::constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    compile(kind, text).map_err(|_| {
        let message = "The provided policy document does not meet the requirements of the specified policy type.";
        api::MalformedPolicyDocumentException::error(message)
    })
}

fn check_name(organization: &Organization, kind: &str, name: &str, itself: Option<&str>) -> Result<(), Error> {
    let mut others = organization.policies.iter().filter(|(id, _)| Some(id.as_str()) != itself);
    if others.any(|(_, policy)| policy.kind == kind && policy.name == name) {
        return Err(api::DuplicatePolicyException::error("A policy with the same name already exists."));
    }
    Ok(())
}

fn shown_summary(organization: &Organization, id: &str, policy: &Policy) -> api::PolicySummary {
    let path = format!("policy/{}/{}/{id}", organization.id, policy.kind.to_lowercase());
    let arn = if policy.aws_managed {
        format!("arn:aws:organizations::aws:policy/{}/{id}", policy.kind.to_lowercase())
    } else {
        organization.arn(&path)
    };
    api::PolicySummary {
        id: Some(id.to_owned()),
        arn: Some(arn),
        name: Some(policy.name.clone()),
        description: Some(policy.description.clone()),
        type_: api::PolicyType::parse(&policy.kind),
        aws_managed: Some(policy.aws_managed),
    }
}

fn shown(organization: &Organization, id: &str) -> Option<api::Policy> {
    let policy = organization.policies.get(id)?;
    let summary = shown_summary(organization, id, policy);
    Some(api::Policy { policy_summary: Some(summary), content: Some(policy.text.clone()) })
}

pub(super) fn describe(
    world: &mut World,
    call: &Call,
    input: api::DescribePolicyInput,
) -> Result<api::DescribePolicyOutput, Error> {
    let organization = world.organization_read(call)?;
    let policy = shown(organization, &input.policy_id).ok_or_else(refusal::policy_not_found)?;
    Ok(api::DescribePolicyOutput { policy: Some(policy) })
}

/// Finds a policy that may be changed.
fn own_policy<'a>(organization: &'a mut Organization, id: &str) -> Result<&'a mut Policy, Error> {
    let policy = organization.policies.get_mut(id).ok_or_else(refusal::policy_not_found)?;
    if policy.aws_managed {
        let message = "You can't modify or delete an AWS managed policy.";
        return Err(refusal::invalid_input("IMMUTABLE_POLICY", message));
    }
    Ok(policy)
}

pub(super) fn update(
    world: &mut World,
    call: &Call,
    input: api::UpdatePolicyInput,
) -> Result<api::UpdatePolicyOutput, Error> {
    let organization = world.organization_write(call)?;
    let id = input.policy_id;
    let kind = own_policy(organization, &id)?.kind.clone();
    if let Some(name) = &input.name {
        check_name(organization, &kind, name, Some(&id))?;
    }
    let content = match input.content {
        Some(text) => Some((check_document(&kind, &text)?, text)),
        None => None,
    };
    let policy = own_policy(organization, &id)?;
    if let Some((document, text)) = content {
        (policy.document, policy.text) = (document, text);
    }
    policy.name = input.name.unwrap_or_else(|| policy.name.clone());
    policy.description = input.description.unwrap_or_else(|| policy.description.clone());
    Ok(api::UpdatePolicyOutput { policy: shown(organization, &id) })
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: api::DeletePolicyInput,
) -> Result<api::DeletePolicyOutput, Error> {
    let organization = world.organization_write(call)?;
    own_policy(organization, &input.policy_id)?;
    if organization.attached.values().flatten().any(|id| *id == input.policy_id) {
        let message = "The policy is attached to one or more entities. You must detach it from all roots, OUs, and \
                       accounts before performing this operation.";
        return Err(api::PolicyInUseException::error(message));
    }
    organization.policies.remove(&input.policy_id);
    Ok(api::DeletePolicyOutput::default())
}

pub(super) fn attach(
    world: &mut World,
    call: &Call,
    input: api::AttachPolicyInput,
) -> Result<api::AttachPolicyOutput, Error> {
    let organization = world.organization_write(call)?;
    let policy = organization.policies.get(&input.policy_id).ok_or_else(refusal::policy_not_found)?;
    if !organization.is_target(&input.target_id) {
        return Err(refusal::target_not_found());
    }
    if organization.policy_types.get(&policy.kind) != Some(&TypeStatus::Enabled) {
        let message = "This operation can be performed only for enabled policy types.";
        return Err(api::PolicyTypeNotEnabledException::error(message));
    }
    let kind = policy.kind.clone();
    let policies = &organization.policies;
    let attached = organization.attached.entry(input.target_id).or_default();
    if attached.contains(&input.policy_id) {
        let message = "A policy with the specified name and type already exists.";
        return Err(api::DuplicatePolicyAttachmentException::error(message));
    }
    let same = attached.iter().filter(|id| policies.get(*id).is_some_and(|policy| policy.kind == kind)).count();
    if same >= limits(&kind).1 {
        let message = "You have exceeded the number of policies attached to a target.";
        return Err(refusal::constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    attached.push(input.policy_id);
    Ok(api::AttachPolicyOutput::default())
}

pub(super) fn detach(
    world: &mut World,
    call: &Call,
    input: api::DetachPolicyInput,
) -> Result<api::DetachPolicyOutput, Error> {
    let organization = world.organization_write(call)?;
    let policy = organization.policies.get(&input.policy_id).ok_or_else(refusal::policy_not_found)?;
    if !organization.is_target(&input.target_id) {
        return Err(refusal::target_not_found());
    }
    let kind = policy.kind.clone();
    let policies = &organization.policies;
    let attached = organization.attached.entry(input.target_id).or_default();
    let Some(index) = attached.iter().position(|id| *id == input.policy_id) else {
        let message = "The policy isn't attached to the specified target in the specified root.";
        return Err(api::PolicyNotAttachedException::error(message));
    };
    let same = attached.iter().filter(|id| policies.get(*id).is_some_and(|policy| policy.kind == kind)).count();
    if input.policy_id == RCP_FULL_ACCESS || (kind == SCP && same == 1) {
        let message = "You can't remove the last policy of this type from the target.";
        return Err(refusal::constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    attached.remove(index);
    Ok(api::DetachPolicyOutput::default())
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: api::ListPoliciesInput,
) -> Result<api::ListPoliciesOutput, Error> {
    let organization = world.organization_read(call)?;
    let found = organization.policies.iter().filter(|(_, policy)| policy.kind == input.filter.as_str());
    let found = found.map(|(id, policy)| (id.clone(), shown_summary(organization, id, policy)));
    let (policies, next_token) = page("policies", found, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListPoliciesOutput { policies: Some(policies), next_token })
}

pub(super) fn list_for_target(
    world: &mut World,
    call: &Call,
    input: api::ListPoliciesForTargetInput,
) -> Result<api::ListPoliciesForTargetOutput, Error> {
    let organization = world.organization_read(call)?;
    if !organization.is_target(&input.target_id) {
        return Err(refusal::target_not_found());
    }
    let mut attached: Vec<&String> = organization.attached.get(&input.target_id).into_iter().flatten().collect();
    attached.sort();
    let found = attached.into_iter().filter_map(|id| Some((id, organization.policies.get(id)?)));
    let found = found
        .filter(|(_, policy)| policy.kind == input.filter.as_str())
        .map(|(id, policy)| (id.clone(), shown_summary(organization, id, policy)));
    let (policies, next_token) = page("policies-of", found, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListPoliciesForTargetOutput { policies: Some(policies), next_token })
}

pub(super) fn list_targets(
    world: &mut World,
    call: &Call,
    input: api::ListTargetsForPolicyInput,
) -> Result<api::ListTargetsForPolicyOutput, Error> {
    let organization = world.organization_read(call)?;
    if !organization.policies.contains_key(&input.policy_id) {
        return Err(refusal::policy_not_found());
    }
    let targets = organization.attached.iter().filter(|(_, attached)| attached.contains(&input.policy_id));
    let targets = targets.map(|(node, _)| (node.clone(), shown_target(organization, node)));
    let (targets, next_token) = page("targets", targets, input.next_token.as_deref(), input.max_results)?;
    Ok(api::ListTargetsForPolicyOutput { targets: Some(targets), next_token })
}

fn shown_target(organization: &Organization, node: &str) -> api::PolicyTargetSummary {
    let (name, kind) = match (organization.units.get(node), organization.account(node)) {
        (Some(unit), _) => (unit.name.clone(), "ORGANIZATIONAL_UNIT"),
        (None, Some((_, member))) => (member.name.clone(), "ACCOUNT"),
        (None, None) => ("Root".to_owned(), "ROOT"),
    };
    api::PolicyTargetSummary {
        target_id: Some(node.to_owned()),
        arn: Some(organization.node_arn(node)),
        name: Some(name),
        type_: api::TargetType::parse(kind),
    }
}

impl MemberState {
    /// Returns the state as `DelegatedAdministrator` and `Account` write it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Suspended => "SUSPENDED",
        }
    }
}
