//! Why a node does not start, and how a process ends for it.

use crate::credentials::CredentialsError;
use crate::exit::Exit;
use crate::peers::PeersError;
use crate::tasks::TooManyTasks;
use crate::telemetry::TelemetryError;
use crate::tls::TlsError;
use config::{ConfigError, KeyFileError};
use ct::names::{NodeName, Role};
use ct::node_key::NodeKey;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;

/// An error that ends a process.
pub trait Fatal: Display {
    /// How.
    fn exit(&self) -> Exit;
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration has faults.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node has another role in the configuration.
    #[error("{node} is a node of role {found} in the configuration, and was started as {expected}")]
    Role {
        /// The node.
        node: NodeName,
        /// Its role.
        found: Role,
        /// As what it was started.
        expected: Role,
    },
    /// The node's key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The node's certificate cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The answer of the system.
        source: io::Error,
    },
    /// Key and certificate are not a node's.
    #[error("{dir}: {source}", dir = dir.display())]
    Credentials {
        /// The state directory.
        dir: PathBuf,
        /// What is wrong.
        source: CredentialsError,
    },
    /// The state directory belongs to another node.
    #[error("{dir}: the key in it is {found}; the configuration has {expected} for node {node}", dir = dir.display())]
    OtherKey {
        /// The state directory.
        dir: PathBuf,
        /// The node.
        node: NodeName,
        /// The key in the directory.
        found: NodeKey,
        /// The key in the configuration.
        expected: NodeKey,
    },
    /// Two nodes of the configuration share a name or key.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// A node that is to listen has no address.
    #[error("node {node}: the configuration has no address to listen on")]
    NoAddress {
        /// The node.
        node: NodeName,
    },
    /// Logs or metrics cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system does not pass on signals.
    #[error("cannot heed signals: {0}")]
    Signals(io::Error),
    /// An address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: String,
        /// The answer of the system.
        source: io::Error,
    },
    /// More tasks than a node may have.
    #[error(transparent)]
    Tasks(#[from] TooManyTasks),
}

impl StartError {
    /// The exit code of a process that ends with this error.
    pub fn exit_code(&self) -> u8 {
        self.exit().code()
    }
}

impl Fatal for StartError {
    fn exit(&self) -> Exit {
        match self {
            StartError::KeyFile(KeyFileError::Io { source, .. }) | StartError::Certificate { source, .. } => {
                of_file(source)
            }
            StartError::Config(_)
            | StartError::Role { .. }
            | StartError::KeyFile(_)
            | StartError::Credentials { .. }
            | StartError::OtherKey { .. }
            | StartError::Peers(_)
            | StartError::NoAddress { .. }
            | StartError::Telemetry(_) => Exit::Configuration,
            StartError::Tls(_) | StartError::Tasks(_) => Exit::Internal,
            StartError::Signals(_) | StartError::Bind { .. } => Exit::Io,
        }
    }
}

/// A file that is not there was never made, or another one was meant.
fn of_file(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::NotFound { Exit::Configuration } else { Exit::Io }
}
