//! What the front door wants of whoever stands behind it.

use stackfleet_api::{Answer, Error, Request};
use stackfleet_base::{Region, Timestamp};
use stackfleet_twin::s3;

/// The world behind the door.
pub trait Backend: Send + 'static {
    /// Who calls, as the backend knows them.
    type Principal: Clone + Send + Sync + 'static;

    /// Lets everything happen that is due until `now`.
    fn advance(&mut self, now: Timestamp);

    /// Returns what an access key id stands for.
    fn credential(&mut self, access_key_id: &str, now: Timestamp) -> Option<Credential<Self::Principal>>;

    /// Returns an id for the next request.
    fn request_id(&mut self) -> String;

    /// Answers a request: authorization and operation.
    ///
    /// # Errors
    /// What the operation answers instead of its output.
    fn handle(&mut self, caller: Caller<Self::Principal>, request: Request, now: Timestamp) -> Result<Answer, Error>;

    /// Answers a request of S3: authorization and operation.
    ///
    /// # Errors
    /// What S3 answers instead.
    fn handle_s3(
        &mut self,
        caller: Caller<Self::Principal>,
        request: s3::Request,
        now: Timestamp,
    ) -> Result<s3::Answer, s3::Error>;
}

/// What an access key id stands for.
#[derive(Debug, Clone)]
pub struct Credential<P> {
    /// The key that signatures are made with.
    pub secret_access_key: String,
    /// The token that has to come with the key of a session.
    pub session_token: Option<String>,
    /// When the session ends.
    pub expires: Option<Timestamp>,
    /// Whose key it is.
    pub principal: P,
}

/// Everything about a request besides what it asks for.
#[derive(Debug, Clone)]
pub struct Caller<P> {
    /// Whose key signed it.
    pub principal: P,
    /// The key.
    pub access_key_id: String,
    /// The region that the signature is for.
    pub region: Region,
    /// The id that the answer will carry.
    pub request_id: String,
    /// Where it comes from; `None` in process.
    pub source_ip: Option<String>,
    /// What the client says it is.
    pub user_agent: Option<String>,
}
