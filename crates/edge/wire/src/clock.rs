//! What time it is in the world, and what time its clients think it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stackfleet_base::Timestamp;

/// A source of the world's time.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time in the world.
    fn now(&self) -> Timestamp;

    /// Returns the time that clients sign with. It is the world's, unless the world runs faster than its clients.
    fn signing_time(&self) -> Timestamp {
        self.now()
    }
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// Time that passes only while the tokio runtime has nothing to do (`start_paused`); made inside of that runtime.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    start: Timestamp,
    origin: tokio::time::Instant,
}

impl VirtualClock {
    /// Returns a clock that shows `start` at this moment.
    pub fn new(start: Timestamp) -> VirtualClock {
        VirtualClock { start, origin: tokio::time::Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        later(self.start, self.origin.elapsed().as_millis())
    }
}

/// Real time, or a multiple of it from a start on. Clients sign with real time.
#[derive(Debug, Clone, Copy)]
pub struct RealClock {
    start: Timestamp,
    origin: Instant,
    speed: u32,
}

impl RealClock {
    /// Returns a clock that shows `start` at this moment and runs `speed` times as fast as real time.
    pub fn new(start: Timestamp, speed: u32) -> RealClock {
        RealClock { start, origin: Instant::now(), speed }
    }

    /// Returns the time of day.
    pub fn time_of_day() -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        later(Timestamp::from_millis(0), since.as_millis())
    }
}

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        later(self.start, self.origin.elapsed().as_millis().saturating_mul(u128::from(self.speed)))
    }

    fn signing_time(&self) -> Timestamp {
        RealClock::time_of_day()
    }
}

fn later(start: Timestamp, millis: u128) -> Timestamp {
    Timestamp::from_millis(start.as_millis().saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
}
