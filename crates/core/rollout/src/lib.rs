//! Runs a plan: a state machine without input or output.
