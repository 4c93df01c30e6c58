//! The end of a run: promises proved, records closed, evidence kept.

use super::plan::Stop;
use super::{Watching, client, first_heads};
use crate::HammerError;
use crate::clock::now;
use crate::evidence::Keeper;
use crate::fault::Faults;
use crate::prove::{Found, ProofReport, Prover, Unkept, Watched};
use crate::pulse::Pulse;
use crate::records::{self, Promised, Recorded, RecordsFile, RunLine};
use crate::report::{FaultsReport, RecordsReport, Reproof};
use crate::views::{LookError, Watcher};
use client::Log;
use ct::hash::LeafHash;
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(super) async fn prove(
    prover: Prover,
    promises: &BTreeMap<LeafHash, Timestamp>,
    stop: &CancellationToken,
) -> Result<(ProofReport, Vec<Unkept>), HammerError> {
    prover.prove(promises, stop).await.map_err(|error| match error {
        LookError::Records(error) => error.into(),
        // The prover bears whatever the log answers.
        LookError::Client(_) => HammerError::Broken("the proving of promises"),
    })
}

/// What is left when everything else has ended.
pub(super) struct Finish {
    pub(super) file: RecordsFile,
    pub(super) keeper: Keeper,
    pub(super) faults: Arc<Faults>,
    pub(super) mmd: Option<Duration>,
    pub(super) path: PathBuf,
}

impl Finish {
    /// Closes the records; then tells of every promise that was not kept, with evidence from them. Nobody may hold a
    /// recorder any more.
    pub(super) async fn close(self, unkept: &[Unkept]) -> Result<(RecordsReport, FaultsReport), HammerError> {
        let Finish { file, keeper, faults, mmd, path } = self;
        let closed = tokio::task::spawn_blocking(move || file.close()).await;
        let lines = closed.map_err(|_| HammerError::Broken("the writing of records"))??;
        if !unkept.is_empty() {
            let recorded = records::read(&path)?;
            for promise in unkept {
                tell(promise, recorded.promises.get(&promise.leaf), &keeper, mmd, &faults);
            }
        }
        Ok((RecordsReport { path, lines }, FaultsReport::of(&faults)))
    }
}

fn tell(
    unkept: &Unkept,
    promised: Option<&Promised>,
    keeper: &Keeper,
    mmd: Option<Duration>,
    faults: &Faults,
) {
    let (leaf, at) = (unkept.leaf, unkept.promised);
    match &unkept.found {
        Found::Without { later, answer } => {
            let head = later.sth.head();
            let text = format!(
                "leaf {leaf}, promised at {at}, is not in the tree of {} entries of {}: {answer}",
                head.tree_size, head.timestamp
            );
            let kept = match (promised, mmd) {
                (Some(promised), Some(mmd)) => keeper.broken(promised, mmd, later, answer.clone()),
                _ => Ok(None),
            };
            faults.add_kept("broken-promise", text, kept);
        }
        Found::Late { first } => {
            let head = first.sth.head();
            let text = format!(
                "leaf {leaf}, promised at {at}, is in no tree head before that of {}",
                head.timestamp
            );
            faults.add("late-promise", text, None);
        }
        Found::Nothing { frontend, last } => {
            let number = frontend + 1;
            let text =
                format!("leaf {leaf}, promised at {at}, was not proved on frontend {number} in time: {last}");
            faults.add("unproven-promise", text, None);
        }
    }
}

/// Proves the promises of an earlier run, as its records have them; its tree heads are compared with those of today.
pub async fn reprove(
    log: Log,
    recorded: Recorded,
    path: &Path,
    evidence: PathBuf,
    (timeout, within): (Duration, Duration),
    pulse: Arc<Pulse>,
    stop: &Stop,
) -> Result<Reproof, HammerError> {
    let keeper = Keeper::open(log.clone(), evidence)?;
    let client = client(log.clone(), timeout)?;
    let heads = first_heads(&client, &stop.all).await?;
    let mmd = recorded.run.mmd_seconds.map(Duration::from_secs);
    let file = RecordsFile::open(path, RunLine::new(&log, recorded.run.mmd_seconds, now()))?;
    let faults = Arc::new(Faults::new(Arc::clone(&pulse)));
    let (own_faults, own_pulse) = (Arc::clone(&faults), Arc::clone(&pulse));
    let watcher = Watcher::new(client.clone(), file.recorder(), own_faults, keeper.clone(), own_pulse);
    let watcher = Arc::new(watcher);
    let frontend = |url: &str| log.urls().iter().position(|known| known.as_str() == url).unwrap_or(0);
    for shown in recorded.heads {
        watcher.remember(frontend(&shown.url), shown.sth, shown.received);
    }
    watcher.first(heads).await?;
    let watching = Watching::start(&watcher, client.frontends());
    let promises = recorded.promises.iter().map(|(leaf, promised)| (*leaf, promised.sct.timestamp)).collect();
    let prover = Prover {
        client,
        watcher: Arc::clone(&watcher),
        faults: Arc::clone(&faults),
        pulse,
        mmd,
        watched: Watched::AtTimes,
        within,
    };
    let (proof, unkept) = prove(prover, &promises, &stop.all).await?;
    let views = watching.finish(watcher).await;
    let finish = Finish { file, keeper, faults, mmd, path: path.to_owned() };
    let (records, faults) = finish.close(&unkept).await?;
    Ok(Reproof { records, torn: recorded.torn, proof, views, faults })
}
