//! The twin behind the door.

use stackfleet_api::{Answer, Error, Request};
use stackfleet_base::Timestamp;
use stackfleet_twin::{Call, Origin, Principal, World, s3};

use crate::backend::{Backend, Caller, Credential};

impl Backend for World {
    type Principal = Principal;

    fn advance(&mut self, now: Timestamp) {
        World::advance(self, now);
    }

    fn credential(&mut self, access_key_id: &str, _: Timestamp) -> Option<Credential<Principal>> {
        World::credential(self, access_key_id).map(|credential| Credential {
            secret_access_key: credential.secret_access_key,
            session_token: credential.session_token,
            expires: credential.expires,
            principal: credential.principal,
        })
    }

    fn request_id(&mut self) -> String {
        self.next_request_id().to_string()
    }

    fn handle(&mut self, caller: Caller<Principal>, request: Request, now: Timestamp) -> Result<Answer, Error> {
        World::handle(self, &call(caller), request, now)
    }

    fn handle_s3(
        &mut self,
        caller: Caller<Principal>,
        request: s3::Request,
        now: Timestamp,
    ) -> Result<s3::Answer, s3::Error> {
        World::handle_s3(self, &call(caller), request, now)
    }
}

fn call(caller: Caller<Principal>) -> Call {
    Call {
        principal: caller.principal,
        region: caller.region,
        request_id: caller.request_id.into(),
        origin: Origin::Outside,
        source_ip: caller.source_ip.map(Into::into),
        user_agent: caller.user_agent.map(Into::into),
        access_key_id: Some(caller.access_key_id.into()),
        via: Vec::new(),
        source_arn: None,
        source_account: None,
    }
}
