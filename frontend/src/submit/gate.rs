//! Whether the log makes promises now. A log that cannot keep its promise must not make it (docs/protocol.md, F1);
//! what is promised or published already is still answered for.

use ct::time::Timestamp;
use std::time::Duration;

/// How bad things may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Greatest age of the STH that is shown.
    pub sth_age: Duration,
    /// Greatest age of what merging has read through.
    pub polled_age: Duration,
    /// k: storage nodes that it takes.
    pub quorum: usize,
}

/// How things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The time.
    pub now: Timestamp,
    /// When this frontend was started.
    pub started: Timestamp,
    /// Time of the STH that is shown.
    pub sth: Option<Timestamp>,
    /// How far merging has read, once the primary told.
    pub polled_through: Option<Timestamp>,
    /// Storage nodes that answer.
    pub storage: usize,
    /// Of these, those that take entries at the moment.
    pub storage_with_room: usize,
    /// Signers that answer.
    pub signers: usize,
}

/// Why the log makes no promises now. Not the client's fault, and it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The log has no STH yet.
    #[error("it has no signed tree head yet")]
    NoSth,
    /// The newest STH is too old.
    #[error("its newest signed tree head is {} s old, the limit is {} s", age.as_secs(), limit.as_secs())]
    SthOld {
        /// How old.
        age: Duration,
        /// The bound.
        limit: Duration,
    },
    /// Merging does not keep up with what storage nodes hold.
    #[error("what merging has read is {} s old, the limit is {} s", age.as_secs(), limit.as_secs())]
    PolledOld {
        /// How old.
        age: Duration,
        /// The bound.
        limit: Duration,
    },
    /// Too few storage nodes answer.
    #[error("{found} storage nodes answer, it takes {needed}")]
    Storage {
        /// How many answer.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Too few storage nodes take entries.
    #[error("{found} storage nodes have room for new entries, it takes {needed}")]
    Backlog {
        /// How many have room.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// No signer answers.
    #[error("no signer answers")]
    Signers,
}

impl Closed {
    /// When to try again.
    pub const fn retry_after(&self) -> Duration {
        Duration::from_secs(match self {
            Closed::Storage { .. } | Closed::Signers => 5,
            Closed::NoSth | Closed::Backlog { .. } => 10,
            Closed::SthOld { .. } | Closed::PolledOld { .. } => 60,
        })
    }

    /// A short name: for metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Closed::NoSth => "no_sth",
            Closed::SthOld { .. } => "sth_old",
            Closed::PolledOld { .. } => "polled_old",
            Closed::Storage { .. } => "storage",
            Closed::Backlog { .. } => "backlog",
            Closed::Signers => "signers",
        }
    }
}

/// Whether promises are made.
pub fn judge(bounds: &Bounds, facts: &Facts) -> Result<(), Closed> {
    let sth = facts.sth.ok_or(Closed::NoSth)?;
    let age = facts.now.since(sth);
    if age > bounds.sth_age {
        return Err(Closed::SthOld { age, limit: bounds.sth_age });
    }
    // Not told since the start: as old as that, so that a primary that never tells is noticed too.
    let age = facts.now.since(facts.polled_through.unwrap_or(facts.started));
    if age > bounds.polled_age {
        return Err(Closed::PolledOld { age, limit: bounds.polled_age });
    }
    let needed = bounds.quorum;
    if facts.storage < needed {
        return Err(Closed::Storage { found: facts.storage, needed });
    }
    if facts.storage_with_room < needed {
        return Err(Closed::Backlog { found: facts.storage_with_room, needed });
    }
    if facts.signers == 0 { Err(Closed::Signers) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    const BOUNDS: Bounds =
        Bounds { sth_age: Duration::from_secs(60), polled_age: Duration::from_secs(30), quorum: 2 };
    const GOOD: Facts = Facts {
        now: at(1000),
        started: at(900),
        sth: Some(at(940)),
        polled_through: Some(at(970)),
        storage: 2,
        storage_with_room: 2,
        signers: 1,
    };

    #[test]
    fn at_its_bounds_the_gate_is_open() {
        assert_eq!(judge(&BOUNDS, &GOOD), Ok(()));
        // Clocks differ: an STH a little ahead is not old.
        assert_eq!(judge(&BOUNDS, &Facts { sth: Some(at(1001)), ..GOOD }), Ok(()));
    }

    #[test]
    fn beyond_any_of_them_it_is_closed() {
        let closed = |facts: Facts| judge(&BOUNDS, &facts).unwrap_err().label();
        assert_eq!(closed(Facts { sth: None, ..GOOD }), "no_sth");
        assert_eq!(closed(Facts { sth: Some(at(939)), ..GOOD }), "sth_old");
        assert_eq!(closed(Facts { polled_through: Some(at(969)), ..GOOD }), "polled_old");
        assert_eq!(closed(Facts { storage: 1, ..GOOD }), "storage");
        assert_eq!(closed(Facts { storage_with_room: 1, ..GOOD }), "backlog");
        assert_eq!(closed(Facts { signers: 0, ..GOOD }), "signers");
    }

    #[test]
    fn what_the_primary_has_not_told_yet_is_as_old_as_the_start() {
        let silent = Facts { polled_through: None, ..GOOD };
        assert_eq!(judge(&BOUNDS, &Facts { started: at(970), ..silent }), Ok(()));
        let closed = judge(&BOUNDS, &silent).unwrap_err();
        assert_eq!(
            closed,
            Closed::PolledOld { age: Duration::from_secs(100), limit: Duration::from_secs(30) }
        );
    }
}
