//! `wolffish init-node`: the state of one node of a cluster that runs, made anew after its disk was lost, or for a node that
//! is new. Deliberate: `run` never makes state (docs/protocol.md, Z1–Z4).

use super::copy;
use super::states::prepare;
use crate::ask::{ask, newest_certificate};
use crate::failure::Failure;
use crate::guest;
use crate::out;
use config::Log;
use config::init::log_key_file;
use ct::index::Term;
use ct::names::{NodeName, Role};
use ct::sth::{TreeHead, VerifiedSth};
use ct::term::{Incarnation, TermCertificate};
use ct::wire::status::Status;
use ct::wire::storage::Completeness;
use node::entropy::random;
use node::host::{Host, RunArgs};
use node::message::Method;
use node::telemetry::LogFormat;
use signer::machine::Memory;
use std::fmt::Display;
use std::path::PathBuf;

/// Make the state of one node of a running cluster anew: its disk was lost, or it is new. What it had promised stays
/// promised: a merge node has no vote before `wolffish rejoin` or `wolffish members --add`
#[derive(Debug, Clone, clap::Args)]
pub struct InitNodeArgs {
    #[command(flatten)]
    pub node: NodeArgs,
    /// Of the signer of tree heads: go on from the newest tree head that any node knows. Without it a signer signs SCTs
    /// only, and tree heads once the right moves to it
    #[arg(long)]
    pub from_sth: bool,
    /// With --from-sth, after the right moved here without the old signer's word: that one will never sign again, its copy
    /// of the log's key is destroyed. Whatever it might have signed is then of no account
    #[arg(long, requires = "from_sth")]
    pub old_signer_gone: bool,
    /// Of a merge node, when a majority of merge disks is lost: a copy of a frontend's state directory, made while that
    /// frontend was down. Its logs become this node's; then wolffish repair --from-frontends
    #[arg(long, value_name = "DIR")]
    pub from_copy: Option<PathBuf>,
}

/// A node that is down, by the file that lists it and the directory of its state.
#[derive(Debug, Clone, clap::Args)]
pub struct NodeArgs {
    /// Configuration of the whole cluster; it lists the node
    #[arg(long, value_name = "FILE")]
    pub cluster: PathBuf,
    /// Which node
    #[arg(long, value_name = "NAME")]
    pub node: NodeName,
    /// Its state directory, with its key in it and, of a signer, the keys of the logs
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
}

/// Makes what is missing, log by log.
pub async fn run(args: InitNodeArgs) -> Result<(), Failure> {
    let host = host(&args.node)?;
    let done = make(&host, &args).await;
    host.shutdown().cancel();
    done
}

/// The node in this process.
pub fn host(args: &NodeArgs) -> Result<Host, Failure> {
    let text = std::fs::read_to_string(&args.cluster)
        .map_err(|error| Failure::Usage(format!("{}: {error}", args.cluster.display())))?;
    let base = args.cluster.parent().map_or_else(PathBuf::new, PathBuf::from);
    let cluster = config::Cluster::parse(&text, &base)?;
    let unknown = || Failure::Usage(format!("node: {} lists no {}", args.cluster.display(), args.node));
    let role = cluster.node(&args.node).ok_or_else(unknown)?.role();
    let run = RunArgs {
        cluster: args.cluster.clone(),
        node: args.node.clone(),
        state: args.state.clone(),
        log_format: LogFormat::Human,
    };
    guest::host(role, &run)
}

