//! Asking every node.

use crate::ask::ask;
use crate::failure::Failure;
use config::Cluster;
use config::load_node_credentials;
use ct::names::{LogName, NodeName, Role};
use ct::node_key::NodeSigningKey;
use ct::wire::status::{Detail, ReadOnlyStatus, Status};
use node::entropy::SystemEntropy;
use node::message::Method;
use node::peers::{Peer, Peers};
use node::rpc_client::Client;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What one node says of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLook {
    /// The node.
    pub node: NodeName,
    /// Its role.
    pub role: Role,
    /// The log.
    pub log: LogName,
    /// Its answer, or why there is none.
    pub answer: Result<Status, String>,
}

/// What one frontend says of one read-only log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOnlyLook {
    /// The frontend.
    pub node: NodeName,
    /// The log.
    pub log: LogName,
    /// Its answer, or why there is none.
    pub answer: Result<ReadOnlyStatus, String>,
}

/// Asks as an operator.
#[derive(Debug, Clone)]
pub struct Observer {
    client: Arc<Client>,
    peers: Vec<(NodeName, Role)>,
    logs: Vec<LogName>,
    read_only: Vec<LogName>,
}

/// The key in that state directory, which must be an operator's.
pub fn operator_key(cluster: &Cluster, state_dir: &Path) -> Result<NodeSigningKey, Failure> {
    let own = load_node_credentials(state_dir)?;
    let (dir, key) = (state_dir.display(), own.public());
    match cluster.node_by_key(&key) {
        Some(node) if node.role() == Role::Operator => Ok(own.signing_key().clone()),
        Some(node) => {
            let text = format!(
                "{dir}: the key of {}, a node of role {}, not of an operator",
                node.name(),
                node.role()
            );
            Err(Failure::Usage(text))
        }
        None => Err(Failure::Usage(format!("{dir}: its key {key} is not in the configuration"))),
    }
}

/// A client that calls with the operator's key in that state directory, and the nodes that it can call.
pub fn operator_client(
    cluster: &Cluster,
    state_dir: &Path,
) -> Result<(Client, Vec<(NodeName, Role)>), Failure> {
    operator_key(cluster, state_dir)?;
    let internal = |error: &dyn std::fmt::Display| Failure::Internal(error.to_string());
    let seed =
        config::secret::seed_from_pkcs8_pem(config::load_private_key(&state_dir.join("node.key"))?.pem())
            .map_err(|error| internal(&error))?;
    let credentials = node::credentials::from_seed(*seed).map_err(|error| internal(&error))?;
    let called = |node: &config::Node| {
        let address = node.address()?.to_string();
        Some(Peer { name: node.name().clone(), role: node.role(), key: node.key(), address })
    };
    let list: Vec<Peer> = cluster.nodes().iter().filter_map(called).collect();
    let peers = list.iter().map(|peer| (peer.name.clone(), peer.role)).collect();
    let table = Peers::new(list).map_err(|error| internal(&error))?;
    let client = Client::new(&credentials, &table, Arc::new(SystemEntropy::new()))
        .map_err(|error| internal(&error))?;
    Ok((client, peers))
}

impl Observer {
    /// With the operator's key in that state directory.
    pub fn new(cluster: &Cluster, state_dir: &Path) -> Result<Self, Failure> {
        let (client, peers) = operator_client(cluster, state_dir)?;
        let logs = cluster.logs().iter().map(|log| log.name().clone()).collect();
        let read_only = cluster.read_only_logs().iter().map(|log| log.name().clone()).collect();
        Ok(Self { client: Arc::new(client), peers, logs, read_only })
    }

    /// Why add-chain is closed, wherever it is or may be.
    pub async fn closed(&self) -> Vec<String> {
        let looks = self.look_at(|role| role == Role::Frontend).await;
        let reason = |look: NodeLook| {
            let why = match look.answer {
                Ok(Status { detail: Detail::Frontend { closed, .. }, .. }) => closed?,
                Ok(_) => "not a frontend".to_owned(),
                Err(why) => why,
            };
            Some(format!("{} of {}: {why}", look.node, look.log))
        };
        looks.into_iter().filter_map(reason).collect()
    }

    /// Whether a node says of every log that it is fit to serve.
    pub async fn is_ready(&self, node: &NodeName) -> bool {
        for log in &self.logs {
            let answer: Result<Status, String> = ask(&self.client, node, log, Method::Status).await;
            if !answer.is_ok_and(|status| status.not_ready.is_empty()) {
                return false;
            }
        }
        true
    }

    /// Asks all at once. The answers stand in the order of the configuration.
    pub async fn look(&self) -> Vec<NodeLook> {
        self.look_at(|_| true).await
    }

    /// Asks every frontend for every read-only log: nobody else has one. One after the other, for there are few.
    pub async fn look_read_only(&self) -> Vec<ReadOnlyLook> {
        let mut looks = Vec::new();
        for log in &self.read_only {
            for (node, _) in self.peers.iter().filter(|(_, role)| *role == Role::Frontend) {
                let answer = ask(&self.client, node, log, Method::Status).await;
                looks.push(ReadOnlyLook { node: node.clone(), log: log.clone(), answer });
            }
        }
        looks
    }

    async fn look_at(&self, wanted: impl Fn(Role) -> bool) -> Vec<NodeLook> {
        let mut asking = JoinSet::new();
        let mut asked = 0_usize;
        for log in &self.logs {
            for (node, role) in self.peers.iter().filter(|(_, role)| wanted(*role)) {
                let (client, place) = (Arc::clone(&self.client), asked);
                let (node, role, log) = (node.clone(), *role, log.clone());
                asking.spawn(async move {
                    let answer = ask(&client, &node, &log, Method::Status).await;
                    (place, NodeLook { node, role, log, answer })
                });
                asked += 1;
            }
        }
        let mut looks = asking.join_all().await;
        looks.sort_by_key(|(place, _)| *place);
        looks.into_iter().map(|(_, look)| look).collect()
    }
}
