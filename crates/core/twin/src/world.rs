//! The world: all state, the events ahead of it, and the one path that every request takes.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use stackfleet_api::{Answer, Error, Request, common, dispatch};
use stackfleet_base::{AccountId, Region, Timestamp};

use crate::{
    account, authorize,
    call::{Call, Origin, Principal, RootSession, Session},
    cloudformation,
    cloudformation::store::CloudFormationStore,
    document::Document,
    events::EventStore,
    iam::{Iam, KeyUse},
    ids::Ids,
    lambda::LambdaStore,
    logs::LogStore,
    options::WorldOptions,
    organizations::{self, Organization},
    queue::Queue,
    resources, s3,
    sns::SnsStore,
    ssm::SsmStore,
    throttle::Throttle,
};

/// A simulated AWS organization and everything in its accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    pub(crate) options: WorldOptions,
    pub(crate) now: Timestamp,
    pub(crate) queue: Queue<Event>,
    pub(crate) ids: Ids,
    pub(crate) throttle: Throttle,
    pub(crate) management: AccountId,
    pub(crate) administrator: (String, String),
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) organization: Option<Organization>,
    /// Access keys of users: account and user name.
    pub(crate) keys: BTreeMap<String, (AccountId, String)>,
    /// Access keys of sessions.
    pub(crate) sessions: BTreeMap<String, IssuedSession>,
    /// Access keys of root users' sessions.
    #[serde(default)]
    pub(crate) root_sessions: BTreeMap<String, IssuedRoot>,
    pub(crate) s3: s3::S3,
    pub(crate) cloudformation: CloudFormationStore,
    pub(crate) lambda: LambdaStore,
    pub(crate) rules: EventStore,
    pub(crate) logs: LogStore,
    pub(crate) sns: SnsStore,
    pub(crate) ssm: SsmStore,
}

/// An account, in an organization or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) created: Timestamp,
    pub(crate) iam: Iam,
    pub(crate) regions: account::Regions,
}

/// A session whose credentials were handed out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IssuedSession {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) session: Arc<Session>,
}

/// A session of a root user whose credentials were handed out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IssuedRoot {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) session: Arc<RootSession>,
}

/// Something that happens by itself at a later time; one variant for each service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// Of Organizations.
    Organizations(organizations::Event),
    /// Of Account Management.
    Account(account::Event),
    /// Of CloudFormation.
    CloudFormation(cloudformation::Event),
}

impl From<organizations::Event> for Event {
    fn from(event: organizations::Event) -> Self {
        Self::Organizations(event)
    }
}

impl From<account::Event> for Event {
    fn from(event: account::Event) -> Self {
        Self::Account(event)
    }
}

/// What an access key stands for.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The secret with which requests are signed.
    pub secret_access_key: String,
    /// What a request must carry besides, for temporary credentials.
    pub session_token: Option<String>,
    /// When temporary credentials end.
    pub expires: Option<Timestamp>,
    /// Whom they make the caller.
    pub principal: Principal,
}

impl World {
    /// Makes a world of one account, with a user `administrator` in it who may do everything.
    #[must_use]
    pub fn new(seed: u64, options: WorldOptions) -> Self {
        let mut ids = Ids::new(seed);
        let management =
            options.management_id.clone().unwrap_or_else(|| draw_account(&mut ids, &options.management_email));
        let mut world = Self {
            now: options.start,
            queue: Queue::default(),
            ids,
            throttle: Throttle::default(),
            management: management.clone(),
            administrator: (String::new(), String::new()),
            accounts: BTreeMap::new(),
            organization: None,
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            root_sessions: BTreeMap::new(),
            s3: s3::S3::default(),
            cloudformation: CloudFormationStore::default(),
            lambda: LambdaStore::default(),
            rules: EventStore::default(),
            logs: LogStore::default(),
            sns: SnsStore::default(),
            ssm: SsmStore::default(),
            options,
        };
        let (name, email) = (world.options.management_name.clone(), world.options.management_email.clone());
        world.add_account(management.clone(), name, email);
        world.administrator = world.create_administrator(&management);
        if world.options.organization {
            world.found_organization(management, false);
        }
        world
    }

