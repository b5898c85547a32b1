//! Account Management: regions that are off.

use crate::kit::{Rig, ask, refusal};

#[test]
fn a_region_that_is_off_knows_no_caller_until_it_is_enabled() {
    let mut rig = Rig::new();
    let admin = rig.admin();
    let mut there = admin.clone();
    there.region = "eu-south-1".parse().unwrap();
    let ask_there = |rig: &mut Rig| ask!(rig, there, Sts sts GetCallerIdentity GetCallerIdentityInput {});
    assert_eq!(
        refusal(ask_there(&mut rig)),
        "InvalidClientTokenId: The security token included in the request is invalid."
    );
    let region = || "eu-south-1".to_owned();
    ask!(rig, admin, Account account EnableRegion EnableRegionInput { region_name: region() }).unwrap();
    let status = |rig: &mut Rig| {
        let input =
            ask!(rig, admin, Account account GetRegionOptStatus GetRegionOptStatusInput { region_name: region() });
        input.unwrap().region_opt_status.unwrap().to_string()
    };
    assert_eq!(status(&mut rig), "ENABLING");
    rig.wait(300);
    assert_eq!(status(&mut rig), "ENABLED");
    assert!(ask_there(&mut rig).is_ok());
    let refused =
        ask!(rig, admin, Account account DisableRegion DisableRegionInput { region_name: "eu-west-1".to_owned() });
    assert_eq!(refusal(refused), "ValidationException: Region eu-west-1 is enabled by default and can't be disabled.");
}

#[test]
fn the_management_account_asks_for_members_once_access_is_trusted() {
    let mut rig = Rig::new();
    let member = rig.create_account("Member", "member@x.example");
    let admin = rig.admin();
    let list = |rig: &mut Rig| ask!(rig, admin, Account account ListRegions ListRegionsInput { account_id: Some(member.to_string()) });
    assert!(refusal(list(&mut rig)).starts_with("AccessDeniedException"));
    ask!(rig, admin, Organizations organizations EnableAWSServiceAccess EnableAWSServiceAccessInput {
        service_principal: "account.amazonaws.com".to_owned()
    })
    .unwrap();
    assert_eq!(list(&mut rig).unwrap().regions.unwrap().len(), 34);
}
