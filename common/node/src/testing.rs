//! For tests of roles: a small cluster on loopback with real keys and addresses. Nothing of it runs in a log.

use crate::clock::Clock;
use crate::entropy::SystemEntropy;
use crate::host::{Host, RunArgs, StartError, Surroundings};
use crate::telemetry::{LogFormat, detached_metrics};
use config::init::{Counts, InitPlan, InitReport, LogPlan, init_cluster, node_dir};
use config::raw::RawLog;
use config::{Cluster, Log, load_node_credentials};
use ct::index::Term;
use ct::names::{LogName, NodeName, Role};
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::term::{Change, Incarnation, RunId, TermBody, TermCertificate, Voter, Voters};
use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The one log of a lab.
pub const LOG: &str = "lab";

/// A cluster whose addresses are taken, each by a listener that waits for its node.
pub struct Lab {
    /// What was made.
    pub report: InitReport,
    dir: PathBuf,
    listeners: BTreeMap<u16, StdListener>,
}

/// A node's name from a text that is one.
pub fn node_name(text: &str) -> NodeName {
    text.parse().expect("a test names its nodes well")
}

impl Lab {
    /// Makes a cluster with one log in `dir`.
    pub fn new(dir: &Path, counts: Counts, settings: RawLog) -> Self {
        let mut listeners = BTreeMap::new();
        let next_port = || {
            let listener = StdListener::bind("127.0.0.1:0").expect("loopback has a free port");
            listener.set_nonblocking(true).expect("a socket can be made not to block");
            let port = listener.local_addr().expect("a bound socket has an address").port();
            listeners.insert(port, listener);
            port
        };
        let name = LOG.parse().expect("the log's name is one");
        let plan = InitPlan::local(dir, counts, vec![LogPlan { name, settings }], next_port);
        let report = init_cluster(&plan).expect("the plan makes a cluster");
        Self { report, dir: dir.to_owned(), listeners }
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.report.cluster
    }
    /// The log.
    pub fn log(&self) -> &Log {
        &self.cluster().logs()[0]
    }
    /// Its name.
    pub fn log_name(&self) -> &LogName {
        self.log().name()
    }
    /// A node's state directory.
    pub fn state_dir(&self, node: &str) -> PathBuf {
        node_dir(&self.dir, &node_name(node))
    }
    /// A node's key.
    pub fn key(&self, node: &str) -> NodeSigningKey {
        let credentials = load_node_credentials(&self.state_dir(node)).expect("init made the node's key");
        credentials.signing_key().clone()
    }
    /// What a node is started with.
    pub fn args(&self, node: &str) -> RunArgs {
        let (cluster, state) = (self.report.file.clone(), self.state_dir(node));
        RunArgs { cluster, node: node_name(node), state, log_format: LogFormat::Human }
    }

    /// A node of the cluster in this process, which does not listen yet.
    ///
    /// # Errors
    /// As [`Host::start`].
    pub fn host(&self, node: &str, role: Role, clock: Arc<dyn Clock>) -> Result<Host, StartError> {
        let entropy = Arc::new(SystemEntropy::new());
        let (shutdown, metrics) = (CancellationToken::new(), detached_metrics()?);
        Host::start_in(role, &self.args(node), Surroundings { clock, entropy, shutdown, metrics })
    }

    /// Where a node listens for others: the socket that waits for it, or after a restart a new one on its port. Async for
    /// the runtime that it needs.
    pub async fn listener(&mut self, node: &str) -> TcpListener {
        let address = self.cluster().node(&node_name(node)).and_then(|node| node.address().cloned());
        let address = address.expect("a node that listens has an address");
        match self.listeners.remove(&address.port()) {
            Some(listener) => TcpListener::from_std(listener).expect("the socket is a listener"),
            None => TcpListener::bind(address.to_string()).await.expect("the node's port is its own"),
        }
    }

    /// Gives up the sockets of a node, for a process that is to bind them.
    pub fn release(&mut self, node: &str) {
        let node = self.report.cluster.node(&node_name(node)).expect("a test names its nodes well");
        for address in [node.address(), node.admin(), node.public()].into_iter().flatten() {
            self.listeners.remove(&address.port());
        }
    }

    /// The certificate of the first term: every merge node votes, with an incarnation made of its place in the file.
    pub fn founding(&self) -> TermCertificate {
        let voter = |(at, node): (usize, &config::Node)| Voter {
            name: node.name().clone(),
            key: node.key(),
            incarnation: Incarnation::new([at as u8; 16]),
            joining_term: Term::ZERO,
        };
        let voters = self.cluster().nodes_of(Role::Merge).enumerate().map(voter).collect();
        let log = self.log();
        let signer = self.cluster().node(log.sth_signer()).map(config::Node::key);
        let body = TermBody {
            log_id: log.log_id(),
            kind: log.kind(),
            run: RunId::new([0; 16]),
            term: Term::FIRST,
            primary: log.first_primary().clone(),
            start_head: LogHead::EMPTY,
            change: Change::Nothing,
            sth_signer: log.sth_signer().clone(),
            sth_signer_key: signer.expect("cluster.toml names a signer that it lists"),
            voters: Voters::new(voters).expect("the nodes of a cluster differ"),
            former: Vec::new(),
            stops: Vec::new(),
        };
        TermCertificate::sign(body, &self.key(self.cluster().repair().name().as_str()))
    }
}
