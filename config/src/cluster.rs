//! The whole cluster, always valid.

use crate::address::Address;
use crate::fault::{ConfigError, Faults};
use crate::log::{AnyLog, Log, ReadOnlyLog};
use crate::node::Node;
use crate::problem::Problem;
use crate::purpose::Purpose;
use crate::quorum::Quorum;
use crate::{document, log, node, purpose, rules};
use ct::bytes_newtype;
use ct::hash::{HASH_LEN, LogId, sha256};
use ct::names::{LogName, NodeName, Role};
use ct::node_key::{NodeKey, Statement};
use ct::term::Trust;
use std::path::{Path, PathBuf};

/// The file's name in a directory that `init` makes.
pub const CLUSTER_FILE: &str = "cluster.toml";

/// Greatest file, in bytes.
const MAX_FILE: usize = 1 << 20;

bytes_newtype!(
    /// SHA-256 of the file, byte for byte. Nodes compare it and warn where it differs.
    ConfigHash, HASH_LEN
);
bytes_newtype!(
    /// Hash of what a storage quorum hangs on: k, and the names and keys of the storage nodes. It must not differ
    /// between a caller and whom it calls.
    QuorumHash, HASH_LEN
);

/// A node that can be called, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer<'a> {
    /// The node.
    pub node: &'a Node,
    /// Where it listens for other nodes.
    pub address: &'a Address,
}

/// A cluster that keeps every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    file: PathBuf,
    hash: ConfigHash,
    purpose: Purpose,
    nodes: Vec<Node>,
    repair: usize,
    logs: Vec<Log>,
    read_only_logs: Vec<ReadOnlyLog>,
    quorum: Quorum,
}

impl Cluster {
    /// Reads the text of a `cluster.toml` that lies (or would lie) in `base_dir`. No file is looked at.
    pub fn parse(text: &str, base_dir: &Path) -> Result<Self, ConfigError> {
        Self::parse_file(text, &base_dir.join(CLUSTER_FILE))
    }

