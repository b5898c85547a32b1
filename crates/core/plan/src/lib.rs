//! From project and observed world to a plan.
