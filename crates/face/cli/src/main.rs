//! The `stackfleet` command.
fn main() {}
