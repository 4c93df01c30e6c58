//! What a new cluster is to be.

use crate::address::Address;
use crate::purpose::Purpose;
use crate::raw::RawLog;
use ct::names::{LogName, NodeName, Role};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// A cluster to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitPlan {
    /// Where. It may exist, but not with a cluster in it.
    pub dir: PathBuf,
    /// What for.
    pub purpose: Purpose,
    /// k; the majority of the storage nodes if none is given.
    pub storage_quorum: Option<u64>,
    /// Every node. Each gets a key and a state directory.
    pub nodes: Vec<NodePlan>,
    /// Every log. Each gets a key.
    pub logs: Vec<LogPlan>,
    /// Whether to make a test CA that every log accepts. Refused in production.
    pub test_ca: bool,
}

/// A node to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    /// Its name.
    pub name: NodeName,
    /// Its role.
    pub role: Role,
    /// The machine; the host of `address` if none is given.
    pub host: Option<String>,
    /// Where it listens for other nodes.
    pub address: Option<Address>,
    /// Where it listens for Prometheus and health checks.
    pub admin: Option<Address>,
    /// Where a frontend answers the public.
    pub public: Option<Address>,
}

impl NodePlan {
    /// A node without addresses.
    pub const fn new(name: NodeName, role: Role) -> Self {
        Self { name, role, host: None, address: None, admin: None, public: None }
    }
}

/// A log to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlan {
    /// Its name.
    pub name: LogName,
    /// Its settings. `name`, `key` and `test_ca` are filled in; so are `kind`, `first_primary` and `sth_signer` where
    /// they are missing, with `rfc6962`, the first merge node and the first signer.
    pub settings: RawLog,
}

impl LogPlan {
    /// A log with nothing but defaults.
    pub fn new(name: LogName) -> Self {
        Self { name, settings: RawLog::default() }
    }
}

/// How many nodes of each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Frontends.
    pub frontends: usize,
    /// Storage nodes (S).
    pub storage: usize,
    /// Signers.
    pub signers: usize,
    /// Merge nodes.
    pub merge: usize,
}

impl Default for Counts {
    /// The smallest cluster that outlives the loss of any one node.
    fn default() -> Self {
        Self { frontends: 2, storage: 3, signers: 2, merge: 3 }
    }
}

impl InitPlan {
    /// A test cluster on this machine: nodes `frontend-1` and so on, a `merge-repair-1` and an `operator-1`, all on
    /// 127.0.0.1, k the majority, with a test CA. `next_port` is asked for three ports for each frontend (address,
    /// admin, public) and two for each other node that runs (address, admin), in the order of the file; the ports must
    /// differ, and none may be 0.
    pub fn local(
        dir: impl Into<PathBuf>,
        counts: Counts,
        logs: Vec<LogPlan>,
        mut next_port: impl FnMut() -> u16,
    ) -> Self {
        let mut address = || Address::from_socket(SocketAddr::from((Ipv4Addr::LOCALHOST, next_port()))).ok();
        let running = [
            (Role::Frontend, counts.frontends),
            (Role::Storage, counts.storage),
            (Role::Signer, counts.signers),
            (Role::Merge, counts.merge),
        ];
        let mut nodes = Vec::new();
        for (role, count) in running {
            for number in 1..=count {
                let mut node = NodePlan::new(node_name(role, number), role);
                node.address = address();
                node.admin = address();
                node.public = if role == Role::Frontend { address() } else { None };
                nodes.push(node);
            }
        }
        nodes.extend([Role::MergeRepair, Role::Operator].map(|role| NodePlan::new(node_name(role, 1), role)));
        Self { dir: dir.into(), purpose: Purpose::Test, storage_quorum: None, nodes, logs, test_ca: true }
    }
}

/// `storage-1` and so on.
fn node_name(role: Role, number: usize) -> NodeName {
    // A role, a hyphen and a number are a name, and short.
    format!("{role}-{number}").parse().expect("a role and a number make a name")
}
