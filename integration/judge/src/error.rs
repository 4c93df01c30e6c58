//! What can go wrong while judging, always with what was expected and what was found.

use std::io;
use std::time::Duration;

/// Why a check did not pass.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A value the log gave differs from what the protocol demands.
    #[error("{field}: expected {expected}, found {found}")]
    Wrong {
        /// Which value, in RFC terms.
        field: String,
        /// What the protocol demands.
        expected: String,
        /// What the log gave.
        found: String,
    },
    /// The log answered with an unexpected HTTP status.
    #[error("{request}: expected status {expected}, found {found} with body {body:?}")]
    Status {
        /// Method, path and what was special about the request.
        request: String,
        /// The statuses that would have been right.
        expected: String,
        /// The status received.
        found: u16,
        /// The first bytes of the answer, to help whoever reads the report.
        body: String,
    },
    /// There was no usable HTTP answer.
    #[error("{request}: expected an HTTP answer, found {cause}")]
    Transport {
        /// Method and path.
        request: String,
        /// What the socket said.
        cause: io::Error,
    },
    /// Something that must come to pass did not, in the time allowed.
    #[error("{event}: expected within {limit:?}, found {found}")]
    Deadline {
        /// What was waited for.
        event: String,
        /// How long was waited.
        limit: Duration,
        /// The state at the end of the wait.
        found: String,
    },
    /// The judge's own input (target description, test CA) is unusable.
    #[error("judge set-up, {field}: expected {expected}, found {found}")]
    Setup {
        /// Which input.
        field: String,
        /// What is needed.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The check says nothing about this log; it is reported as skipped.
    #[error("not applicable: {reason}")]
    NotApplicable {
        /// Why it says nothing.
        reason: String,
    },
}

/// Shorthand used everywhere in this crate.
pub type Result<T> = std::result::Result<T, JudgeError>;

impl JudgeError {
    /// A wrong value.
    pub fn wrong(field: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Wrong { field: field.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// An unusable input of the judge itself.
    pub fn setup(field: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Setup { field: field.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// A check that does not apply.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::NotApplicable { reason: reason.into() }
    }

    /// Names the case in which the error came up, keeping its kind.
    #[must_use]
    pub fn during(self, case: &str) -> Self {
        match self {
            Self::Wrong { field, expected, found } => {
                Self::Wrong { field: format!("{case}: {field}"), expected, found }
            }
            Self::Status { request, expected, found, body } => {
                Self::Status { request: format!("{case}: {request}"), expected, found, body }
            }
            Self::Transport { request, cause } => {
                Self::Transport { request: format!("{case}: {request}"), cause }
            }
            Self::Deadline { event, limit, found } => {
                Self::Deadline { event: format!("{case}: {event}"), limit, found }
            }
            other @ (Self::Setup { .. } | Self::NotApplicable { .. }) => other,
        }
    }
}

/// Adds the name of the case to a result's error.
pub trait During<T> {
    /// See [`JudgeError::during`].
    fn during(self, case: &str) -> Result<T>;
}

impl<T> During<T> for Result<T> {
    fn during(self, case: &str) -> Result<T> {
        self.map_err(|error| error.during(case))
    }
}

/// Fails unless the two values are equal.
pub fn expect_equal<T: PartialEq + std::fmt::Debug>(field: &str, expected: T, found: T) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(JudgeError::wrong(field, format!("{expected:?}"), format!("{found:?}")))
}

/// Fails unless the two byte strings are equal; shows them as hexadecimal.
pub fn expect_bytes(field: &str, expected: &[u8], found: &[u8]) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(JudgeError::wrong(field, shown(expected), shown(found)))
}

/// Hexadecimal for error messages, cut so that a certificate does not drown the sentence.
pub fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 40;
    let head: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > SHOWN { format!("{head}… ({} bytes)", bytes.len()) } else { head }
}
