//! What every process of the cluster has: its place in `cluster.toml`, its key, clock and randomness, calls to its peers,
//! its servers and its tasks. A role puts its decisions on top and nothing else.

mod args;
mod error;
mod load;

pub use args::{LAST_GRACE, RunArgs, main_exit, role_main};
pub use error::{Fatal, StartError};

use crate::admin_server::AdminServer;
use crate::clock::{Clock, SystemClock};
use crate::credentials::NodeCredentials;
use crate::entropy::{Entropy, SystemEntropy};
use crate::exit::Exit;
use crate::limits::SHUTDOWN_GRACE;
use crate::peers::Peers;
use crate::readiness::Readiness;
use crate::rpc_client::Client;
use crate::rpc_server::{RpcServer, Service};
use crate::tasks::Tasks;
use crate::{shutdown, telemetry, tls};
use config::Cluster;
use ct::index::Term;
use ct::names::{LogName, NodeName, Role};
use ct::node_key::NodeSigningKey;
use ct::sth::Sth;
use ct::wire::status::{Detail, ReadOnlyStatus, Scrub, Status};
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Most tasks of a node at a time.
const MAX_TASKS: usize = 1024;

/// How long a stopping node waits for its tasks: longer than its servers wait for calls under way.
const FINISH_GRACE: Duration = Duration::from_secs(SHUTDOWN_GRACE.as_secs() + 5);

/// The reason that stands until the node listens.
const STARTING: &str = "starting";

/// The world outside of the configuration: another one in tests.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Ends the node.
    pub shutdown: CancellationToken,
    /// Where the node's metrics are read.
    pub metrics: PrometheusHandle,
}

/// A node of the cluster in this process. Cheap to clone; every clone is the same node.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    cluster: Arc<Cluster>,
    me: config::Node,
    state_dir: PathBuf,
    credentials: NodeCredentials,
    peers: Arc<Peers>,
    client: Client,
    around: Surroundings,
    readiness: Arc<Readiness>,
    tasks: Tasks,
    /// How the process ends after a vital task failed.
    ending: OnceLock<Exit>,
    scrubs: Mutex<BTreeMap<LogName, Scrub>>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.0.me.name())
    }
}

