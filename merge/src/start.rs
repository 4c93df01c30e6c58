//! Starting a log: its store is opened, its machine goes on from there, and a thread of its own takes it over.

use crate::caller::Outbound;
use crate::create::options;
use crate::error::MergeError;
use crate::keeper::{Job, Keeper};
use crate::machine::{Machine, Settings};
use crate::message::{Call, CallId};
use crate::rows;
use config::Log;
use ct::names::{NodeName, Role};
use node::host::{Host, StartError};
use std::sync::Arc;
use std::time::Duration;
use store::log::{Reader, SealJob, StepView, Writer};
use tokio::sync::mpsc;

/// Most jobs that wait for a log's keeper.
const MAX_JOBS: usize = 256;

/// How often time passes for a machine: a primary acts on events, and on this when nothing happens.
const TICK: Duration = Duration::from_millis(20);

/// What this node is configured to, for one log.
fn settings(host: &Host, log: &Log) -> Settings {
    let cluster = host.cluster();
    let names = |role| cluster.nodes_of(role).map(|node| node.name().clone()).collect::<Vec<NodeName>>();
    Settings {
        me: host.me().name().clone(),
        key: host.signing_key(),
        log_key: log.key().clone(),
        window: log.window().map(|window| ct::x509::Window {
            start_inclusive: window.start_inclusive(),
            end_exclusive: window.end_exclusive(),
        }),
        clock: log.clock(),
        sth_interval: log.sth_interval(),
        publish_interval: log.publish_interval(),
        storage: names(Role::Storage),
        storage_quorum: cluster.quorum().needed(),
        frontends: names(Role::Frontend),
    }
}

/// Opens a log and starts its keeper; jobs for it go into what is returned, beside what reads it.
pub(crate) fn start_log(host: &Host, log: &Log) -> Result<(mpsc::Sender<Job>, Reader), MergeError> {
    let (name, dir) = (log.name().clone(), host.log_dir(log.name()));
    let store = |error| MergeError::Store { log: name.clone(), dir: dir.clone(), error: Box::new(error) };
    let writer = Writer::open(&dir, &options(log.kind())).map_err(store)?;
    let trust = host.cluster().trust(log);
    let reader = writer.reader();
    let durable = rows::load(&reader, trust).map_err(|error| MergeError::Rows {
        log: name.clone(),
        dir: dir.clone(),
        error: Box::new(error),
    })?;
    let settings = settings(host, log);
    let machine = Machine::recover(settings.clone(), durable, &StepView::new(&reader))
        .map_err(|halt| MergeError::Halt { log: name.clone(), halt: Box::new(halt) })?;
    let (sender, mut jobs) = mpsc::channel(MAX_JOBS);
    let keeper = Keeper {
        log: name.clone(),
        settings,
        clock: host.clock(),
        caller: caller(host, log, &writer, sender.clone()),
        seal: sealer(host, sender.clone()),
        sealing: false,
        writer,
    };
    let tasks = host.tasks().clone();
    host.vital("log", async move {
        let done = tasks.blocking("log", move || keeper.run(machine, &mut jobs)).await;
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(MergeError::keeper(name, &error)),
            Err(panic) => Err(MergeError::Keeper {
                log: name,
                error: panic.to_string(),
                exit: node::exit::Exit::Internal,
            }),
        }
    })?;
    crate::scrub::start(host, log, reader.clone(), sender.downgrade())?;
    tick(host, sender.clone())?;
    Ok((sender, reader))
}

/// Each call is a task of its own: a slow callee holds nobody up.
fn caller(
    host: &Host,
    log: &Log,
    writer: &Writer,
    jobs: mpsc::Sender<Job>,
) -> Box<dyn Fn(CallId, NodeName, Call) + Send> {
    let outbound =
        Arc::new(Outbound { log: log.name().clone(), host: host.clone(), reader: writer.reader() });
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |id, to, call| {
        let (outbound, jobs) = (Arc::clone(&outbound), jobs.clone());
        runtime.spawn(async move {
            let outcome = outbound.perform(&to, call).await;
            // The keeper is gone only when the node stops.
            let _ = jobs.send(Job::Returned(id, Box::new(outcome))).await;
        });
    })
}

fn sealer(host: &Host, jobs: mpsc::Sender<Job>) -> Box<dyn Fn(SealJob) + Send> {
    let (tasks, runtime) = (host.tasks().clone(), tokio::runtime::Handle::current());
    Box::new(move |job| {
        let (tasks, jobs) = (tasks.clone(), jobs.clone());
        runtime.spawn(async move {
            if let Ok(run) = tasks.blocking("seal", move || job.run()).await {
                let _ = jobs.send(Job::Sealed(Box::new(run))).await;
            }
        });
    })
}

fn tick(host: &Host, jobs: mpsc::Sender<Job>) -> Result<(), MergeError> {
    let shutdown = host.shutdown();
    host.tasks()
        .background("tick", async move {
            let mut interval = tokio::time::interval(TICK);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while shutdown.run_until_cancelled(interval.tick()).await.is_some() {
                // A keeper with a full queue has enough to wake it.
                let _ = jobs.try_send(Job::Tick);
            }
            let _ = jobs.send(Job::Stop).await;
        })
        .map_err(|error| StartError::from(error).into())
}
