//! `wolffish repair`: the repair of a cluster whose primary is gone, looked at, done, or allowed again by a person.

mod change;
mod from_frontends;
mod place;

use crate::failure::Failure;
use crate::out;
pub use change::{MembersArgs, RejoinArgs, members, rejoin};
use config::Log;
use from_frontends::Word;
use merge_repair::RepairError;
use merge_repair::plan::{Cause, NoPlan};
use merge_repair::repair::{Decision, armed, carry_out, decide, rearm};
use merge_repair::report::{FullReport, put_aside};
use merge_repair::state::Armed;
use merge_repair::wanted::Wanted;
use node::clock::{Clock as _, SystemClock};
use node::exit::Exit;
use node::host::{Fatal as _, Host};
use place::Place;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Appoint another primary: look at the plan, do it now, or allow merge-repair another run; exit code 0 only for success
#[derive(Debug, Clone, clap::Args)]
pub struct RepairArgs {
    #[command(flatten)]
    pub what: What,
    #[command(flatten)]
    pub word: Word,
    #[command(flatten)]
    pub place: Place,
}

/// One of four.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// Show what would be done for every log; nothing is stopped
    #[arg(long)]
    pub plan: bool,
    /// Do it now, whatever the age of the newest tree head
    #[arg(long)]
    pub now: bool,
    /// Allow another run after the last one was looked at
    #[arg(long)]
    pub rearm: bool,
    /// When a majority of merge disks is lost: show how each log would go on from the newest tree head; with --log and
    /// --root, do it
    #[arg(long)]
    pub from_frontends: bool,
}

/// Plans, repairs, rearms, or goes on from frontends.
pub async fn run(args: RepairArgs) -> Result<(), Failure> {
    let host = args.place.host()?;
    let as_json = args.place.json;
    let done = match args.what {
        What { from_frontends: true, .. } => from_frontends::run(&host, as_json, &args.word).await,
        _ if args.word.log.is_some() => Err(Failure::Usage("--log: only with --from-frontends".to_owned())),
        What { rearm: true, .. } => allow(&host),
        What { now: true, .. } => act(&host, as_json, &Wanted::Primary).await,
        What { .. } => show(&host, as_json).await,
    };
    host.shutdown().cancel();
    done
}

pub(super) fn failure(error: RepairError) -> Failure {
    if error.is_busy() {
        return Failure::Check(format!("{error}: another repair is at work"));
    }
    match error.exit() {
        Exit::Configuration => Failure::Usage(error.to_string()),
        Exit::Internal => Failure::Check(error.to_string()),
        _ => Failure::Io(error.to_string()),
    }
}

pub(super) fn allow(host: &Host) -> Result<(), Failure> {
    rearm(host).map_err(failure)?;
    let state = host.state_dir();
    put_aside(state, SystemClock.now())
        .map_err(Failure::io(format_args!("rename a report in {}", state.display())))?;
    out::line("merge-repair may run once more; start it again if nobody does so by itself");
    Ok(())
}

/// As the watch would plan, and where that plans nothing, as a person may.
async fn show(host: &Host, as_json: bool) -> Result<(), Failure> {
    let age = |log: &Log| Cause::Age { limit_ms: log.repair_after().as_millis() as u64 };
    let watch = decide(host, age, &Wanted::Primary).await.map_err(failure)?;
    let by_hand = decide(host, |_| Cause::Person, &Wanted::Primary).await.map_err(failure)?;
    if as_json {
        out::line(in_json(&watch, &by_hand));
    } else {
        out::text_of(in_words(&watch, &by_hand));
    }
    let impossible: Vec<&str> =
        by_hand.iter().filter(|(_, decision)| decision.plan.is_err()).map(|(log, _)| log.as_str()).collect();
    if impossible.is_empty() {
        Ok(())
    } else {
        Err(Failure::Check(format!("no repair is possible for {}", impossible.join(", "))))
    }
}

pub(super) type Decisions = BTreeMap<ct::names::LogName, Decision>;

fn in_words(watch: &Decisions, by_hand: &Decisions) -> String {
    let mut text = String::new();
    for (log, decision) in by_hand {
        let alone = match watch.get(log).map(|watch| &watch.plan) {
            Some(Err(reason)) => format!("merge-repair does nothing by itself: {reason}"),
            _ => "merge-repair does this by itself:".to_owned(),
        };
        let plan = match &decision.plan {
            Ok(plan) => plan.to_string(),
            Err(reason) => format!("nor can --now: {reason}"),
        };
        text.push_str(&format!("log {log}: {alone}\n{plan}\n\n"));
    }
    text
}

fn in_json(watch: &Decisions, by_hand: &Decisions) -> Value {
    let one = |decision: &Decision| match &decision.plan {
        Ok(plan) => json!({ "plan": plan }),
        Err(reason) => json!({ "no_plan": reason, "text": reason.to_string() }),
    };
    let mut logs = Map::new();
    for (log, decision) in by_hand {
        let watch = watch.get(log).map(one);
        logs.insert(log.to_string(), json!({ "watch": watch, "now": one(decision) }));
    }
    Value::Object(logs)
}

/// Goes on with a run that was broken off; otherwise a new run for every log, if none was used up.
pub(super) async fn act(host: &Host, as_json: bool, wanted: &Wanted) -> Result<(), Failure> {
    let states = armed(host).map_err(failure)?;
    for (log, state) in &states {
        if let Armed::Spent(why) = state {
            let text =
                format!("log {log}: a run is over, and a new one waits for `wolffish repair --rearm`: {why}");
            return Err(Failure::Check(text));
        }
    }
    let under_way = states.values().any(|state| matches!(state, Armed::UnderWay(_)));
    let decisions = if under_way {
        BTreeMap::new()
    } else {
        decide(host, |_| Cause::Person, wanted).await.map_err(failure)?
    };
    if let Some(what) = nothing_to_do(&decisions).filter(|_| !under_way) {
        out::line(what);
        return Ok(());
    }
    let report = carry_out(host, decisions).await.map_err(failure)?;
    tell(report, as_json)
}

/// What came of it; a failure for anything but success.
fn tell(report: Option<FullReport>, as_json: bool) -> Result<(), Failure> {
    let Some(report) = report else {
        return Err(Failure::Check("broken off; the run goes on by itself".to_owned()));
    };
    if as_json {
        out::line(serde_json::to_string(&report).map_err(|error| Failure::Internal(error.to_string()))?);
    } else {
        out::text_of(report.to_string());
    }
    if report.success { Ok(()) } else { Err(Failure::Check("not every log is repaired".to_owned())) }
}

/// What to say if every log is as it is wanted.
fn nothing_to_do(decisions: &Decisions) -> Option<String> {
    let done = decisions.iter().map(|(log, decision)| match &decision.plan {
        Err(reason @ NoPlan::Done { .. }) => Some(format!("log {log}: {reason}")),
        _ => None,
    });
    done.collect::<Option<Vec<_>>>().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n"))
}
