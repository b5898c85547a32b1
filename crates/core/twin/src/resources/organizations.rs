//! What requests of Organizations ask for.

use stackfleet_api::organizations::{Request, Tag};

use crate::{authorize::Ask, organizations::Organization, world::World};

pub(super) fn asks(world: &World, request: &Request) -> Vec<Ask> {
    let ask = |resource: String| Ask::new(request.operation().iam_action(), resource);
    let Some(organization) = &world.organization else { return vec![ask("*".to_owned())] };
    let node = |id: &str| ask(organization.node_arn(id));
    let policy = |id: &str| ask(policy_arn(organization, id)).key("organizations:PolicyType", kind(organization, id));
    vec![match request {
        Request::DescribeAccount(input) => node(&input.account_id),
        Request::CloseAccount(input) => node(&input.account_id),
        Request::RemoveAccountFromOrganization(input) => node(&input.account_id),
        Request::MoveAccount(input) => {
            return vec![node(&input.account_id), node(&input.source_parent_id), node(&input.destination_parent_id)];
        }
        Request::ListParents(input) => node(&input.child_id),
        Request::ListChildren(input) => node(&input.parent_id),
        Request::ListAccountsForParent(input) => node(&input.parent_id),
        Request::ListOrganizationalUnitsForParent(input) => node(&input.parent_id),
        Request::CreateOrganizationalUnit(input) => tagged(node(&input.parent_id), input.tags.as_deref()),
        Request::UpdateOrganizationalUnit(input) => node(&input.organizational_unit_id),
        Request::DeleteOrganizationalUnit(input) => node(&input.organizational_unit_id),
        Request::DescribeOrganizationalUnit(input) => node(&input.organizational_unit_id),
        Request::UpdatePolicy(input) => policy(&input.policy_id),
        Request::DeletePolicy(input) => policy(&input.policy_id),
        Request::DescribePolicy(input) => policy(&input.policy_id),
        Request::ListTargetsForPolicy(input) => policy(&input.policy_id),
        Request::ListPoliciesForTarget(input) => {
            node(&input.target_id).key("organizations:PolicyType", input.filter.as_str())
        }
        Request::AttachPolicy(input) => {
            let kind = kind(organization, &input.policy_id);
            return vec![policy(&input.policy_id), node(&input.target_id).key("organizations:PolicyType", kind)];
        }
        Request::DetachPolicy(input) => {
            let kind = kind(organization, &input.policy_id);
            return vec![policy(&input.policy_id), node(&input.target_id).key("organizations:PolicyType", kind)];
        }
        Request::EnablePolicyType(input) => {
            node(&input.root_id).key("organizations:PolicyType", input.policy_type.as_str())
        }
        Request::DisablePolicyType(input) => {
            node(&input.root_id).key("organizations:PolicyType", input.policy_type.as_str())
        }
        Request::CreatePolicy(input) => {
            let kind = input.type_.as_str();
            let any = organization.arn(&format!("policy/{}/{}/*", organization.id, kind.to_lowercase()));
            let ask = ask(any).key("organizations:PolicyType", kind);
            tagged(ask, input.tags.as_deref())
        }
        Request::ListPolicies(input) => ask("*".to_owned()).key("organizations:PolicyType", input.filter.as_str()),
        Request::CreateAccount(input) => tagged(ask("*".to_owned()), input.tags.as_deref()),
        Request::EnableAWSServiceAccess(input) => {
            ask("*".to_owned()).key("organizations:ServicePrincipal", input.service_principal.as_str())
        }
        Request::DisableAWSServiceAccess(input) => {
            ask("*".to_owned()).key("organizations:ServicePrincipal", input.service_principal.as_str())
        }
        Request::RegisterDelegatedAdministrator(input) => {
            node(&input.account_id).key("organizations:ServicePrincipal", input.service_principal.as_str())
        }
        Request::DeregisterDelegatedAdministrator(input) => {
            node(&input.account_id).key("organizations:ServicePrincipal", input.service_principal.as_str())
        }
        Request::TagResource(input) => tagged(any(organization, request, &input.resource_id), Some(&input.tags)),
        Request::UntagResource(input) => {
            any(organization, request, &input.resource_id).keys("aws:TagKeys", input.tag_keys.clone())
        }
        Request::ListTagsForResource(input) => any(organization, request, &input.resource_id),
        Request::CreateOrganization(_)
        | Request::DescribeOrganization(_)
        | Request::DeleteOrganization(_)
        | Request::ListRoots(_)
        | Request::ListAccounts(_)
        | Request::DescribeCreateAccountStatus(_)
        | Request::ListCreateAccountStatus(_)
        | Request::ListAWSServiceAccessForOrganization(_) => ask("*".to_owned()),
        Request::ListDelegatedAdministrators(input) => {
            ask("*".to_owned()).key_of("organizations:ServicePrincipal", input.service_principal.as_ref())
        }
    }]
}

fn any(organization: &Organization, request: &Request, id: &str) -> Ask {
    let ask = |arn: String| Ask::new(request.operation().iam_action(), arn);
    if organization.is_target(id) {
        return ask(organization.node_arn(id));
    }
    ask(policy_arn(organization, id)).key("organizations:PolicyType", kind(organization, id))
}

fn kind(organization: &Organization, policy: &str) -> String {
    organization.policies.get(policy).map(|policy| policy.kind.clone()).unwrap_or_default()
}

fn policy_arn(organization: &Organization, id: &str) -> String {
    let kind = kind(organization, id).to_lowercase();
    if organization.policies.get(id).is_some_and(|policy| policy.aws_managed) {
        return format!("arn:aws:organizations::aws:policy/{kind}/{id}");
    }
    organization.arn(&format!("policy/{}/{kind}/{id}", organization.id))
}

fn tagged(ask: Ask, tags: Option<&[Tag]>) -> Ask {
    ask.request_tags(tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
