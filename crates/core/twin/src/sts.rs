//! STS: who am I, and sessions of roles.

pub(crate) mod root;

use std::{sync::Arc, time::Duration};

use stackfleet_api::{Error, Service, common, sts as api};
use stackfleet_base::{AccountId, Arn};

use crate::{
    authorize::{self, Ask},
    call::{Call, Principal, Session},
    document::Document,
    service::service,
    time::date_time,
    world::{IssuedSession, World},
};

/// How long a session lasts that a session of another role assumed.
const CHAINED_SECONDS_MAX: i32 = 3600;
/// Characters of a session policy.
const POLICY_MAX: usize = 2048;
const POLICY_ARNS_MAX: usize = 10;

fn identity(
    world: &mut World,
    call: &Call,
    _: api::GetCallerIdentityInput,
) -> Result<api::GetCallerIdentityOutput, Error> {
    let account = call.account();
    let user_id = match &call.principal {
        Principal::Root { .. } | Principal::RootSession(_) => account.to_string(),
        Principal::User { name, .. } => {
            world.account(account)?.iam.user(name).map(|user| user.id.to_string()).unwrap_or_default()
        }
        Principal::Session(session) => format!("{}:{}", session.role_id, session.name),
        Principal::Service { name, .. } => name.to_string(),
    };
    Ok(api::GetCallerIdentityOutput {
        user_id: Some(user_id),
        account: Some(account.to_string()),
        arn: Some(call.principal.shown()),
    })
}

fn assume(world: &mut World, call: &Call, input: api::AssumeRoleInput) -> Result<api::AssumeRoleOutput, Error> {
    let session = world.new_session(call, &input)?;
    // A session that ended a day ago is not asked for again.
    let now = world.now;
    world.sessions.retain(|_, issued| now.since(issued.session.expires) < Duration::from_secs(86_400));
    let draw = world.ids.draw("session", &[&session.role_arn, &session.name]);
    let issued =
        IssuedSession { secret: draw.mixed(40), token: format!("IQoJb3JpZ2luX2VjE{}", draw.mixed(64)), session };
    let session = issued.session.clone();
    let credentials = api::Credentials {
        access_key_id: format!("ASIA{}", draw.upper(16)),
        secret_access_key: issued.secret.clone(),
        session_token: issued.token.clone(),
        expiration: date_time(session.expires),
    };
    world.sessions.insert(credentials.access_key_id.clone(), issued);
    let user = api::AssumedRoleUser {
        assumed_role_id: format!("{}:{}", session.role_id, session.name),
        arn: Principal::Session(session.clone()).shown(),
    };
    // The packed size counts against an unpublished limit; shown is the share of the text's limit.
    let size: usize = session.policies.iter().map(|policy| policy.text().len()).sum();
    let packed = (size > 0).then(|| i32::try_from(size * 100 / POLICY_MAX).unwrap_or(100));
    Ok(api::AssumeRoleOutput {
        credentials: Some(credentials),
        assumed_role_user: Some(user),
        packed_policy_size: packed,
        source_identity: session.source_identity.clone(),
        ..api::AssumeRoleOutput::default()
    })
}

impl World {
    /// Lets one of the twin's services assume a role with everything that `AssumeRole` checks, and returns the
    /// session to act with; no credentials are made.
    ///
    /// # Errors
    /// `AccessDenied` as STS answers it.
    pub fn assume_role(&mut self, call: &Call, role_arn: &str, session_name: &str) -> Result<Principal, Error> {
        let input = api::AssumeRoleInput {
            role_arn: role_arn.to_owned(),
            role_session_name: session_name.to_owned(),
            ..api::AssumeRoleInput::default()
        };
        let asks = asks_to_assume(self, call, &input);
        authorize::check(self, call, &asks).map_err(|denial| common::access_denied(Service::Sts, denial))?;
        Ok(Principal::Session(self.new_session(call, &input)?))
    }

