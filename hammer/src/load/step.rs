//! One step of a run: a load, held for a while.

use super::closed::{Closed, End};
use super::hand::{Hand, Site};
use super::open::drive;
use super::pacer::Pacer;
use super::publication::Publication;
use crate::chains::{MAX_STOCK, Need, Stock};
use crate::mix::{Mix, OPERATIONS, Operation};
use crate::schedule::{Pace, Rate, Schedule};
use crate::stats::{OperationReport, Percentiles, Tally};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "loop", rename_all = "kebab-case")]
pub enum Load {
    /// At fixed times.
    Open {
        /// How many a second.
        rate: Rate,
        /// How they are spread.
        pace: Pace,
    },
    /// One after the other, from each worker.
    Closed {
        /// How many workers.
        workers: u16,
    },
}

/// How long a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    /// At the beginning, not measured.
    pub(crate) warmup: Duration,
    /// Measured.
    pub(crate) measured: Duration,
    /// How long the log is waited for, at the end, to publish what it promised.
    pub(crate) settle: Duration,
}

/// A load, and how it is put on the log.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) load: Load,
    pub(crate) mix: Mix,
    pub(crate) timing: Timing,
    pub(crate) in_flight: usize,
    pub(crate) seed: u64,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// The load.
    pub load: Load,
    /// How long was measured, in seconds.
    pub measured_seconds: f64,
    /// Requests that were to start in that time, per second.
    pub offered_per_second: f64,
    /// Those of them that were answered well, per second; the last answer ends the time that counts here.
    pub achieved_per_second: f64,
    /// New SCTs among them, per second.
    pub scts_per_second: f64,
    /// How long new SCTs took.
    pub sct_latency: Option<Percentiles>,
    /// Each operation.
    pub operations: BTreeMap<&'static str, OperationReport>,
    /// By how much the hammer itself was late, with requests for which there was a place (open loop).
    pub hammer_late: Option<Percentiles>,
    /// How long after the last request a tree head had everything that was promised, in this step and before it; nothing if
    /// that was not seen in time.
    pub published_after_seconds: Option<f64>,
    /// Why the step ended early, if it did.
    pub cut: Option<&'static str>,
}

impl Step {
    /// The whole time of requests.
    fn length(&self) -> Duration {
        self.timing.warmup + self.timing.measured
    }

    fn schedule(&self, rate: Rate, pace: Pace) -> Schedule {
        Schedule::new(rate, pace, self.mix.clone(), self.length(), self.seed)
    }

    /// How many chains it takes; a closed loop takes as many as there are, and no more.
    pub(crate) fn need(&self, closed: u64) -> Need {
        let count = |of: [u64; OPERATIONS]| Need {
            certificates: of[Operation::AddChain.index()],
            precertificates: of[Operation::AddPreChain.index()],
        };
        match self.load {
            Load::Open { .. }
                if !self.mix.has(Operation::AddChain) && !self.mix.has(Operation::AddPreChain) =>
            {
                Need::default()
            }
            Load::Open { rate, pace } => {
                let schedule = self.schedule(rate, pace);
                let roughly = count(schedule.estimate());
                // To draw all of it would take long, and it is refused anyway.
                if roughly.total() > 2 * MAX_STOCK { roughly } else { count(schedule.demand()) }
            }
            Load::Closed { .. } => {
                let weight = |operation| u64::from(self.mix.weight(operation));
                let (add, pre) = (weight(Operation::AddChain), weight(Operation::AddPreChain));
                let part = |weight: u64| (closed * weight).checked_div(add + pre).unwrap_or(0);
                Need { certificates: part(add), precertificates: part(pre) }
            }
        }
    }

