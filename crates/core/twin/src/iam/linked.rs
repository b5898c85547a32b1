//! Service-linked roles, and the other roles and users that AWS itself makes.

use stackfleet_api::{Error, iam as api};
use stackfleet_base::AccountId;

use super::{Grants, User, managed, role};
use crate::{call::Call, document::Document, world::World};

/// Services with their roles, and the AWS-managed policy attached, where the twin knows it.
const LINKED: [(&str, &str, Option<&str>); 12] = [
    ("organizations.amazonaws.com", "AWSServiceRoleForOrganizations", Some(managed::ORGANIZATIONS_TRUST)),
    (
        "stacksets.cloudformation.amazonaws.com",
        "AWSServiceRoleForCloudFormationStackSetsOrgAdmin",
        Some(managed::STACKSETS_ADMIN),
    ),
    (
        "member.org.stacksets.cloudformation.amazonaws.com",
        "AWSServiceRoleForCloudFormationStackSetsOrgMember",
        Some(managed::STACKSETS_MEMBER),
    ),
    ("account.amazonaws.com", "AWSServiceRoleForAccountManagement", None),
    ("access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer", None),
    ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", None),
    ("cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail", None),
    ("config.amazonaws.com", "AWSServiceRoleForConfig", None),
    ("ecs.amazonaws.com", "AWSServiceRoleForECS", None),
    ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing", None),
    ("guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty", None),
    ("sso.amazonaws.com", "AWSServiceRoleForSSO", None),
];

impl World {
    /// Makes a service-linked role unless the account has it.
    pub(crate) fn create_service_linked_role(&mut self, account: &AccountId, service: &str, name: &str) {
        let exists = self.accounts.get(account).is_none_or(|owner| owner.iam.role(name).is_some());
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let Some(trust) = Document::trust(&trust).ok().filter(|_| !exists) else { return };
        let path = format!("/aws-service-role/{service}/");
        self.put_role(account, new_role(name, path, trust, true));
        let policy = LINKED.iter().find(|(_, role, _)| *role == name).and_then(|(_, _, policy)| *policy);
        self.attach(account, name, policy);
    }

    /// Makes the role through which the management account administers a new member.
    pub(crate) fn create_access_role(&mut self, account: &AccountId, name: &str) {
        let management = self.organization.as_ref().map_or(&self.management, |organization| &organization.management);
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{management}:root"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let Ok(trust) = Document::trust(&trust) else { return };
        self.put_role(account, new_role(name, "/".to_owned(), trust, false));
        self.attach(account, name, Some(managed::ADMINISTRATOR));
    }

    fn attach(&mut self, account: &AccountId, role: &str, policy: Option<&str>) {
        let role = self.accounts.get_mut(account).and_then(|owner| owner.iam.role_mut(role));
        if let (Some(role), Some(policy)) = (role, policy) {
            role.grants.attached.push(policy.to_owned());
            role.grants.changed();
        }
    }

    /// Makes the user who may do everything, and returns an access key of theirs.
    pub(crate) fn create_administrator(&mut self, account: &AccountId) -> (String, String) {
        const NAME: &str = "administrator";
        let id = self.ids.draw("user", &[account.as_str(), NAME]).upper(17);
        let user = User {
            arn: super::arn(account, "user", "/", NAME).into(),
            id: format!("AIDA{id}").into(),
            name: NAME.into(),
            path: "/".to_owned(),
            created: self.now,
            grants: Grants { attached: vec![managed::ADMINISTRATOR.to_owned()], ..Grants::default() },
            tags: Vec::new(),
            keys: std::collections::BTreeMap::new(),
        };
        if let Some(owner) = self.accounts.get_mut(account) {
            owner.iam.users.insert(NAME.to_owned(), user);
        }
        self.make_key(account, NAME).unwrap_or_default()
    }
}

fn new_role(name: &str, path: String, trust: Document, linked: bool) -> role::NewRole {
    role::NewRole {
        name: name.to_owned(),
        path,
        trust,
        description: None,
        session_seconds_max: 3600,
        boundary: None,
        tags: Vec::new(),
        linked,
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: api::CreateServiceLinkedRoleInput,
) -> Result<api::CreateServiceLinkedRoleOutput, Error> {
    let service = input.aws_service_name;
    let known = LINKED.iter().find(|(name, ..)| *name == service);
    let (_, name, _) = known.ok_or_else(|| {
        api::InvalidInputException::error(format!("The twin knows no service-linked role of {service}."))
    })?;
    if input.custom_suffix.is_some() && service != "autoscaling.amazonaws.com" {
        return Err(api::InvalidInputException::error(format!("Custom suffix is not allowed for {service}")));
    }
    let name = input.custom_suffix.map_or_else(|| (*name).to_owned(), |suffix| format!("{name}_{suffix}"));
    let iam = &world.account(call.account())?.iam;
    if iam.role(&name).is_some() {
        let message =
            format!("Service role name {name} has been taken in this account, please try a different suffix.");
        return Err(api::InvalidInputException::error(message));
    }
    world.create_service_linked_role(call.account(), &service, &name);
    let role = world.account_mut(call.account())?.iam.role_mut(&name);
    let role = role.map(|role| {
        role.description = input.description;
        role::shown(role)
    });
    Ok(api::CreateServiceLinkedRoleOutput { role })
}
