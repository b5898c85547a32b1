//! Where everything that is printed goes: results to standard output, all else to standard error.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use crate::arguments::Global;

/// The two streams and how to write to them.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Results are printed as JSON.
    pub(crate) json: bool,
    /// Progress is left out.
    pub(crate) quiet: bool,
    /// Nothing is folded.
    pub(crate) verbose: bool,
    /// Standard error takes colours.
    pub(crate) color: bool,
    /// Standard output takes colours.
    pub(crate) result_color: bool,
    /// Standard error is a terminal that can be drawn on.
    pub(crate) live: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
}

/// Columns where there is no terminal to ask.
const WIDTH_DEFAULT: usize = 100;

impl Console {
    /// Finds out what the streams are.
    pub(crate) fn new(global: &Global) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let plain = global.no_color || set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = io::stderr().is_terminal();
        // Where there is no terminal, whoever made the pipe may say how wide it is shown.
        let columns = if terminal {
            crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
        } else {
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            color: terminal && !plain,
            result_color: io::stdout().is_terminal() && !plain,
            live: terminal && !global.quiet && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            width: columns.filter(|columns| *columns > 0).unwrap_or(WIDTH_DEFAULT),
        }
    }

    /// Prints a line of the result.
    pub(crate) fn result(&self, line: impl Display) {
        // A reader that has seen enough (`| head`) closes the pipe; that is not an error of ours.
        drop(writeln!(io::stdout().lock(), "{line}"));
    }

    /// Prints a result as JSON.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        self.result(format_args!("{value:#}"));
    }

    /// Prints a line about what is going on.
    pub(crate) fn say(&self, line: impl Display) {
        if !self.quiet {
            drop(writeln!(io::stderr().lock(), "{line}"));
        }
    }

    /// Prints a line that must be seen.
    pub(crate) fn warn(&self, line: impl Display) {
        drop(writeln!(io::stderr().lock(), "{line}"));
    }

    /// Prints an error with all its causes.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut lines = format!("{} {error}", self.paint(Paint::Bad, "error:"));
        for cause in error.chain().skip(1) {
            lines.push_str(&format!("\n  because: {cause}"));
        }
        self.warn(lines);
    }

    /// Asks a yes-or-no question on the terminal; `None` where nobody can be asked.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return None;
        }
        drop(write!(io::stderr().lock(), "{question} [y/N] "));
        drop(io::stderr().flush());
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Colours a text for standard error.
    pub(crate) fn paint(&self, paint: Paint, text: impl Display) -> String {
        paint.on(self.color, text)
    }

    /// Colours a text for standard output.
    pub(crate) fn paint_result(&self, paint: Paint, text: impl Display) -> String {
        paint.on(self.result_color, text)
    }
}

/// What a colour means. Words and signs say the same without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// To be looked at.
    Odd,
    /// Not important.
    Faint,
}

impl Paint {
    fn on(self, color: bool, text: impl Display) -> String {
        let code = match self {
            Self::Good => "32",
            Self::Bad => "31;1",
            Self::Odd => "33",
            Self::Faint => "2",
        };
        if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}
