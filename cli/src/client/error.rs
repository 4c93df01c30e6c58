//! What can go wrong between a client and a log, and whose fault it is.

use crate::failure::Failure;
use ct::key::BadSignature;
use ct::merkle::verify::ProofError;
use std::time::Duration;

/// Why the log gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No answer came.
    #[error("{url}: no answer: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the network says.
        reason: String,
    },
    /// An answer that says no.
    #[error("{url}: status {status}: {text}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// When to ask again, if the answer says so.
        retry_after: Option<Duration>,
        /// What the log says.
        text: String,
    },
    /// An answer that is not one.
    #[error("{url}: not an answer as RFC 6962 has it: {reason}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An answer that does not hold.
    #[error("{what}: {reason}")]
    Unproven {
        /// What was to be shown.
        what: String,
        /// Why it is not.
        reason: String,
    },
}

impl ClientError {
    /// An answer that does not hold.
    pub fn unproven(what: impl Into<String>, reason: impl ToString) -> Self {
        ClientError::Unproven { what: what.into(), reason: reason.to_string() }
    }

    /// Whether the same request may do better a little later, or elsewhere.
    pub const fn may_pass(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } => true,
            ClientError::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            ClientError::Answer { .. } | ClientError::Unproven { .. } => false,
        }
    }

    /// Whether the log says that it does not have what was asked for.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, ClientError::Status { status: 404, .. })
    }
}

impl From<BadSignature> for ClientError {
    fn from(error: BadSignature) -> Self {
        ClientError::unproven("signature", error)
    }
}

impl From<ProofError> for ClientError {
    fn from(error: ProofError) -> Self {
        ClientError::unproven("proof", error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error {
            ClientError::Unreachable { .. } => Failure::Io(text),
            ClientError::Status { .. } | ClientError::Answer { .. } | ClientError::Unproven { .. } => {
                Failure::Check(text)
            }
        }
    }
}
