//! The merge-repair process: it watches, repairs once, reports and ends.

use crate::ask;
use crate::error::RepairError;
use crate::plan::Cause;
use crate::repair::{Decision, armed, carry_out, decide, spent};
use crate::scan::Age;
use crate::state::Armed;
use crate::wanted::Wanted;
use config::Log;
use ct::names::{LogName, Role};
use node::exit::Exit;
use node::host::{Host, RunArgs};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest and shortest pause between two looks at the frontends.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Watches until a log's newest tree head is old, repairs, and reports; or goes on with a repair that was broken off.
///
/// # Errors
/// State that was never made or cannot be used; a report that cannot be written.
pub async fn run(args: RunArgs) -> Result<Exit, RepairError> {
    let host = Host::start(Role::MergeRepair, &args).await?;
    host.listens_nowhere();
    let ended = work(&host).await;
    host.shutdown().cancel();
    let finished = host.finish().await;
    match ended? {
        Exit::Ok => Ok(finished),
        other => Ok(other),
    }
}

async fn work(host: &Host) -> Result<Exit, RepairError> {
    let shutdown = host.shutdown();
    loop {
        match armed(host) {
            // A person's hand is at it: wait for what comes of it.
            Err(error) if error.is_busy() => {}
            Err(error) => return Err(error),
            Ok(states) => {
                if let Some(exit) = resume(host, &states).await? {
                    return Ok(exit);
                }
                match shutdown.run_until_cancelled(watch(host)).await {
                    None => return Ok(Exit::Ok),
                    Some(Err(error)) if error.is_busy() => {}
                    Some(decisions) => return act(host, decisions?).await,
                }
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(PAUSES.1)).await.is_none() {
            return Ok(Exit::Ok);
        }
    }
}

/// Goes on with what was broken off. A repair that was used ends the process.
async fn resume(host: &Host, states: &BTreeMap<LogName, Armed>) -> Result<Option<Exit>, RepairError> {
    if states.values().any(|state| matches!(state, Armed::UnderWay(_))) {
        tracing::warn!("going on with a repair that was broken off");
        return act(host, BTreeMap::new()).await.map(Some);
    }
    for (log, state) in states {
        if let Armed::Spent(why) = state {
            tracing::error!(%log, "{}", spent(why));
            return Ok(Some(Exit::Internal));
        }
    }
    Ok(None)
}

async fn act(host: &Host, decisions: BTreeMap<LogName, Decision>) -> Result<Exit, RepairError> {
    Ok(match carry_out(host, decisions).await? {
        // It was told to end; the run goes on when it is started again.
        None => Exit::Ok,
        Some(report) if report.success => Exit::Ok,
        Some(_) => Exit::Internal,
    })
}

fn old(log: &Log) -> Cause {
    Cause::Age { limit_ms: log.repair_after().as_millis() as u64 }
}

/// Looks until something must be done. All logs are planned together.
async fn watch(host: &Host) -> Result<BTreeMap<LogName, Decision>, RepairError> {
    let shortest = host.cluster().logs().iter().map(Log::repair_after).min().unwrap_or(PAUSES.1);
    let pause = (shortest / 10).clamp(PAUSES.0, PAUSES.1);
    loop {
        let mut any_old = false;
        for log in host.cluster().logs() {
            let age = ask::frontends(host, log.name()).await.age(log.key());
            let gauge = metrics::gauge!("wolffish_repair_sth_age_seconds", "log" => log.name().to_string());
            if let Age::Known(age) = age {
                gauge.set(age.as_secs_f64());
                any_old |= age >= log.repair_after();
            }
        }
        if any_old {
            let decisions = decide(host, old, &Wanted::Primary).await?;
            let called_for = |decision: &Decision| match &decision.plan {
                Ok(_) => true,
                Err(reason) => !reason.is_patience(),
            };
            // A primary that is gone leaves all its logs, whose tree heads grow old one after the other; this is the only run.
            let may_follow = |decision: &Decision| {
                decision.plan.as_ref().is_err_and(|reason| reason.is_soon_over(shortest / 2))
            };
            if decisions.values().any(called_for) && !decisions.values().any(may_follow) {
                return Ok(decisions);
            }
        }
        tokio::time::sleep(pause).await;
    }
}
