//! Which instances of a stack set operation run at this moment: windows, failure tolerance, order of regions.
//!
//! Plain bookkeeping without time: whoever runs an operation asks what may start, says what ended, and asks again.
//! The formulas are those of the AWS documentation on stack set operation options and on concurrency modes; two choices
//! that AWS does not document are marked where they are made.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use stackfleet_base::{AccountId, Region};

/// How an operation is to proceed, as the caller gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Regions one after the other in this order; regions of the operation that are not named come after it.
    pub region_order: Vec<Region>,
    /// `RegionConcurrencyType=PARALLEL`: all regions at once. `None` where the caller gave none.
    pub regions_in_parallel: Option<bool>,
    /// How many accounts may fail in a region.
    pub tolerance_count: Option<u32>,
    /// The same as a percentage (0..=100) of the accounts in a region, rounded down.
    pub tolerance_percentage: Option<u32>,
    /// How many accounts of a region are worked on at once.
    pub concurrent_count: Option<u32>,
    /// The same as a percentage (1..=100) of the accounts in a region, rounded down but at least one.
    pub concurrent_percentage: Option<u32>,
    /// `ConcurrencyMode=SOFT_FAILURE_TOLERANCE`. `None` where the caller gave none, which means strict.
    pub soft: Option<bool>,
}

impl Preferences {
    /// Returns failure tolerance and concurrency for a region with `accounts` instances in the operation.
    #[must_use]
    pub fn limits(&self, accounts: usize) -> (u32, u32) {
        let part = |percentage: u32| {
            let whole = u64::try_from(accounts).unwrap_or(u64::MAX);
            u32::try_from(whole.saturating_mul(u64::from(percentage)) / 100).unwrap_or(u32::MAX)
        };
        let tolerance = self.tolerance_count.or_else(|| self.tolerance_percentage.map(part)).unwrap_or(0);
        let concurrent = self.concurrent_count.or_else(|| self.concurrent_percentage.map(part)).unwrap_or(1);
        (tolerance, concurrent.max(1))
    }
}

/// How the work on one instance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is as wanted.
    Succeeded,
    /// It failed; a failed account gate counts too.
    Failed,
    /// It was passed over (a suspended account); not counted against the tolerance.
    Skipped,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No region failed more often than tolerated.
    Succeeded,
    /// Some region did.
    Failed,
    /// The user stopped it.
    Stopped,
}

/// One region's share of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    region: Region,
    waiting: VecDeque<AccountId>,
    in_flight: BTreeSet<AccountId>,
    tolerance: u32,
    concurrency: u32,
    failed: u32,
}

impl Window {
    fn exceeded(&self) -> bool {
        self.failed > self.tolerance
    }

    /// How many instances may be in flight now. Strict mode never lets more than `tolerance + 1` fail, so it lowers the
    /// window by every failure. Where the concurrency lies below the tolerance AWS does not say from when on the window
    /// shrinks; this is the weakest rule that keeps the promise.
    fn capacity(&self, soft: bool) -> usize {
        let left = self.tolerance.saturating_add(1).saturating_sub(self.failed);
        let cap = match (self.exceeded(), soft) {
            (true, _) => 0,
            (false, true) => self.concurrency,
            (false, false) => self.concurrency.min(left),
        };
        usize::try_from(cap).unwrap_or(usize::MAX)
    }

    fn idle(&self) -> bool {
        self.in_flight.is_empty()
    }
}

/// The progress of one operation through its instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    windows: Vec<Window>,
    parallel: bool,
    soft: bool,
    stopped: bool,
}

impl Schedule {
    /// Makes a schedule. Accounts of a region start in the given order. Regions come in the order of the preferences,
    /// then in the given order (AWS leaves the order open where none was asked for).
    #[must_use]
    pub fn new(regions: Vec<(Region, Vec<AccountId>)>, preferences: &Preferences) -> Self {
        let mut windows: Vec<Window> = regions
            .into_iter()
            .map(|(region, accounts)| {
                let (tolerance, concurrency) = preferences.limits(accounts.len());
                let waiting = accounts.into();
                Window { region, waiting, in_flight: BTreeSet::new(), tolerance, concurrency, failed: 0 }
            })
            .collect();
        let rank = |region: &Region| preferences.region_order.iter().position(|wanted| wanted == region);
        windows.sort_by_key(|window| rank(&window.region).unwrap_or(usize::MAX));
        Self {
            windows,
            parallel: preferences.regions_in_parallel.unwrap_or(false),
            soft: preferences.soft.unwrap_or(false),
            stopped: false,
        }
    }

    /// Takes what may start now; the caller starts every one of them.
    pub fn launch(&mut self) -> Vec<(AccountId, Region)> {
        let mut started = Vec::new();
        if self.stopped {
            return started;
        }
        let (parallel, soft) = (self.parallel, self.soft);
        for window in &mut self.windows {
            while window.in_flight.len() < window.capacity(soft) {
                let Some(account) = window.waiting.pop_front() else { break };
                window.in_flight.insert(account.clone());
                started.push((account, window.region.clone()));
            }
            // The next region starts when all that was launched here has ended within the tolerance.
            let over = window.idle() && window.waiting.is_empty() && !window.exceeded();
            if !parallel && !over {
                break;
            }
        }
        started
    }

