//! After the load: every promise proved to be kept, on every frontend, within the maximum merge delay.

mod found;
mod pending;

pub use found::{Found, ProofReport, Unkept};

use crate::fault::Faults;
use crate::pulse::Pulse;
use crate::stats::Latency;
use crate::views::{LookError, Shown, Views, Watcher};
use client::{Client, ClientError};
use ct::hash::LeafHash;
use ct::index::LeafIndex;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use pending::{Pass, Pending};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Proofs that are asked for at once.
const AT_ONCE: usize = 32;
/// Pause between two looks at a frontend's tree head.
const LOOK: Duration = Duration::from_millis(200);

/// Since when tree heads were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Since before the first promise: a tree head that was not seen was not there to be seen.
    Throughout,
    /// There were times when nobody looked.
    AtTimes,
}

/// Proves promises.
#[derive(Debug, Clone)]
pub struct Prover {
    /// Asks the log.
    pub client: Client,
    /// Knows the tree heads.
    pub watcher: Arc<Watcher>,
    /// Hears of lies.
    pub faults: Arc<Faults>,
    /// Hears how it goes.
    pub pulse: Arc<Pulse>,
    /// The log's maximum merge delay, if it is known.
    pub mmd: Option<Duration>,
    /// Whether it knows all of them.
    pub watched: Watched,
    /// How long is tried.
    pub within: Duration,
}

impl Prover {
    /// Proves all of them, or finds out why not.
    pub async fn prove(
        &self,
        promises: &BTreeMap<LeafHash, Timestamp>,
        stop: &CancellationToken,
    ) -> Result<(ProofReport, Vec<Unkept>), LookError> {
        let begun = Instant::now();
        let deadline = begun + self.within;
        let mut places = BTreeMap::new();
        let mut unkept = BTreeMap::new();
        let mut fronts: Vec<Pending> =
            (0..self.client.frontends()).map(|frontend| Pending::new(frontend, promises.clone())).collect();
        // A frontend that asks for more time than is left is not asked again.
        while fronts.iter().any(|front| front.may_be_asked_before(deadline)) && !stop.is_cancelled() {
            for front in &mut fronts {
                if front.is_due() {
                    self.pass(front, &mut places, &mut unkept, (deadline, stop)).await?;
                }
            }
            let left = fronts.iter().map(|front| front.leaves.len()).max().unwrap_or(0);
            self.pulse.phase(format!("proving promises: {} of {} left", left, promises.len()));
            stop.run_until_cancelled(sleep(LOOK)).await;
        }
        for front in &mut fronts {
            for (leaf, promised) in std::mem::take(&mut front.leaves) {
                let last = front.last(leaf, promised);
                let found = Found::Nothing { frontend: front.frontend, last };
                unkept.entry(leaf).or_insert(Unkept { leaf, promised, found });
            }
        }
        self.late(promises, &places, &mut unkept);
        let unkept: Vec<Unkept> = unkept.into_values().collect();
        Ok((self.report(promises, &places, &unkept, begun.elapsed()), unkept))
    }

