//! What can go wrong between a client and a log: each way has a name, and says whose fault it is.

use ct::key::BadSignature;
use ct::merkle::verify::ProofError;
use std::time::Duration;

/// Why the log gave no answer that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No connection, or one that broke.
    #[error("{url}: no answer: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the network says.
        reason: String,
    },
    /// The answer ended before its end: its Content-Length is wrong, or the connection broke.
    #[error("{url}: the answer ended after {received} bytes, its Content-Length says {announced}")]
    CutShort {
        /// What was asked.
        url: String,
        /// What had come of the body, in bytes.
        received: usize,
        /// What was to come.
        announced: u64,
    },
    /// The answer did not come to its end in time.
    #[error("{url}: too slow: {received} bytes of the answer after {after:?}")]
    Slow {
        /// What was asked.
        url: String,
        /// How long was waited.
        after: Duration,
        /// What had come of the body until then, in bytes.
        received: usize,
    },
    /// The answer is longer than any that is right.
    #[error("{url}: the answer is longer than {limit} bytes")]
    TooLarge {
        /// What was asked.
        url: String,
        /// The bound.
        limit: usize,
    },
    /// Sent elsewhere too often, or where no client should follow.
    #[error("{url}: redirected {reason}")]
    Redirects {
        /// What was asked.
        url: String,
        /// Why it was not followed.
        reason: String,
    },
    /// An answer that says no.
    #[error("{url}: status {status}{}: {text}", asked(*retry_after))]
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
    Malformed {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// get-entries gave no entry, or more than it was asked for.
    #[error("{url}: {found} entries, asked for 1 to {most}")]
    WrongCount {
        /// What was asked.
        url: String,
        /// How many came.
        found: u64,
        /// How many were asked for.
        most: u64,
    },
    /// A signature that is not the log's.
    #[error("{url}: {reason}")]
    BadSignature {
        /// What was asked.
        url: String,
        /// What is signed, and what is wrong with the signature.
        reason: BadSignature,
    },
    /// A proof that does not prove what it should.
    #[error("{url}: the {what} proof does not hold: {reason}")]
    WrongProof {
        /// What was asked.
        url: String,
        /// Inclusion or consistency.
        what: &'static str,
        /// Why not.
        reason: ProofError,
    },
    /// An SCT of another log.
    #[error("{url}: an SCT of log {found}, expected {expected}")]
    WrongLog {
        /// What was asked.
        url: String,
        /// The log ID in it.
        found: String,
        /// The log's.
        expected: String,
    },
    /// Something signed for a time that has not come.
    #[error("{url}: the {what} is {ahead:?} in the future")]
    Future {
        /// What was asked.
        url: String,
        /// SCT or STH.
        what: &'static str,
        /// By how much.
        ahead: Duration,
    },
}

/// The pause that is asked for, in words.
fn asked(retry_after: Option<Duration>) -> String {
    retry_after.map(|pause| format!(", to be asked again in {pause:?}")).unwrap_or_default()
}

impl ClientError {
    /// A short name for counting, the same in every version.
    pub const fn name(&self) -> &'static str {
        match self {
            ClientError::Unreachable { .. } => "unreachable",
            ClientError::CutShort { .. } => "cut-short",
            ClientError::Slow { .. } => "slow",
            ClientError::TooLarge { .. } => "too-large",
            ClientError::Redirects { .. } => "redirects",
            ClientError::Status { .. } => "status",
            ClientError::Malformed { .. } => "malformed",
            ClientError::WrongCount { .. } => "wrong-count",
            ClientError::BadSignature { .. } => "bad-signature",
            ClientError::WrongProof { .. } => "wrong-proof",
            ClientError::WrongLog { .. } => "wrong-log",
            ClientError::Future { .. } => "future",
        }
    }

    /// Whether the same request may do better a little later, or elsewhere.
    pub const fn may_pass(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } | ClientError::CutShort { .. } | ClientError::Slow { .. } => true,
            ClientError::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            _ => false,
        }
    }

    /// Whether the log said something that no honest log says, whatever its load.
    pub const fn is_lie(&self) -> bool {
        match self {
            ClientError::Unreachable { .. }
            | ClientError::CutShort { .. }
            | ClientError::Slow { .. }
            | ClientError::Redirects { .. }
            | ClientError::Status { .. } => false,
            ClientError::TooLarge { .. }
            | ClientError::Malformed { .. }
            | ClientError::WrongCount { .. }
            | ClientError::BadSignature { .. }
            | ClientError::WrongProof { .. }
            | ClientError::WrongLog { .. }
            | ClientError::Future { .. } => true,
        }
    }

    /// Whether the log says that it does not have what was asked for.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, ClientError::Status { status: 404, .. })
    }

    /// The pause that the log asked for.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            ClientError::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn malformed(url: &str, reason: impl ToString) -> Self {
        ClientError::Malformed { url: url.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn signature(url: &str, reason: BadSignature) -> Self {
        ClientError::BadSignature { url: url.to_owned(), reason }
    }

    pub(crate) fn proof(url: &str, what: &'static str, reason: ProofError) -> Self {
        ClientError::WrongProof { url: url.to_owned(), what, reason }
    }
}
