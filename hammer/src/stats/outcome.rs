//! How one request ended.

use client::ClientError;
use std::fmt;

/// How one request ended. Errors under load are data: each kind is counted under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As asked, and everything in the answer verifies.
    Done,
    /// The log is busy, and says so.
    Refused {
        /// 429 or 503.
        status: u16,
        /// Whether it says when to come back.
        retry_after: bool,
    },
    /// The log does not show this leaf yet, which it may for as long as its maximum merge delay.
    NotYet,
    /// There was nothing to ask about yet: no request was made.
    Idle,
    /// Any other status.
    Status(u16),
    /// Any other error, by its name in [`ClientError::name`].
    Failed(&'static str),
}

impl Outcome {
    /// How an error is counted.
    pub const fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Status { status: status @ (429 | 503), retry_after, .. } => {
                Outcome::Refused { status: *status, retry_after: retry_after.is_some() }
            }
            ClientError::Status { status, .. } => Outcome::Status(*status),
            other => Outcome::Failed(other.name()),
        }
    }

    /// Whether a request was made and not answered as asked.
    pub const fn failed(self) -> bool {
        matches!(self, Outcome::Refused { .. } | Outcome::Status(_) | Outcome::Failed(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done => f.write_str("done"),
            Outcome::Refused { status, retry_after: true } => write!(f, "refused-{status}-retry-after"),
            Outcome::Refused { status, retry_after: false } => write!(f, "refused-{status}"),
            Outcome::NotYet => f.write_str("not-yet"),
            Outcome::Idle => f.write_str("idle"),
            Outcome::Status(status) => write!(f, "status-{status}"),
            Outcome::Failed(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_busy_log_is_told_from_a_broken_one() {
        let status = |status, retry_after: Option<u64>| {
            let (url, text) = (String::new(), String::new());
            let retry_after = retry_after.map(Duration::from_secs);
            Outcome::of(&ClientError::Status { url, status, retry_after, text }).to_string()
        };
        assert_eq!(status(503, Some(1)), "refused-503-retry-after");
        assert_eq!(status(429, None), "refused-429");
        assert_eq!(status(500, Some(1)), "status-500");
        let error = ClientError::Unreachable { url: String::new(), reason: String::new() };
        assert_eq!(Outcome::of(&error).to_string(), "unreachable");
    }
}
