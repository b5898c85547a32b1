//! Counts calls by operation, so that tests and screens can say what a rollout cost.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A count of calls, shared by everyone who clones it.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Counts>>);

/// What is told of each call: its operation (`cloudformation:CreateStackSet`), and whether it asks for a change.
type Listener = Box<dyn FnMut(&str, bool) + Send>;

#[derive(Default)]
struct Counts {
    listener: Option<Listener>,
    total: u64,
    mutating: u64,
    operations: BTreeMap<String, u64>,
    mutating_operations: BTreeMap<String, u64>,
}

impl Calls {
    /// Notes a call of `operation` (`cloudformation:CreateStackSet`).
    pub(crate) fn note(&self, operation: String, mutating: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total += 1;
        if let Some(listener) = &mut counts.listener {
            listener(&operation, mutating);
        }
        if mutating {
            counts.mutating += 1;
            *counts.mutating_operations.entry(operation.clone()).or_default() += 1;
        }
        *counts.operations.entry(operation).or_default() += 1;
    }

    /// Tells a listener of every call from here on, as it comes: its operation and whether it asks for a change.
    pub fn listen(&self, listener: impl FnMut(&str, bool) + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).listener = Some(Box::new(listener));
    }

    /// Returns how many calls came, refused ones included.
    pub fn total(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Returns how many of them ask for a change (judged by the operation's name).
    pub fn mutating(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mutating
    }

    /// Returns the number of calls by operation (`iam:GetRole`).
    pub fn by_operation(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).operations.clone()
    }

    /// Returns the number of calls that ask for a change, by operation.
    pub fn mutating_by_operation(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mutating_operations.clone()
    }

    /// Forgets every count.
    pub fn reset(&self) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts = Counts { listener: counts.listener.take(), ..Counts::default() };
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Counts").field("total", &self.total).field("mutating", &self.mutating).finish_non_exhaustive()
    }
}
