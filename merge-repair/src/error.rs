//! Why the repair process does not start, or ends without a report.

use crate::state::StateError;
use ct::names::LogName;
use node::exit::Exit;
use node::files::FileError;
use node::host::{Fatal, StartError};
use store::StoreError;

/// Why the repair process does not start, or ends without a report.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// Configuration, key or machine.
    #[error(transparent)]
    Start(Box<StartError>),
    /// The state of a log.
    #[error("log {log}: {error}")]
    State {
        /// Which log.
        log: LogName,
        /// What is wrong.
        error: Box<StateError>,
    },
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] FileError),
}

impl From<StartError> for RepairError {
    fn from(error: StartError) -> Self {
        RepairError::Start(Box::new(error))
    }
}

impl RepairError {
    /// Whether another process has the state open: a repair by hand, or a look at one.
    pub fn is_busy(&self) -> bool {
        matches!(self, RepairError::State { error, .. }
            if matches!(**error, StateError::Store(StoreError::Locked { .. })))
    }

    pub(crate) fn state(log: &LogName) -> impl Fn(StateError) -> Self {
        let log = log.clone();
        move |error| RepairError::State { log: log.clone(), error: Box::new(error) }
    }
}

impl Fatal for RepairError {
    fn exit(&self) -> Exit {
        match self {
            RepairError::Start(error) => error.exit(),
            RepairError::State { error, .. } => match **error {
                StateError::Store(StoreError::Missing { .. }) | StateError::Certificate(_) => {
                    Exit::Configuration
                }
                StateError::Unfinished { .. } | StateError::Overtaken { .. } => Exit::Internal,
                _ => Exit::Io,
            },
            RepairError::Report(_) => Exit::Io,
        }
    }
}
