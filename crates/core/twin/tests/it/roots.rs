//! Root users of members, by `AssumeRoot`: who becomes one, for what, and what binds them.

use stackfleet_api::{Error, iam, sts};
use stackfleet_base::AccountId;
use stackfleet_twin::{Call, s3};

use crate::{
    kit::{Rig, ask, refusal, root_id},
    organizations::{attach, create_scp, enable_scps},
};

const UNLOCK: &str = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
const AUDIT: &str = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";

fn assume_root(rig: &mut Rig, call: &Call, target: &str, task: &str) -> Result<sts::AssumeRootOutput, Error> {
    ask!(rig, *call, Sts sts AssumeRoot AssumeRootInput {
        target_principal: target.to_owned(),
        task_policy_arn: sts::PolicyDescriptorType { arn: Some(task.to_owned()) },
    })
}

/// Lets IAM into the organization and switches root sessions on.
fn enable(rig: &mut Rig) {
    let admin = rig.admin();
    ask!(rig, admin, Organizations organizations EnableAWSServiceAccess EnableAWSServiceAccessInput {
        service_principal: "iam.amazonaws.com".to_owned(),
    })
    .unwrap();
    let enabled =
        ask!(rig, admin, Iam iam EnableOrganizationsRootSessions EnableOrganizationsRootSessionsInput {}).unwrap();
    assert_eq!(enabled.enabled_features, Some(vec![iam::FeatureType::RootSessions]));
}

/// Returns the root user of an account as credentials for a task make it the caller.
fn root_of(rig: &mut Rig, account: &AccountId, task: &str) -> Call {
    let admin = rig.admin();
    let issued = assume_root(rig, &admin, account.as_str(), task).unwrap().credentials.unwrap();
    let credential = rig.world.credential(&issued.access_key_id).unwrap();
    assert_eq!(credential.session_token, Some(issued.session_token));
    assert!(credential.expires.is_some());
    Call::outside(credential.principal, "us-east-1".parse().unwrap(), "r".into())
}

#[test]
fn the_management_account_becomes_a_members_root_user_once_that_is_settled() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let admin = rig.admin();
    let refused = refusal(assume_root(&mut rig, &admin, member.as_str(), UNLOCK));
    assert!(refused.ends_with("because the feature RootSessions is not enabled in the organization"), "{refused}");
    let early = ask!(rig, admin, Iam iam EnableOrganizationsRootSessions EnableOrganizationsRootSessionsInput {});
    assert!(refusal(early).starts_with("ServiceAccessNotEnabled"));
    enable(&mut rig);
    let refused = refusal(assume_root(&mut rig, &admin, member.as_str(), AUDIT));
    assert!(refused.contains("RootCredentialsManagement is not enabled"), "{refused}");
    let root = root_of(&mut rig, &member, UNLOCK);
    let who = ask!(rig, root, Sts sts GetCallerIdentity GetCallerIdentityInput {}).unwrap();
    assert_eq!(who.arn, Some(format!("arn:aws:iam::{member}:root")));
    // Nobody else, and nobody for the management account.
    let call = rig.member(&member);
    assert!(refusal(assume_root(&mut rig, &call, member.as_str(), UNLOCK)).contains("neither the management account"));
    let management = rig.world.management_account().to_string();
    assert!(
        refusal(assume_root(&mut rig, &admin, &management, UNLOCK)).contains("not the root user of an active member")
    );
    let own_root = rig.root(admin.account());
    assert!(refusal(assume_root(&mut rig, &own_root, member.as_str(), UNLOCK)).contains("a root user cannot call it"));
    assert!(
        refusal(assume_root(&mut rig, &admin, member.as_str(), "arn:aws:iam::aws:policy/AdministratorAccess"))
            .starts_with("ValidationError")
    );
}

#[test]
fn a_root_session_outlives_saving_and_ends_after_a_quarter_of_an_hour() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    enable(&mut rig);
    let admin = rig.admin();
    let issued = assume_root(&mut rig, &admin, member.as_str(), UNLOCK).unwrap().credentials.unwrap();
    rig.world = stackfleet_twin::World::load(&rig.world.save().unwrap()).unwrap();
    let credential = rig.world.credential(&issued.access_key_id).unwrap();
    assert_eq!(credential.expires.unwrap().since(rig.now), std::time::Duration::from_secs(900));
}

#[test]
fn a_bucket_that_locks_everybody_out_is_opened_by_the_root_user_whom_only_the_organization_stops() {
    let mut rig = Rig::new();
    enable_scps(&mut rig);
    let member = rig.create_account("Member", "member@x.example");
    enable(&mut rig);
    let call = rig.member(&member);
    let bucket = || "locked".to_owned();
    rig.s3(&call, s3::Request::CreateBucket { bucket: bucket(), location: None, ownership: None }).unwrap();
    let lock = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::locked","arn:aws:s3:::locked/*"]}}"#;
    let value = s3::SettingValue::Policy(lock.to_owned());
    rig.s3(&call, s3::Request::PutBucketSetting { bucket: bucket(), value }).unwrap();
    let delete = || s3::Request::DeleteBucketSetting { bucket: bucket(), setting: s3::Setting::Policy };
    let head = || s3::Request::HeadBucket { bucket: bucket() };
    assert!(rig.s3(&call, delete()).unwrap_err().message.ends_with("an explicit deny in a resource-based policy"));
    let root = root_of(&mut rig, &member, UNLOCK);
    assert_eq!(rig.s3(&root, head()).unwrap_err().code, "AccessDenied");
    let statement = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"aws:AssumedRoot":"true"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}"#;
    let spares = create_scp(&mut rig, "roots", statement).unwrap();
    attach(&mut rig, &spares, member.as_str()).unwrap();
    let get = s3::Request::GetBucketSetting { bucket: bucket(), setting: s3::Setting::Policy };
    rig.s3(&root, get).unwrap();
    // The root user with credentials of its own is not spared.
    let own = rig.root(&member);
    assert!(rig.s3(&own, delete()).unwrap_err().message.ends_with("an explicit deny in a service control policy"));
    let binds = create_scp(&mut rig, "all", r#"{"Effect":"Deny","Action":"s3:DeleteBucketPolicy","Resource":"*"}"#);
    let everywhere = root_id(&mut rig);
    attach(&mut rig, &binds.unwrap(), &everywhere).unwrap();
    assert!(rig.s3(&root, delete()).unwrap_err().message.ends_with("an explicit deny in a service control policy"));
    // The management account is below that node, too, and its root user is bound by no SCP.
    let admin = rig.admin();
    let mine = || "mine".to_owned();
    rig.s3(&admin, s3::Request::CreateBucket { bucket: mine(), location: None, ownership: None }).unwrap();
    let root = rig.root(admin.account());
    rig.s3(&root, s3::Request::DeleteBucketSetting { bucket: mine(), setting: s3::Setting::Policy }).unwrap();
}
