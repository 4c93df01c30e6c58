//! All logs together: planned together, then each repaired on its own, so that a fault of one stops only that one.

use crate::ask;
use crate::drive::{Driver, settings};
use crate::error::RepairError;
use crate::from_frontends::{Continuation, continuation};
use crate::machine::{Fx, Machine, Write};
use crate::plan::{Cause, NoPlan, Plan, plan};
use crate::report::FullReport;
use crate::run::{Outcome, Report};
use crate::state::{Armed, State, StateError};
use crate::wanted::Wanted;
use config::Log;
use ct::index::Term;
use ct::names::{LogName, Role};
use ct::node_key::NodeSigningKey;
use ct::term::{Guard, RunId};
use node::entropy::random_from;
use node::host::Host;
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is to happen to a log: planned from its certificate in force, or not.
pub struct Decision {
    guard: Guard,
    /// The plan, or why there is none.
    pub plan: Result<Plan, NoPlan>,
}

pub(crate) fn open(host: &Host, log: &Log) -> Result<State, RepairError> {
    State::open(&host.log_dir(log.name()), host.cluster().trust(log)).map_err(RepairError::state(log.name()))
}

/// Plans for every log; stops nobody.
///
/// # Errors
/// State that cannot be read.
pub async fn decide(
    host: &Host,
    cause: impl Fn(&Log) -> Cause,
    wanted: &Wanted,
) -> Result<BTreeMap<LogName, Decision>, RepairError> {
    let mut decisions = BTreeMap::new();
    for log in host.cluster().logs() {
        let guard = open(host, log)?.guard().clone();
        let scan = ask::everybody(host, log.name()).await;
        let guard = ask::newest(host, log.name(), guard, &scan).await;
        let plan = plan(cause(log), wanted, &guard, log.key(), &scan);
        decisions.insert(log.name().clone(), Decision { guard, plan });
    }
    Ok(decisions)
}

/// How a log would go on from what frontends have, and the certificate from which that was made out.
pub struct Offer {
    guard: Guard,
    /// It, or why it cannot.
    pub continuation: Result<Continuation, NoPlan>,
}

/// Looks at every log; stops nobody.
///
/// # Errors
/// State that cannot be read.
pub async fn offers(host: &Host) -> Result<BTreeMap<LogName, Offer>, RepairError> {
    let merges = host.cluster().nodes_of(Role::Merge);
    let keys: BTreeMap<_, _> = merges.map(|node| (node.name().clone(), node.key())).collect();
    let mut offers = BTreeMap::new();
    for log in host.cluster().logs() {
        let (guard, begun) = {
            let state = open(host, log)?;
            let begun = match state.armed().map_err(RepairError::state(log.name()))? {
                Armed::UnderWay(run) => Some(run.plan.term),
                Armed::Yes | Armed::Spent(_) => None,
            };
            (state.guard().clone(), begun)
        };
        let scan = ask::everybody(host, log.name()).await;
        let guard = ask::newest(host, log.name(), guard, &scan).await;
        let continuation = continuation(&guard, log.key(), &keys, begun, &scan);
        offers.insert(log.name().clone(), Offer { guard, continuation });
    }
    Ok(offers)
}

/// Makes the run durable that goes on so, by an operator's word; [`carry_out`] goes on with it. A person's word needs no other
/// leave: whatever became of the last run, this one takes its place, in one step. One that is under way had no majority, or
/// its certificate is what the word was made from.
///
/// # Errors
/// State that has changed since it was looked at; a key that is no operator's; state that cannot be read or written.
pub fn give_word(
    host: &Host,
    log: &Log,
    (guard, continuation): (&Guard, &Continuation),
    operator: &NodeSigningKey,
) -> Result<(), RepairError> {
    let error = RepairError::state(log.name());
    let mut state = open(host, log)?;
    // Another process may have got on since the look.
    let begun = match state.armed().map_err(&error)? {
        Armed::UnderWay(run) => run.plan.term,
        Armed::Yes | Armed::Spent(_) => Term::ZERO,
    };
    if state.guard().term() > guard.term() || begun >= continuation.term {
        return Err(error(StateError::Overtaken { term: state.guard().term().max(begun) }));
    }
    let id = RunId::new(random_from(host.entropy().as_ref()));
    let signed = continuation.sign((guard, id, host.clock().now()), &host.signing_key(), operator);
    let (certificate, run) = signed.map_err(|bad| error(bad.into()))?;
    state.replace(&certificate, &run).map_err(&error)
}

impl Offer {
    /// The certificate in force, as far as nodes that answer have it.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }
}

/// What stands in the way of a new run, or is under way: by log.
///
/// # Errors
/// State that cannot be read.
pub fn armed(host: &Host) -> Result<BTreeMap<LogName, Armed>, RepairError> {
    let one = |log: &Log| {
        let armed = open(host, log)?.armed().map_err(RepairError::state(log.name()))?;
        Ok((log.name().clone(), armed))
    };
    host.cluster().logs().iter().map(one).collect()
}

