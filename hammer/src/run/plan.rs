//! What a run is told.

use crate::chains::Issuer;
use crate::fault::Faults;
use crate::mix::Mix;
use crate::prove::{Prover, Watched};
use crate::pulse::Pulse;
use crate::schedule::{Pace, Rate};
use crate::views::Watcher;
use client::Client;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is wanted of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// These rates, one after the other.
    Rates(Vec<Rate>),
    /// So many workers.
    Workers(u16),
    /// The highest rate that is sustained, and then these percentages of it.
    Highest {
        /// Bound on the 99th percentile of SCT latency.
        p99: Duration,
        /// Percentages, from 1 to 100.
        sweep: Vec<u8>,
        /// How many workers make the first guess.
        workers: u16,
    },
}

/// What a run is told.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is wanted.
    pub goal: Goal,
    /// What is asked.
    pub mix: Mix,
    /// How requests of an open loop are spread.
    pub pace: Pace,
    /// At the beginning of each step, not measured.
    pub warmup: Duration,
    /// How long each step is measured.
    pub duration: Duration,
    /// How long the log is waited for, after each step, to publish what it promised.
    pub settle: Duration,
    /// Most requests at once, in an open loop. At least one.
    pub in_flight: usize,
    /// Decides the times and the operations.
    pub seed: u64,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Most entries that a follower asks for at once. At least one.
    pub page: u64,
    /// The log's maximum merge delay, if it is known.
    pub mmd: Option<Duration>,
    /// How long promises are tried to be proved.
    pub prove_within: Duration,
    /// How many chains a closed loop has at most.
    pub stock: u64,
    /// Where promises and tree heads are recorded.
    pub records: PathBuf,
    /// The directory for evidence.
    pub evidence: PathBuf,
}

impl Plan {
    pub(super) fn prover(
        &self,
        client: &Client,
        watcher: &Arc<Watcher>,
        faults: &Arc<Faults>,
        pulse: &Arc<Pulse>,
    ) -> Prover {
        Prover {
            client: client.clone(),
            watcher: Arc::clone(watcher),
            faults: Arc::clone(faults),
            pulse: Arc::clone(pulse),
            mmd: self.mmd,
            watched: Watched::Throughout,
            within: self.prove_within,
        }
    }
}

/// Where chains come from.
#[derive(Debug)]
pub enum Chains {
    /// A test CA issues them.
    Issue(Issuer),
    /// They are there already: what each is called, and the chain itself, leaf first, DER.
    Given(Vec<(String, Vec<Vec<u8>>)>),
    /// There are none: the log is only read.
    None,
}

/// Ends a run early.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Ends the load. What was promised is still proved.
    pub load: CancellationToken,
    /// Ends everything.
    pub all: CancellationToken,
}

impl Default for Stop {
    fn default() -> Self {
        let all = CancellationToken::new();
        Self { load: all.child_token(), all }
    }
}
