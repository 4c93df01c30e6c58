//! Why a frontend does not start, or stops.

use crate::internal::{KeeperError, RowsError, StartLogError};
use crate::log::RootsFault;
use crate::read_only::ReadOnlyError;
use ct::names::LogName;
use node::exit::Exit;
use node::host::{Fatal, StartError};
use node::public_tls::PublicTlsError;
use node::tasks::TooManyTasks;
use std::path::PathBuf;
use store::StoreError;

/// Why a frontend does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum FrontendError {
    /// Configuration, key or machine.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The accepted roots.
    #[error("log {log}: {error}")]
    Roots {
        /// Which log.
        log: LogName,
        /// What is wrong.
        error: RootsFault,
    },
    /// A log's copy cannot be used.
    #[error("log {log}: {}: {error}", dir.display())]
    Log {
        /// Which log.
        log: LogName,
        /// Where it is kept.
        dir: PathBuf,
        /// What is wrong.
        error: Box<StartLogError>,
    },
    /// The copy of a read-only log cannot be served.
    #[error("log {log}: {error}")]
    ReadOnly {
        /// Which log.
        log: LogName,
        /// What is wrong.
        error: Box<ReadOnlyError>,
    },
    /// The certificate for the public.
    #[error(transparent)]
    PublicTls(#[from] PublicTlsError),
    /// Work on a log's copy ended.
    #[error("log {log}: {reason}")]
    Keeper {
        /// Which log.
        log: LogName,
        /// Why.
        reason: String,
        /// How the process ends.
        exit: Exit,
    },
    /// More tasks than a node may have.
    #[error(transparent)]
    Tasks(#[from] TooManyTasks),
}

impl FrontendError {
    pub(crate) fn keeper(log: LogName, error: &KeeperError) -> Self {
        let exit = match error {
            KeeperError::Store(_) | KeeperError::Disk(_) => Exit::Io,
            KeeperError::Json(_) | KeeperError::NotReadBack(_) | KeeperError::Panicked(_) => Exit::Internal,
        };
        FrontendError::Keeper { log, reason: error.to_string(), exit }
    }
}

impl Fatal for FrontendError {
    fn exit(&self) -> Exit {
        match self {
            FrontendError::Start(error) => error.exit(),
            FrontendError::Roots { .. } | FrontendError::PublicTls(_) => Exit::Configuration,
            FrontendError::Log { error, .. } => match **error {
                StartLogError::Store(StoreError::Missing { .. })
                | StartLogError::Rows(RowsError::NoCertificate(_) | RowsError::Certificate { .. }) => {
                    Exit::Configuration
                }
                StartLogError::Store(_) | StartLogError::Rows(_) => Exit::Io,
                StartLogError::Halt(_) => Exit::Internal,
            },
            FrontendError::ReadOnly { error, .. } => error.exit(),
            FrontendError::Keeper { exit, .. } => *exit,
            FrontendError::Tasks(_) => Exit::Internal,
        }
    }
}