    /// Reads the file, and the certificates that its logs name: what `config check` and frontends need.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let cluster = Self::load_text(file)?;
        cluster.check_roots()?;
        Ok(cluster)
    }

    /// Reads the file as one node needs it: the node must be in it, and of the files that it names only those are read
    /// that this node uses. So a machine without a frontend needs no file but this one.
    pub fn load_for(file: &Path, name: &NodeName) -> Result<Self, ConfigError> {
        let cluster = Self::load_text(file)?;
        match cluster.node(name) {
            None => {
                let mut faults = Faults::new(file);
                let expected = "a [[node]] of the name that was asked for";
                faults.section(format!("node {name}")).fault("", None, Problem::Missing { expected });
                faults.into_result(())?;
            }
            Some(node) if node.role() == Role::Frontend => {
                cluster.check_roots()?;
                cluster.check_tls(node)?;
            }
            Some(_) => {}
        }
        Ok(cluster)
    }

    fn load_text(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            let mut faults = Faults::new(file);
            faults.file(file, None, Problem::File { why: format!("cannot be read: {e}") });
            faults.into_result(()).expect_err("a fault was just added")
        })?;
        Self::parse_file(&text, file)
    }

    fn parse_file(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut faults = Faults::new(file);
        if text.len() > MAX_FILE {
            let why = format!("{} bytes, the limit is {MAX_FILE}", text.len());
            faults.file(file, None, Problem::File { why });
            return Err(faults.into_result(()).expect_err("a fault was just added"));
        }
        let base = file.parent().unwrap_or(Path::new(""));
        let document = document::read(text, &mut faults);
        let purpose = purpose::check(document.top.purpose.as_deref(), &mut faults);
        let judged = purpose.unwrap_or(Purpose::Test);
        let nodes: Vec<_> =
            document.nodes.iter().filter_map(|raw| node::check(raw, base, &mut faults)).collect();
        let logs: Vec<_> =
            document.logs.iter().filter_map(|raw| log::check(raw, judged, base, &mut faults)).collect();
        let read_only_logs: Vec<_> = document
            .read_only_logs
            .iter()
            .filter_map(|raw| log::check_read_only(raw, judged, &mut faults))
            .collect();
        let all_logs: Vec<_> =
            logs.iter().map(AnyLog::Live).chain(read_only_logs.iter().map(AnyLog::ReadOnly)).collect();
        let quorum = rules::check(&document, judged, &nodes, &all_logs, &mut faults);
        let repair = nodes.iter().position(|node| node.role() == Role::MergeRepair);
        faults.into_result(())?;
        // The rules have seen to all three; without a fault they are there.
        Ok(Self {
            file: file.to_owned(),
            hash: ConfigHash::new(sha256(&[text.as_bytes()])),
            purpose: purpose.expect("a missing purpose is a fault"),
            repair: repair.expect("a missing merge-repair node is a fault"),
            quorum: quorum.expect("an impossible quorum is a fault"),
            nodes,
            logs,
            read_only_logs,
        })
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }
    /// What the cluster is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// Every node, in the order of the file.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    /// The node of this name.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name() == name)
    }
    /// The node that has this key.
    pub fn node_by_key(&self, key: &NodeKey) -> Option<&Node> {
        self.nodes.iter().find(|node| node.key() == *key)
    }
    /// Every node of a role, in the order of the file.
    pub fn nodes_of(&self, role: Role) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.role() == role)
    }
    /// Every node of a role that can be called: all frontends, storage, signer and merge nodes.
    pub fn peers(&self, role: Role) -> impl Iterator<Item = Peer<'_>> {
        self.nodes_of(role).filter_map(|node| Some(Peer { node, address: node.address()? }))
    }
    /// The one merge-repair node: its key signs term certificates.
    pub fn repair(&self) -> &Node {
        &self.nodes[self.repair]
    }
    /// Every log that takes submissions, in the order of the file. At least one. Only these have an order, signers and
    /// terms; frontends serve [`Self::read_only_logs`] too.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }
    /// Every read-only log, in the order of the file.
    pub fn read_only_logs(&self) -> &[ReadOnlyLog] {
        &self.read_only_logs
    }
    /// Every log that nodes of a role keep: frontends all of them, others none that is read-only.
    pub fn logs_kept_by(&self, role: Role) -> impl Iterator<Item = AnyLog<'_>> {
        let read_only: &[ReadOnlyLog] = match role {
            Role::Frontend => &self.read_only_logs,
            Role::Storage | Role::Signer | Role::Merge | Role::MergeRepair | Role::Operator => &[],
        };
        self.logs.iter().map(AnyLog::Live).chain(read_only.iter().map(AnyLog::ReadOnly))
    }
    /// The log of this name that takes submissions.
    pub fn log(&self, name: &LogName) -> Option<&Log> {
        self.logs.iter().find(|log| log.name() == name)
    }
    /// What nodes believe of this log without a certificate.
    pub fn trust(&self, log: &Log) -> Trust {
        let operators = self.nodes_of(Role::Operator).map(Node::key).collect();
        Trust { log_id: log.log_id(), kind: log.kind(), repair_key: self.repair().key(), operators }
    }
    /// The log of this ID that takes submissions.
    pub fn log_by_id(&self, id: LogId) -> Option<&Log> {
        self.logs.iter().find(|log| log.log_id() == id)
    }
    /// How many storage nodes must have an entry before its SCT goes out.
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }
    /// SHA-256 of the file.
    pub const fn config_hash(&self) -> ConfigHash {
        self.hash
    }
    /// Hash of what a storage quorum hangs on. The order of nodes in the file plays no part.
    pub fn quorum_hash(&self) -> QuorumHash {
        let mut storage: Vec<_> = self.nodes_of(Role::Storage).collect();
        storage.sort_by_key(|node| node.name());
        let begin = Statement::new("wolffish/quorum/v1").number(self.quorum.needed() as u64);
        let whole = storage.into_iter().fold(begin, |statement, node| {
            statement.text(node.name().as_str().as_bytes()).fixed(node.key().as_bytes())
        });
        QuorumHash::new(sha256(&[whole.bytes()]))
    }
}