    /// Returns ARN and unique id of a user or role; of others nothing.
    fn arn_and_id(&self, principal: &Principal) -> (Arc<str>, Arc<str>) {
        match principal {
            Principal::User { account, name, arn } => {
                let user = self.accounts.get(account).and_then(|owner| owner.iam.user(name));
                (arn.clone(), user.map_or_else(|| "".into(), |user| user.id.clone()))
            }
            Principal::Session(session) => (session.role_arn.clone(), session.role_id.clone()),
            Principal::Root { .. } | Principal::RootSession(_) | Principal::Service { .. } => ("".into(), "".into()),
        }
    }

    /// Makes a session of a role whose trust has been checked.
    fn new_session(&mut self, call: &Call, input: &api::AssumeRoleInput) -> Result<Arc<Session>, Error> {
        let denied = || {
            let message = format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                call.principal.shown(),
                input.role_arn
            );
            common::access_denied(Service::Sts, message)
        };
        check_supported(input)?;
        let (now, lag) = (self.now, self.options.iam_lag);
        let chained = matches!(call.principal, Principal::Session(_));
        let (account, name) = role_of(&input.role_arn).ok_or_else(denied)?;
        let suspended = self.organization.as_ref().is_some_and(|organization| {
            organization.accounts.contains_key(&account) && !organization.is_active(&account)
        });
        let policies = session_policies(input)?;
        let owner = self.accounts.get_mut(&account).filter(|_| !suspended).ok_or_else(denied)?;
        let role = owner.iam.role_mut(&name).filter(|role| *role.arn == *input.role_arn).ok_or_else(denied)?;
        if now.since(role.created) < lag {
            return Err(denied());
        }
        let seconds_max = if chained { CHAINED_SECONDS_MAX } else { role.session_seconds_max };
        let seconds = input.duration_seconds.unwrap_or(3600);
        if seconds > seconds_max {
            let message = if chained {
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            } else {
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            };
            return Err(common::validation(Service::Sts, message));
        }
        let (tags, transitive) = session_tags(&call.principal, input)?;
        let identity = match &call.principal {
            Principal::Session(session) => session.source_identity.clone(),
            Principal::Root { .. } | Principal::RootSession(_) | Principal::User { .. } | Principal::Service { .. } => {
                None
            }
        };
        role.last_used = Some((now, call.region.clone()));
        Ok(Arc::new(Session {
            account,
            role: role.name.clone(),
            role_arn: role.arn.clone(),
            role_id: role.id.clone(),
            name: input.role_session_name.as_str().into(),
            issued: now,
            expires: now + Duration::from_secs(u64::try_from(seconds).unwrap_or(3600)),
            policies,
            policy_arns: input.policy_arns.iter().flatten().filter_map(|policy| policy.arn.clone()).collect(),
            tags,
            transitive,
            source_identity: input.source_identity.clone().or(identity),
            chained,
        }))
    }
}

/// Tags by key.
type Tags = Vec<(String, String)>;

/// The tags of a new session and the keys of those that go on: its own, and what the caller's session hands on, which
/// cannot be given anew.
fn session_tags(caller: &Principal, input: &api::AssumeRoleInput) -> Result<(Tags, Vec<String>), Error> {
    let own = input.tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone()));
    let mut tags: Tags = own.collect();
    let mut transitive = input.transitive_tag_keys.clone().unwrap_or_default();
    if let Principal::Session(session) = caller {
        for key in &session.transitive {
            if tags.iter().any(|(own, _)| own.eq_ignore_ascii_case(key)) {
                let message = format!(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: {key}"
                );
                return Err(common::validation(Service::Sts, message));
            }
            tags.extend(session.tags.iter().filter(|(handed, _)| handed == key).cloned());
            transitive.push(key.clone());
        }
    }
    Ok((tags, transitive))
}

