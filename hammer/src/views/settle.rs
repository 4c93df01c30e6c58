//! What the frontends show, proved: each tree that was seen extends the next smaller one.

use super::compare::{Check, Contradiction};
use super::watch::Watcher;
use client::ClientError;
use ct::hash::NodeHash;
use ct::merkle::verify;
use ct::sth::TreeHead;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Pause after a proof that could not be had.
const AGAIN: Duration = Duration::from_millis(250);
/// Pause while there is nothing to prove.
const NOTHING: Duration = Duration::from_millis(50);

/// What came of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewsReport {
    /// Trees of different sizes that were seen.
    pub trees: usize,
    /// Pairs of neighbours that were proved consistent.
    pub proved: u64,
    /// Those for which no proof could be had in time.
    pub unproved: u64,
}

impl Watcher {
    /// Has the log prove all that is to be proved, until told to stop.
    pub async fn prove(&self, stop: CancellationToken) {
        let mut tries = 0;
        while !stop.is_cancelled() {
            let next = self.state().checks.front().cloned();
            let Some(check) = next else {
                stop.run_until_cancelled(sleep(NOTHING)).await;
                continue;
            };
            let frontend = check.second.frontend + tries;
            if self.check(&check, frontend).await {
                tries = 0;
                self.state().checks.pop_front();
            } else {
                tries += 1;
                stop.run_until_cancelled(sleep(AGAIN)).await;
            }
        }
    }

    /// Waits until nothing is left to prove, for so long at most.
    pub async fn finish(&self, within: Duration) -> ViewsReport {
        let deadline = Instant::now() + within;
        while !self.state().checks.is_empty() && Instant::now() < deadline {
            sleep(NOTHING).await;
        }
        let state = self.state();
        let left = state.checks.len() as u64;
        for check in &state.checks {
            let text = format!("no frontend gave a proof between {} within {within:?}", sizes(check));
            self.faults.add("unproven-consistency", text, None);
        }
        ViewsReport { trees: state.views.sizes(), proved: state.proved, unproved: left }
    }

    /// Whether this is settled, one way or the other.
    async fn check(&self, check: &Check, frontend: usize) -> bool {
        let (first, second) = (*check.first.sth.head(), *check.second.sth.head());
        let nodes = match self.nodes(&first, &second, frontend).await {
            Ok(nodes) => nodes,
            Err(error) if error.is_lie() => {
                self.faults.add(error.name(), error.to_string(), None);
                return true;
            }
            Err(_) => return false,
        };
        let holds =
            verify::consistency(first.tree_size, first.root_hash, second.tree_size, second.root_hash, &nodes);
        if holds.is_ok() {
            self.state().proved += 1;
        } else {
            let (first, second) = (check.first.clone(), check.second.clone());
            let contradiction = Contradiction { kind: Contradiction::INCONSISTENT, first, second };
            self.contradict(&contradiction, Some(nodes));
        }
        true
    }

    async fn nodes(
        &self,
        first: &TreeHead,
        second: &TreeHead,
        frontend: usize,
    ) -> Result<Vec<NodeHash>, ClientError> {
        if first.tree_size.get() == 0 {
            return Ok(Vec::new());
        }
        self.client.frontend(frontend).consistency(first.tree_size, second.tree_size).await
    }
}

fn sizes(check: &Check) -> String {
    let (first, second) = (check.first.sth.head(), check.second.sth.head());
    format!("the trees of {} and {} entries", first.tree_size, second.tree_size)
}