    /// Runs it, and waits until all that it started has ended and was verified.
    pub(crate) async fn run(
        &self,
        site: &Arc<Site>,
        stock: Arc<Stock>,
        publication: &Publication,
        stop: &CancellationToken,
    ) -> StepReport {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let hand = Hand { site: Arc::clone(site), stock, tally: Arc::clone(&tally) };
        let begun = Instant::now();
        let (cut, late) = match self.load {
            Load::Open { rate, pace } => (None, self.open(hand, self.schedule(rate, pace), stop).await),
            Load::Closed { workers } => (self.closed(workers, &hand, stop).await, None),
        };
        let cut = if stop.is_cancelled() { Some("it was stopped") } else { cut };
        let answered = begun.elapsed().saturating_sub(self.timing.warmup);
        site.verifier.idle().await;
        let published = publication.wait(site, self.timing.settle, stop).await;
        let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        self.report(&tally, answered, late, published, cut)
    }

    async fn open(&self, hand: Hand, schedule: Schedule, stop: &CancellationToken) -> Option<Percentiles> {
        let places = Arc::new(Semaphore::new(self.in_flight));
        let times = (self.timing.warmup, self.length());
        let mut pacer = Pacer::new(hand, Arc::clone(&places), times, stop.clone());
        let driving = tokio::task::spawn_blocking(move || {
            drive(schedule, &mut pacer);
            pacer.late().percentiles()
        });
        let late = driving.await.ok().flatten();
        // All places are free once every request has ended. The semaphore is never closed.
        let all = u32::try_from(self.in_flight).unwrap_or(u32::MAX);
        let _ = places.acquire_many(all).await;
        late
    }

    async fn closed(&self, workers: u16, hand: &Hand, stop: &CancellationToken) -> Option<&'static str> {
        let closed = Closed {
            workers,
            mix: self.mix.clone(),
            warmup: self.timing.warmup,
            length: self.length(),
            seed: self.seed,
        };
        match closed.run(hand, stop).await {
            End::Time => None,
            End::UsedUp => Some("every chain was submitted"),
        }
    }

    fn report(
        &self,
        tally: &Tally,
        answered: Duration,
        late: Option<Percentiles>,
        published: Option<Duration>,
        cut: Option<&'static str>,
    ) -> StepReport {
        let measured = if cut.is_some() { answered.min(self.timing.measured) } else { self.timing.measured };
        let (offered, done) = tally.totals();
        let per_second = |count: u64, span: Duration| count as f64 / span.as_secs_f64().max(0.001);
        let (scts, until) = (tally.sct_latency(), measured.max(answered));
        StepReport {
            load: self.load,
            measured_seconds: measured.as_secs_f64(),
            offered_per_second: per_second(offered, measured),
            achieved_per_second: per_second(done, until),
            scts_per_second: per_second(scts.count(), until),
            sct_latency: scts.percentiles(),
            operations: tally.report(),
            hammer_late: late,
            published_after_seconds: published.map(|after| after.as_secs_f64()),
            cut,
        }
    }
}

impl Hand {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StepReport {
    /// What the submissions of this step were offered, and how many ended in an SCT.
    pub fn submissions(&self) -> (u64, u64) {
        let of = |operation: Operation| self.operations.get(operation.as_str());
        let both = [Operation::AddChain, Operation::AddPreChain].into_iter().filter_map(of);
        both.fold((0, 0), |(offered, done), report| (offered + report.offered, done + report.done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(rate: f64, seconds: u64, mix: &str) -> Need {
        let load = Load::Open { rate: Rate::new(rate).unwrap(), pace: Pace::Poisson };
        let (warmup, measured, settle) = (Duration::ZERO, Duration::from_secs(seconds), Duration::ZERO);
        let timing = Timing { warmup, measured, settle };
        Step { load, mix: mix.parse().unwrap(), timing, in_flight: 1, seed: 1 }.need(0)
    }

    #[test]
    fn a_load_beyond_all_bounds_is_known_to_be_one_without_drawing_it() {
        // Billions of draws would not end.
        assert_eq!(need(Rate::MAX, 86_400, "add-chain=1").total(), 8_640_000_000);
        assert_eq!(need(Rate::MAX, 86_400, "get-sth=1"), Need::default());
        let drawn = need(100.0, 10, "add-chain=1,get-sth=1").total();
        assert!((300..700).contains(&drawn), "{drawn}");
    }
}
