//! What the exit codes mean. They are documented in the README and part of the interface.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Something went wrong; nothing is known to be half-done.
    Error,
    /// Changes are pending; only with `--detailed-exitcode`.
    Pending,
    /// Partly done, or not as declared.
    Partly,
    /// Refused by a check; nothing was changed.
    Refused,
    /// Approval is needed and nobody could be asked.
    Approval,
    /// Wrong usage.
    Usage,
    /// Interrupted; safe to run again.
    Interrupted,
}

impl Exit {
    /// Returns the number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::Partly => 3,
            Self::Refused => 4,
            Self::Approval => 5,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