/// Refuses what the twin has no devices and no providers for.
fn check_supported(input: &api::AssumeRoleInput) -> Result<(), Error> {
    if input.serial_number.is_some() || input.token_code.is_some() {
        let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
        return Err(common::access_denied(Service::Sts, message));
    }
    if input.provided_contexts.as_ref().is_some_and(|contexts| !contexts.is_empty()) {
        return Err(common::validation(Service::Sts, "The twin knows no providers of contexts (ProvidedContexts)."));
    }
    Ok(())
}

fn session_policies(input: &api::AssumeRoleInput) -> Result<Vec<Document>, Error> {
    if input.policy_arns.as_ref().is_some_and(|arns| arns.len() > POLICY_ARNS_MAX) {
        let message = format!("At most {POLICY_ARNS_MAX} managed policies can be given to a session.");
        return Err(api::PackedPolicyTooLargeException::error(message));
    }
    let Some(text) = &input.policy else { return Ok(Vec::new()) };
    if text.chars().count() > POLICY_MAX {
        let message = "Packed policy consumes more than 100% of allotted space, please use smaller policy.";
        return Err(api::PackedPolicyTooLargeException::error(message));
    }
    Ok(vec![Document::session(text).map_err(api::MalformedPolicyDocumentException::error)?])
}

/// Returns account and name of a role by its ARN.
pub(crate) fn role_of(arn: &str) -> Option<(AccountId, String)> {
    let arn: Arn = arn.parse().ok().filter(|arn: &Arn| arn.service() == "iam")?;
    let name = arn.resource().strip_prefix("role/")?.rsplit('/').next()?.to_owned();
    Some((arn.account().parse().ok()?, name))
}

/// Returns what `AssumeRole` asks for: the role, by its trust policy, and session tags and source identity where given.
pub(crate) fn asks_to_assume(world: &World, call: &Call, input: &api::AssumeRoleInput) -> Vec<Ask> {
    let found = role_of(&input.role_arn);
    let role = found.as_ref().and_then(|(account, name)| world.accounts.get(account)?.iam.role(name));
    let role = role.filter(|role| *role.arn == *input.role_arn);
    let (arn, id) = world.arn_and_id(&call.principal);
    let make = |action: &'static str| {
        let mut ask = Ask::new(action, input.role_arn.as_str())
            .key("sts:RoleSessionName", input.role_session_name.as_str())
            .request_tags(input.tags.iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str())));
        let account = found.as_ref().map_or_else(|| call.account().clone(), |(account, _)| account.clone());
        // A role that does not exist trusts nobody: the answer tells nothing of its existence.
        let trust = role.map(|role| role.trust_for(&arn, &id)).unwrap_or_default();
        ask = ask.owned(&account, Some(trust));
        if let Some(role) = role {
            ask = role.tags.iter().fold(ask.resource_tags(&role.tags), |ask, (key, value)| {
                ask.key(&format!("iam:ResourceTag/{key}"), value.as_str())
            });
        }
        if let Some(external_id) = &input.external_id {
            ask = ask.key("sts:ExternalId", external_id.as_str());
        }
        if let Some(identity) = &input.source_identity {
            ask = ask.key("sts:SourceIdentity", identity.as_str());
        }
        match &input.transitive_tag_keys {
            Some(keys) => ask.keys("sts:TransitiveTagKeys", keys.clone()),
            None => ask,
        }
    };
    let mut asks = vec![make("sts:AssumeRole")];
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        asks.push(make("sts:TagSession"));
    }
    if input.source_identity.is_some() {
        asks.push(make("sts:SetSourceIdentity"));
    }
    asks
}

service! {
    api::Sts, api;
    assume_root: AssumeRootInput -> AssumeRootOutput = root::assume;
    assume_role: AssumeRoleInput -> AssumeRoleOutput = assume;
    get_caller_identity: GetCallerIdentityInput -> GetCallerIdentityOutput = identity;
}
