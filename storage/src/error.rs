//! Why a storage node does not start, or stops.

use ct::hash::LogId;
use ct::index::Position;
use node::exit::Exit;
use node::host::{Fatal, StartError};
use node::tasks::WorkPanicked;
use std::path::PathBuf;
use store::StoreError;

/// What ends a storage node.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The node itself does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The disk, or what is on it.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        key: String,
        /// What is wrong with it.
        reason: String,
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
    /// The list ends before the first unpublished position: durable entries are gone.
    #[error("{}: the list ends at {end}, but was published up to {start}: entries are lost; join anew with a new incarnation", .dir.display())]
    RolledBack {
        /// The directory.
        dir: PathBuf,
        /// First unpublished position.
        start: Position,
        /// End of the list.
        end: Position,
    },
    /// The list gave an entry another position than was decided: a fault of this program.
    #[error("{}: an entry that belongs at position {expected} was written at {found}", .dir.display())]
    Misplaced {
        /// The directory.
        dir: PathBuf,
        /// As decided.
        expected: Position,
        /// As written.
        found: Position,
    },
    /// A fault of this program.
    #[error(transparent)]
    Panicked(#[from] WorkPanicked),
}

impl Fatal for StorageError {
    fn exit(&self) -> Exit {
        match self {
            StorageError::Start(error) => error.exit(),
            StorageError::Store(
                StoreError::Missing { .. } | StoreError::Exists { .. } | StoreError::Version { .. },
            )
            | StorageError::Incomplete { .. }
            | StorageError::OtherLog { .. } => Exit::Configuration,
            StorageError::Store(
                StoreError::Io { .. }
                | StoreError::Sql { .. }
                | StoreError::Poisoned { .. }
                | StoreError::Locked { .. },
            ) => Exit::Io,
            StorageError::Store(_)
            | StorageError::Malformed { .. }
            | StorageError::RolledBack { .. }
            | StorageError::Misplaced { .. }
            | StorageError::Panicked(_) => Exit::Internal,
        }
    }
}
