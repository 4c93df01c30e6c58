//! What a call can come to, other than its answer, and whose fault that is.

use crate::pool::NoConnection;
use bytes::Bytes;
use ct::names::NodeName;
use std::time::Duration;

/// Why a call brought no answer, or not the one that was hoped for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Ours: no such peer.
    #[error("no peer is named {0}")]
    UnknownPeer(NodeName),
    /// Ours: the call cannot be written down.
    #[error("the call cannot be sent: {0}")]
    Unsendable(String),
    /// No connection: the peer is down, or the network between.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// One side does not believe the other to be who it should be; a person must compare keys and configuration.
    #[error("not trusted: {0}")]
    Untrusted(String),
    /// No answer by the deadline. The peer may have done it nevertheless.
    #[error("no answer by the deadline")]
    Timeout,
    /// The connection broke under the call. The peer may have done it nevertheless.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The peer declined by a rule of the protocol; the answer is JSON.
    #[error("refused: {}", String::from_utf8_lossy(.0))]
    Refused(Bytes),
    /// The peer has too much to do.
    #[error("overloaded, call again in {retry_after:?}")]
    Overloaded {
        /// When to call again.
        retry_after: Duration,
    },
    /// The peer answered with another fault: 4xx says that it is ours, 5xx that it is the peer's.
    #[error("status {status}: {text}")]
    Fault {
        /// The status.
        status: u16,
        /// What the peer said.
        text: String,
    },
    /// The peer's fault: an answer that is not one.
    #[error("not an answer: {0}")]
    BadAnswer(String),
}

impl CallError {
    /// Whether the same call may do better a little later.
    pub const fn may_pass(&self) -> bool {
        match self {
            CallError::Unreachable(_) | CallError::Timeout | CallError::Broken(_) => true,
            CallError::Overloaded { .. } => true,
            CallError::Fault { status, .. } => *status >= 500,
            CallError::UnknownPeer(_) | CallError::Unsendable(_) | CallError::Untrusted(_) => false,
            CallError::Refused(_) | CallError::BadAnswer(_) => false,
        }
    }

    /// Its name in metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            CallError::UnknownPeer(_) => "unknown_peer",
            CallError::Unsendable(_) => "unsendable",
            CallError::Unreachable(_) => "unreachable",
            CallError::Untrusted(_) => "untrusted",
            CallError::Timeout => "timeout",
            CallError::Broken(_) => "broken",
            CallError::Refused(_) => "refused",
            CallError::Overloaded { .. } => "overloaded",
            CallError::Fault { .. } => "fault",
            CallError::BadAnswer(_) => "bad_answer",
        }
    }
}

impl From<NoConnection> for CallError {
    fn from(reason: NoConnection) -> Self {
        match reason {
            NoConnection::Unreachable(text) => CallError::Unreachable(text),
            NoConnection::Untrusted(text) => CallError::Untrusted(text),
        }
    }
}
