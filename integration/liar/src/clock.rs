//! The time at which the log believes to be.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use judge::time::now_millis;

/// A clock that can be stopped and put forward.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Hand>);

#[derive(Clone, Copy, Debug)]
enum Hand {
    /// Milliseconds ahead of the system's clock.
    Running { ahead: u64 },
    /// Milliseconds since the epoch.
    Stopped(u64),
}

impl Default for Hand {
    fn default() -> Self {
        Self::Running { ahead: 0 }
    }
}

impl Clock {
    /// Milliseconds since the epoch.
    pub(crate) fn now(&self) -> u64 {
        match *self.hand() {
            Hand::Running { ahead } => now_millis() + ahead,
            Hand::Stopped(at) => at,
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        matches!(*self.hand(), Hand::Stopped(_))
    }

    pub(crate) fn stop_at(&self, timestamp: u64) {
        *self.hand() = Hand::Stopped(timestamp);
    }

    pub(crate) fn put_forward(&self, by: Duration) {
        let by = by.as_millis() as u64;
        match &mut *self.hand() {
            Hand::Running { ahead } => *ahead += by,
            Hand::Stopped(at) => *at += by,
        }
    }

    fn hand(&self) -> std::sync::MutexGuard<'_, Hand> {
        // One number; it is whole whoever died holding the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
