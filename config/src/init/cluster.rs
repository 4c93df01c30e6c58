//! A whole cluster in one directory.

use super::files::{make_private_directory, refuse_existing, write_public, write_secret};
use super::keys::{LogIdentity, NodeIdentity, TestCa, TestCaFiles, spki_base64};
use super::plan::{InitPlan, LogPlan, NodePlan};
use super::template::render;
use super::{InitError, TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE, log_key_file, node_dir};
use crate::address::Address;
use crate::cluster::{CLUSTER_FILE, Cluster};
use crate::quorum::Quorum;
use crate::raw::{RawCluster, RawLog, RawNode};
use ct::key::LogKey;
use ct::names::{LogName, NodeName, Role};
use ct::node_key::NodeKey;
use std::path::PathBuf;

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitReport {
    /// `cluster.toml`.
    pub file: PathBuf,
    /// What it means.
    pub cluster: Cluster,
    /// Every node, in the order of the file.
    pub nodes: Vec<NodeReport>,
    /// Every log, in the order of the file.
    pub logs: Vec<LogReport>,
    /// The test CA, if one was asked for.
    pub test_ca: Option<TestCaFiles>,
}

/// A node that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// Its name.
    pub name: NodeName,
    /// Its role.
    pub role: Role,
    /// Its state directory, with `node.key` and `node.crt`.
    pub state_dir: PathBuf,
    /// Its public key.
    pub key: NodeKey,
}

/// A log that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// Its name.
    pub name: LogName,
    /// Its public key.
    pub key: LogKey,
    /// The public key as PEM, to be given away: `keys/<log>.pem`.
    pub public_key_file: PathBuf,
    /// The private key, once for each signer: `nodes/<signer>/logs/<log>.key`.
    pub private_key_files: Vec<PathBuf>,
}

/// Everything that will be written, in memory.
struct Made {
    nodes: Vec<(NodePlan, NodeIdentity)>,
    logs: Vec<(LogPlan, LogIdentity)>,
    test_ca: Option<TestCa>,
}

/// Makes a cluster: `cluster.toml`, `nodes/<name>/` for each node, `keys/<log>.pem`, and if asked for `test-ca.pem` and
/// `test-ca.key`. The plan is judged before anything is written; `cluster.toml` is written last, so where it is, all of
/// it is. What the nodes store, and the certificate of the first term, are made by others.
pub fn init_cluster(plan: &InitPlan) -> Result<InitReport, InitError> {
    for name in [CLUSTER_FILE, "nodes", "keys", TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE] {
        refuse_existing(&plan.dir.join(name))?;
    }
    let made = generate(plan)?;
    let text = render(&raw(plan, &made))?;
    let cluster = Cluster::parse(&text, &plan.dir)?;

    make_private_directory(&plan.dir)?;
    let test_ca = made.test_ca.as_ref().map(|ca| ca.write(&plan.dir)).transpose()?;
    let nodes = write_nodes(plan, &made)?;
    let logs = write_logs(plan, &made)?;
    let file = plan.dir.join(CLUSTER_FILE);
    write_public(&file, &text)?;
    Ok(InitReport { file, cluster, nodes, logs, test_ca })
}

fn generate(plan: &InitPlan) -> Result<Made, InitError> {
    let mut nodes = Vec::new();
    for node in &plan.nodes {
        nodes.push((node.clone(), NodeIdentity::generate(node.role)?));
    }
    let mut logs = Vec::new();
    for log in &plan.logs {
        logs.push((log.clone(), LogIdentity::generate()?));
    }
    let test_ca = plan.test_ca.then(TestCa::generate).transpose()?;
    Ok(Made { nodes, logs, test_ca })
}

fn raw(plan: &InitPlan, made: &Made) -> RawCluster {
    let first = |role| plan.nodes.iter().find(|node| node.role == role).map(|node| node.name.to_string());
    let storage = plan.nodes.iter().filter(|node| node.role == Role::Storage).count();
    RawCluster {
        purpose: Some(plan.purpose.as_str().to_owned()),
        storage_quorum: plan.storage_quorum.or_else(|| Some(Quorum::majority(storage)?.needed() as u64)),
        node: made.nodes.iter().map(|(node, identity)| raw_node(node, identity)).collect(),
        log: made
            .logs
            .iter()
            .map(|(log, identity)| {
                let given = log.settings.clone();
                RawLog {
                    name: Some(log.name.to_string()),
                    key: Some(spki_base64(&identity.public)),
                    kind: given.kind.clone().or_else(|| Some("rfc6962".to_owned())),
                    first_primary: given.first_primary.clone().or_else(|| first(Role::Merge)),
                    sth_signer: given.sth_signer.clone().or_else(|| first(Role::Signer)),
                    test_ca: plan.test_ca.then(|| TEST_CA_CERTIFICATE_FILE.to_owned()),
                    ..given
                }
            })
            .collect(),
        read_only_log: Vec::new(),
    }
}

pub(crate) fn raw_node(node: &NodePlan, identity: &NodeIdentity) -> RawNode {
    let text = |address: &Option<Address>| address.as_ref().map(Address::to_string);
    RawNode {
        name: Some(node.name.to_string()),
        role: Some(node.role.to_string()),
        host: node.host.clone(),
        address: text(&node.address),
        admin: text(&node.admin),
        public: text(&node.public),
        key: Some(identity.public.to_string()),
        tls_certificate: None,
        tls_key: None,
        report_command: None,
    }
}

fn write_nodes(plan: &InitPlan, made: &Made) -> Result<Vec<NodeReport>, InitError> {
    let mut reports = Vec::new();
    for (node, identity) in &made.nodes {
        let state_dir = node_dir(&plan.dir, &node.name);
        identity.write(&state_dir)?;
        let (name, role, key) = (node.name.clone(), node.role, identity.public);
        reports.push(NodeReport { name, role, state_dir, key });
    }
    Ok(reports)
}

fn write_logs(plan: &InitPlan, made: &Made) -> Result<Vec<LogReport>, InitError> {
    make_private_directory(&plan.dir.join("keys"))?;
    let mut reports = Vec::new();
    for (log, identity) in &made.logs {
        let public_key_file = plan.dir.join("keys").join(format!("{}.pem", log.name));
        write_public(&public_key_file, &identity.public_pem)?;
        let mut private_key_files = Vec::new();
        for signer in plan.nodes.iter().filter(|node| node.role == Role::Signer) {
            let file = log_key_file(&node_dir(&plan.dir, &signer.name), &log.name);
            file.parent().map_or(Ok(()), make_private_directory)?;
            write_secret(&file, identity.key.pem())?;
            private_key_files.push(file);
        }
        let (name, key) = (log.name.clone(), identity.public.clone());
        reports.push(LogReport { name, key, public_key_file, private_key_files });
    }
    Ok(reports)
}
