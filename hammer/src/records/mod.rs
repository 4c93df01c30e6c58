//! What the log said, kept on disk: every promise and every tree head, each line able to stand by itself. The format is
//! in docs/hammer.md.

mod line;
mod read;
#[cfg(test)]
pub(crate) mod testing;
mod write;

pub use line::{Line, RunLine, SctLine, SthLine, VERSION};
pub use read::{Promised, Recorded, ShownHead, read};
pub use write::{Recorder, RecordsFile};

use std::path::PathBuf;

/// Why a records file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The disk.
    #[error("cannot {action} {path}: {error}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A line that is not one of a records file, or whose parts contradict each other.
    #[error("{path}: line {line}: {reason}", path = path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has records of another log already.
    #[error("{path} has records of the log {found}, this is the log {expected}: give another file", path = path.display())]
    OtherLog {
        /// Which file.
        path: PathBuf,
        /// Base64 of the ID of the log that it speaks of.
        found: String,
        /// Base64 of the ID of this log.
        expected: String,
    },
    /// The writer is gone.
    #[error("nothing is recorded any more: the writer has ended")]
    Ended,
}
