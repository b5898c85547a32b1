//! Events that are put, the rules that want them, and what becomes of their targets.
//!
//! A target is called at once, as EventBridge would call it: as the role that the target names, else as the service
//! itself on behalf of the rule, which the target's own policy must let in. A call that is refused is lost, as in AWS
//! when all its attempts are over.

use serde_json::{Value, json};
use stackfleet_api::{
    Error, Request,
    events::{PutEventsInput, PutEventsOutput, PutEventsRequestEntry, PutEventsResultEntry, RuleState},
    sns,
};
use stackfleet_base::{Arn, Timestamp};

use super::{RuleRecord, TargetRecord, arn, check_bus, invalid, pattern};
use crate::{Call, Principal, World};

/// The service as policies name it.
const PRINCIPAL: &str = "events.amazonaws.com";
/// The name of the sessions with which it calls targets; not documented.
const SESSION: &str = "events";

/// Takes events; each is answered for itself.
pub(super) fn put_events(world: &mut World, call: &Call, input: PutEventsInput) -> Result<PutEventsOutput, Error> {
    let mut failed = 0;
    let mut results = Vec::new();
    for entry in input.entries {
        results.push(match event(world, call, &entry) {
            Ok(event) => {
                // An event for a bus that is not there is taken and lost.
                if check_bus(entry.event_bus_name.as_ref()).is_ok() {
                    world.fire(call, &event);
                }
                let event_id = event.get("id").and_then(Value::as_str).map(ToOwned::to_owned);
                PutEventsResultEntry { event_id, ..PutEventsResultEntry::default() }
            }
            Err((code, message)) => {
                failed += 1;
                let (error_code, error_message) = (Some(code.to_owned()), Some(message.to_owned()));
                PutEventsResultEntry { error_code, error_message, ..PutEventsResultEntry::default() }
            }
        });
    }
    Ok(PutEventsOutput { failed_entry_count: Some(failed), entries: Some(results) })
}

/// Returns an event as rules and targets see it, or code and message of the entry's error.
fn event(world: &mut World, call: &Call, entry: &PutEventsRequestEntry) -> Result<Value, (&'static str, &'static str)> {
    let argument = |message| ("InvalidArgument", message);
    let source = entry.source.as_deref().filter(|source| !source.is_empty());
    let source = source.ok_or(argument("Parameter Source is not valid. Reason: Source is a required argument."))?;
    if source.starts_with("aws.") {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source."));
    }
    let kind = entry.detail_type.as_deref().filter(|kind| !kind.is_empty());
    let kind = kind.ok_or(argument("Parameter DetailType is not valid. Reason: DetailType is a required argument."))?;
    let detail = entry.detail.as_deref();
    let detail = detail.ok_or(argument("Parameter Detail is not valid. Reason: Detail is a required argument."))?;
    let detail = serde_json::from_str::<Value>(detail).ok().filter(Value::is_object);
    let detail = detail.ok_or(("MalformedDetail", "Detail is malformed."))?;
    let given = entry.time.as_ref().map(|time| Timestamp::from_millis(time.secs().saturating_mul(1000)));
    Ok(json!({
        "version": "0",
        "id": world.ids.draw("event", &[call.account().as_str(), call.region.as_str()]).uuid(),
        "detail-type": kind,
        "source": source,
        "account": call.account().as_str(),
        "time": given.unwrap_or(world.now).to_string(),
        "region": call.region.as_str(),
        "resources": entry.resources.clone().unwrap_or_default(),
        "detail": detail,
    }))
}

/// Refuses roles that EventBridge could not use for a rule.
pub(super) fn check_roles<'a>(
    world: &mut World,
    call: &Call,
    rule: &str,
    roles: impl IntoIterator<Item = &'a String>,
) -> Result<(), Error> {
    let service = for_rule(call, &arn(call, rule));
    for role in roles {
        let refused = |_| invalid(format!("Provided role '{role}' cannot be assumed by principal '{PRINCIPAL}'."));
        world.assume_role(&service, role, SESSION).map_err(refused)?;
    }
    Ok(())
}

/// Returns the service that acts for a rule of the caller's account and region.
fn for_rule(call: &Call, rule: &str) -> Call {
    let service = Principal::Service { name: PRINCIPAL.into(), account: call.account().clone() };
    Call::inside(service, call.region.clone(), call.request_id.clone()).on_behalf_of(rule, call.account())
}

impl RuleRecord {
    fn wants(&self, event: &Value) -> bool {
        let pattern = self.pattern.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        // The second enabled state only adds events of AWS's own, of which the twin has none.
        self.state != RuleState::Disabled.as_str() && pattern.is_some_and(|pattern| pattern::matches(&pattern, event))
    }
}

impl TargetRecord {
    /// Returns what the target is given: its own text, a part of the event, or the event.
    fn input(&self, event: &Value) -> String {
        match (&self.input, &self.input_path) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => {
                let path = path.trim_start_matches('$').replace('.', "/");
                event.pointer(&path).unwrap_or(&Value::Null).to_string()
            }
            (None, None) => event.to_string(),
        }
    }
}

impl World {
    /// Calls the targets of all rules that want an event.
    fn fire(&mut self, call: &Call, event: &Value) {
        let rules = self.rules.rules.get(&(call.account().clone(), call.region.clone()));
        let wanting = rules.into_iter().flatten().filter(|(_, rule)| rule.wants(event));
        let targets: Vec<(String, TargetRecord)> = wanting
            .flat_map(|(name, rule)| rule.targets.values().map(move |target| (arn(call, name), target.clone())))
            .collect();
        for (rule, target) in targets {
            // Nobody is told: EventBridge keeps trying for a day and then drops the event.
            let _lost = self.call_target(call, &rule, &target, event);
        }
    }

    /// Calls a target: a function or a topic. Of other targets the twin knows nothing.
    fn call_target(&mut self, call: &Call, rule: &str, target: &TargetRecord, event: &Value) -> Result<(), String> {
        let to: Arn = target.arn.parse().map_err(|_| format!("{} is not an ARN", target.arn))?;
        let service = for_rule(call, rule);
        let calling = match &target.role {
            Some(role) => {
                let principal = self.assume_role(&service, role, SESSION).map_err(|error| error.message)?;
                Call::inside(principal, call.region.clone(), call.request_id.clone())
            }
            // Into another account leads only a role (EventBridge User Guide, "Sending events to an AWS service in
            // another account").
            None if to.account() != call.account().as_str() => return Err(format!("{to} takes an execution role")),
            None => service,
        };
        match to.service() {
            "lambda" => self.run_function(&calling, &target.arn),
            "sns" => {
                let input = sns::PublishInput {
                    topic_arn: Some(target.arn.clone()),
                    message: target.input(event),
                    ..sns::PublishInput::default()
                };
                let request = Request::Sns(sns::Request::Publish(input));
                self.call(&calling, request).map(drop).map_err(|error| error.message)
            }
            other => Err(format!("the twin calls no targets of {other}")),
        }
    }
}
