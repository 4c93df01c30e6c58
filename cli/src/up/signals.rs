//! The signals that end an `up`.

use crate::failure::Failure;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, a service manager, and a terminal that goes away all mean the same.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Heeds them from now on.
    pub fn new() -> Result<Self, Failure> {
        let heed = |kind| signal(kind).map_err(Failure::io("heed signals"));
        Ok(Self {
            interrupt: heed(SignalKind::interrupt())?,
            terminate: heed(SignalKind::terminate())?,
            hangup: heed(SignalKind::hangup())?,
        })
    }

    /// The next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
