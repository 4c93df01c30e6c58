//! Latencies and outcomes of a run, operation by operation.

use super::{Latency, Outcome, Percentiles};
use crate::mix::{OPERATIONS, Operation};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that is counted in a run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    operations: [Counts; OPERATIONS],
}

#[derive(Debug, Clone, Default)]
struct Counts {
    latency: Latency,
    outcomes: BTreeMap<Outcome, u64>,
    offered: u64,
    unsent: u64,
}

/// What is told of one operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationReport {
    /// How many were to be made.
    pub offered: u64,
    /// How many could not even be sent before the run was over.
    pub unsent: u64,
    /// How many were answered as asked.
    pub done: u64,
    /// All that were sent, by how they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Of those that were answered as asked.
    pub latency: Option<Percentiles>,
}

/// How submissions fared, at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Submissions {
    /// SCTs received.
    pub done: u64,
    /// Refused by a busy log (429, 503).
    pub refused: u64,
    /// All else that failed.
    pub failed: u64,
}

impl Submissions {
    /// What came since an earlier moment.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            done: self.done - earlier.done,
            refused: self.refused - earlier.refused,
            failed: self.failed - earlier.failed,
        }
    }
}

impl Tally {
    /// One more is to be made.
    pub fn offer(&mut self, operation: Operation) {
        self.operations[operation.index()].offered += 1;
    }

    /// One could not be sent before the run was over.
    pub fn unsent(&mut self, operation: Operation) {
        self.operations[operation.index()].unsent += 1;
    }

    /// One has ended. Only what was answered as asked has a latency: an error can be fast.
    pub fn ended(&mut self, operation: Operation, outcome: Outcome, latency: Duration) {
        let counts = &mut self.operations[operation.index()];
        *counts.outcomes.entry(outcome).or_default() += 1;
        if outcome == Outcome::Done {
            counts.latency.record(latency);
        }
    }

    /// One that seemed answered as asked turned out not to be, when its answer was verified. Its latency stays: it was
    /// that long.
    pub fn disproved(&mut self, operation: Operation, outcome: Outcome) {
        let outcomes = &mut self.operations[operation.index()].outcomes;
        let done = outcomes.entry(Outcome::Done).or_default();
        *done = done.saturating_sub(1);
        *outcomes.entry(outcome).or_default() += 1;
    }

    /// Latencies of one operation.
    pub fn latency(&self, operation: Operation) -> &Latency {
        &self.operations[operation.index()].latency
    }

    /// Latencies of new certificates and precertificates together: what is called the latency of SCTs.
    pub fn sct_latency(&self) -> Latency {
        let mut latency = self.latency(Operation::AddChain).clone();
        latency.merge(self.latency(Operation::AddPreChain));
        latency
    }

    /// How submissions have fared so far.
    pub fn submissions(&self) -> Submissions {
        let mut sum = Submissions::default();
        for operation in Operation::ALL.into_iter().filter(|operation| operation.submits()) {
            for (outcome, count) in &self.operations[operation.index()].outcomes {
                match outcome {
                    Outcome::Done => sum.done += count,
                    Outcome::Refused { .. } => sum.refused += count,
                    outcome if outcome.failed() => sum.failed += count,
                    _ => {}
                }
            }
        }
        sum
    }

    /// Everything that was to be made, and everything that was done, over all operations. What had nothing to ask, or
    /// asked too early, was done as well as it could be.
    pub fn totals(&self) -> (u64, u64) {
        let well = |counts: &Counts| {
            let failed: u64 = counts.outcomes.iter().filter(|(o, _)| o.failed()).map(|(_, n)| n).sum();
            counts.outcomes.values().sum::<u64>() - failed
        };
        let offered = self.operations.iter().map(|counts| counts.offered).sum();
        (offered, self.operations.iter().map(well).sum())
    }

    /// What is told of each operation that was to be made.
    pub fn report(&self) -> BTreeMap<&'static str, OperationReport> {
        let there =
            Operation::ALL.into_iter().filter(|operation| self.operations[operation.index()].offered > 0);
        there.map(|operation| (operation.as_str(), self.operations[operation.index()].report())).collect()
    }
}

impl Counts {
    fn report(&self) -> OperationReport {
        OperationReport {
            offered: self.offered,
            unsent: self.unsent,
            done: self.outcomes.get(&Outcome::Done).copied().unwrap_or_default(),
            outcomes: self.outcomes.iter().map(|(outcome, count)| (outcome.to_string(), *count)).collect(),
            latency: self.latency.percentiles(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_do_not_make_a_log_look_fast() {
        let mut tally = Tally::default();
        let refused = Outcome::Refused { status: 503, retry_after: true };
        for (outcome, millis) in [(Outcome::Done, 100), (refused, 1), (Outcome::Failed("unreachable"), 1)] {
            tally.offer(Operation::AddChain);
            tally.ended(Operation::AddChain, outcome, Duration::from_millis(millis));
        }
        tally.offer(Operation::AddChain);
        tally.unsent(Operation::AddChain);
        let report = &tally.report()["add-chain"];
        assert_eq!((report.offered, report.unsent, report.done), (4, 1, 1));
        assert_eq!(report.outcomes["refused-503-retry-after"], 1);
        let latency = report.latency.unwrap();
        assert!(latency.count == 1 && latency.p50_us.abs_diff(100_000) < 200, "{latency:?}");
        assert_eq!(tally.submissions(), Submissions { done: 1, refused: 1, failed: 1 });
        assert_eq!(tally.totals(), (4, 1));
    }

    #[test]
    fn an_sct_that_does_not_verify_is_not_done() {
        let mut tally = Tally::default();
        tally.offer(Operation::AddPreChain);
        tally.ended(Operation::AddPreChain, Outcome::Done, Duration::from_millis(1));
        tally.disproved(Operation::AddPreChain, Outcome::Failed("bad-signature"));
        let report = &tally.report()["add-pre-chain"];
        assert_eq!((report.done, report.outcomes["bad-signature"]), (0, 1));
    }
}
