//! Organizations: accounts, units, policies, delegation.

use crate::kit::{Rig, ask, refusal};

#[test]
fn an_account_is_created_in_the_root_with_its_role() {
    let mut rig = Rig::new();
    let account = rig.create_account("Production", "prod@x.example");
    let admin = rig.admin();
    let found = ask!(rig, admin, Organizations organizations DescribeAccount DescribeAccountInput {
        account_id: account.to_string()
    });
    assert_eq!(found.unwrap().account.unwrap().name.as_deref(), Some("Production"));
    let call = rig.member(&account);
    assert_eq!(call.account(), &account);
}

#[test]
fn only_the_management_account_changes_the_tree() {
    let mut rig = Rig::new();
    let account = rig.create_account("Member", "member@x.example");
    let root = rig.root(&account);
    let refused = refusal(ask!(rig, root, Organizations organizations ListAccounts ListAccountsInput {}));
    assert_eq!(refused, "AccessDeniedException: You don't have permissions to access this resource.");
}
