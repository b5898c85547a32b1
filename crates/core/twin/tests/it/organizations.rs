//! Organizations: accounts, units, policies, delegation.

use stackfleet_api::{Error, organizations::PolicyType};
use stackfleet_base::AccountId;
use stackfleet_twin::{World, WorldOptions};

use crate::kit::{Rig, ask, refusal, root_id};

const SCP: PolicyType = PolicyType::ServiceControlPolicy;

fn create_unit(rig: &mut Rig, parent: &str, name: &str) -> Result<String, Error> {
    let admin = rig.admin();
    let created = ask!(rig, admin, Organizations organizations CreateOrganizationalUnit CreateOrganizationalUnitInput {
        parent_id: parent.to_owned(),
        name: name.to_owned(),
    });
    created.map(|output| output.organizational_unit.unwrap().id.unwrap())
}

fn move_account(rig: &mut Rig, account: &AccountId, from: &str, to: &str) -> Result<(), Error> {
    let admin = rig.admin();
    ask!(rig, admin, Organizations organizations MoveAccount MoveAccountInput {
        account_id: account.to_string(),
        source_parent_id: from.to_owned(),
        destination_parent_id: to.to_owned(),
    })
    .map(|_| ())
}

pub(crate) fn enable_scps(rig: &mut Rig) {
    let admin = rig.admin();
    let root_id = root_id(rig);
    ask!(rig, admin, Organizations organizations EnablePolicyType EnablePolicyTypeInput {
        root_id: root_id,
        policy_type: SCP,
    })
    .unwrap();
    rig.wait(5);
}

pub(crate) fn create_scp(rig: &mut Rig, name: &str, statement: &str) -> Result<String, Error> {
    let admin = rig.admin();
    let created = ask!(rig, admin, Organizations organizations CreatePolicy CreatePolicyInput {
        name: name.to_owned(),
        description: String::new(),
        content: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
        type_: SCP,
    });
    created.map(|output| output.policy.unwrap().policy_summary.unwrap().id.unwrap())
}

pub(crate) fn attach(rig: &mut Rig, policy: &str, target: &str) -> Result<(), Error> {
    let admin = rig.admin();
    ask!(rig, admin, Organizations organizations AttachPolicy AttachPolicyInput {
        policy_id: policy.to_owned(),
        target_id: target.to_owned(),
    })
    .map(|_| ())
}

fn detach(rig: &mut Rig, policy: &str, target: &str) -> Result<(), Error> {
    let admin = rig.admin();
    ask!(rig, admin, Organizations organizations DetachPolicy DetachPolicyInput {
        policy_id: policy.to_owned(),
        target_id: target.to_owned(),
    })
    .map(|_| ())
}

#[test]
fn an_account_is_created_in_the_root_with_its_role() {
    let mut rig = Rig::new();
    let account = rig.create_account("Production", "prod@x.example");
    let admin = rig.admin();
    let found = ask!(rig, admin, Organizations organizations DescribeAccount DescribeAccountInput {
        account_id: account.to_string()
    });
    let found = found.unwrap().account.unwrap();
    let paths = format!("{}/{}/{account}/", crate::kit::organization_id(&mut rig), root_id(&mut rig));
    assert_eq!((found.name.as_deref(), found.paths), (Some("Production"), Some(vec![paths])));
    let call = rig.member(&account);
    assert_eq!(call.account(), &account);
}

#[test]
fn an_account_has_the_same_id_whatever_was_created_before() {
    let mut one = Rig::new();
    one.create_account("Other", "other@x.example");
    let mut two = Rig::new();
    assert_eq!(one.create_account("A", "a@x.example"), two.create_account("A", "a@x.example"));
}