    /// Returns the id of the account that the world began with.
    #[must_use]
    pub const fn management_account(&self) -> &AccountId {
        &self.management
    }

    /// Returns access key id and secret access key of the first account's administrator.
    #[must_use]
    pub fn administrator_key(&self) -> (&str, &str) {
        (&self.administrator.0, &self.administrator.1)
    }

    /// Returns the time of the last thing that happened.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns when something happens next by itself, if ever.
    #[must_use]
    pub fn next_event(&self) -> Option<Timestamp> {
        self.queue.next_due()
    }

    /// Lets everything happen that is due until `now`; time never goes back.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((at, event)) = self.queue.pop_due(now) {
            self.now = self.now.max(at);
            self.run(event);
        }
        self.now = self.now.max(now);
    }

    fn run(&mut self, event: Event) {
        match event {
            Event::Organizations(event) => self.run_organizations(event),
            Event::Account(event) => self.run_account(event),
            Event::CloudFormation(event) => self.run_cloudformation(event),
        }
    }

    /// Answers a request at a time: lets everything happen until then, and then [`World::call`].
    ///
    /// # Errors
    /// What the service answers instead: modelled errors, or common ones such as throttling and denied access.
    pub fn handle(&mut self, call: &Call, request: Request, now: Timestamp) -> Result<Answer, Error> {
        self.advance(now);
        self.call(call, request)
    }

    /// Answers a request of S3 at a time.
    ///
    /// # Errors
    /// What S3 answers instead.
    pub fn handle_s3(&mut self, call: &Call, request: s3::Request, now: Timestamp) -> Result<s3::Answer, s3::Error> {
        self.advance(now);
        self.call_s3(call, request)
    }

    /// Takes a request the one way that there is, for clients and for the twin's own services alike: within the
    /// published rate (clients only), authorized, done.
    ///
    /// # Errors
    /// What the service answers instead.
    pub fn call(&mut self, call: &Call, request: Request) -> Result<Answer, Error> {
        let service = request.service();
        if !self.may_enter(call) {
            return Err(common::invalid_client_token(service));
        }
        if call.origin == Origin::Outside {
            self.note_use(call, service.info().name);
            let operation = request.operation();
            if self.options.throttling && !self.throttle.admit(call, operation.service.name, operation.name, self.now) {
                return Err(common::throttled(service));
            }
        }
        let asks = resources::asks(self, call, &request);
        authorize::check(self, call, &asks).map_err(|denial| common::access_denied(service, denial))?;
        dispatch(self, call, request)
    }

    /// The same way for S3, whose requests are types of this crate.
    ///
    /// # Errors
    /// What S3 answers instead.
    pub fn call_s3(&mut self, call: &Call, request: s3::Request) -> Result<s3::Answer, s3::Error> {
        if !self.may_enter(call) {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            return Err(s3::Error::new(403, "InvalidAccessKeyId", message));
        }
        if call.origin == Origin::Outside {
            self.note_use(call, "s3");
        }
        s3::asks::check(self, call, &request)?;
        s3::asks::check_owner(self, call, &request)?;
        self.check_bucket_principals(&request)?;
        let missing_is_secret = s3::asks::hides_missing(&request);
        let regions = self.accounts.get(call.account()).map(|account| &account.regions);
        let mut context = s3::Context { call, now: self.now, ids: &mut self.ids, regions };
        let answer = self.s3.operate(&mut context, request);
        match (answer, missing_is_secret) {
            (Err(error), Some(bucket)) if error.code == "NoSuchKey" => {
                s3::asks::check_list(self, call, &bucket)?;
                Err(error)
            }
            (answer, _) => answer,
        }
    }

    /// Refuses a bucket policy that names somebody who does not exist.
    fn check_bucket_principals(&self, request: &s3::Request) -> Result<(), s3::Error> {
        let s3::Request::PutBucketSetting { value: s3::SettingValue::Policy(text), .. } = request else {
            return Ok(());
        };
        // What is no policy at all is for the operation to say.
        let principals = Document::resource(text).map(|document| document.aws_principals()).unwrap_or_default();
        match principals.into_iter().find(|principal| !self.principal_exists(principal)) {
            Some(nobody) => {
                let details = vec![("Detail", format!("\"AWS\" : \"{nobody}\""))];
                Err(s3::Error { details, ..s3::Error::new(400, "MalformedPolicy", "Invalid principal in policy") })
            }
            None => Ok(()),
        }
    }

    /// Returns whom an access key makes the caller: a user's active key, or a session that once was issued.
    #[must_use]
    pub fn credential(&self, access_key_id: &str) -> Option<Credential> {
        if let Some(issued) = self.sessions.get(access_key_id) {
            return Some(Credential {
                secret_access_key: issued.secret.clone(),
                session_token: Some(issued.token.clone()),
                expires: Some(issued.session.expires),
                principal: Principal::Session(issued.session.clone()),
            });
        }
        if let Some(issued) = self.root_sessions.get(access_key_id) {
            return Some(Credential {
                secret_access_key: issued.secret.clone(),
                session_token: Some(issued.token.clone()),
                expires: Some(issued.session.expires),
                principal: Principal::RootSession(issued.session.clone()),
            });
        }
        let (account, name) = self.keys.get(access_key_id)?;
        let user = self.accounts.get(account)?.iam.user(name)?;
        let key = user.keys.get(access_key_id).filter(|key| key.active)?;
        Some(Credential {
            secret_access_key: key.secret.clone(),
            session_token: None,
            expires: None,
            principal: Principal::User { account: account.clone(), name: user.name.clone(), arn: user.arn.clone() },
        })
    }

    /// Returns the id for the next request from outside.
    pub fn next_request_id(&mut self) -> Arc<str> {
        self.ids.draw("request", &[]).uuid().into()
    }

    /// Returns whether a caller's account works and has the region enabled: elsewhere its tokens are not valid.
    fn may_enter(&self, call: &Call) -> bool {
        let account = call.account();
        let working = self.organization.as_ref().is_none_or(|organization| {
            organization
                .accounts
                .get(account)
                .is_none_or(|member| member.state != organizations::MemberState::Suspended)
        });
        working && self.region_enabled(account, &call.region)
    }

    /// Returns whether an account exists and has a region enabled.
    pub(crate) fn region_enabled(&self, account: &AccountId, region: &Region) -> bool {
        self.accounts.get(account).is_some_and(|found| found.regions.is_enabled(region))
    }

    fn note_use(&mut self, call: &Call, service: &str) {
        let (Some(id), Principal::User { account, name, .. }) = (&call.access_key_id, &call.principal) else { return };
        let user = self.accounts.get_mut(account).and_then(|owner| owner.iam.user_mut(name));
        if let Some(key) = user.and_then(|user| user.keys.get_mut(&**id)) {
            key.last_used = Some(KeyUse { at: self.now, service: service.to_owned(), region: call.region.clone() });
        }
    }

    /// Makes an account that belongs to no organization yet.
    pub(crate) fn create_account(&mut self, name: String, email: String) -> AccountId {
        let mut id = draw_account(&mut self.ids, &email);
        while self.accounts.contains_key(&id) {
            id = draw_account(&mut self.ids, &email);
        }
        self.add_account(id.clone(), name, email);
        id
    }

    fn add_account(&mut self, id: AccountId, name: String, email: String) {
        let regions = account::Regions::default();
        self.accounts.insert(id, Account { name, email, created: self.now, iam: Iam::default(), regions });
    }

    pub(crate) fn account(&self, id: &AccountId) -> Result<&Account, Error> {
        self.accounts.get(id).ok_or_else(|| common::internal_failure(format!("there is no account {id}")))
    }

    pub(crate) fn account_mut(&mut self, id: &AccountId) -> Result<&mut Account, Error> {
        self.accounts.get_mut(id).ok_or_else(|| common::internal_failure(format!("there is no account {id}")))
    }

    /// Tells whoever follows the tree that an account left and entered units; both lists go from the bottom up and
    /// end with the root. A new account has left nothing, one that leaves the organization has entered nothing.
    pub(crate) fn account_moved(&mut self, account: &AccountId, left: &[String], entered: &[String]) {
        self.follow_account(account, left, entered);
    }
}

fn draw_account(ids: &mut Ids, email: &str) -> AccountId {
    loop {
        if let Ok(id) = ids.draw("account", &[&email.to_lowercase()]).digits(12).parse() {
            return id;
        }
    }
}
