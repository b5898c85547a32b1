//! The `stackfleet` command: reads arguments, runs one command, exits with a documented code.

mod arguments;
mod blame;
mod checks;
mod commands;
mod console;
mod diagnostics;
mod exit;
mod files;
mod input;
mod report;
mod sarif;
mod screens;
mod session;
mod twin;

use std::process::ExitCode;

use clap::Parser;

use crate::{arguments::Arguments, console::Console, exit::Exit};

/// Templates are trees of many small values, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => {
            let code = if wrong.use_stderr() { Exit::Usage } else { Exit::Done };
            // Nothing is left to be told when even this cannot be printed.
            drop(wrong.print());
            return code.into();
        }
    };
    let console = Console::new(&arguments.global);
    match commands::run(&arguments, &console) {
        Ok(exit) => exit.into(),
        Err(error) => {
            console.error(&error);
            Exit::Error.into()
        }
    }
}
