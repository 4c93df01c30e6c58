//! Why a merge node does not start, or stops.

use crate::keeper::KeeperError;
use crate::message::Halt;
use crate::rows::RowsError;
use ct::names::LogName;
use node::exit::Exit;
use node::host::{Fatal, StartError};
use std::path::PathBuf;
use store::StoreError;

/// Why a merge node does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Configuration, key or machine.
    #[error(transparent)]
    Start(Box<StartError>),
    /// The log's directory cannot be opened.
    #[error("log {log}: {}: {error}", dir.display())]
    Store {
        /// Which log.
        log: LogName,
        /// Where.
        dir: PathBuf,
        /// What is wrong.
        error: Box<StoreError>,
    },
    /// Its state is not what was written.
    #[error("log {log}: {}: {error}", dir.display())]
    Rows {
        /// Which log.
        log: LogName,
        /// Where.
        dir: PathBuf,
        /// What is wrong.
        error: Box<RowsError>,
    },
    /// The log on disk is not what this node endorsed.
    #[error("log {log}: {halt}")]
    Halt {
        /// Which log.
        log: LogName,
        /// Why.
        halt: Box<Halt>,
    },
    /// Work on the log ended.
    #[error("log {log}: {error}")]
    Keeper {
        /// Which log.
        log: LogName,
        /// Why.
        error: String,
        /// How the process ends.
        exit: Exit,
    },
}

impl From<StartError> for MergeError {
    fn from(error: StartError) -> Self {
        MergeError::Start(Box::new(error))
    }
}

impl MergeError {
    pub(crate) fn keeper(log: LogName, error: &KeeperError) -> Self {
        let exit = match error {
            KeeperError::Store(_) | KeeperError::Halt(Halt::Disk(_)) => Exit::Io,
            _ => Exit::Internal,
        };
        MergeError::Keeper { log, error: error.to_string(), exit }
    }
}

impl Fatal for MergeError {
    fn exit(&self) -> Exit {
        match self {
            MergeError::Start(error) => error.exit(),
            MergeError::Store { .. } | MergeError::Rows { .. } => Exit::Io,
            MergeError::Halt { .. } => Exit::Internal,
            MergeError::Keeper { exit, .. } => *exit,
        }
    }
}
