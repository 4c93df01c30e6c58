//! One operation after the other, each made, timed, and its answer judged.

use super::follow::{Follower, Followers};
use super::known::{Known, Leaf, Since};
use super::verify::{Answer, Verifier};
use crate::chains::{Prepared, Stock};
use crate::fault::Faults;
use crate::mix::Operation;
use crate::pulse::Pulse;
use crate::stats::{Outcome, Tally};
use crate::views::Watcher;
use client::{Client, ClientError};
use ct::sth::TreeHead;
use ct::x509::Endpoint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What all operations share, from the first step to the last.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) verifier: Verifier,
    pub(crate) known: Arc<Known>,
    pub(crate) followers: Followers,
    pub(crate) pulse: Arc<Pulse>,
    /// The log's maximum merge delay, if it is known.
    pub(crate) mmd: Option<Duration>,
    /// Most entries that a follower asks for at once.
    pub(crate) page: u64,
    pub(crate) turns: AtomicUsize,
}

/// Does the operations of one step.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    pub(crate) site: Arc<Site>,
    pub(crate) stock: Arc<Stock>,
    pub(crate) tally: Arc<Mutex<Tally>>,
}

/// Whether an operation belongs to what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It warms the log up.
    Not,
    /// It is measured.
    Yes,
}

/// How an operation ended, and what is left to do when its time has been taken.
struct Ended {
    outcome: Outcome,
    at: Instant,
    answer: Option<Answer>,
}

impl Ended {
    fn now(outcome: Outcome) -> Self {
        Self { outcome, at: Instant::now(), answer: None }
    }
}

impl Hand {
    /// Makes an operation. Its latency counts from `intended`.
    pub(crate) async fn perform(&self, operation: Operation, intended: Instant, counted: Counted) -> Outcome {
        self.site.pulse.begun();
        let ended = match operation {
            Operation::AddChain => self.fresh(operation, Endpoint::AddChain).await,
            Operation::AddPreChain => self.fresh(operation, Endpoint::AddPreChain).await,
            Operation::Resubmit => self.resubmit().await,
            Operation::GetSth => self.sth().await,
            Operation::Consistency => self.consistency().await,
            Operation::Proof => self.proof().await,
            Operation::Entries => self.entries().await,
        };
        let latency = ended.at.saturating_duration_since(intended);
        self.site.pulse.ended(operation, ended.outcome, latency);
        let tally = (counted == Counted::Yes).then(|| Arc::clone(&self.tally));
        if let Some(tally) = &tally {
            tally.lock().unwrap_or_else(PoisonError::into_inner).ended(operation, ended.outcome, latency);
        }
        if let Some(answer) = ended.answer {
            self.site.verifier.take(Answer { tally, ..answer }).await;
        }
        ended.outcome
    }

    async fn fresh(&self, operation: Operation, endpoint: Endpoint) -> Ended {
        match self.stock.take(endpoint) {
            Some(chain) => self.submit(operation, Arc::new(chain)).await,
            None => Ended::now(Outcome::Idle),
        }
    }

    async fn resubmit(&self) -> Ended {
        match self.site.known.chain() {
            Some(chain) => self.submit(Operation::Resubmit, chain).await,
            None => Ended::now(Outcome::Idle),
        }
    }

    async fn submit(&self, operation: Operation, chain: Arc<Prepared>) -> Ended {
        let frontend = self.site.turn();
        let answer = self.site.client.add(frontend, chain.endpoint(), chain.body()).await;
        let at = Instant::now();
        match answer {
            Ok(answer) => {
                let answer = Some(Answer { operation, chain, answer, frontend, tally: None });
                Ended { outcome: Outcome::Done, at, answer }
            }
            Err(error) => Ended { outcome: self.site.failed(operation, &error), at, answer: None },
        }
    }

    async fn sth(&self) -> Ended {
        let site = &self.site;
        let frontend = site.turn();
        let asked = site.watcher.ask(frontend);
        let answer = site.client.frontend(frontend).sth().await;
        let at = Instant::now();
        let outcome = match answer {
            Ok(sth) => {
                // Where nothing can be recorded any more, the run ends by itself.
                let _ = site.watcher.answered(frontend, asked, sth).await;
                Outcome::Done
            }
            Err(error) => site.failed(Operation::GetSth, &error),
        };
        Ended { outcome, at, answer: None }
    }

