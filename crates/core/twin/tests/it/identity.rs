//! IAM: roles, policies, users, keys.

use stackfleet_api::Error;
use stackfleet_twin::Call;

use crate::kit::{Rig, ask, refusal};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

fn create_role(rig: &mut Rig, call: &Call, name: &str) -> Result<(), Error> {
    ask!(rig, call, Iam iam CreateRole CreateRoleInput {
        role_name: name.to_owned(),
        assume_role_policy_document: TRUST.to_owned(),
        path: Some("/app/".to_owned()),
    })
    .map(|_| ())
}

#[test]
fn a_role_name_is_taken_whatever_its_case() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create_role(&mut rig, &admin, "Runner").unwrap();
    assert_eq!(
        refusal(create_role(&mut rig, &admin, "runner")),
        "EntityAlreadyExists: Role with name runner already exists."
    );
    let found = ask!(rig, admin, Iam iam GetRole GetRoleInput { role_name: "Runner".to_owned() }).unwrap().role;
    assert!(found.arn.ends_with(":role/app/Runner"));
    assert!(found.assume_role_policy_document.unwrap().starts_with("%7B%22Version%22"));
}

#[test]
fn a_role_is_deleted_only_when_nothing_hangs_on_it() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create_role(&mut rig, &admin, "r").unwrap();
    let name = || "r".to_owned();
    ask!(rig, admin, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: name(), policy_name: "p".to_owned(), policy_document: ALLOW.to_owned()
    })
    .unwrap();
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    ask!(rig, admin, Iam iam AttachRolePolicy AttachRolePolicyInput { role_name: name(), policy_arn: managed.clone() })
        .unwrap();
    let delete = |rig: &mut Rig| ask!(rig, admin, Iam iam DeleteRole DeleteRoleInput { role_name: name() });
    assert_eq!(refusal(delete(&mut rig)), "DeleteConflict: Cannot delete entity, must detach all policies first.");
    ask!(rig, admin, Iam iam DetachRolePolicy DetachRolePolicyInput { role_name: name(), policy_arn: managed })
        .unwrap();
    assert_eq!(refusal(delete(&mut rig)), "DeleteConflict: Cannot delete entity, must delete policies first.");
    ask!(rig, admin, Iam iam DeleteRolePolicy DeleteRolePolicyInput { role_name: name(), policy_name: "p".to_owned() })
        .unwrap();
    delete(&mut rig).unwrap();
    assert_eq!(refusal(delete(&mut rig)), "NoSuchEntity: The role with name r cannot be found.");
}

#[test]
fn service_linked_roles_are_their_services_alone() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let by_hand = ask!(rig, admin, Iam iam CreateRole CreateRoleInput {
        role_name: "pretender".to_owned(),
        assume_role_policy_document: TRUST.to_owned(),
        path: Some("/aws-service-role/ecs.amazonaws.com/".to_owned()),
    });
    assert_eq!(
        refusal(by_hand),
        "InvalidInput: Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles"
    );
    let made = ask!(rig, admin, Iam iam CreateServiceLinkedRole CreateServiceLinkedRoleInput {
        aws_service_name: "ecs.amazonaws.com".to_owned(),
    });
    let made = made.unwrap().role.unwrap();
    let delete = ask!(rig, admin, Iam iam DeleteRole DeleteRoleInput { role_name: made.role_name });
    assert!(refusal(delete).contains("this role is only modifiable by AWS"));
    let assumed = ask!(rig, admin, Sts sts AssumeRole AssumeRoleInput {
        role_arn: made.arn,
        role_session_name: "s".to_owned(),
    });
    assert!(refusal(assumed).ends_with("because no role trust policy allows the sts:AssumeRole action"));
}

