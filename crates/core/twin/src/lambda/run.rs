//! What comes of a function that is called: the twin runs no code, but everything around it happens.
//!
//! The caller must be let in by the function's policy or by its own; Lambda assumes the function's role; and with that
//! role it makes the log group if there is none, as it does when a function runs for the first time. A function whose
//! role may not write logs runs without them.

use stackfleet_api::{
    Request,
    logs::{self, CreateLogGroupInput},
};
use stackfleet_base::{AccountId, Arn, Region};

use super::{name_in, operations::as_service, policy};
use crate::{
    Call, Principal, World,
    authorize::{self, Ask},
    document::Document,
};

impl World {
    /// Runs a function for whoever calls, asynchronously: nobody waits for an answer.
    ///
    /// # Errors
    /// Why it does not run.
    pub(crate) fn run_function(&mut self, call: &Call, arn: &str) -> Result<(), String> {
        let gone = || format!("Function not found: {arn}");
        let parsed: Arn = arn.parse().map_err(|_| gone())?;
        let account: AccountId = parsed.account().parse().map_err(|_| gone())?;
        let region: Region = parsed.region().parse().map_err(|_| gone())?;
        let home = Call::inside(Principal::Root { account: account.clone() }, region.clone(), call.request_id.clone());
        let (_, function) = self.lambda.find(&home, name_in(arn)).map_err(|_| gone())?;
        let function = function.clone();
        let text = policy::document(&function.policy, &function.arn);
        // Without statements nobody is let in; the document is the twin's own and is always read.
        let policy = Document::resource(&text).map(|document| document.set()).unwrap_or_default();
        let tags: Vec<(String, String)> = function.tags.clone().into_iter().collect();
        let ask = Ask::new("lambda:InvokeFunction", function.arn.as_str()).owned(&account, Some(policy));
        authorize::check(self, call, &[ask.resource_tags(&tags)])?;
        if function.active_from > self.now {
            return Err(format!("{arn} is still being made"));
        }
        let lambda = as_service(&account, &region, &call.request_id, &function.arn);
        let session = self.assume_role(&lambda, &function.role, name_in(arn)).map_err(|error| error.message)?;
        let running = Call::inside(session, region, call.request_id.clone());
        let create = CreateLogGroupInput { log_group_name: function.log_group, ..CreateLogGroupInput::default() };
        // It may exist, and the role may lack the permission: the function runs all the same.
        let _made = self.call(&running, Request::Logs(logs::Request::CreateLogGroup(create)));
        Ok(())
    }
}
