//! The twin behind the door.

use std::sync::Arc;

use stackfleet_api::{Answer, Error, Request};
use stackfleet_base::Timestamp;
use stackfleet_twin::{Call, Principal, World};

use crate::backend::{Backend, Caller, Credential};

impl Backend for World {
    type Principal = Principal;

    fn advance(&mut self, now: Timestamp) {
        World::advance(self, now);
    }

    fn credential(&mut self, access_key_id: &str, _now: Timestamp) -> Option<Credential<Principal>> {
        let found = World::credential(self, access_key_id)?;
        Some(Credential {
            secret_access_key: found.secret_access_key,
            session_token: found.session_token,
            expires: found.expires,
            principal: found.principal,
        })
    }

    fn request_id(&mut self) -> String {
        self.next_request_id().to_string()
    }

    fn handle(&mut self, caller: Caller<Principal>, request: Request, now: Timestamp) -> Result<Answer, Error> {
        let call = Call {
            principal: caller.principal,
            region: caller.region,
            request_id: caller.request_id.into(),
            origin: stackfleet_twin::Origin::Outside,
            source_ip: caller.source_ip.map(Arc::from),
            user_agent: caller.user_agent.map(Arc::from),
            access_key_id: Some(caller.access_key_id.into()),
            via: Vec::new(),
            source_arn: None,
            source_account: None,
        };
        World::handle(self, &call, request, now)
    }
}
