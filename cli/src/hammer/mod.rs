//! `wolffish hammer`: load on a log, every promise verified, recorded, and afterwards proved.

mod args;
mod consent;
mod live;
mod nodes;
mod show;

pub use args::HammerArgs;

use crate::failure::Failure;
use crate::issue::issuer;
use crate::out;
use crate::submit::read;
use crate::target::Target;
use crate::up::Signals;
use ::hammer::chains::Issuer;
use ::hammer::report::{FaultsReport, svg};
use ::hammer::{Chains, HammerError, Plan, Pulse, Stop};
use live::Live;
use nodes::Nodes;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Loads, proves, reports; a failure if the log did what no log may do.
pub async fn run(args: HammerArgs) -> Result<(), Failure> {
    match args.prove.clone() {
        Some(records) => prove(&args, &records).await,
        None => load(&args).await,
    }
}

async fn load(args: &HammerArgs) -> Result<(), Failure> {
    let target = args.target.resolve()?;
    consent::check(&target.log, args.consent())?;
    let plan = args.plan(&target)?;
    args.check_svg()?;
    let chains = chains(args, &plan, &target)?;
    let chaos = args.chaos()?;
    let (stop, pulse) = (Stop::default(), Arc::new(Pulse::default()));
    let heeding = heed(&stop)?;
    let live = Live::start(Arc::clone(&pulse));
    let report = ::hammer::run(target.log, &plan, chains, chaos, pulse, &stop).await;
    heeding.abort();
    live.end().await;
    let report = report?;
    if args.json {
        out::line(serde_json::to_string(&report).map_err(|error| Failure::Internal(error.to_string()))?);
    } else {
        out::text_of(show::report(&report));
    }
    if let Some(path) = &args.svg {
        draw(path, &report)?;
    }
    verdict(&report.faults)?;
    if report.found_nothing(&plan.goal) && !report.stopped {
        return Err(Failure::Check("no rate that was tried was sustained".to_owned()));
    }
    Ok(())
}

async fn prove(args: &HammerArgs, path: &Path) -> Result<(), Failure> {
    let recorded = ::hammer::records::read(path).map_err(HammerError::from)?;
    let log = args.recorded_log(&recorded.run)?;
    consent::check(&log, args.consent())?;
    let (stop, pulse) = (Stop::default(), Arc::new(Pulse::default()));
    let heeding = heed(&stop)?;
    let live = Live::start(Arc::clone(&pulse));
    let patience = (args.timeout, args.prove_within);
    let evidence = args.evidence_beside(path);
    let report = ::hammer::reprove(log, recorded, path, evidence, patience, pulse, &stop).await;
    heeding.abort();
    live.end().await;
    let report = report?;
    if args.json {
        out::line(serde_json::to_string(&report).map_err(|error| Failure::Internal(error.to_string()))?);
    } else {
        out::text_of(show::reproof(&report));
    }
    verdict(&report.faults)
}

fn verdict(faults: &FaultsReport) -> Result<(), Failure> {
    match faults.first.first() {
        None => Ok(()),
        Some(first) => {
            let (count, kind, text) = (faults.count, first.kind, &first.text);
            Err(Failure::Check(format!("{count} faults, the first: {kind}: {text}")))
        }
    }
}

/// What the mix submits: given chains, or chains of the test CA.
fn chains(args: &HammerArgs, plan: &Plan, target: &Target) -> Result<Chains, Failure> {
    if !args.chains.is_empty() {
        let files = read::expand(&args.chains)?;
        let chain = |path: &std::path::PathBuf| {
            let name = path.display().to_string();
            let chain = read::chain(path).map_err(|why| Failure::Usage(format!("{name}: {why}")))?;
            Ok((name, chain))
        };
        return Ok(Chains::Given(files.iter().map(chain).collect::<Result<_, Failure>>()?));
    }
    let submits = ::hammer::mix::Operation::ALL.into_iter().any(|op| op.submits() && plan.mix.has(op));
    match &target.test_ca {
        Some(ca) if submits => {
            let issuer: Issuer = issuer(target, ca, &args.keys)?;
            Ok(Chains::Issue(issuer))
        }
        _ => Ok(Chains::None),
    }
}

/// The first signal ends the load, and what was promised is still proved; the second ends everything.
fn heed(stop: &Stop) -> Result<JoinHandle<()>, Failure> {
    let mut signals = Signals::new()?;
    let stop = stop.clone();
    Ok(tokio::spawn(async move {
        signals.next().await;
        // First what was asked for: there may be nobody left to tell.
        stop.load.cancel();
        out::note("the load ends; what was promised is still proved (once more to end that too)");
        signals.next().await;
        stop.all.cancel();
    }))
}

fn draw(path: &Path, report: &::hammer::report::Report) -> Result<(), Failure> {
    let caption =
        format!("SCT latency over offered rate: {}, mix {}", report.about.log, report.about.settings.mix);
    let text = svg(&report.steps, &caption).map_err(|error| Failure::Check(format!("--svg: {error}")))?;
    std::fs::write(path, text).map_err(Failure::io(format_args!("write {}", path.display())))
}

impl From<HammerError> for Failure {
    fn from(error: HammerError) -> Self {
        let text = error.to_string();
        match error {
            HammerError::Chains(_) | HammerError::NoChains { .. } => Failure::Usage(text),
            HammerError::Records(_) | HammerError::Evidence(_) | HammerError::NoHead(_) => Failure::Io(text),
            HammerError::Lie(_) => Failure::Check(text),
            HammerError::Setup(_) | HammerError::Broken(_) => Failure::Internal(text),
        }
    }
}

/// The nodes of the cluster in a directory of `up`, for chaos.
pub(crate) type NodeChaos = ::hammer::chaos::Chaos<Nodes>;