#[test]
fn documents_and_attachments_are_checked() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create_role(&mut rig, &admin, "r").unwrap();
    let put = ask!(rig, admin, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: "r".to_owned(), policy_name: "p".to_owned(), policy_document: "{".to_owned()
    });
    assert_eq!(refusal(put), "MalformedPolicyDocument: This policy contains invalid Json");
    let arn = "arn:aws:iam::aws:policy/NoSuchThing";
    let attach = ask!(rig, admin, Iam iam AttachRolePolicy AttachRolePolicyInput {
        role_name: "r".to_owned(), policy_arn: arn.to_owned()
    });
    assert_eq!(refusal(attach), format!("NoSuchEntity: Policy {arn} does not exist or is not attachable."));
}

#[test]
fn a_managed_policy_counts_by_its_default_version() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let policy = ask!(rig, admin, Iam iam CreatePolicy CreatePolicyInput {
        policy_name: "p".to_owned(), policy_document: ALLOW.to_owned()
    });
    let arn = policy.unwrap().policy.unwrap().arn.unwrap();
    ask!(rig, admin, Iam iam CreateUser CreateUserInput { user_name: "u".to_owned() }).unwrap();
    ask!(rig, admin, Iam iam AttachUserPolicy AttachUserPolicyInput { user_name: "u".to_owned(), policy_arn: arn.clone() })
        .unwrap();
    let key = ask!(rig, admin, Iam iam CreateAccessKey CreateAccessKeyInput { user_name: Some("u".to_owned()) });
    let key = key.unwrap().access_key.access_key_id;
    let mut call =
        Call::outside(rig.world.credential(&key).unwrap().principal, "us-east-1".parse().unwrap(), "r".into());
    call.access_key_id = Some(key.as_str().into());
    let list = |rig: &mut Rig, call: &Call| ask!(rig, call, Iam iam ListUsers ListUsersInput {});
    let account = rig.world.management_account().clone();
    assert_eq!(
        refusal(list(&mut rig, &call)),
        format!(
            "AccessDenied: User: arn:aws:iam::{account}:user/u is not authorized to perform: iam:ListUsers on \
             resource: arn:aws:iam::{account}:user/ because no identity-based policy allows the iam:ListUsers action"
        )
    );
    ask!(rig, admin, Iam iam CreatePolicyVersion CreatePolicyVersionInput {
        policy_arn: arn.clone(), policy_document: ALLOW.replace("s3:*", "iam:*"), set_as_default: Some(true)
    })
    .unwrap();
    assert_eq!(list(&mut rig, &call).unwrap().users.len(), 2);
    let delete = ask!(rig, admin, Iam iam DeletePolicy DeletePolicyInput { policy_arn: arn });
    assert_eq!(refusal(delete), "DeleteConflict: Cannot delete a policy attached to entities.");
}

#[test]
fn the_use_of_a_key_is_seen() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    ask!(rig, admin, Iam iam CreateUser CreateUserInput { user_name: "u".to_owned() }).unwrap();
    let key = ask!(rig, admin, Iam iam CreateAccessKey CreateAccessKeyInput { user_name: Some("u".to_owned()) });
    let id = key.unwrap().access_key.access_key_id;
    let used = |rig: &mut Rig| {
        let used =
            ask!(rig, admin, Iam iam GetAccessKeyLastUsed GetAccessKeyLastUsedInput { access_key_id: id.clone() });
        let used = used.unwrap().access_key_last_used.unwrap();
        (used.last_used_date.map(|at| at.secs()), used.service_name, used.region)
    };
    assert_eq!(used(&mut rig), (None, "N/A".to_owned(), "N/A".to_owned()));
    rig.wait(3600);
    let mut call =
        Call::outside(rig.world.credential(&id).unwrap().principal, "eu-west-1".parse().unwrap(), "r".into());
    call.access_key_id = Some(id.as_str().into());
    ask!(rig, call, Sts sts GetCallerIdentity GetCallerIdentityInput {}).unwrap();
    let at = rig.now.as_millis() / 1000;
    assert_eq!(used(&mut rig), (Some(at), "sts".to_owned(), "eu-west-1".to_owned()));
    ask!(rig, admin, Iam iam UpdateAccessKey UpdateAccessKeyInput {
        user_name: Some("u".to_owned()),
        access_key_id: id.clone(),
        status: stackfleet_api::iam::StatusType::Inactive,
    })
    .unwrap();
    assert!(rig.world.credential(&id).is_none());
}

