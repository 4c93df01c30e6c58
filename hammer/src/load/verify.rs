//! Verifying SCTs, on threads of their own: what it costs must not show in the latency of the next answer.

use super::known::{Known, Leaf, Since};
use crate::chains::Prepared;
use crate::clock::now;
use crate::fault::Faults;
use crate::mix::Operation;
use crate::records::{Line, Recorder, RecordsError, SctLine};
use crate::stats::{Outcome, Tally};
use client::submission::{EntryMaker, Promise};
use client::{AddChain, Client};
use ct::hash::LeafHash;
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Answers that wait to be verified. Whoever brings more waits too.
const WAITING: usize = 4096;
/// Pause between two looks at whether all is verified.
const LOOK: Duration = Duration::from_millis(5);

/// An answer to a submission.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) operation: Operation,
    pub(crate) chain: Arc<Prepared>,
    pub(crate) answer: AddChain,
    pub(crate) frontend: usize,
    /// Where it was counted as done, if it was.
    pub(crate) tally: Option<Arc<Mutex<Tally>>>,
}

/// What was promised: every leaf once, with the time of its SCT.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    leaves: Mutex<BTreeMap<LeafHash, Timestamp>>,
}

impl Promises {
    /// How many are of a later moment.
    pub(crate) fn after(&self, moment: Timestamp) -> u64 {
        let leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        leaves.values().filter(|at| **at > moment).count() as u64
    }

    pub(crate) fn add(&self, leaf: LeafHash, timestamp: Timestamp) {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner).insert(leaf, timestamp);
    }

    pub(crate) fn all(&self) -> BTreeMap<LeafHash, Timestamp> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What verifying needs, and where its results go.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) entries: Arc<EntryMaker>,
    pub(crate) recorder: Recorder,
    pub(crate) faults: Arc<Faults>,
    pub(crate) known: Arc<Known>,
    pub(crate) promises: Arc<Promises>,
    /// Ends the run when nothing can be recorded any more.
    pub(crate) stop: CancellationToken,
}

/// Takes answers in.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    answers: mpsc::Sender<Answer>,
    pending: Arc<AtomicU64>,
}

impl Verifier {
    /// Starts the threads. They end when every [`Verifier`] is gone.
    pub(crate) fn start(bench: Bench) -> Self {
        let (answers, receiver) = mpsc::channel(WAITING);
        let (bench, receiver) = (Arc::new(bench), Arc::new(Mutex::new(receiver)));
        let pending = Arc::new(AtomicU64::new(0));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..processors.div_ceil(2) {
            let (bench, receiver, pending) =
                (Arc::clone(&bench), Arc::clone(&receiver), Arc::clone(&pending));
            let runtime = Handle::current();
            std::thread::spawn(move || {
                while let Some(answer) = next(&receiver) {
                    // Counted down even if it panics, or the run would wait for ever.
                    let _done = CountDown(&pending);
                    bench.verify(answer, &runtime);
                }
            });
        }
        Self { answers, pending }
    }

    pub(crate) async fn take(&self, answer: Answer) {
        self.pending.fetch_add(1, Ordering::AcqRel);
        if self.answers.send(answer).await.is_err() {
            self.pending.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Waits until everything that was brought is verified.
    pub(crate) async fn idle(&self) {
        while self.pending.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}

struct CountDown<'a>(&'a AtomicU64);

impl Drop for CountDown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn next(receiver: &Mutex<mpsc::Receiver<Answer>>) -> Option<Answer> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

impl Bench {
    fn verify(&self, answer: Answer, runtime: &Handle) {
        let Answer { operation, chain, answer, frontend, tally } = answer;
        let expected = match runtime.block_on(self.entries.expect(&chain.chain())) {
            Ok(expected) => expected,
            Err(reason) => {
                self.faults.add(
                    "no-entry",
                    format!("the log took a chain that makes no entry: {reason}"),
                    None,
                );
                return disprove(tally, operation, "no-entry");
            }
        };
        let received = now();
        match expected.verify(answer, self.client.log(), received) {
            Ok(promise) => {
                if self.keep(&promise, frontend, received).is_err() {
                    return self.stop.cancel();
                }
                if operation != Operation::Resubmit {
                    self.known.add_chain(chain);
                }
            }
            Err(error) => {
                let url = self.url(frontend);
                self.faults.add(error.name(), format!("{operation} at {url}: {error}"), None);
                disprove(tally, operation, error.name());
            }
        }
    }

    /// A promise counts once it is on its way to the disk, and not before.
    fn keep(&self, promise: &Promise, frontend: usize, received: Timestamp) -> Result<(), RecordsError> {
        let url = self.url(frontend);
        // What was decoded from an answer can be encoded again.
        if let Some(line) = SctLine::new(promise, &url, received) {
            self.recorder.record_blocking(Line::Sct(line))?;
        }
        self.promises.add(promise.leaf, promise.sct.timestamp);
        self.known.add_leaf(Leaf { hash: promise.leaf, since: Since::Promised(promise.sct.timestamp) });
        Ok(())
    }

    fn url(&self, frontend: usize) -> String {
        let urls = self.client.log().urls();
        urls[frontend % urls.len()].to_string()
    }
}

fn disprove(tally: Option<Arc<Mutex<Tally>>>, operation: Operation, name: &'static str) {
    if let Some(tally) = tally {
        tally.lock().unwrap_or_else(PoisonError::into_inner).disproved(operation, Outcome::Failed(name));
    }
}
