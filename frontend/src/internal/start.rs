//! Opens a log's copy and starts its keeper.

use super::create::options;
use super::keeper::{Job, Keeper, KeeperError};
use super::rows::{self, RowsError};
use crate::copy::{Copy, Halt, Settings};
use crate::heads::SharedHeads;
use crate::submit::Known;
use ct::entry::LogKind;
use ct::names::LogName;
use ct::term::Trust;
use node::clock::Clock;
use node::tasks::Tasks;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::log::{Reader, SealJob, StepView, Writer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Calls of other nodes that wait for the keeper; further callers wait outside.
const MAX_JOBS: usize = 64;

/// Pause between two looks at whether a primary calls.
const LOOK: Duration = Duration::from_secs(1);

/// Why a log's copy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StartLogError {
    /// It cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its state is not what was written.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The tree is not the one that was held.
    #[error(transparent)]
    Halt(#[from] Halt),
}

/// A log's copy, open.
pub(crate) struct StartedLog {
    pub(crate) keeper: mpsc::Sender<Job>,
    pub(crate) heads: Arc<SharedHeads>,
    pub(crate) reader: Reader,
    /// Ends when the keeper does; without it the node is not whole.
    pub(crate) keeping: Keeping,
}

/// The keeper, before it runs.
pub(crate) struct Keeping {
    pub(crate) keeper: Keeper,
    jobs: mpsc::Receiver<Job>,
    near: mpsc::Sender<Job>,
    tasks: Tasks,
}

/// How a log is kept.
pub(crate) struct Wanted<'a> {
    pub(crate) log: &'a LogName,
    pub(crate) dir: &'a Path,
    pub(crate) kind: LogKind,
    pub(crate) settings: Settings,
    pub(crate) trust: Trust,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tasks: &'a Tasks,
    pub(crate) known: Known,
}

/// Opens the copy in a directory that `init` made.
pub(crate) fn start_log(wanted: Wanted<'_>) -> Result<StartedLog, StartLogError> {
    let writer = Writer::open(wanted.dir, &options(wanted.kind))?;
    let reader = writer.reader();
    let durable = rows::load(&reader, wanted.dir, wanted.trust)?;
    let machine = Copy::recover(wanted.settings, durable, &StepView::new(&reader))?;
    let heads = Arc::new(SharedHeads::default());
    heads.reign(machine.guard().certificate());
    if let Some(held) = machine.held() {
        heads.hold(held.sth().clone());
    }
    let (near, jobs) = mpsc::channel(MAX_JOBS);
    let known = wanted.known;
    let keeper = Keeper {
        log: wanted.log.clone(),
        machine,
        writer,
        heads: Arc::clone(&heads),
        called: wanted.clock.now(),
        clock: wanted.clock,
        seal: sealer(wanted.tasks.clone(), near.downgrade()),
        sealing: false,
        placed: Box::new(move |entries| known.placed(entries)),
    };
    let tasks = wanted.tasks.clone();
    let keeping = Keeping { keeper, jobs, near: near.clone(), tasks };
    Ok(StartedLog { keeper: near, heads, reader, keeping })
}

impl Keeping {
    /// Works on a thread of its own until the node stops.
    pub(crate) async fn run(self) -> Result<(), KeeperError> {
        let Keeping { keeper, mut jobs, near, tasks } = self;
        let (shutdown, alone) = (tasks.shutdown().clone(), near.downgrade());
        let stop = async move {
            shutdown.cancelled().await;
            // It is gone already if this fails.
            let _ = near.send(Job::Stop).await;
        };
        // Without this task the keeper only ends with the process.
        let _ = tasks.background("stop keeper", stop);
        // And without this one a copy that no primary calls shows nothing.
        let _ = tasks.background("show alone", look_whether_alone(&keeper, alone, tasks.shutdown().clone()));
        match tasks.blocking("keeper", move || keeper.run(&mut jobs)).await {
            Ok(ended) => ended,
            Err(panicked) => Err(KeeperError::Panicked(panicked.text)),
        }
    }
}

/// Has the keeper see whether a primary calls, until something is shown.
fn look_whether_alone(
    keeper: &Keeper,
    near: mpsc::WeakSender<Job>,
    shutdown: CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let heads = Arc::clone(&keeper.heads);
    async move {
        while heads.get().published.is_none()
            && shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some()
        {
            let Some(near) = near.upgrade() else { return };
            let _ = near.send(Job::Alone).await;
        }
    }
}

/// Seals runs on a thread of their own: compressing takes a second, and the keeper has other things to do. The keeper owns
/// this, so it must not keep the keeper's own queue open.
fn sealer(tasks: Tasks, near: mpsc::WeakSender<Job>) -> Box<dyn Fn(SealJob) + Send> {
    Box::new(move |job| {
        let (worker, near) = (tasks.clone(), near.clone());
        let work = async move {
            // A panic in it is logged, and sealing rests until the next start.
            if let Ok(sealed) = worker.blocking("seal", move || job.run()).await
                && let Some(near) = near.upgrade()
            {
                let _ = near.send(Job::Sealed(Box::new(sealed))).await;
            }
        };
        if let Err(error) = tasks.background("seal", work) {
            tracing::warn!(%error, "nothing is sealed");
        }
    })
}
