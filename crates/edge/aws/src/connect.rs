//! Clients of the AWS services, made once.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{
    rt::sleep::TokioSleep,
    time::{SharedTimeSource, TimeSource},
};
use aws_smithy_runtime_api::client::{
    http::SharedHttpClient, result::SdkError, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use stackfleet_base::{AccountId, Arn, Region, Timestamp};

use crate::{
    failure::{Asked, Failure, Kind, Status},
    limiter::{Family, Limiter},
};

/// How AWS, or something that speaks like it, is reached.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// An endpoint for all services instead of AWS's own.
    pub endpoint_url: Option<String>,
    /// Region in which stack sets live. Default: the profile's.
    pub home: Option<Region>,
    /// Keys to sign with instead of those that the profile or the environment gives.
    pub keys: Option<Keys>,
    /// An HTTP client to use instead of the SDK's.
    pub http_client: Option<SharedHttpClient>,
    /// A clock to sign with instead of the system's.
    pub now: Option<Now>,
    /// How much faster than real time that world runs, for what is simulated; 0 counts as 1. Pauses are as much
    /// shorter.
    pub speed: u32,
}

/// A clock, as a function.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// Makes a clock of a function.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Now({})", (self.0)())
    }
}

impl TimeSource for Now {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + (self.0)().since(Timestamp::default())
    }
}

/// An access key.
#[derive(Clone)]
pub struct Keys {
    /// `AKIA...`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A connection that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No region is known.
    #[error("no region is known; set `organization.regions` in stackfleet.yaml, AWS_REGION or the profile's region")]
    NoRegion,
    /// AWS does not know who asks.
    #[error("cannot find out who is signed in")]
    WhoAmI(#[source] Failure),
    /// AWS answered with something that makes no sense.
    #[error("AWS answered GetCallerIdentity without {0}")]
    Identity(&'static str),
}

/// Clients of every service that is called, and who calls.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) config: SdkConfig,
    pub(crate) path_style: bool,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) account_client: aws_sdk_account::Client,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) organizations: aws_sdk_organizations::Client,
    home: Region,
    caller: AccountId,
    caller_arn: Arn,
}

