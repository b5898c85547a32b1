//! How long a template takes: `cargo bench -p stackfleet-validate [-- FILE...]`. The first figure is that of a process that
//! validates one file: nothing is decompressed or compiled yet.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time, reads files and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stackfleet_base::Sources;
use stackfleet_validate::{Deployment, check, read, template};

/// A serverless application of 160 lines.
const TYPICAL: &str = include_str!("../../../../examples/source/app/template.yaml");

fn main() {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let texts: Vec<(String, String)> = match files.is_empty() {
        true => vec![("examples/source/app/template.yaml".to_owned(), TYPICAL.to_owned())],
        false => files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect(),
    };
    for (name, text) in texts {
        println!("{name}: {} lines", text.lines().count());
        measure(&text);
    }
}

fn measure(text: &str) {
    let took = |name: &str, took: Duration| println!("  {name:<40} {took:>12.2?}");
    let file = Sources::default().add("t", text);
    let deployment = Deployment::default();
    let start = Instant::now();
    let (read_template, _) = black_box(read(file, text));
    took("read, and checks of the language, cold", start.elapsed());
    let start = Instant::now();
    black_box(check(&read_template, text, &deployment));
    took("all other checks, cold", start.elapsed());
    let rounds = 50;
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(template(file, text, &deployment));
    }
    took("all, warm", start.elapsed() / rounds);
}