    /// Notes that the work on an instance ended.
    pub fn finish(&mut self, account: &AccountId, region: &Region, outcome: Outcome) {
        if let Some(window) = self.windows.iter_mut().find(|window| &window.region == region) {
            window.in_flight.remove(account);
            if outcome == Outcome::Failed {
                window.failed = window.failed.saturating_add(1);
            }
        }
    }

    /// Stops the operation: nothing more starts, what runs ends by itself.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Takes what will never start. In parallel mode regions that have begun go on to their own tolerance, for AWS
    /// does not say otherwise.
    pub fn cancel(&mut self) -> Vec<(AccountId, Region)> {
        let mut cancelled = Vec::new();
        let mut lost = self.stopped;
        for window in &mut self.windows {
            if lost || window.exceeded() {
                let region = &window.region;
                cancelled.extend(window.waiting.drain(..).map(|account| (account, region.clone())));
            }
            lost |= !self.parallel && window.exceeded();
        }
        cancelled
    }

    /// Tells how it ended, once nothing runs and nothing will start.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if !self.windows.iter().all(|window| window.idle() && window.waiting.is_empty()) {
            return None;
        }
        Some(match (self.stopped, self.windows.iter().any(Window::exceeded)) {
            (true, _) => Verdict::Stopped,
            (false, true) => Verdict::Failed,
            (false, false) => Verdict::Succeeded,
        })
    }

    /// Tells whether any instance is being worked on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.windows.iter().all(Window::idle)
    }

    /// Counts failures over all regions.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.windows.iter().map(|window| window.failed).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: usize) -> AccountId {
        format!("{number:012}").parse().unwrap()
    }

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn counts(tolerance: u32, concurrent: u32, soft: bool) -> Preferences {
        Preferences {
            tolerance_count: Some(tolerance),
            concurrent_count: Some(concurrent),
            soft: Some(soft),
            ..Preferences::default()
        }
    }

    fn one_region(accounts: usize, preferences: &Preferences) -> Schedule {
        Schedule::new(vec![(region("eu-west-1"), (0..accounts).map(account).collect())], preferences)
    }

    /// Runs one region first in, first out: (launched, succeeded, failed, cancelled).
    fn run(outcomes: &[bool], preferences: &Preferences) -> (usize, usize, usize, usize) {
        let mut schedule = one_region(outcomes.len(), preferences);
        let mut running = VecDeque::new();
        let (mut launched, mut succeeded, mut failed, mut cancelled) = (0, 0, 0, 0);
        loop {
            let started = schedule.launch();
            launched += started.len();
            running.extend(started);
            cancelled += schedule.cancel().len();
            let Some((who, place)) = running.pop_front() else { break };
            let good = outcomes[who.as_str().parse::<usize>().unwrap()];
            *(if good { &mut succeeded } else { &mut failed }) += 1;
            schedule.finish(&who, &place, if good { Outcome::Succeeded } else { Outcome::Failed });
        }
        assert!(schedule.verdict().is_some());
        (launched, succeeded, failed, cancelled)
    }

    #[test]
    fn percentages_round_down_and_concurrency_stays_above_zero() {
        let percent = |tolerance, concurrent| Preferences {
            tolerance_percentage: tolerance,
            concurrent_percentage: concurrent,
            ..Preferences::default()
        };
        assert_eq!(percent(Some(25), Some(25)).limits(10), (2, 2));
        assert_eq!(percent(None, Some(10)).limits(3), (0, 1));
        assert_eq!(Preferences::default().limits(10), (0, 1));
    }

    #[test]
    fn strict_windows_shrink_with_every_failure() {
        // The documented example: tolerance 5 and concurrency 10 start with 6, then 5 after one failure, 3 after three.
        let mut window = one_region(10, &counts(5, 10, false)).windows.remove(0);
        let capacities: Vec<usize> = [0, 1, 3, 5, 6]
            .into_iter()
            .map(|failed| {
                window.failed = failed;
                window.capacity(false)
            })
            .collect();
        assert_eq!(capacities, [6, 5, 3, 1, 0]);
    }

    /// The documented table: 20 (strict) or 50 (soft) failures in each batch, batches of what may run.
    fn batches(tolerance: u32, concurrent: u32, failing: usize, soft: bool) -> Vec<usize> {
        let mut schedule = one_region(1_000, &counts(tolerance, concurrent, soft));
        let mut sizes = Vec::new();
        loop {
            let batch = schedule.launch();
            if batch.is_empty() {
                return sizes;
            }
            sizes.push(batch.len());
            for (index, (who, place)) in batch.iter().enumerate() {
                schedule.finish(who, place, if index < failing { Outcome::Failed } else { Outcome::Succeeded });
            }
        }
    }

    #[test]
    fn documented_table_of_batches() {
        let strict = batches(100, 250, 20, false);
        assert_eq!(strict.get(..5), Some([101, 81, 61, 41, 21].as_slice()));
        assert_eq!(strict.iter().take(5).sum::<usize>(), 305);
        assert_eq!(batches(100, 250, 50, true).get(..2), Some([250, 250].as_slice()));
    }

    #[test]
    fn documented_example_in_both_modes() {
        // Tolerance 5, concurrency 10. Soft: 15 launched, 7 succeeded, 8 failed.
        let soft: Vec<bool> = (0..40).map(|index| !(index < 6 || index == 8 || index == 12)).collect();
        assert_eq!(run(&soft, &counts(5, 10, true)), (15, 7, 8, 25));
        // Strict: 9 launched, 3 succeeded, 6 failed.
        let strict: Vec<bool> = (0..10).map(|index| [1, 3, 5].contains(&index)).collect();
        assert_eq!(run(&strict, &counts(5, 10, false)), (9, 3, 6, 1));
    }

    #[test]
    fn strict_mode_never_fails_more_than_tolerance_and_one() {
        for tolerance in 0..8 {
            for concurrent in 1..12 {
                let (_, _, failed, _) = run(&[false; 60], &counts(tolerance, concurrent, false));
                assert_eq!(failed, usize::try_from(tolerance).unwrap() + 1);
            }
        }
        let (_, _, failed, _) = run(&[false; 60], &counts(5, 10, true));
        assert!(failed <= 15);
    }

    #[test]
    fn the_default_stops_at_the_first_failure() {
        assert_eq!(run(&[true; 20], &Preferences::default()), (20, 20, 0, 0));
        let mut outcomes = vec![true; 10];
        outcomes[1] = false;
        assert_eq!(run(&outcomes, &Preferences::default()), (2, 1, 1, 8));
    }

    #[test]
    fn regions_follow_each_other_in_the_order_asked_for() {
        let preferences =
            Preferences { region_order: vec![region("us-east-1"), region("eu-west-1")], ..counts(0, 2, false) };
        let work =
            ["eu-west-1", "us-east-1"].map(|name| (region(name), vec![account(1), account(2)])).into_iter().collect();
        let mut schedule = Schedule::new(work, &preferences);
        // Tolerance zero caps the window at one in strict mode, whatever concurrency was asked for.
        assert_eq!(schedule.launch(), [(account(1), region("us-east-1"))]);
        assert!(schedule.launch().is_empty());
        schedule.finish(&account(1), &region("us-east-1"), Outcome::Succeeded);
        assert_eq!(schedule.launch(), [(account(2), region("us-east-1"))]);
        schedule.finish(&account(2), &region("us-east-1"), Outcome::Skipped);
        assert_eq!(schedule.launch(), [(account(1), region("eu-west-1"))]);
        schedule.finish(&account(1), &region("eu-west-1"), Outcome::Failed);
        assert!(schedule.launch().is_empty());
        assert_eq!(schedule.verdict(), None);
        assert_eq!(schedule.cancel(), [(account(2), region("eu-west-1"))]);
        assert_eq!(schedule.verdict(), Some(Verdict::Failed));
    }

    #[test]
    fn a_failed_region_cancels_the_ones_after_it() {
        let work = ["a-b-1", "a-b-2", "a-b-3"].map(|name| (region(name), vec![account(1), account(2)]));
        let mut sequential = Schedule::new(work.clone().into(), &Preferences::default());
        sequential.launch();
        sequential.finish(&account(1), &region("a-b-1"), Outcome::Failed);
        assert_eq!(sequential.cancel().len(), 5);
        let preferences = Preferences { regions_in_parallel: Some(true), ..Preferences::default() };
        let mut parallel = Schedule::new(work.into(), &preferences);
        assert_eq!(parallel.launch().len(), 3);
        parallel.finish(&account(1), &region("a-b-1"), Outcome::Failed);
        assert_eq!(parallel.cancel(), [(account(2), region("a-b-1"))]);
    }

    #[test]
    fn stopping_lets_running_work_end() {
        let mut schedule = one_region(5, &counts(4, 2, false));
        assert_eq!(schedule.launch().len(), 2);
        schedule.stop();
        assert_eq!(schedule.cancel().len(), 3);
        assert_eq!(schedule.verdict(), None);
        schedule.finish(&account(0), &region("eu-west-1"), Outcome::Succeeded);
        schedule.finish(&account(1), &region("eu-west-1"), Outcome::Succeeded);
        assert_eq!(schedule.verdict(), Some(Verdict::Stopped));
    }

    #[test]
    fn an_operation_without_work_succeeds() {
        assert_eq!(Schedule::new(Vec::new(), &Preferences::default()).verdict(), Some(Verdict::Succeeded));
    }
}
