//! A whole run: load, then proof, then the report.

mod finish;
mod plan;
mod steps;
mod supply;

pub use finish::reprove;
pub use plan::{Chains, Goal, Plan, Stop};

use crate::HammerError;
use crate::chaos::{self, Chaos, ChaosEvent, Cluster};
use crate::clock::now;
use crate::evidence::Keeper;
use crate::fault::Faults;
use crate::load::{Bench, Followers, Known, Promises, Publication, Site, Verifier};
use crate::pulse::Pulse;
use crate::records::{RecordsFile, RunLine};
use crate::report::{About, Report};
use crate::views::{Views, Watcher};
use client::submission::EntryMaker;
use client::{Client, Limits, Log, Manners};
use ct::sth::VerifiedSth;
use finish::{Finish, prove};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use steps::Steps;
use supply::Supply;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long the first tree head is waited for.
const FIRST_HEAD: Duration = Duration::from_secs(5);
/// Pause between two looks for it.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the plan against a log. Errors are those of the hammer; what the log does wrong is in the report.
pub async fn run<C: Cluster>(
    log: Log,
    plan: &Plan,
    chains: Chains,
    trouble: Option<Chaos<C>>,
    pulse: Arc<Pulse>,
    stop: &Stop,
) -> Result<Report, HammerError> {
    let about = About::new(&log, plan, now());
    let keeper = Keeper::open(log.clone(), plan.evidence.clone())?;
    let client = client(log.clone(), plan.timeout)?;
    // A log that is not there leaves no file behind.
    let heads = first_heads(&client, &stop.all).await?;
    let run = RunLine::new(&log, plan.mmd.map(|mmd| mmd.as_secs()), about.started);
    let file = RecordsFile::open(&plan.records, run)?;
    let faults = Arc::new(Faults::new(Arc::clone(&pulse)));
    let (own_faults, own_pulse) = (Arc::clone(&faults), Arc::clone(&pulse));
    let watcher = Watcher::new(client.clone(), file.recorder(), own_faults, keeper.clone(), own_pulse);
    let watcher = Arc::new(watcher);
    watcher.first(heads).await?;
    let entries = Arc::new(EntryMaker::new(client.reader()));
    let supply = Supply::new(chains, plan, &entries).await?;
    let watching = Watching::start(&watcher, client.frontends());

    let promises = Arc::new(Promises::default());
    let bench = Bench {
        client: client.clone(),
        entries,
        recorder: file.recorder(),
        faults: Arc::clone(&faults),
        known: Arc::new(Known::default()),
        promises: Arc::clone(&promises),
        stop: stop.load.clone(),
    };
    let known = Arc::clone(&bench.known);
    let site = Site {
        client: client.clone(),
        watcher: Arc::clone(&watcher),
        faults: Arc::clone(&faults),
        verifier: Verifier::start(bench),
        known,
        followers: Followers::default(),
        pulse: Arc::clone(&pulse),
        mmd: plan.mmd,
        page: plan.page,
        turns: AtomicUsize::new(0),
    };
    let publication = Publication::new(watcher.views(Views::largest), Arc::clone(&promises));
    let mut steps = Steps::new(plan, supply, Arc::new(site), publication);
    let (calm, loading) = (CancellationToken::new(), steps.loading());
    let load = async {
        let done = steps.all(&stop.load).await;
        calm.cancel();
        done
    };
    let trouble = async {
        // Trouble before the load would trouble nobody.
        calm.run_until_cancelled(loading.notified()).await;
        troubles(trouble, &pulse, &faults, &calm).await
    };
    let (done, events) = tokio::join!(load, trouble);
    done?;
    let (steps, highest) = steps.into_results();

    let promises = promises.all();
    let proved = prove(plan.prover(&client, &watcher, &faults, &pulse), &promises, &stop.all).await?;
    let views = watching.finish(watcher).await;
    let finish = Finish { file, keeper, faults, mmd: plan.mmd, path: plan.records.clone() };
    let (recorded, faults) = finish.close(&proved.1).await?;
    let stopped = stop.load.is_cancelled();
    Ok(Report { about, steps, highest, chaos: events, recorded, proof: proved.0, views, faults, stopped })
}

/// A client that makes its one attempt within `timeout`.
fn client(log: Log, timeout: Duration) -> Result<Client, HammerError> {
    let limits = Limits { answer: timeout, connect: timeout, silence: timeout, ..Limits::default() };
    Ok(Client::new(log, Manners { limits, ..Manners::default() })?)
}

async fn troubles<C: Cluster>(
    trouble: Option<Chaos<C>>,
    pulse: &Pulse,
    faults: &Faults,
    calm: &CancellationToken,
) -> Vec<ChaosEvent> {
    let Some(trouble) = trouble else { return Vec::new() };
    match chaos::run(&trouble, pulse, faults, calm).await {
        Ok(events) => events,
        Err(why) => {
            faults.add("no-chaos", why, None);
            Vec::new()
        }
    }
}

/// Nothing can be asked of a log before a tree head of it was seen. Answers with the first, and the frontends that showed
/// them.
async fn first_heads(
    client: &Client,
    stop: &CancellationToken,
) -> Result<Vec<(usize, VerifiedSth)>, HammerError> {
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < FIRST_HEAD && !stop.is_cancelled() {
        let mut heads = Vec::new();
        for frontend in 0..client.frontends() {
            match client.frontend(frontend).sth().await {
                Ok(sth) => heads.push((frontend, sth)),
                Err(error) if error.is_lie() => return Err(HammerError::Lie(error)),
                Err(error) => last = error.to_string(),
            }
        }
        if !heads.is_empty() {
            return Ok(heads);
        }
        sleep(LOOK).await;
    }
    Err(HammerError::NoHead(last))
}

/// The tasks that look at every frontend, and have the log prove what it shows.
struct Watching {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// How long proofs may take at the end.
const LAST_PROOFS: Duration = Duration::from_secs(30);

impl Watching {
    fn start(watcher: &Arc<Watcher>, frontends: usize) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        for frontend in 0..frontends {
            let (watcher, stop) = (Arc::clone(watcher), stop.clone());
            tasks.spawn(async move { watcher.watch(frontend, stop).await });
        }
        let (watcher, ended) = (Arc::clone(watcher), stop.clone());
        tasks.spawn(async move { watcher.prove(ended).await });
        Self { stop, tasks }
    }

    async fn finish(mut self, watcher: Arc<Watcher>) -> crate::views::ViewsReport {
        let report = watcher.finish(LAST_PROOFS).await;
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        report
    }
}
