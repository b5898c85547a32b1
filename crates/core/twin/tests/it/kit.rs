//! A world and somebody who asks: requests are answered as text, errors too.

use std::time::Duration;

use stackfleet_api as api;
use stackfleet_base::{AccountId, Timestamp};
use stackfleet_twin::{Call, Principal, World, WorldOptions, s3};

/// Asks an operation by its name and input, and returns its output.
macro_rules! ask {
    ($rig:expr, $call:expr, $service:ident $module:ident $operation:ident $input:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let input = stackfleet_api::$module::$input { $($field: $value,)* ..Default::default() };
        let request = stackfleet_api::Request::$service(stackfleet_api::$module::Request::$operation(input));
        match $rig.ask(&$call, request) {
            Ok(stackfleet_api::Answer::$service(stackfleet_api::$module::Answer::$operation(output))) => Ok(output),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    }};
}
pub(crate) use ask;

/// A world with an organization, and the time that a test has reached.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
}

impl Rig {
    /// A world with an organization and without request rates.
    pub(crate) fn new() -> Self {
        let options = WorldOptions { organization: true, throttling: false, ..WorldOptions::default() };
        let world = World::new(7, options);
        Self { now: world.now(), world }
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.world.advance(self.now);
    }

    /// A call of the administrator of the management account.
    pub(crate) fn admin(&self) -> Call {
        let key = self.world.administrator_key().0.to_owned();
        let principal = self.world.credential(&key).unwrap().principal;
        let mut call = Call::outside(principal, "us-east-1".parse().unwrap(), "request".into());
        call.access_key_id = Some(key.as_str().into());
        call
    }

    /// A call of the root user of an account.
    pub(crate) fn root(&self, account: &AccountId) -> Call {
        let principal = Principal::Root { account: account.clone() };
        Call::outside(principal, "us-east-1".parse().unwrap(), "request".into())
    }

    /// A call of the role that every created account has.
    pub(crate) fn member(&mut self, account: &AccountId) -> Call {
        let role = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
        let principal = self.world.assume_role(&self.admin(), &role, "test").unwrap();
        Call::outside(principal, "us-east-1".parse().unwrap(), "request".into())
    }

    pub(crate) fn ask(&mut self, call: &Call, request: api::Request) -> Result<api::Answer, api::Error> {
        self.world.handle(call, request, self.now)
    }

    pub(crate) fn s3(&mut self, call: &Call, request: s3::Request) -> Result<s3::Answer, s3::Error> {
        self.world.handle_s3(call, request, self.now)
    }

    /// Creates an account, waits for it, and returns its id.
    pub(crate) fn create_account(&mut self, name: &str, email: &str) -> AccountId {
        let admin = self.admin();
        let created = ask!(self, admin, Organizations organizations CreateAccount CreateAccountInput {
            email: email.to_owned(),
            account_name: name.to_owned(),
        });
        let id = created.unwrap().create_account_status.unwrap().id.unwrap();
        self.wait(60);
        let status = ask!(
            self,
            admin,
            Organizations organizations DescribeCreateAccountStatus DescribeCreateAccountStatusInput {
                create_account_request_id: id
            }
        );
        status.unwrap().create_account_status.unwrap().account_id.unwrap().parse().unwrap()
    }
}

/// The error of a request as a client prints it.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, api::Error>) -> String {
    answer.unwrap_err().to_string()
}

/// Returns the id of the organization.
pub(crate) fn organization_id(rig: &mut Rig) -> String {
    let admin = rig.admin();
    let found = ask!(rig, admin, Organizations organizations DescribeOrganization DescribeOrganizationInput {});
    found.unwrap().organization.unwrap().id.unwrap()
}

/// Returns the id of the organization's root.
pub(crate) fn root_id(rig: &mut Rig) -> String {
    let admin = rig.admin();
    let roots = ask!(rig, admin, Organizations organizations ListRoots ListRootsInput {}).unwrap().roots.unwrap();
    roots.into_iter().next().unwrap().id.unwrap()
}