impl Host {
    /// Begins a process of `role`: reads its configuration and key, sets up logs and metrics, heeds signals.
    ///
    /// # Errors
    /// Whatever is wrong with configuration, key or machine; see [`StartError`].
    pub async fn start(role: Role, args: &RunArgs) -> Result<Self, StartError> {
        let loaded = load::load(role, args)?;
        telemetry::init_logs(args.log_format, "info")?;
        let around = Surroundings {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::new()),
            shutdown: shutdown::on_signals().map_err(StartError::Signals)?,
            metrics: telemetry::init_metrics()?,
        };
        let host = Self::assemble(loaded, args, around)?;
        for warning in host.0.cluster.warnings() {
            tracing::warn!(place = warning.place, text = warning.text, "configuration");
        }
        Ok(host)
    }

    /// As [`Host::start`], in a process whose logs and metrics somebody else looks after.
    ///
    /// # Errors
    /// As [`Host::start`].
    pub fn start_in(role: Role, args: &RunArgs, around: Surroundings) -> Result<Self, StartError> {
        Self::assemble(load::load(role, args)?, args, around)
    }

    fn assemble(loaded: load::Loaded, args: &RunArgs, around: Surroundings) -> Result<Self, StartError> {
        let load::Loaded { cluster, me, credentials } = loaded;
        let peers = Arc::new(load::peers(&cluster)?);
        let client = Client::new(&credentials, &peers, Arc::clone(&around.entropy))?;
        let readiness = Arc::new(Readiness::new());
        readiness.set(STARTING, "not listening yet");
        let tasks = Tasks::new(MAX_TASKS, around.shutdown.clone());
        tasks.background("metrics", telemetry::keep_up(around.metrics.clone(), around.shutdown.clone()))?;
        let (state_dir, ending, scrubs) = (args.state.clone(), OnceLock::new(), Mutex::default());
        let cluster = Arc::new(cluster);
        if me.role() != Role::Frontend {
            for log in cluster.read_only_logs() {
                tracing::debug!(log = %log.name(), role = %me.role(), "read-only: kept by frontends alone");
            }
        }
        let inner = Inner {
            cluster,
            me,
            state_dir,
            credentials,
            peers,
            client,
            around,
            readiness,
            tasks,
            ending,
            scrubs,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The whole cluster.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.0.cluster
    }
    /// This node.
    pub fn me(&self) -> &config::Node {
        &self.0.me
    }
    /// Where this node keeps everything.
    pub fn state_dir(&self) -> &Path {
        &self.0.state_dir
    }
    /// Where it keeps what belongs to one log.
    pub fn log_dir(&self, log: &LogName) -> PathBuf {
        log_dir(&self.0.state_dir, log)
    }
    /// Tells the time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.around.clock)
    }
    /// Gives random bytes.
    pub fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.0.around.entropy)
    }
    /// Calls other nodes.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
    /// Every node, this one included.
    pub fn peers(&self) -> &Arc<Peers> {
        &self.0.peers
    }
    /// Whether this node is fit to serve. Until it listens, it is not.
    pub fn readiness(&self) -> Arc<Readiness> {
        Arc::clone(&self.0.readiness)
    }
    /// The tasks of this node.
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }
    /// Ends this node.
    pub fn shutdown(&self) -> CancellationToken {
        self.0.around.shutdown.clone()
    }
    /// The key with which this node signs statements.
    pub fn signing_key(&self) -> NodeSigningKey {
        self.0.credentials.signing_key()
    }

    /// How the scrub of a log stands.
    pub fn scrubbed(&self, log: &LogName, scrub: Scrub) {
        self.0.scrubs.lock().unwrap_or_else(PoisonError::into_inner).insert(log.clone(), scrub);
    }

    /// Starts a task without which the node is not whole; its error decides how the process ends.
    ///
    /// # Errors
    /// [`StartError::Tasks`].
    pub fn vital<F, E>(&self, task: &'static str, future: F) -> Result<(), StartError>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Fatal + Send,
    {
        let host = self.clone();
        let future = async move {
            future.await.inspect_err(|error| {
                // Only the first failure counts: later ones tend to follow from it.
                let _ = host.0.ending.set(error.exit());
            })
        };
        Ok(self.0.tasks.vital(task, future)?)
    }

    /// Listens where `cluster.toml` says, and answers other nodes with `service`.
    ///
    /// # Errors
    /// [`StartError::Bind`] names an address that is taken.
    pub async fn serve<S: Service>(&self, service: Arc<S>) -> Result<(), StartError> {
        let me = &self.0.me;
        let address = me.address().ok_or_else(|| StartError::NoAddress { node: me.name().clone() })?;
        let rpc = bind(&address.to_string()).await?;
        let admin = match me.admin() {
            Some(address) => Some(bind(&address.to_string()).await?),
            None => None,
        };
        self.serve_on(service, rpc, admin)
    }

    /// As [`Host::serve`], on sockets that are bound already.
    ///
    /// # Errors
    /// [`StartError::Tls`], [`StartError::Tasks`].
    pub fn serve_on<S: Service>(
        &self,
        service: Arc<S>,
        rpc: TcpListener,
        admin: Option<TcpListener>,
    ) -> Result<(), StartError> {
        let Inner { cluster, me, credentials, peers, readiness, tasks, .. } = &*self.0;
        let shown = |listener: &TcpListener| listener.local_addr().map(|a| a.to_string()).unwrap_or_default();
        let (address, admin_address) = (shown(&rpc), admin.as_ref().map(shown).unwrap_or_default());
        let tls = tls::server_config(credentials, Arc::clone(peers))?;
        let logs = cluster.logs_kept_by(me.role()).map(|log| log.facts().name().clone()).collect();
        let server = RpcServer::new(me.role(), logs, Arc::clone(peers), tls);
        let serving = server.serve(rpc, service, self.shutdown());
        tasks.vital("rpc", async move {
            serving.await;
            Ok::<_, StartError>(())
        })?;
        if let Some(listener) = admin {
            let metrics = self.0.around.metrics.clone();
            let server = AdminServer { metrics, readiness: Arc::clone(readiness) };
            tasks.background("admin", server.serve(listener, self.shutdown()))?;
        }
        readiness.clear(STARTING);
        tracing::info!(node = %me.name(), role = %me.role(), address, admin = admin_address, "ready");
        Ok(())
    }

    /// This node calls others and is called by nobody: it is as ready as it will be.
    pub fn listens_nowhere(&self) {
        self.0.readiness.clear(STARTING);
        tracing::info!(node = %self.0.me.name(), role = %self.0.me.role(), "ready");
    }

    /// Waits until the node is to end, because it was asked to or because a vital task failed, and for its tasks.
    pub async fn finish(self) -> Exit {
        let ended = self.0.tasks.finish(FINISH_GRACE).await;
        match self.0.ending.get() {
            Some(exit) => *exit,
            None => ended,
        }
    }
}

/// Where a node with this state directory keeps what belongs to one log.
pub fn log_dir(state_dir: &Path, log: &LogName) -> PathBuf {
    state_dir.join("logs").join(log.as_str())
}

/// Binds `address`, `host:port`.
///
/// # Errors
/// [`StartError::Bind`], which names the address.
pub async fn bind(address: &str) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Bind { address: address.to_owned(), source })
}

/// The answer to Status.
pub fn status(host: &Host, log: &LogName, term: Term, primary: &NodeName, detail: Detail) -> Status {
    Status {
        node: host.0.me.name().clone(),
        role: host.0.me.role(),
        log: log.clone(),
        now: host.0.around.clock.now(),
        term,
        primary: primary.clone(),
        config_hash: host.0.cluster.config_hash().to_string(),
        not_ready: not_ready(host),
        scrub: host.0.scrubs.lock().unwrap_or_else(PoisonError::into_inner).get(log).copied(),
        detail,
    }
}

/// The answer to Status of a read-only log.
pub fn read_only_status(host: &Host, log: &LogName, published: Sth) -> ReadOnlyStatus {
    ReadOnlyStatus {
        node: host.0.me.name().clone(),
        log: log.clone(),
        now: host.0.around.clock.now(),
        config_hash: host.0.cluster.config_hash().to_string(),
        not_ready: not_ready(host),
        published,
    }
}

fn not_ready(host: &Host) -> Vec<String> {
    let reasons = host.0.readiness.reasons().into_iter();
    reasons.map(|(name, text)| format!("{name}: {text}")).collect()
}