    async fn consistency(&self) -> Ended {
        let site = &self.site;
        let frontend = site.turn();
        let pair = site.watcher.views(|views| views.pair(frontend, |count| fastrand::usize(0..count)));
        let Some((first, second)) = pair else { return Ended::now(Outcome::Idle) };
        let proof = site.client.frontend(frontend).extends(&first, &second).await;
        let at = Instant::now();
        Ended { outcome: site.outcome(Operation::Consistency, proof), at, answer: None }
    }

    async fn proof(&self) -> Ended {
        let site = &self.site;
        let frontend = site.turn();
        let head = site.watcher.views(|views| views.newest(frontend));
        let (Some(head), Some(leaf)) = (head.filter(|head| head.tree_size.get() > 0), site.known.leaf())
        else {
            return Ended::now(Outcome::Idle);
        };
        let found = site.client.frontend(frontend).find(leaf.hash, &head).await;
        let at = Instant::now();
        let outcome = match found {
            Err(error) if error.is_not_found() && !site.overdue(leaf, &head) => Outcome::NotYet,
            Err(error) if error.is_not_found() && matches!(leaf.since, Since::Promised(_)) => {
                let url = site.url(frontend);
                let text =
                    format!("leaf {} is not in the tree of {} entries at {url}", leaf.hash, head.tree_size);
                site.faults.add("broken-promise", text, None);
                Outcome::Failed("broken-promise")
            }
            found => site.outcome(Operation::Proof, found),
        };
        Ended { outcome, at, answer: None }
    }

    async fn entries(&self) -> Ended {
        let site = &self.site;
        let Some((mut follower, (start, end))) = self.follower() else { return Ended::now(Outcome::Idle) };
        let run = site.client.frontend(follower.frontend).run(start, end).await;
        let at = Instant::now();
        let outcome = match &run {
            Ok(run) => {
                let leaves: Vec<_> = run.iter().map(client::EntryBody::leaf_hash).collect();
                let since = Since::Read(follower.target().tree_size);
                if let Some(hash) = fastrand::choice(leaves.iter()).copied() {
                    site.known.add_leaf(Leaf { hash, since });
                }
                match follower.take(&leaves) {
                    Ok(()) => Outcome::Done,
                    Err(wrong) => {
                        let (url, size) = (site.url(follower.frontend), wrong.head.tree_size);
                        let text = format!(
                            "the entries of {url} lead to root {} at size {size}, its tree head has {}",
                            wrong.computed, wrong.head.root_hash
                        );
                        site.faults.add("wrong-root", text, None);
                        Outcome::Failed("wrong-root")
                    }
                }
            }
            Err(error) => site.failed(Operation::Entries, error),
        };
        site.followers.give_back(follower);
        Ended { outcome, at, answer: None }
    }

    /// One who has something to read, and what.
    fn follower(&self) -> Option<(Follower, (ct::index::LeafIndex, ct::index::LeafIndex))> {
        let site = &self.site;
        let newest = |frontend| site.watcher.views(|views| views.newest(frontend));
        let full = |head: &TreeHead| head.tree_size.get() > 0;
        let mut follower = match site.followers.take() {
            Some(follower) => follower,
            None => {
                let frontend = site.turn();
                Follower::new(frontend, newest(frontend).filter(full)?)
            }
        };
        if follower.next(site.page).is_none() {
            follower.turn(newest(follower.frontend).filter(full)?);
        }
        let next = follower.next(site.page)?;
        Some((follower, next))
    }
}

impl Site {
    /// The size of the largest tree that was seen.
    pub(crate) fn largest(&self) -> u64 {
        self.watcher.views(|views| views.largest().map_or(0, |head| head.tree_size.get()))
    }

    /// The frontends in turn.
    fn turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed) % self.client.frontends()
    }

    fn url(&self, frontend: usize) -> String {
        let urls = self.client.log().urls();
        urls[frontend % urls.len()].to_string()
    }

    fn outcome<T>(&self, operation: Operation, answer: Result<T, ClientError>) -> Outcome {
        match answer {
            Ok(_) => Outcome::Done,
            Err(error) => self.failed(operation, &error),
        }
    }

    /// Load excuses much, but no lie.
    fn failed(&self, operation: Operation, error: &ClientError) -> Outcome {
        if error.is_lie() {
            self.faults.add(error.name(), format!("{operation}: {error}"), None);
        }
        Outcome::of(error)
    }

    /// Whether this leaf must be in that tree.
    fn overdue(&self, leaf: Leaf, head: &TreeHead) -> bool {
        match leaf.since {
            Since::Read(size) => head.tree_size >= size,
            Since::Promised(at) => self.mmd.is_some_and(|mmd| head.timestamp > at.plus(mmd)),
        }
    }
}
