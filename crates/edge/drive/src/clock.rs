//! What time it is: a start, and what tokio's clock has run since.

use std::time::{SystemTime, UNIX_EPOCH};

use stackfleet_base::Timestamp;
use tokio::time::Instant;

/// A clock that follows tokio's, real or paused.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    /// Starts a clock that shows `start` in this moment.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }

    /// Starts a clock that shows the system's time.
    #[must_use]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Timestamp::default() + since_epoch)
    }

    /// Returns what it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.start + self.origin.elapsed()
    }

    /// Returns when tokio's clock will have reached a moment; now, if it has.
    #[must_use]
    pub fn instant(&self, moment: Timestamp) -> Instant {
        self.origin + moment.since(self.start)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_follows_virtual_time() {
        let start = Timestamp::from_millis(1_000);
        let clock = Clock::starting_at(start);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(clock.now(), start + Duration::from_secs(3_600));
        assert_eq!(clock.instant(start), Instant::now() - Duration::from_secs(3_600));
    }
}
