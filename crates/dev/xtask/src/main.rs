//! Chores: `cargo xtask api` generates the types of `core/api` from published API models.
//!
//! Not a build system: building and testing is cargo's matter.

mod api;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Chores of the stackfleet workspace")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Generate crates/core/api/src/generated from the models in the PyPI package botocore
    Api(api::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Api(arguments) => api::run(&arguments),
    }
}
