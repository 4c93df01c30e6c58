//! What can be seen of a run while it goes on: for a live view, and for what chaos costs.

use crate::clock::now;
use crate::mix::{OPERATIONS, Operation};
use crate::stats::{Latency, Outcome, Percentiles, Submissions};
use ct::sth::TreeHead;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters of the whole run, warming up and all.
#[derive(Debug, Default)]
pub struct Pulse {
    begun: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    submissions: Submissions,
    latency: [Latency; OPERATIONS],
    said: Vec<String>,
    phase: String,
    newest: Option<TreeHead>,
}

/// A moment of a run.
#[derive(Debug, Clone)]
pub struct Beat {
    /// What is going on.
    pub phase: String,
    /// Requests that were sent.
    pub begun: u64,
    /// Requests that were answered, or failed.
    pub ended: u64,
    /// Of those, how many failed.
    pub failed: u64,
    /// Latencies of each operation since the last look.
    pub latency: Vec<(Operation, Percentiles)>,
    /// The newest tree head, and its age by our clock.
    pub newest: Option<(TreeHead, Duration)>,
    /// What was said since the last look.
    pub said: Vec<String>,
}

impl Pulse {
    /// Something else is going on from here.
    pub fn phase(&self, text: impl Into<String>) {
        self.inner().phase = text.into();
    }

    /// Something happened that a person wants to know.
    pub fn say(&self, text: impl Into<String>) {
        self.inner().said.push(text.into());
    }

    /// A tree head was seen.
    pub(crate) fn saw(&self, head: TreeHead) {
        let mut inner = self.inner();
        if inner.newest.is_none_or(|newest| newest.timestamp < head.timestamp) {
            inner.newest = Some(head);
        }
    }

    pub(crate) fn begun(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, operation: Operation, outcome: Outcome, latency: Duration) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        if outcome.failed() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let mut inner = self.inner();
        if outcome == Outcome::Done {
            inner.latency[operation.index()].record(latency);
        }
        if operation.submits() {
            match outcome {
                Outcome::Done => inner.submissions.done += 1,
                Outcome::Refused { .. } => inner.submissions.refused += 1,
                outcome if outcome.failed() => inner.submissions.failed += 1,
                _ => {}
            }
        }
    }

    /// How submissions have fared so far.
    pub fn submissions(&self) -> Submissions {
        self.inner().submissions
    }

    /// Looks.
    pub fn beat(&self) -> Beat {
        let mut inner = self.inner();
        let latency = std::mem::take(&mut inner.latency);
        let found = Operation::ALL.into_iter().zip(&latency);
        Beat {
            phase: inner.phase.clone(),
            begun: self.begun.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            latency: found.filter_map(|(op, latency)| Some((op, latency.percentiles()?))).collect(),
            newest: inner.newest.map(|head| (head, now().since(head.timestamp))),
            said: std::mem::take(&mut inner.said),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
