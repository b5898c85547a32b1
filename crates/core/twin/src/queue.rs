//! What lies ahead: events in order of time, and of their making where times are equal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_base::Timestamp;

/// Events by (time, sequence number).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved<Event>", into = "Saved<Event>", bound(serialize = "Event: Clone + Serialize"))]
pub struct Queue<Event> {
    sequence: u64,
    events: BTreeMap<(Timestamp, u64), Event>,
}

/// The form on disk: JSON objects cannot have pairs as keys.
#[derive(Serialize, Deserialize)]
struct Saved<Event> {
    sequence: u64,
    events: Vec<(Timestamp, u64, Event)>,
}

impl<Event> Default for Queue<Event> {
    fn default() -> Self {
        Self { sequence: 0, events: BTreeMap::new() }
    }
}

impl<Event> Queue<Event> {
    /// Puts `event` at `at`, after all that were put there before.
    pub fn push(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    /// Returns when the next event is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    /// Takes the first event that is due at `now` or before, with its time.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let first = self.events.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let ((at, _), event) = first.remove_entry();
        Some((at, event))
    }

    /// Returns how many events lie ahead.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns whether nothing lies ahead.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl<Event> From<Saved<Event>> for Queue<Event> {
    fn from(saved: Saved<Event>) -> Self {
        let events = saved.events.into_iter().map(|(at, sequence, event)| ((at, sequence), event)).collect();
        Self { sequence: saved.sequence, events }
    }
}

impl<Event> From<Queue<Event>> for Saved<Event> {
    fn from(queue: Queue<Event>) -> Self {
        let events = queue.events.into_iter().map(|((at, sequence), event)| (at, sequence, event)).collect();
        Self { sequence: queue.sequence, events }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_of_time_then_of_making() {
        let at = Timestamp::from_millis;
        let mut queue = Queue::default();
        queue.push(at(20), 'c');
        queue.push(at(10), 'a');
        queue.push(at(10), 'b');
        assert_eq!(queue.next_due(), Some(at(10)));
        let mut order = String::new();
        while let Some((_, event)) = queue.pop_due(at(15)) {
            order.push(event);
        }
        assert_eq!(order, "ab");
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_saved_queue_goes_on_where_it_was() {
        let mut queue = Queue::default();
        queue.push(Timestamp::from_millis(5), "x".to_owned());
        let text = serde_json::to_string(&queue).unwrap();
        let mut loaded: Queue<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(loaded, queue);
        loaded.push(Timestamp::from_millis(5), "y".to_owned());
        assert_eq!(loaded.pop_due(Timestamp::from_millis(5)).map(|(_, event)| event), Some("x".to_owned()));
    }
}