#[test]
fn lists_come_in_pages() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    for index in 0..5 {
        create_role(&mut rig, &admin, &format!("r{index}")).unwrap();
    }
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = ask!(rig, admin, Iam iam ListRoles ListRolesInput {
            path_prefix: Some("/app/".to_owned()), max_items: Some(2), marker: marker
        });
        let page = page.unwrap();
        names.extend(page.roles.into_iter().map(|role| role.role_name));
        marker = page.marker;
        if page.is_truncated != Some(true) {
            break;
        }
    }
    assert_eq!(names, ["r0", "r1", "r2", "r3", "r4"]);
}

#[test]
fn everybody_with_all_policies_comes_in_pages() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    create_role(&mut rig, &admin, "r").unwrap();
    ask!(rig, admin, Iam iam PutRolePolicy PutRolePolicyInput {
        role_name: "r".to_owned(), policy_name: "p".to_owned(), policy_document: ALLOW.to_owned()
    })
    .unwrap();
    let bounds = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    ask!(rig, admin, Iam iam CreateUser CreateUserInput {
        user_name: "u".to_owned(), permissions_boundary: Some(bounds.clone())
    })
    .unwrap();
    let own = ask!(rig, admin, Iam iam CreatePolicy CreatePolicyInput {
        policy_name: "own".to_owned(), policy_document: ALLOW.to_owned()
    });
    let own = own.unwrap().policy.unwrap().arn.unwrap();
    ask!(rig, admin, Iam iam AttachUserPolicy AttachUserPolicyInput {
        user_name: "u".to_owned(), policy_arn: own.clone()
    })
    .unwrap();
    let (mut users, mut roles, mut policies, mut marker) = (Vec::new(), Vec::new(), Vec::new(), None);
    loop {
        let page = ask!(rig, admin, Iam iam GetAccountAuthorizationDetails GetAccountAuthorizationDetailsInput {
            max_items: Some(1), marker: marker
        });
        let page = page.unwrap();
        users.extend(page.user_detail_list.unwrap());
        roles.extend(page.role_detail_list.unwrap());
        policies.extend(page.policies.unwrap());
        marker = page.marker;
        if page.is_truncated != Some(true) {
            break;
        }
    }
    let user = users.iter().find(|user| user.user_name.as_deref() == Some("u")).unwrap();
    let bound = user.permissions_boundary.as_ref().unwrap();
    assert_eq!(bound.permissions_boundary_arn.as_ref(), Some(&bounds));
    assert_eq!(user.attached_managed_policies.as_ref().unwrap()[0].policy_arn.as_ref(), Some(&own));
    let role = roles.iter().find(|role| role.role_name.as_deref() == Some("r")).unwrap();
    assert_eq!(role.path.as_deref(), Some("/app/"));
    assert!(role.role_policy_list.as_ref().unwrap()[0].policy_document.as_ref().unwrap().starts_with("%7B"));
    // Of AWS's policies only those that somebody has.
    let arns: Vec<&str> = policies.iter().filter_map(|policy| policy.arn.as_deref()).collect();
    assert!(arns.contains(&own.as_str()) && arns.contains(&bounds.as_str()), "{arns:?}");
    assert!(!arns.contains(&"arn:aws:iam::aws:policy/PowerUserAccess"), "{arns:?}");
    let only = ask!(rig, admin, Iam iam GetAccountAuthorizationDetails GetAccountAuthorizationDetailsInput {
        filter: Some(vec![stackfleet_api::iam::EntityType::LocalManagedPolicy])
    });
    let only = only.unwrap();
    assert_eq!((only.policies.unwrap().len(), only.user_detail_list.unwrap().len()), (1, 0));
}