#[test]
fn five_accounts_are_created_at_once_and_an_address_only_once() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let mut create = |email: &str| {
        ask!(rig, admin, Organizations organizations CreateAccount CreateAccountInput {
            email: email.to_owned(),
            account_name: "A".to_owned(),
        })
    };
    for email in ["a@x.example", "A@x.example", "b@x.example", "nobody", "c@x.example"] {
        create(email).unwrap();
    }
    assert_eq!(
        refusal(create("d@x.example")),
        "ConstraintViolationException: You have exceeded the number of accounts that you can create at one time. Try \
         again later."
    );
    rig.wait(60);
    let list = ask!(rig, admin, Organizations organizations ListCreateAccountStatus ListCreateAccountStatusInput {});
    let mut ends: Vec<String> = list
        .unwrap()
        .create_account_statuses
        .unwrap()
        .into_iter()
        .map(|status| match status.failure_reason {
            Some(reason) => reason.to_string(),
            None => status.state.unwrap().to_string(),
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["EMAIL_ALREADY_EXISTS", "INVALID_EMAIL", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
}

#[test]
fn accounts_come_in_pages_of_twenty() {
    let mut rig = Rig::new();
    for index in 0..45 {
        rig.create_account("A", &format!("a{index}@x.example"));
    }
    let admin = rig.admin();
    let (mut sizes, mut token) = (Vec::new(), None);
    loop {
        let page = ask!(rig, admin, Organizations organizations ListAccounts ListAccountsInput { next_token: token });
        let page = page.unwrap();
        sizes.push(page.accounts.unwrap().len());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [20, 20, 6]);
    let wrong = ask!(rig, admin, Organizations organizations ListAccounts ListAccountsInput {
        next_token: Some("x".to_owned())
    });
    assert_eq!(refusal(wrong), "InvalidInputException: You specified an invalid value for NextToken.");
}

#[test]
fn units_have_names_unique_among_siblings_and_end_at_five_levels() {
    let mut rig = Rig::new();
    let root = root_id(&mut rig);
    let mut parent = root.clone();
    for level in 1..=5 {
        parent = create_unit(&mut rig, &parent, &format!("level {level}")).unwrap();
    }
    assert_eq!(
        refusal(create_unit(&mut rig, &parent, "level 6")),
        "ConstraintViolationException: You have exceeded the maximum depth of an organization's tree."
    );
    assert_eq!(
        refusal(create_unit(&mut rig, &root, "level 1")),
        "DuplicateOrganizationalUnitException: An OU with the same name already exists."
    );
    assert_eq!(
        refusal(create_unit(&mut rig, "ou-none-12345678", "x")),
        "ParentNotFoundException: You specified parent that doesn't exist."
    );
}

#[test]
fn a_unit_is_deleted_only_when_empty() {
    let mut rig = Rig::new();
    let root = root_id(&mut rig);
    let unit = create_unit(&mut rig, &root, "Sandbox").unwrap();
    let account = rig.create_account("A", "a@x.example");
    move_account(&mut rig, &account, &root, &unit).unwrap();
    assert!(refusal(move_account(&mut rig, &account, &root, &unit)).starts_with("DuplicateAccountException"));
    let admin = rig.admin();
    let delete = |rig: &mut Rig| {
        ask!(rig, admin, Organizations organizations DeleteOrganizationalUnit DeleteOrganizationalUnitInput {
            organizational_unit_id: unit.clone()
        })
    };
    assert!(refusal(delete(&mut rig)).starts_with("OrganizationalUnitNotEmptyException"));
    move_account(&mut rig, &account, &unit, &root).unwrap();
    delete(&mut rig).unwrap();
}

#[test]
fn a_service_control_policy_denies_below_the_unit_that_it_is_attached_to() {
    let mut rig = Rig::new();
    enable_scps(&mut rig);
    let root = root_id(&mut rig);
    let unit = create_unit(&mut rig, &root, "Workloads").unwrap();
    let account = rig.create_account("A", "a@x.example");
    let policy = create_scp(&mut rig, "no-users", r#"{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}"#);
    let policy = policy.unwrap();
    attach(&mut rig, &policy, &unit).unwrap();
    let call = rig.member(&account);
    let create =
        |rig: &mut Rig, name: &str| ask!(rig, call, Iam iam CreateUser CreateUserInput { user_name: name.to_owned() });
    create(&mut rig, "before").unwrap();
    move_account(&mut rig, &account, &root, &unit).unwrap();
    assert_eq!(
        refusal(create(&mut rig, "after")),
        format!(
            "AccessDenied: User: arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/test is not \
             authorized to perform: iam:CreateUser on resource: arn:aws:iam::{account}:user/after with an explicit \
             deny in a service control policy"
        )
    );
    // Every level must allow: a unit whose only policy allows S3 allows nothing else.
    let only_s3 = create_scp(&mut rig, "only-s3", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#).unwrap();
    detach(&mut rig, &policy, &unit).unwrap();
    create(&mut rig, "between").unwrap();
    attach(&mut rig, &only_s3, &unit).unwrap();
    detach(&mut rig, "p-FullAWSAccess", &unit).unwrap();
    let refused = refusal(create(&mut rig, "last"));
    assert!(refused.ends_with("because no service control policy allows the iam:CreateUser action"), "{refused}");
    assert!(refusal(detach(&mut rig, &only_s3, &unit)).starts_with("ConstraintViolationException"));
}

#[test]
fn a_resource_control_policy_binds_the_roles_of_members() {
    let mut rig = Rig::new();
    let account = rig.create_account("A", "a@x.example");
    let admin = rig.admin();
    let root = root_id(&mut rig);
    let kind = PolicyType::ResourceControlPolicy;
    ask!(rig, admin, Organizations organizations EnablePolicyType EnablePolicyTypeInput {
        root_id: root.clone(),
        policy_type: kind,
    })
    .unwrap();
    rig.wait(5);
    let role = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
    assert!(rig.world.assume_role(&admin, &role, "s").is_ok(), "RCPFullAWSAccess lets everything through");
    let created = ask!(rig, admin, Organizations organizations CreatePolicy CreatePolicyInput {
        name: "no-roles".to_owned(),
        content: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}"#.to_owned(),
        type_: kind,
    });
    let policy = created.unwrap().policy.unwrap().policy_summary.unwrap().id.unwrap();
    attach(&mut rig, &policy, &root).unwrap();
    assert_eq!(
        rig.world.assume_role(&admin, &role, "s").unwrap_err().message,
        format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role} with an explicit deny in a \
             resource control policy",
            format_args!("arn:aws:iam::{}:user/administrator", rig.world.management_account())
        )
    );
    assert!(refusal(detach(&mut rig, "p-RCPFullAWSAccess", &root)).starts_with("ConstraintViolationException"));
}

#[test]
fn policies_are_checked_and_stay_while_attached() {
    let mut rig = Rig::new();
    assert!(refusal(create_scp(&mut rig, "x", "1")).starts_with("MalformedPolicyDocumentException"));
    let long = format!(r#"{{"Effect":"Deny","Action":"{}","Resource":"*"}}"#, "a".repeat(10_300));
    assert!(refusal(create_scp(&mut rig, "x", &long)).starts_with("ConstraintViolationException"));
    let deny = r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#;
    let policy = create_scp(&mut rig, "x", deny).unwrap();
    assert!(refusal(create_scp(&mut rig, "x", deny)).starts_with("DuplicatePolicyException"));
    let root = root_id(&mut rig);
    assert!(refusal(attach(&mut rig, &policy, &root)).starts_with("PolicyTypeNotEnabledException"));
    enable_scps(&mut rig);
    attach(&mut rig, &policy, &root).unwrap();
    assert!(refusal(attach(&mut rig, &policy, &root)).starts_with("DuplicatePolicyAttachmentException"));
    let admin = rig.admin();
    let delete = ask!(rig, admin, Organizations organizations DeletePolicy DeletePolicyInput { policy_id: policy });
    assert!(refusal(delete).starts_with("PolicyInUseException"));
}

#[test]
fn a_closed_account_is_suspended_and_leaves_after_ninety_days() {
    let mut rig = Rig::new();
    let account = rig.create_account("A", "a@x.example");
    let admin = rig.admin();
    let state = |rig: &mut Rig| {
        let found = ask!(rig, admin, Organizations organizations DescribeAccount DescribeAccountInput {
            account_id: account.to_string()
        });
        found.map(|output| output.account.unwrap().state.unwrap().to_string())
    };
    ask!(rig, admin, Organizations organizations CloseAccount CloseAccountInput { account_id: account.to_string() })
        .unwrap();
    assert_eq!(state(&mut rig).unwrap(), "PENDING_CLOSURE");
    rig.wait(120);
    assert_eq!(state(&mut rig).unwrap(), "SUSPENDED");
    let role = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
    assert!(rig.world.assume_role(&admin, &role, "s").is_err());
    rig.wait(91 * 86_400);
    assert_eq!(refusal(state(&mut rig)), "AccountNotFoundException: You specified an account that doesn't exist.");
}

#[test]
fn only_the_management_account_changes_the_tree() {
    let mut rig = Rig::new();
    let account = rig.create_account("Member", "member@x.example");
    let root = rig.root(&account);
    let list = |rig: &mut Rig| ask!(rig, root, Organizations organizations ListAccounts ListAccountsInput {});
    let denied = "AccessDeniedException: You don't have permissions to access this resource.";
    assert_eq!(refusal(list(&mut rig)), denied);
    // A delegated administrator may read.
    let admin = rig.admin();
    let principal = "member.org.stacksets.cloudformation.amazonaws.com".to_owned();
    let register = |rig: &mut Rig| {
        ask!(rig, admin, Organizations organizations RegisterDelegatedAdministrator RegisterDelegatedAdministratorInput {
            account_id: account.to_string(),
            service_principal: principal.clone(),
        })
    };
    assert_eq!(
        refusal(register(&mut rig)),
        "ConstraintViolationException: You must enable service access before you register a delegated administrator."
    );
    ask!(rig, admin, Organizations organizations EnableAWSServiceAccess EnableAWSServiceAccessInput {
        service_principal: principal.clone()
    })
    .unwrap();
    register(&mut rig).unwrap();
    assert_eq!(list(&mut rig).unwrap().accounts.unwrap().len(), 2);
    let create = ask!(rig, root, Organizations organizations CreateAccount CreateAccountInput {
        email: "x@x.example".to_owned(),
        account_name: "X".to_owned(),
    });
    assert_eq!(refusal(create), denied);
}

#[test]
fn rates_hold_clients_back() {
    let options = WorldOptions { organization: true, ..WorldOptions::default() };
    let world = World::new(7, options);
    let mut rig = Rig { now: world.now(), world };
    let admin = rig.admin();
    let roots = |rig: &mut Rig| ask!(rig, admin, Organizations organizations ListRoots ListRootsInput {});
    assert!(roots(&mut rig).is_ok());
    assert!(roots(&mut rig).is_ok());
    assert!(refusal(roots(&mut rig)).starts_with("TooManyRequestsException"));
    rig.wait(1);
    assert!(roots(&mut rig).is_ok());
}
