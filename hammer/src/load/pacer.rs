//! The open loop in real time. Starts are kept by a thread that sleeps, not by the runtime, whose timers are a
//! millisecond coarse: that would show in every latency.

use super::hand::{Counted, Hand};
use super::open::Gate;
use crate::schedule::Arrival;
use crate::stats::Latency;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Longest sleep before it is asked again whether the run goes on.
const NAP: Duration = Duration::from_millis(100);

/// Requests on their way to a log, no more than so many at once.
#[derive(Debug)]
pub(crate) struct Pacer {
    begun: Instant,
    end: Instant,
    warmup: Duration,
    places: Arc<Semaphore>,
    free: Option<OwnedSemaphorePermit>,
    hand: Hand,
    runtime: Handle,
    stop: CancellationToken,
    /// By how much requests were sent too late though there was a place for them: our own fault, and no log's.
    late: Latency,
    blocked: bool,
}

impl Pacer {
    /// Begins now.
    pub(crate) fn new(
        hand: Hand,
        places: Arc<Semaphore>,
        (warmup, length): (Duration, Duration),
        stop: CancellationToken,
    ) -> Self {
        let begun = Instant::now();
        let (runtime, late) = (Handle::current(), Latency::default());
        Self {
            begun,
            end: begun + length,
            warmup,
            places,
            free: None,
            hand,
            runtime,
            stop,
            late,
            blocked: false,
        }
    }

    /// How late its own sending was.
    pub(crate) const fn late(&self) -> &Latency {
        &self.late
    }

    fn counted(&self, arrival: &Arrival) -> Counted {
        if arrival.at < self.warmup { Counted::Not } else { Counted::Yes }
    }
}

impl Gate for Pacer {
    fn wait_for(&mut self, arrival: &Arrival) -> bool {
        let due = self.begun + arrival.at;
        loop {
            if self.stop.is_cancelled() {
                return false;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(NAP));
        }
        if self.counted(arrival) == Counted::Yes {
            self.hand.lock().offer(arrival.operation);
        }
        true
    }

    fn admit(&mut self) -> bool {
        let at_once = Arc::clone(&self.places).try_acquire_owned();
        self.blocked = at_once.is_err();
        self.free = at_once.ok().or_else(|| {
            let place = Arc::clone(&self.places).acquire_owned();
            self.runtime.block_on(timeout_at(self.end, place)).ok()?.ok()
        });
        self.free.is_some()
    }

    fn send(&mut self, arrival: Arrival) {
        let (intended, counted) = (self.begun + arrival.at, self.counted(&arrival));
        if !self.blocked {
            self.late.record(intended.elapsed());
        }
        let (hand, place) = (self.hand.clone(), self.free.take());
        self.runtime.spawn(async move {
            hand.perform(arrival.operation, intended, counted).await;
            drop(place);
        });
    }

    fn unsent(&mut self, arrival: Arrival) {
        if self.counted(&arrival) == Counted::Yes {
            self.hand.lock().unsent(arrival.operation);
        }
    }
}
