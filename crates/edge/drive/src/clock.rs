//! What time it is: a start, and what tokio's clock has run since.

use std::time::{SystemTime, UNIX_EPOCH};

use stackfleet_base::Timestamp;
use tokio::time::Instant;

/// A clock that follows tokio's, real or paused.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
    speed: u32,
}

impl Clock {
    /// Starts a clock that shows `start` in this moment.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now(), speed: 1 }
    }

    /// Starts a clock that shows the system's time.
    #[must_use]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Timestamp::default() + since_epoch)
    }

    /// Returns a clock that shows the same and runs this much faster, for worlds whose time does; 0 counts as 1.
    #[must_use]
    pub fn faster(self, speed: u32) -> Self {
        Self { start: self.now(), origin: Instant::now(), speed: speed.max(1) }
    }

    /// Returns what it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.start + self.origin.elapsed() * self.speed
    }

    /// Returns when tokio's clock will have reached a moment; now, if it has.
    #[must_use]
    pub fn instant(&self, moment: Timestamp) -> Instant {
        self.origin + moment.since(self.start) / self.speed
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

    #[tokio::test(start_paused = true)]
    async fn it_can_run_faster() {
        let start = Timestamp::from_millis(1_000);
        let clock = Clock::starting_at(start).faster(60);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), start + Duration::from_secs(120));
        assert_eq!(clock.instant(start + Duration::from_secs(180)), Instant::now() + Duration::from_secs(1));
    }
}
