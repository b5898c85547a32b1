//! Keeps calls within the request rates that AWS publishes.
//!
//! One token bucket for each operation family, shared by everything that a [`Limiter`] is handed to. The SDK's own
//! retry quota is shared by all calls of a client and gives up too early under a throttle, so calls wait here, before
//! they are made. Rates: Organizations quotas, CloudFormation and IAM endpoint quotas (2026).

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Operations that share a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// All stack set calls: 2 a second for each account and region.
    StackSets,
    /// `DescribeOrganization`, `CreateOrganizationalUnit`: 1 a second.
    OrganizationSlow,
    /// `EnablePolicyType`, `EnableAWSServiceAccess`, `CreateOrganization`, `ListRoots`: 1 a second.
    OrganizationSwitch,
    /// `MoveAccount` and changes of units: 2 a second.
    OrganizationMove,
    /// Changes of policies and their attachments: 2 a second.
    PolicyChange,
    /// `DescribePolicy`: 2 a second.
    PolicyDescribe,
    /// `ListPolicies`, `ListTargetsForPolicy`, `ListPoliciesForTarget`: 5 a second.
    PolicyList,
    /// `ListParents`, `ListAccountsForParent`, `ListOrganizationalUnitsForParent`: 5 a second.
    TreeList,
    /// `ListAccounts`: 8 a second.
    AccountList,
    /// `ListTagsForResource`: 10 a second.
    TagList,
    /// `TagResource`: 4 a second.
    TagChange,
    /// `CreateAccount`: one in ten seconds.
    AccountCreate,
    /// `DescribeCreateAccountStatus`: 2 a second.
    AccountCreateDescribe,
    /// `ListCreateAccountStatus`: 5 a second.
    AccountCreateList,
    /// IAM; unpublished, ten a second has proved safe.
    Iam,
    /// IAM in accounts that were entered: each has a rate of its own, so all together may take a hundred a second.
    Inside,
    /// The Account API; unpublished, ten a second.
    Account,
    /// S3 and STS, whose rates are far above anything done here.
    Plenty,
}

impl Family {
    /// Returns (calls a second, burst).
    const fn rate(self) -> (f64, f64) {
        match self {
            Self::StackSets => (2.0, 2.0),
            Self::OrganizationSlow => (1.0, 2.0),
            Self::OrganizationSwitch => (1.0, 1.0),
            Self::OrganizationMove | Self::PolicyChange => (2.0, 3.0),
            Self::PolicyDescribe | Self::AccountCreateDescribe => (2.0, 2.0),
            Self::PolicyList | Self::TreeList | Self::AccountCreateList => (5.0, 8.0),
            Self::AccountList => (8.0, 12.0),
            Self::TagList => (10.0, 15.0),
            Self::TagChange => (4.0, 6.0),
            Self::AccountCreate => (0.1, 3.0),
            Self::Iam | Self::Account => (10.0, 10.0),
            Self::Inside => (100.0, 100.0),
            Self::Plenty => (200.0, 200.0),
        }
    }
}

/// A little below the published rate, so that clocks that differ and calls of other tools do not tip it over.
const HEADROOM: f64 = 0.95;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// Token buckets, one for each [`Family`].
#[derive(Debug)]
pub struct Limiter {
    calls: AtomicU64,
    speed: u32,
    buckets: Mutex<BTreeMap<Family, Bucket>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::faster(1)
    }
}

impl Limiter {
    /// Makes a limiter for a world whose time runs this much faster, so that a second's calls fit into less; 0 counts
    /// as 1.
    #[must_use]
    pub fn faster(speed: u32) -> Self {
        Self { calls: AtomicU64::new(0), speed: speed.max(1), buckets: Mutex::default() }
    }

    /// Lets a time of that world pass.
    pub(crate) async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause / self.speed).await;
    }

    /// Waits until a call of this family may be made, and counts it.
    ///
    /// Places are given out in the order of asking; dropping the future gives a place up for nobody.
    pub async fn wait(&self, family: Family) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let pause = self.reserve(family, Instant::now());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns how many calls were let through or wait.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Empties a family's bucket after AWS throttled a call all the same: somebody else uses the account, too.
    pub fn throttled(&self, family: Family) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&family) {
            bucket.tokens = bucket.tokens.min(0.0);
        }
    }

    /// Takes a token, on credit if need be, and returns how long to wait for it.
    fn reserve(&self, family: Family, now: Instant) -> Duration {
        let (rate, burst) = family.rate();
        let rate = rate * HEADROOM * f64::from(self.speed);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(family).or_insert(Bucket { tokens: burst, filled_at: now });
        let elapsed = now.saturating_duration_since(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * rate).min(burst) - 1.0;
        bucket.filled_at = now;
        if bucket.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-bucket.tokens / rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_keeps_the_rate() {
        let limiter = Limiter::default();
        let start = Instant::now();
        for _ in 0..21 {
            limiter.wait(Family::StackSets).await;
        }
        let took = start.elapsed().as_secs_f64();
        // Two at once, nineteen at 1.9 a second.
        assert!((9.9..10.2).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_faster_world_takes_more_calls() {
        let limiter = Limiter::faster(100);
        let start = Instant::now();
        for _ in 0..21 {
            limiter.wait(Family::StackSets).await;
        }
        assert!(start.elapsed() < Duration::from_millis(130), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn families_do_not_wait_for_each_other_and_a_throttle_costs_the_burst() {
        let limiter = Limiter::default();
        limiter.wait(Family::AccountCreate).await;
        limiter.throttled(Family::AccountCreate);
        let start = Instant::now();
        limiter.wait(Family::TagList).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.wait(Family::AccountCreate).await;
        assert!(start.elapsed() > Duration::from_secs(9));
    }
}
