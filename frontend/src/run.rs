//! A frontend's process.

use crate::copy::Settings;
use crate::error::FrontendError;
use crate::internal::{FrontendService, StartedLog, Wanted, start_log};
use crate::log::{LogState, Rules};
use crate::public::Public;
use crate::read_only;
use crate::submit::limits::MAX_IN_FLIGHT;
use crate::submit::{Bounds, Known, LogNetwork, Wiring};
use config::{AnyLog, Scrubbing};
use ct::names::{NodeName, Role};
use node::exit::Exit;
use node::host::{Host, RunArgs, bind};
use node::public_server::PublicServer;
use node::public_tls::PublicTls;
use node::tasks::Tasks;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How often the certificate for the public is read anew: it is replaced long before it expires.
const RELOAD: Duration = Duration::from_secs(3600);

/// Runs a frontend until it is told to stop, or must.
pub async fn run(args: RunArgs) -> Result<Exit, FrontendError> {
    let host = Host::start(Role::Frontend, &args).await?;
    serve(&host).await?;
    Ok(host.finish().await)
}

/// Starts all parts of a frontend.
async fn serve(host: &Host) -> Result<(), FrontendError> {
    let me = host.me();
    let tls = match me.tls() {
        Some(files) => Some(Arc::new(PublicTls::load(&files.certificate, &files.key)?)),
        None => None,
    };
    // Taken before anything is opened, so that a second process of this node changes nothing.
    let listener = match me.public() {
        Some(address) => Some(bind(&address.to_string()).await?),
        None => None,
    };
    let promises = Tasks::new(MAX_IN_FLIGHT, host.shutdown());
    let mut logs = BTreeMap::new();
    for log in host.cluster().logs_kept_by(me.role()) {
        let (state, scrubbing) = match log {
            AnyLog::Live(log) => (start_live(host, log, &promises)?, log.scrubbing()),
            AnyLog::ReadOnly(log) => (open_read_only(host, log)?, Scrubbing::DEFAULT),
        };
        let state = Arc::new(state);
        crate::scrub::start(host, &state, scrubbing)?;
        logs.insert(log.facts().name().clone(), state);
    }
    host.tasks().background("watch", crate::watch::watch(host.clone(), logs.values().cloned().collect()))?;
    if let Some(listener) = listener {
        let public = Public::new(logs.values().cloned(), host.readiness(), host.tasks().clone());
        serve_public(host, listener, tls, public)?;
    }
    Ok(host.serve(Arc::new(FrontendService { host: host.clone(), logs })).await?)
}

fn serve_public(
    host: &Host,
    listener: TcpListener,
    tls: Option<Arc<PublicTls>>,
    public: Public,
) -> Result<(), FrontendError> {
    if let Some(tls) = &tls {
        host.tasks().background("reload certificate", reload(host.clone(), Arc::clone(tls)))?;
    }
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    tracing::info!(address, tls = tls.is_some(), "answering the public");
    let public = Arc::new(public);
    let handler = move |request, _| {
        let public = Arc::clone(&public);
        async move { public.answer(request).await }
    };
    let serving = PublicServer::new(tls).serve(listener, handler, host.shutdown());
    host.tasks().vital("public", async move {
        serving.await;
        Ok::<_, Infallible>(())
    })?;
    Ok(())
}

/// A log whose TLS certificate expires is down.
async fn reload(host: Host, tls: Arc<PublicTls>) {
    let shutdown = host.shutdown();
    while shutdown.run_until_cancelled(tokio::time::sleep(RELOAD)).await.is_some() {
        if let Err(error) = tls.reload() {
            tracing::error!(%error, "the certificate for the public cannot be read; the old one stays");
        }
    }
}

/// Opens the copy of one read-only log: there is nothing to start.
fn open_read_only(host: &Host, log: &config::ReadOnlyLog) -> Result<LogState, FrontendError> {
    let opened = read_only::open(&host.log_dir(log.name()), log.facts().key());
    let failed = |error| FrontendError::ReadOnly { log: log.name().clone(), error: Box::new(error) };
    Ok(LogState::read_only(log, opened.map_err(failed)?))
}

/// Opens one log and starts all that belongs to it.
fn start_live(host: &Host, log: &config::Log, promises: &Tasks) -> Result<LogState, FrontendError> {
    let (name, dir) = (log.name().clone(), host.log_dir(log.name()));
    let rules = Rules::load(log).map_err(|error| FrontendError::Roots { log: name.clone(), error })?;
    let known = Known::default();
    let started = start_log(Wanted {
        log: &name,
        dir: &dir,
        kind: log.kind(),
        settings: Settings { log_key: log.key().clone(), clock: log.clock() },
        trust: host.cluster().trust(log),
        clock: host.clock(),
        tasks: host.tasks(),
        known: known.clone(),
    });
    let started =
        started.map_err(|error| FrontendError::Log { log: name.clone(), dir, error: Box::new(error) })?;
    let StartedLog { keeper, heads, reader, keeping } = started;
    host.vital(
        "keeper",
        async move { keeping.run().await.map_err(|error| FrontendError::keeper(name, &error)) },
    )?;
    let submitter = crate::submit::start(Wiring {
        log: log.name().clone(),
        key: log.key().clone(),
        clock_bound: log.clock(),
        bounds: Bounds {
            sth_age: log.stop_submissions_after_sth_age(),
            polled_age: log.stop_submissions_after_polled_age(),
            quorum: host.cluster().quorum().needed(),
        },
        storage: names(host, Role::Storage),
        signers: names(host, Role::Signer),
        network: Arc::new(LogNetwork { host: host.clone(), log: log.name().clone() }),
        clock: host.clock(),
        tasks: host.tasks().clone(),
        promises: promises.clone(),
        reader: reader.clone(),
        heads: Arc::clone(&heads),
        keeper: keeper.clone(),
        known,
    })?;
    Ok(LogState::live(log, rules, (heads, reader, keeper), submitter))
}

fn names(host: &Host, role: Role) -> Vec<NodeName> {
    host.cluster().nodes_of(role).map(|node| node.name().clone()).collect()
}
