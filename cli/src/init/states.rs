//! The state of every node of a new cluster, and the certificate of the first term (docs/protocol.md, T6): who is
//! primary, who signs tree heads, and who votes, each merge node with the state that it is given here.

use crate::failure::Failure;
use config::init::node_dir;
use config::{Cluster, Log, load_node_credentials};
use ct::index::Term;
use ct::names::{NodeName, Role};
use ct::order::LogHead;
use ct::term::{Change, Incarnation, RunId, TermBody, TermCertificate, Voter, Voters};
use ct::wire::storage::Completeness;
use node::entropy::random;
use node::host::log_dir;
use signer::machine::Memory;
use std::fmt::Display;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Mode of the directories: nobody else's business.
const PRIVATE: u32 = 0o700;

/// Makes the state of every node for every log, in the directories that `init_cluster` made below `dir`.
pub fn make(cluster: &Cluster, dir: &Path) -> Result<(), Failure> {
    let repair = load_node_credentials(&node_dir(dir, cluster.repair().name()))?;
    for log in cluster.logs() {
        let body = founding(cluster, log)?;
        let certificate = TermCertificate::sign(body, repair.signing_key());
        for node in cluster.nodes() {
            make_one(log, node, &node_dir(dir, node.name()), &certificate)?;
        }
    }
    Ok(())
}

fn founding(cluster: &Cluster, log: &Log) -> Result<TermBody, Failure> {
    let voter = |node: &config::Node| Voter {
        name: node.name().clone(),
        key: node.key(),
        incarnation: Incarnation::new(random()),
        joining_term: Term::ZERO,
    };
    let voters = Voters::new(cluster.nodes_of(Role::Merge).map(voter).collect());
    let unlisted = || Failure::Internal(format!("{} is no node", log.sth_signer()));
    let sth_signer_key = cluster.node(log.sth_signer()).map(config::Node::key).ok_or_else(unlisted)?;
    Ok(TermBody {
        log_id: log.log_id(),
        kind: log.kind(),
        run: RunId::new(random()),
        term: Term::FIRST,
        primary: log.first_primary().clone(),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: log.sth_signer().clone(),
        sth_signer_key,
        voters: voters.map_err(|error| Failure::Internal(error.to_string()))?,
        former: Vec::new(),
        stops: Vec::new(),
    })
}

fn make_one(
    log: &Log,
    node: &config::Node,
    state_dir: &Path,
    certificate: &TermCertificate,
) -> Result<(), Failure> {
    let dir = log_dir(state_dir, log.name());
    let name = node.name();
    match node.role() {
        Role::Frontend => {
            prepare(&dir)?;
            made(&dir, frontend::create(&dir, certificate, log.kind()))
        }
        Role::Storage => {
            prepare(&dir)?;
            made(&dir, storage::create(&dir, certificate, Incarnation::new(random()), Completeness::Whole))
        }
        Role::Signer => {
            prepare(&dir)?;
            // Whoever may sign tree heads of a new log knows that there is none yet; any other signer knows nothing.
            let memory = (name == log.sth_signer()).then_some(Memory::NewLog);
            made(&dir, signer::create(&dir, certificate, memory))
        }
        Role::Merge => {
            prepare(&dir)?;
            made(&dir, merge::create(&dir, certificate, incarnation(certificate, name)?))
        }
        Role::MergeRepair => {
            prepare(&dir)?;
            made(&dir, merge_repair::create(&dir, certificate))
        }
        Role::Operator => Ok(()),
    }
}

/// The state that the certificate says this voter has.
fn incarnation(certificate: &TermCertificate, name: &NodeName) -> Result<Incarnation, Failure> {
    let voter = certificate.body.voters.find(name);
    voter.map(|voter| voter.incarnation).ok_or_else(|| Failure::Internal(format!("{name} is no voter")))
}

/// Makes what leads to the state of a log.
pub fn prepare(dir: &Path) -> Result<(), Failure> {
    let parent = dir.parent().unwrap_or(dir);
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(parent);
    made.map_err(Failure::io(format_args!("make {}", parent.display())))
}

fn made<E: Display>(dir: &Path, result: Result<(), E>) -> Result<(), Failure> {
    result.map_err(|error| Failure::Io(format!("cannot make the state in {}: {error}", dir.display())))
}
