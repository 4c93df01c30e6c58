//! Why a signer does not start, or stops.

use config::KeyFileError;
use ct::hash::LogId;
use ct::key::KeyError;
use node::exit::Exit;
use node::host::{Fatal, StartError};
use node::tasks::WorkPanicked;
use std::path::PathBuf;
use store::StoreError;

/// What ends a signer.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The node itself does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The disk, or what is on it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// It holds no key of a log.
    #[error("{}: {source}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// It holds the key of another log.
    #[error("{}: the key of log {found}; the configuration has {expected} under this name", .path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// Whose key it is.
        found: LogId,
        /// Whose it should be.
        expected: LogId,
    },
    /// The state is of another log than the configuration names.
    #[error("{}: the state is of log {found}; the configuration has {expected} under this name", .dir.display())]
    OtherLog {
        /// The directory.
        dir: PathBuf,
        /// In the state.
        found: LogId,
        /// In the configuration.
        expected: LogId,
    },
    /// A state directory whose making was cut short.
    #[error("{}: the state has no {key:?}: init was cut short; delete the directory and run init again", .dir.display())]
    Incomplete {
        /// The directory.
        dir: PathBuf,
        /// What is missing.
        key: &'static str,
    },
    /// A state that this program cannot read.
    #[error("{}: {key:?} in the state is not understood: {reason}", .dir.display())]
    Malformed {
        /// The directory.
        dir: PathBuf,
        /// What is malformed.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A fault of this program.
    #[error(transparent)]
    Panicked(#[from] WorkPanicked),
}

impl Fatal for SignerError {
    fn exit(&self) -> Exit {
        match self {
            SignerError::Start(error) => error.exit(),
            SignerError::KeyFile(KeyFileError::Io { source, .. })
                if source.kind() != std::io::ErrorKind::NotFound =>
            {
                Exit::Io
            }
            SignerError::KeyFile(_)
            | SignerError::Key { .. }
            | SignerError::OtherKey { .. }
            | SignerError::OtherLog { .. }
            | SignerError::Incomplete { .. }
            | SignerError::Store(
                StoreError::Missing { .. } | StoreError::Exists { .. } | StoreError::Version { .. },
            ) => Exit::Configuration,
            SignerError::Store(
                StoreError::Io { .. }
                | StoreError::Sql { .. }
                | StoreError::Poisoned { .. }
                | StoreError::Locked { .. },
            ) => Exit::Io,
            SignerError::Store(_) | SignerError::Malformed { .. } | SignerError::Panicked(_) => {
                Exit::Internal
            }
        }
    }
}