async fn make(host: &Host, args: &InitNodeArgs) -> Result<(), Failure> {
    let role = host.me().role();
    if args.from_sth && role != Role::Signer {
        return Err(Failure::Usage(format!("--from-sth: {} is a {role} node, no signer", args.node.node)));
    }
    if args.from_copy.is_some() && role != Role::Merge {
        return Err(Failure::Usage(format!(
            "--from-copy: {} is a {role} node, no merge node",
            args.node.node
        )));
    }
    let mut made = 0;
    for log in host.cluster().logs() {
        if host.log_dir(log.name()).exists() {
            out::line(format_args!(
                "log {}: there is state in {}",
                log.name(),
                host.log_dir(log.name()).display()
            ));
            continue;
        }
        let certificate = match &args.from_copy {
            Some(copy) => copy::adopt(host, log, copy).await?,
            None => {
                let me = host.me().name();
                let certificate = newest_certificate(host.client(), host.cluster(), log, me, None).await?;
                make_one(host, log, &certificate, args).await?;
                certificate
            }
        };
        out::line(format_args!("log {}: made, in term {}", log.name(), certificate.term()));
        made += 1;
    }
    if made == 0 {
        return Err(Failure::Check("every log has state already: nothing was made".to_owned()));
    }
    if args.from_copy.is_some() {
        out::line(format_args!(
            "Start it, and the other merge nodes; it has no vote. Then, where merge-repair's state is:\n  wolffish repair --from-frontends"
        ));
    } else if role == Role::Merge {
        out::line(format_args!(
            "Start it; it is filled, and has no vote. Then, where merge-repair's state is:\n  wolffish rejoin {0}   (if it voted before)\n  wolffish members --add {0}   (if it is new)",
            args.node.node
        ));
    }
    Ok(())
}

async fn make_one(
    host: &Host,
    log: &Log,
    certificate: &TermCertificate,
    args: &InitNodeArgs,
) -> Result<(), Failure> {
    let dir = host.log_dir(log.name());
    prepare(&dir)?;
    let failed =
        |error: &dyn Display| Failure::Io(format!("cannot make the state in {}: {error}", dir.display()));
    match host.me().role() {
        Role::Merge => merge::create(&dir, certificate, Incarnation::new(random())).map_err(|e| failed(&e)),
        // What it acknowledged is gone: it is filled from the others, and counts for nothing before (docs/protocol.md, Z3).
        Role::Storage => {
            let incarnation = Incarnation::new(random());
            storage::create(&dir, certificate, incarnation, Completeness::Recovering).map_err(|e| failed(&e))
        }
        Role::Frontend => frontend::create(&dir, certificate, log.kind()).map_err(|e| failed(&e)),
        Role::MergeRepair => merge_repair::create(&dir, certificate).map_err(|e| failed(&e)),
        Role::Signer => {
            // Without the log's key it would not start.
            config::load_private_key(&log_key_file(host.state_dir(), log.name()))?;
            let head = if args.from_sth { Some(newest_sth(host, log).await?) } else { None };
            let settled = if args.old_signer_gone { certificate.term() } else { Term::ZERO };
            let memory = head.map(|head| Memory::FromSth { head, settled });
            signer::create(&dir, certificate, memory).map_err(|e| failed(&e))
        }
        Role::Operator => {
            Err(Failure::Usage(format!("node: {} is an operator, and has no state", args.node.node)))
        }
    }
}

/// The greatest tree head under the log's own key that any node knows. A signer that goes on from an older one could be made
/// to sign against what it signed; so every node is asked, and who does not answer is named.
async fn newest_sth(host: &Host, log: &Log) -> Result<TreeHead, Failure> {
    let mut newest: Option<VerifiedSth> = None;
    let mut silent = Vec::new();
    let nodes = host.cluster().nodes().iter().filter(|node| node.address().is_some());
    for node in nodes.filter(|node| node.name() != host.me().name()) {
        let status = match ask::<Status>(host.client(), node.name(), log.name(), Method::Status).await {
            Ok(status) => status,
            Err(why) => {
                silent.push(format!("{}: {why}", node.name()));
                continue;
            }
        };
        let verified = status.detail.sths().filter_map(|sth| log.key().verify_sth(sth.clone()).ok());
        let key = |sth: &VerifiedSth| (sth.head().tree_size, sth.head().timestamp);
        newest = newest.into_iter().chain(verified).max_by_key(key);
    }
    for one in &silent {
        out::line(format_args!("log {}: not asked: {one}", log.name()));
    }
    let none = || Failure::Check(format!("log {}: no node knows a tree head to go on from", log.name()));
    let head = *newest.ok_or_else(none)?.head();
    out::line(format_args!(
        "log {}: goes on from the tree head of size {}, of {}, root {}",
        log.name(),
        head.tree_size,
        head.timestamp,
        head.root_hash
    ));
    Ok(head)
}
