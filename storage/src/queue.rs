//! The way to a log's writer: bounded in jobs and in bytes. What queued up while the writer was at the disk is taken
//! together, so one sync serves many and an idle log waits for nobody (docs/protocol.md, S2).

use crate::machine::Put;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES};
use ct::names::NodeName;
use ct::term::{Incarnation, TermCertificate};
use ct::wire::storage::{MoveStart, SctItem};
use ct::wire::{EntryBatch, Refusal};
use node::fault::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Most jobs that wait: some seconds of the busiest log.
const MAX_QUEUED_JOBS: usize = 4096;

/// Most bytes of messages that wait, in units of [`UNIT`]: many full batches, and far from the memory of any machine.
const MAX_QUEUED_UNITS: usize = 16 * MAX_BATCH_BYTES / UNIT;

/// Bytes that one permit stands for.
const UNIT: usize = 1024;

/// When to come back to a full queue: after about as many syncs as are queued.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Work for the writer. Whoever does not wait for the answer any more loses only that.
#[derive(Debug)]
pub enum Job {
    /// SendEntry.
    Put {
        /// What to keep.
        batch: EntryBatch,
        /// Answered after the sync.
        reply: oneshot::Sender<Vec<Put>>,
    },
    /// SendSCT.
    AttachScts(Vec<SctItem>),
    /// SendSTH.
    MoveStart {
        /// The primary, as it says.
        caller: NodeName,
        /// Its message.
        message: Box<MoveStart>,
        /// Answered after the commit.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// SetPrimary.
    SetPrimary {
        /// The certificate.
        certificate: Box<TermCertificate>,
        /// Answered after the commit.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Entries of another node's list.
    Copy {
        /// They.
        batch: EntryBatch,
        /// Answered after the sync.
        reply: oneshot::Sender<Vec<Put>>,
    },
    /// Enough lists were copied.
    Whole {
        /// The list that was filled.
        filled: Incarnation,
        /// Answered after the commit.
        reply: oneshot::Sender<()>,
    },
    /// The list of the first identity was rolled back; it gets the second.
    RolledBack(Incarnation, Incarnation),
    /// Time has passed.
    Tick,
}

impl Job {
    /// Entries and SCTs in it.
    fn weight(&self) -> usize {
        match self {
            Job::Put { batch, .. } | Job::Copy { batch, .. } => batch.entries.len(),
            Job::AttachScts(items) => items.len(),
            Job::MoveStart { .. } | Job::SetPrimary { .. } | Job::Whole { .. } => 1,
            Job::RolledBack(..) | Job::Tick => 1,
        }
    }
}

/// A job with the room that it takes in the queue.
#[derive(Debug)]
pub struct Queued {
    job: Job,
    bytes: usize,
    room: OwnedSemaphorePermit,
}

/// Room in the queue; given back when it is dropped.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "held, never looked at")] OwnedSemaphorePermit);

impl Queued {
    /// The job, and the room that it takes until it is done.
    pub fn apart(self) -> (Job, Room) {
        (self.job, Room(self.room))
    }
}

/// Where jobs are put. Cheap to clone; the writer ends when the last one is gone.
#[derive(Debug, Clone)]
pub struct Queue {
    jobs: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

/// Where the writer takes them.
#[derive(Debug)]
pub struct Jobs(mpsc::Receiver<Queued>);

/// A queue and its end.
pub fn queue() -> (Queue, Jobs) {
    let (jobs, receiver) = mpsc::channel(MAX_QUEUED_JOBS);
    (Queue { jobs, room: Arc::new(Semaphore::new(MAX_QUEUED_UNITS)) }, Jobs(receiver))
}

impl Queue {
    /// Queues a job whose message has `bytes`; refuses at once when there is no room.
    ///
    /// # Errors
    /// [`Fault::Overloaded`]; [`Fault::Unavailable`] when the writer has ended.
    pub fn push(&self, job: Job, bytes: usize) -> Result<(), Fault> {
        let units = u32::try_from(bytes / UNIT + 1).unwrap_or(u32::MAX);
        let full = || Fault::Overloaded { retry_after: RETRY_AFTER };
        let room = Arc::clone(&self.room).try_acquire_many_owned(units).map_err(|_| full())?;
        self.jobs.try_send(Queued { job, bytes, room }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })
    }
}

/// What is answered when the writer is gone.
pub fn stopping() -> Fault {
    Fault::Unavailable("this node is stopping".to_owned())
}

impl Jobs {
    /// Waits for a job, then takes all that is there, up to a batch. None when no more can come.
    pub fn take(&mut self) -> Option<Vec<Queued>> {
        let first = self.0.blocking_recv()?;
        let (mut weight, mut bytes) = (first.job.weight(), first.bytes);
        let mut batch = vec![first];
        while weight < MAX_BATCH_ENTRIES && bytes < MAX_BATCH_BYTES {
            let Ok(next) = self.0.try_recv() else { break };
            weight += next.job.weight();
            bytes += next.bytes;
            batch.push(next);
        }
        Some(batch)
    }
}
