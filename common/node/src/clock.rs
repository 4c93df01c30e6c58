//! The clock. Whatever needs to know the time gets a [`Clock`], so that a test can set it.

use ct::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// This moment. It may stand still and, with a corrected clock, go back.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as the epoch, which every bound on clocks refuses.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that moves when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicU64::new(at.millis()))
    }
    /// Shows `at` from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }
    /// Moves forward.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().plus(span));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told_to() {
        let clock = ManualClock::new(Timestamp::from_millis(1000));
        assert_eq!(clock.now().millis(), 1000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now().millis(), 3000);
    }

    #[test]
    fn the_machines_clock_is_past_2025() {
        assert!(SystemClock.now().millis() > 1_735_689_600_000);
    }
}