impl Aws {
    /// Makes the clients and asks who is signed in.
    ///
    /// # Errors
    /// When no region is known, or nobody is signed in.
    pub async fn connect(connection: Connection) -> Result<Self, ConnectError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .sleep_impl(TokioSleep::new())
            // Throttled steps go back to the rollout, which knows what else could be done meanwhile; reads are
            // repeated by `Aws::read`, behind the shared limiter.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    .operation_attempt_timeout(Duration::from_secs(60))
                    .build(),
            );
        if let Some(profile) = &connection.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &connection.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(home) = &connection.home {
            loader = loader.region(sdk_region(home));
        }
        if let Some(Keys { access_key_id, secret_access_key }) = connection.keys {
            let keys = Credentials::new(access_key_id, secret_access_key, None, None, "stackfleet");
            loader = loader.credentials_provider(SharedCredentialsProvider::new(keys));
        }
        if let Some(client) = connection.http_client {
            loader = loader.http_client(client);
        }
        if let Some(now) = connection.now {
            loader = loader.time_source(SharedTimeSource::new(now));
        }
        let config = loader.load().await;
        let home: Region =
            config.region().and_then(|region| region.as_ref().parse().ok()).ok_or(ConnectError::NoRegion)?;

        let limiter = Arc::new(Limiter::faster(connection.speed));
        let asked = Asked { service: "sts", operation: "GetCallerIdentity", account: None, region: Some(home.clone()) };
        let sts = aws_sdk_sts::Client::new(&config);
        let who = read(&limiter, Family::Plenty, &asked, || sts.get_caller_identity().send())
            .await
            .map_err(ConnectError::WhoAmI)?;
        let account = who.account().and_then(|id| id.parse().ok()).ok_or(ConnectError::Identity("an account id"))?;
        let arn = who.arn().and_then(|arn| arn.parse().ok()).ok_or(ConnectError::Identity("an ARN"))?;
        Ok(Self::of(config, limiter, home, account, arn))
    }

    fn of(config: SdkConfig, limiter: Arc<Limiter>, home: Region, caller: AccountId, caller_arn: Arn) -> Self {
        Self {
            // Wherever it is named: here, in the environment or in the profile.
            path_style: config.endpoint_url().is_some(),
            limiter,
            account_client: aws_sdk_account::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            organizations: aws_sdk_organizations::Client::new(&config),
            config,
            home,
            caller,
            caller_arn,
        }
    }

    /// Returns the region in which stack sets live.
    #[must_use]
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// Returns the account that calls.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.caller
    }

    /// Returns the identity that calls.
    #[must_use]
    pub fn caller_arn(&self) -> &Arn {
        &self.caller_arn
    }

    /// Returns how many calls were made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.limiter.calls()
    }

    /// Signs in to another account as a role there. The caller's own account is not entered: it is where we are.
    ///
    /// # Errors
    /// When the role cannot be assumed: it is not there, or does not trust the caller.
    pub(crate) async fn enter(&self, account: &AccountId, role: &str) -> Result<Self, Failure> {
        if *account == self.caller {
            return Ok(self.clone());
        }
        let arn = format!("arn:{}:iam::{account}:role/{role}", self.home.partition().as_str());
        let sts = aws_sdk_sts::Client::new(&self.config);
        let assume = || sts.assume_role().role_arn(&arn).role_session_name("stackfleet").send();
        let answer = self.read(Family::Plenty, "sts", "AssumeRole", assume).await?;
        let given = answer.credentials.ok_or_else(|| self.asked("sts", "AssumeRole").without("credentials"))?;
        let token = Some(given.session_token);
        let keys = Credentials::new(given.access_key_id, given.secret_access_key, token, None, "stackfleet");
        let config = self.config.to_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
        let caller_arn = arn.parse().map_err(|_| self.asked("sts", "AssumeRole").without("the ARN of a role"))?;
        Ok(Self::of(config, Arc::clone(&self.limiter), self.home.clone(), account.clone(), caller_arn))
    }

    /// Makes an S3 client of a region. Endpoints other than AWS's get paths instead of host names for buckets.
    pub(crate) fn s3(&self, region: &Region) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .region(sdk_region(region))
            .force_path_style(self.path_style)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Names a call for failures.
    pub(crate) fn asked(&self, service: &'static str, operation: &'static str) -> Asked {
        Asked { service, operation, account: Some(self.caller.clone()), region: Some(self.home.clone()) }
    }

    /// Makes a call that changes nothing, within its rate, again after a throttle or a lost answer.
    pub(crate) async fn read<T, E, R, F, Future>(
        &self,
        family: Family,
        service: &'static str,
        operation: &'static str,
        make: F,
    ) -> Result<T, Failure>
    where
        F: Fn() -> Future,
        Future: std::future::Future<Output = Result<T, SdkError<E, R>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: Status + fmt::Debug + Send + Sync + 'static,
    {
        read(&self.limiter, family, &self.asked(service, operation), make).await
    }

    /// Makes a call once, within its rate. What came of it is the caller's to judge.
    pub(crate) async fn once<T, E, R>(
        &self,
        family: Family,
        service: &'static str,
        operation: &'static str,
        call: impl std::future::Future<Output = Result<T, SdkError<E, R>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: Status + fmt::Debug + Send + Sync + 'static,
    {
        self.limiter.wait(family).await;
        call.await.map_err(|error| {
            let failure = Failure::of(&self.asked(service, operation), error);
            if matches!(failure.kind, Kind::Later(_)) {
                self.limiter.throttled(family);
            }
            failure
        })
    }
}

/// How often a throttled read is repeated. With pauses that double from half a second, about a minute in all.
const THROTTLED_READS_MAX: u32 = 8;

/// How often a read without an answer is repeated: a wrong endpoint should be known after seconds.
const UNANSWERED_READS_MAX: u32 = 4;

async fn read<T, E, R, F, Future>(limiter: &Limiter, family: Family, asked: &Asked, make: F) -> Result<T, Failure>
where
    F: Fn() -> Future,
    Future: std::future::Future<Output = Result<T, SdkError<E, R>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: Status + fmt::Debug + Send + Sync + 'static,
{
    let mut tries = 0;
    loop {
        limiter.wait(family).await;
        let failure = match make().await {
            Ok(answer) => return Ok(answer),
            Err(error) => Failure::of(asked, error),
        };
        tries += 1;
        let tries_max = match failure.kind {
            Kind::Refused => 0,
            Kind::Later(_) => THROTTLED_READS_MAX,
            Kind::Unknown => UNANSWERED_READS_MAX,
        };
        if tries >= tries_max {
            return Err(failure);
        }
        if matches!(failure.kind, Kind::Later(_)) {
            limiter.throttled(family);
        }
        limiter.pause(Duration::from_millis(250 << tries)).await;
    }
}

fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.to_string())
}