/// A person allows another run.
///
/// # Errors
/// [`crate::state::StateError::Unfinished`], and state that cannot be read or written.
pub fn rearm(host: &Host) -> Result<(), RepairError> {
    for log in host.cluster().logs() {
        open(host, log)?.rearm().map_err(RepairError::state(log.name()))?;
    }
    Ok(())
}

/// Carries out what was decided, and goes on with whatever is under way. `None` if the process was told to end before all
/// runs were over; they go on when it is started again.
///
/// # Errors
/// A report that cannot be written.
pub async fn carry_out(
    host: &Host,
    decisions: BTreeMap<LogName, Decision>,
) -> Result<Option<FullReport>, RepairError> {
    let (sender, mut unfinished) = mpsc::channel(16);
    let mut runs = JoinSet::new();
    let mut reports = BTreeMap::new();
    for log in host.cluster().logs() {
        let name = log.name().clone();
        match begin(host, log, decisions.get(&name), sender.clone()) {
            Ok(Some(Begun::Run(driver))) => {
                runs.spawn(async move {
                    let ended = driver.run().await.map_err(|error| error.to_string());
                    (name, ended)
                });
            }
            Ok(Some(Begun::Refused(report))) => drop(reports.insert(name, *report)),
            Ok(None) => {}
            Err(error) => drop(reports.insert(name, failed(error.to_string()))),
        }
    }
    drop(sender);
    let mut broken_off = false;
    loop {
        tokio::select! {
            ended = runs.join_next() => match ended {
                None => break,
                Some(Ok((log, Ok(Some(report))))) => drop(reports.insert(log, report)),
                Some(Ok((_, Ok(None)))) => broken_off = true,
                Some(Ok((log, Err(error)))) => drop(reports.insert(log, failed(error))),
                Some(Err(panic)) => tracing::error!(%panic, "a run failed"),
            },
            Some((log, report)) = unfinished.recv() => {
                let mut now = reports.clone();
                now.insert(log, report);
                publish(host, now).await?;
            }
        }
    }
    if broken_off {
        return Ok(None);
    }
    publish(host, reports).await.map(Some)
}

enum Begun {
    Run(Box<Driver>),
    Refused(Box<Report>),
}

fn begin(
    host: &Host,
    log: &Log,
    decision: Option<&Decision>,
    unfinished: mpsc::Sender<(LogName, Report)>,
) -> Result<Option<Begun>, RepairError> {
    let error = RepairError::state(log.name());
    let mut state = open(host, log)?;
    let now = host.clock().now();
    let (machine, first) = match (state.armed().map_err(&error)?, decision) {
        (Armed::UnderWay(run), _) => {
            let guard = state.guard().clone();
            (Machine::recover(settings(host, log), guard, *run, now), Fx::new())
        }
        (Armed::Spent(why), Some(_)) => return Ok(Some(Begun::Refused(Box::new(failed(spent(&why)))))),
        (_, None) => return Ok(None),
        (Armed::Yes, Some(Decision { plan: Err(reason), .. })) => {
            if reason.is_patience() {
                return Ok(None);
            }
            state.refuse(reason).map_err(&error)?;
            let report = Report::without_run(Outcome::NotBegun { reason: reason.clone() });
            return Ok(Some(Begun::Refused(Box::new(report))));
        }
        (Armed::Yes, Some(Decision { guard, plan: Ok(plan) })) => {
            let mut fx = Fx::new();
            fx.write(Write::Certificate(Box::new(guard.certificate().clone())));
            let run = RunId::new(random_from(host.entropy().as_ref()));
            let plan = plan.clone();
            (Machine::begin(settings(host, log), guard.clone(), plan, run, now, &mut fx), fx)
        }
    };
    let (host, log) = (host.clone(), log.name().clone());
    Ok(Some(Begun::Run(Box::new(Driver { host, log, state, machine, first, unfinished }))))
}

/// What is said where a run is over already.
pub(crate) fn spent(why: &str) -> String {
    format!(
        "this repair was used, and a new run waits for `wolffish repair --rearm`; what came of the last: {why}"
    )
}

fn failed(reason: String) -> Report {
    Report::without_run(Outcome::Failed { reason })
}

async fn publish(host: &Host, logs: BTreeMap<LogName, Report>) -> Result<FullReport, RepairError> {
    let report = FullReport::new(host.me().name().clone(), host.clock().now(), logs);
    for line in report.to_string().lines() {
        tracing::warn!(report = line);
    }
    report.write(host.state_dir())?;
    if let Some(command) = host.me().report_command() {
        report.tell(command).await;
    }
    Ok(report)
}
