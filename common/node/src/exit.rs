//! How a process ends. The numbers are those of sysexits.h, which service managers can be told about.

use std::process::{ExitCode, Termination};

/// A process's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or stopped as asked.
    Ok = 0,
    /// The configuration or the arguments are wrong; starting again will not help.
    Configuration = 64,
    /// The node halted: a fault of its own, or a state that a person must look at.
    Internal = 70,
    /// A disk or a socket failed.
    Io = 74,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
