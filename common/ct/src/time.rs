//! Time as the log uses it: milliseconds since the Unix epoch, leap seconds ignored (RFC 6962 §3.2).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A moment in milliseconds since the Unix epoch. Never read from a clock here: `now` is always an argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch; before every moment that a log knows.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }
    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> u64 {
        self.0
    }
    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
    /// This moment and `span` more, saturating.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_millis() as u64))
    }
    /// This moment less `span`, saturating at the epoch.
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_millis() as u64))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

/// How far a timestamp may be from a node's own clock (docs/protocol.md, C1). Browsers refuse an SCT of the future, so
/// little is allowed ahead; behind, more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockBound {
    /// Greatest distance into the future.
    pub ahead: Duration,
    /// Greatest distance into the past.
    pub behind: Duration,
}

impl ClockBound {
    /// 1 s ahead, 10 min behind.
    pub const DEFAULT: Self = Self { ahead: Duration::from_secs(1), behind: Duration::from_secs(600) };

    /// Whether `at` is acceptable to a clock that shows `now`.
    pub fn check(self, at: Timestamp, now: Timestamp) -> Result<(), OffClock> {
        if at > now.plus(self.ahead) {
            return Err(OffClock::Ahead { at, now, limit: self.ahead });
        }
        if at < now.minus(self.behind) {
            return Err(OffClock::Behind { at, now, limit: self.behind });
        }
        Ok(())
    }
}

/// A timestamp too far from the clock that judged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffClock {
    /// In the future.
    #[error("timestamp {at} is ahead of this node's clock {now} by more than {limit:?}")]
    Ahead {
        /// The timestamp.
        at: Timestamp,
        /// The judge's clock.
        now: Timestamp,
        /// The bound.
        limit: Duration,
    },
    /// In the past.
    #[error("timestamp {at} is behind this node's clock {now} by more than {limit:?}")]
    Behind {
        /// The timestamp.
        at: Timestamp,
        /// The judge's clock.
        now: Timestamp,
        /// The bound.
        limit: Duration,
    },
}
