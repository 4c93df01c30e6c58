//! How a command fails: one text for a person, one exit code for a script.

use client::{ClientError, SetupError};
use config::{ConfigError, KeyFileError, init::InitError};
use node::exit::Exit;
use node::files::FileError;
use std::process::ExitCode;

/// Exit code of a check that ran and did not hold.
const CHECK_FAILED: u8 = 1;

/// Why a command ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The arguments or the configuration are wrong.
    #[error("{0}")]
    Usage(String),
    /// Something was checked, and does not hold.
    #[error("{0}")]
    Check(String),
    /// The command itself cannot go on.
    #[error("{0}")]
    Internal(String),
    /// A disk or a network does not do what it should.
    #[error("{0}")]
    Io(String),
}

impl Failure {
    /// The exit code.
    pub fn exit(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => Exit::Configuration.into(),
            Failure::Check(_) => ExitCode::from(CHECK_FAILED),
            Failure::Internal(_) => Exit::Internal.into(),
            Failure::Io(_) => Exit::Io.into(),
        }
    }

    /// An error of the system, and what was tried.
    pub fn io(act: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Failure::Io(format!("cannot {act}: {error}"))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::Usage(error.to_string())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Failure::Io(error.to_string())
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let text = error.to_string();
        match error {
            KeyFileError::Io { .. } => Failure::Io(text),
            KeyFileError::Mode { .. }
            | KeyFileError::NotAKeyFile { .. }
            | KeyFileError::Malformed { .. }
            | KeyFileError::OtherKey { .. } => Failure::Usage(text),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error {
            ClientError::Unreachable { .. } | ClientError::CutShort { .. } | ClientError::Slow { .. } => {
                Failure::Io(text)
            }
            ClientError::TooLarge { .. }
            | ClientError::Redirects { .. }
            | ClientError::Status { .. }
            | ClientError::Malformed { .. }
            | ClientError::WrongCount { .. }
            | ClientError::BadSignature { .. }
            | ClientError::WrongProof { .. }
            | ClientError::WrongLog { .. }
            | ClientError::Future { .. } => Failure::Check(text),
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Failure::Internal(error.to_string())
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        let text = error.to_string();
        match error {
            InitError::Exists { .. } | InitError::OpenDirectory { .. } | InitError::Config(_) => {
                Failure::Usage(text)
            }
            InitError::File(error) => error.into(),
            InitError::Toml(_) | InitError::Certificate(_) | InitError::Key(_) | InitError::Random => {
                Failure::Internal(text)
            }
        }
    }
}
