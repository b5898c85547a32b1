//! The world: all state, the events ahead of it, and the one path that every request takes.

use serde::{Deserialize, Serialize};
use stackfleet_base::Timestamp;

use crate::{ids::Ids, options::WorldOptions, queue::Queue};

/// A simulated AWS organization and everything in its accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    pub(crate) options: WorldOptions,
    pub(crate) now: Timestamp,
    pub(crate) queue: Queue<Event>,
    pub(crate) ids: Ids,
}

/// Something that happens by itself at a later time; one variant for each service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {}

impl World {
    /// Makes a world of one account.
    #[must_use]
    pub fn new(seed: u64, options: WorldOptions) -> Self {
        Self { now: options.start, options, queue: Queue::default(), ids: Ids::new(seed) }
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
        match event {}
    }
}
