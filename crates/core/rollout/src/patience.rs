//! How long to wait before asking again, and when to stop asking.
//!
//! Pure numbers. Waiting times grow by half from poll to poll and double from refusal to refusal; all of them have an
//! upper bound, and so has the number of attempts.

use std::time::Duration;

/// First pause between two questions after an operation.
pub(crate) const POLL_FIRST: Duration = Duration::from_secs(2);
/// Longest pause between two questions.
pub(crate) const POLL_LONGEST: Duration = Duration::from_secs(30);
/// How often AWS may say "not now" to one request before it is given up.
pub(crate) const LATER_MAX: u32 = 40;
/// How often in a row nobody may know what became of a request.
pub(crate) const UNKNOWN_MAX: u32 = 12;
/// How often the results of an ended operation are read until they add up: lists are eventually consistent.
pub(crate) const FINAL_READS_MAX: u32 = 8;
/// How often cells are tried again that failed because a role was not visible yet.
pub(crate) const ROLE_RETRIES_MAX: u32 = 3;
/// A role made less than this long ago may not be visible everywhere yet.
pub(crate) const ROLE_IS_YOUNG: Duration = Duration::from_mins(10);
/// Requests awaiting an answer at once.
pub(crate) const REQUESTS_MAX: usize = 8;
/// Account creations at once; Organizations takes no more (quota "member accounts you can concurrently create").
pub(crate) const CREATIONS_MAX: usize = 5;
/// Up to this many cells an operation's results are read at each poll, beyond only now and then.
pub(crate) const SMALL_OPERATION: usize = 500;
/// Of a larger operation, results are read at every so many polls.
pub(crate) const SPARSE_READS: u32 = 8;

/// Returns the pause after `current`.
pub(crate) fn longer(current: Duration) -> Duration {
    (current * 3 / 2).min(POLL_LONGEST)
}

/// Returns the pause before attempt number `attempt` (the first retry is 1).
pub(crate) fn backoff(attempt: u32) -> Duration {
    let seconds = 1_u64 << attempt.clamp(1, 5);
    Duration::from_secs(seconds).min(POLL_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let polls: Vec<u64> = std::iter::successors(Some(POLL_FIRST), |pause| Some(longer(*pause)))
            .take(9)
            .map(|pause| pause.as_secs())
            .collect();
        assert_eq!(polls, [2, 3, 4, 6, 10, 15, 22, 30, 30]);
        assert_eq!([1, 2, 5, 9].map(|attempt| backoff(attempt).as_secs()), [2, 4, 30, 30]);
    }
}
