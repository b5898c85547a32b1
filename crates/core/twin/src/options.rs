//! How a world is set up: everything that may differ between two worlds besides their history.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Timestamp};

/// Settings of a [`World`](crate::World); they do not change while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldOptions {
    /// When the world begins: nothing in it is older.
    pub start: Timestamp,
    /// The first account, which becomes the management account; drawn from the seed when absent.
    pub management_id: Option<AccountId>,
    /// The name of the first account.
    pub management_name: String,
    /// The e-mail address of the first account's owner.
    pub management_email: String,
    /// Whether an organization with all features exists from the start; else somebody must call `CreateOrganization`.
    pub organization: bool,
    /// Whether calls from outside are held to AWS's published request rates.
    pub throttling: bool,
    /// How long after its making an IAM role cannot be assumed yet. AWS's lag is a few seconds and not documented; the
    /// default is none, so that a rehearsal shows it only where asked to.
    pub iam_lag: Duration,
    /// How many accounts the organization may have. AWS's default is 10, raised on request up to 50,000; the twin's
    /// default is 50,000, for a rehearsal is about the rollout and not about the quota.
    pub accounts_max: usize,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            start: Timestamp::from_millis(1_767_225_600_000), // 2026-01-01T00:00:00Z
            management_id: None,
            management_name: "Management".to_owned(),
            management_email: "root@twin.example".to_owned(),
            organization: false,
            throttling: true,
            iam_lag: Duration::ZERO,
            accounts_max: 50_000,
        }
    }
}
