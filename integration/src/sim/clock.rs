//! Clocks of nodes: off, stepped, too fast or too slow.

use super::fault::Fault;
use ct::time::Timestamp;

/// One node's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    offset: i64,
    per_million: i64,
    since: u64,
    /// What is wrong with it, if anything.
    pub wrong: Option<Fault>,
}

impl Clock {
    /// A clock that is off by so many milliseconds, and stays so.
    pub const fn off_by(offset: i64) -> Self {
        Self { offset, per_million: 0, since: 0, wrong: None }
    }

    /// What it shows at the true time `now` (milliseconds since the epoch).
    pub const fn read(&self, now: u64) -> Timestamp {
        let ran = now.saturating_sub(self.since) as i64;
        let drifted = self.offset + ran * self.per_million / 1_000_000;
        Timestamp::from_millis(now.saturating_add_signed(drifted))
    }

    /// A clock that was stepped to this difference, for this reason.
    pub const fn stepped(offset: i64, wrong: Fault) -> Self {
        Self { offset, per_million: 0, since: 0, wrong: Some(wrong) }
    }

    /// A clock that is right at `now` and gains so many microseconds a second.
    pub const fn drifting(now: u64, per_million: i64, wrong: Fault) -> Self {
        Self { offset: 0, per_million, since: now, wrong: Some(wrong) }
    }
}
