//! Simulated AWS: a discrete-event state machine.
