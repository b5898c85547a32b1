//! `AssumeRoot`: the root user of a member account for one task, by the management account or a delegated
//! administrator of IAM.

use std::{sync::Arc, time::Duration};

use stackfleet_api::{Error, Service, common, sts as api};
use stackfleet_base::{AccountId, Arn};

use crate::{
    authorize::Ask,
    call::{Call, Principal, RootSession},
    iam::root_task,
    time::date_time,
    world::{IssuedRoot, World},
};

/// Longer no session lasts, and each does that asks for nothing else (STS API reference).
const SECONDS_MAX: i32 = 900;

/// Returns the account whose root user is meant: its id, or the ARN of the root user.
fn target(given: &str) -> Option<AccountId> {
    if let Ok(account) = given.parse() {
        return Some(account);
    }
    let arn: Arn = given.parse().ok().filter(|arn: &Arn| arn.service() == "iam" && arn.resource() == "root")?;
    arn.account().parse().ok()
}

fn arn(input: &api::AssumeRootInput) -> String {
    target(&input.target_principal)
        .map_or_else(|| input.target_principal.clone(), |account| format!("arn:aws:iam::{account}:root"))
}

/// Returns what `AssumeRoot` asks for. Root users have no policy of their own: that the account may do this at all
/// follows from its place in the organization, so that only the caller's side is asked.
pub(crate) fn ask(input: &api::AssumeRootInput) -> Ask {
    let ask = Ask::new("sts:AssumeRoot", arn(input));
    let ask = match target(&input.target_principal) {
        Some(account) => ask.key("aws:ResourceAccount", account.as_str()),
        None => ask,
    };
    match &input.task_policy_arn.arn {
        Some(task) => ask.key("sts:TaskPolicyArn", task.as_str()),
        None => ask,
    }
}

pub(super) fn assume(
    world: &mut World,
    call: &Call,
    input: api::AssumeRootInput,
) -> Result<api::AssumeRootOutput, Error> {
    let session = Arc::new(session(world, call, &input)?);
    let now = world.now;
    world.root_sessions.retain(|_, issued| now.since(issued.session.expires) < Duration::from_secs(86_400));
    let draw = world.ids.draw("root-session", &[session.account.as_str(), &session.task]);
    let issued = IssuedRoot {
        secret: draw.mixed(40),
        token: format!("IQoJb3JpZ2luX2VjE{}", draw.mixed(64)),
        session: session.clone(),
    };
    let credentials = api::Credentials {
        access_key_id: format!("ASIA{}", draw.upper(16)),
        secret_access_key: issued.secret.clone(),
        session_token: issued.token.clone(),
        expiration: date_time(session.expires),
    };
    world.root_sessions.insert(credentials.access_key_id.clone(), issued);
    Ok(api::AssumeRootOutput {
        credentials: Some(credentials),
        source_identity: session.source_identity.clone(),
        ..api::AssumeRootOutput::default()
    })
}

/// Makes the session if the organization lets the caller have it.
fn session(world: &World, call: &Call, input: &api::AssumeRootInput) -> Result<RootSession, Error> {
    let denied = |why: &str| {
        let (caller, root) = (call.principal.shown(), arn(input));
        let message = format!("User: {caller} is not authorized to perform: sts:AssumeRoot on resource: {root} {why}");
        common::access_denied(Service::Sts, message)
    };
    let task = input.task_policy_arn.arn.clone().unwrap_or_default();
    let Some(feature) = root_task::feature(&task) else {
        return Err(common::validation(Service::Sts, format!("{task} is no task policy that the twin knows.")));
    };
    if call.principal.is_root() {
        return Err(denied("because a root user cannot call it"));
    }
    let organization = world.organization.as_ref();
    let organization = organization.ok_or_else(|| denied("because the account is not in an organization"))?;
    if !organization.administers(call.account(), root_task::PRINCIPAL) {
        return Err(denied(
            "because the account is neither the management account nor a delegated administrator for IAM",
        ));
    }
    if !organization.trusts(root_task::PRINCIPAL) || !organization.root_features.contains(feature) {
        return Err(denied(&format!("because the feature {feature} is not enabled in the organization")));
    }
    let account = target(&input.target_principal)
        .filter(|account| organization.is_active(account) && *account != organization.management)
        .ok_or_else(|| denied("because it is not the root user of an active member account"))?;
    let seconds = input.duration_seconds.unwrap_or(SECONDS_MAX);
    let source_identity = match &call.principal {
        Principal::Session(session) => session.source_identity.clone(),
        Principal::Root { .. } | Principal::RootSession(_) | Principal::User { .. } | Principal::Service { .. } => None,
    };
    let expires = world.now + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(RootSession { account, task: task.into(), issued: world.now, expires, source_identity })
}
