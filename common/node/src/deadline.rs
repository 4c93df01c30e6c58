//! The moment at which a call is given up (docs/protocol.md, N4).

use std::time::Duration;
use tokio::time::Instant;

/// A moment of the machine's steady clock, past which no one waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// `span` from now.
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }
    /// The time left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
    /// This one, or `span` from now if that is earlier.
    #[must_use]
    pub fn at_most(self, span: Duration) -> Self {
        self.min(Self::after(span))
    }
    /// The result of `work`, unless the deadline passes first.
    pub async fn bound<F: Future>(self, work: F) -> Result<F::Output, Passed> {
        tokio::time::timeout_at(self.0, work).await.map_err(|_| Passed)
    }
}

/// The deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Passed;