    /// Looks for everything that is left in the newest tree of one frontend; no longer than until the deadline, and not
    /// on and on at a frontend that fails.
    async fn pass(
        &self,
        front: &mut Pending,
        places: &mut BTreeMap<LeafHash, LeafIndex>,
        unkept: &mut BTreeMap<LeafHash, Unkept>,
        (deadline, stop): (Instant, &CancellationToken),
    ) -> Result<(), LookError> {
        let mut pass = Pass::default();
        let head = match self.watcher.look_until(deadline, front.frontend).await {
            Ok(Some(sth)) => *sth.head(),
            Ok(None) => return Ok(()),
            Err(LookError::Client(error)) => {
                self.lie(&error);
                front.leaves.keys().for_each(|leaf| {
                    front.last.insert(*leaf, error.to_string());
                });
                pass.failed(&error);
                front.rest(&pass);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if !front.is_news(&head) {
            return Ok(());
        }
        let mut running = JoinSet::new();
        // No tree head is older than a promise that its tree has.
        let due: Vec<LeafHash> =
            front.leaves.iter().filter(|(_, at)| **at <= head.timestamp).map(|(leaf, _)| *leaf).collect();
        let mut due = due.into_iter();
        loop {
            while !pass.is_over()
                && running.len() < AT_ONCE
                && let Some(leaf) = due.next()
            {
                let reader = self.client.frontend(front.frontend);
                running.spawn(async move { (leaf, reader.find(leaf, &head).await) });
            }
            let done = stop.run_until_cancelled(timeout_at(deadline, running.join_next())).await;
            // Nothing is under way any more, the time is over, or nobody wants to know: what is left stays to be proved.
            let Some(Ok(Some(done))) = done else { break };
            // A task that broke has lost its leaf, which stays too.
            let Ok((leaf, found)) = done else { continue };
            match found {
                Ok(included) => {
                    pass.answered();
                    front.leaves.remove(&leaf);
                    places.insert(leaf, included.index);
                }
                Err(error) => {
                    pass.failed(&error);
                    self.missing(front, leaf, &head, &error, unkept);
                }
            }
        }
        front.rest(&pass);
        Ok(())
    }

    fn missing(
        &self,
        front: &mut Pending,
        leaf: LeafHash,
        head: &TreeHead,
        error: &ClientError,
        unkept: &mut BTreeMap<LeafHash, Unkept>,
    ) {
        self.lie(error);
        let Some(promised) = front.leaves.get(&leaf).copied() else { return };
        let found = if error.is_lie() {
            // It would say the same again.
            Some(Found::Nothing { frontend: front.frontend, last: error.to_string() })
        } else if error.is_not_found() && self.mmd.is_some_and(|mmd| head.timestamp > promised.plus(mmd)) {
            let shown = self.watcher.views(|views| views.shown(front.frontend).cloned());
            shown.map(|later| Found::Without { later, answer: error.to_string() })
        } else {
            None
        };
        match found {
            Some(found) => {
                unkept.insert(leaf, Unkept { leaf, promised, found });
                front.leaves.remove(&leaf);
            }
            None => {
                front.last.insert(leaf, error.to_string());
            }
        }
    }

    /// Promises that were kept, but too late: a tree head that was signed after the maximum merge delay ends before them, or
    /// none that was signed before it has them.
    fn late(
        &self,
        promises: &BTreeMap<LeafHash, Timestamp>,
        places: &BTreeMap<LeafHash, LeafIndex>,
        unkept: &mut BTreeMap<LeafHash, Unkept>,
    ) {
        let Some(mmd) = self.mmd else { return };
        for (leaf, index) in places {
            let Some(promised) = promises.get(leaf).copied() else { continue };
            let late = |shown: &&Shown| shown.sth.head().timestamp > promised.plus(mmd);
            let found = self.watcher.views(|views| {
                let answer = format!("it is there later, at index {index}");
                let without = views.last_without(*index).filter(late);
                let without = without.map(|later| Found::Without { later: later.clone(), answer });
                let first =
                    views.first_with(*index).filter(late).filter(|_| self.watched == Watched::Throughout);
                without.or(first.map(|first| Found::Late { first: first.clone() }))
            });
            if let Some(found) = found {
                unkept.insert(*leaf, Unkept { leaf: *leaf, promised, found });
            }
        }
    }

    fn report(
        &self,
        promises: &BTreeMap<LeafHash, Timestamp>,
        places: &BTreeMap<LeafHash, LeafIndex>,
        unkept: &[Unkept],
        took: Duration,
    ) -> ProofReport {
        let mut delay = Latency::default();
        for (leaf, index) in places {
            let first = |views: &Views| views.first_with(*index).map(|shown| shown.sth.head().timestamp);
            let published = self.watcher.views(first);
            if let (Some(published), Some(promised)) = (published, promises.get(leaf)) {
                delay.record(published.since(*promised));
            }
        }
        let broken = unkept.iter().filter(|unkept| !matches!(unkept.found, Found::Nothing { .. })).count();
        ProofReport {
            promised: promises.len(),
            proved: promises.len() - unkept.len(),
            merge_delay: delay.percentiles(),
            broken,
            unproved: unkept.len() - broken,
            seconds: took.as_secs_f64(),
        }
    }

    fn lie(&self, error: &ClientError) {
        if error.is_lie() {
            self.faults.add(error.name(), error.to_string(), None);
        }
    }
}
