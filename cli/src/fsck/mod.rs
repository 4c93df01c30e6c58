//! `wolffish fsck`: everything that a node keeps, read and hashed again while the node is down.

mod anew;
mod find;
mod heads;
mod look;
mod repair;
mod show;

use crate::failure::Failure;
use crate::out;
use crate::status::{load, operator_state};
use crate::upfile::DEFAULT_DIR;
use ct::names::{LogName, NodeName};
use find::Store;
use look::Report;
use repair::{Peers, Waits};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokio::task::block_in_place;

/// How often a directory is mended and checked again: entries, then what was hidden by them.
const ROUNDS: usize = 3;

/// Read and hash again all that nodes keep, while they are down; exit code 1 if anything is damaged
///
/// Without --repair nothing is written. Every entry is hashed and held against the order, the order against the tree, the tree against
/// the newest tree head that the node keeps, signed by the log's key; and so is every index, issuer and state row.
#[derive(Debug, Clone, clap::Args)]
pub struct FsckArgs {
    /// A state directory, or one of a single log, checked without the keys of its cluster
    #[arg(value_name = "DIR", conflicts_with_all = ["dir", "cluster", "node"])]
    pub path: Option<PathBuf>,
    /// Directory of `wolffish up` [default: wolffish-data]
    #[arg(long, conflicts_with_all = ["cluster", "state"])]
    pub dir: Option<PathBuf>,
    /// The cluster.toml of a cluster that is spread over machines
    #[arg(long, value_name = "FILE", requires_all = ["state", "node"])]
    pub cluster: Option<PathBuf>,
    /// State directory of the node on this machine
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub state: Option<PathBuf>,
    /// Only this node
    #[arg(long)]
    pub node: Option<NodeName>,
    /// Only this log
    #[arg(long)]
    pub log: Option<LogName>,
    /// Fetch what is damaged from a peer that runs, verify it against the signed tree, write it, and check again. Of a
    /// storage node keep what is whole; it copies the rest from others when it starts
    #[arg(long, conflicts_with = "path")]
    pub repair: bool,
    /// With --repair and --cluster: state directory of an operator node, as `wolffish status` takes it
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub operator_state: Option<PathBuf>,
    /// With --repair: make a storage node's list anew even if too few others are whole to fill it
    #[arg(long, requires = "repair")]
    pub wait_for_lists: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Checks, prints; a failure if anything is damaged.
pub async fn run(args: FsckArgs) -> Result<(), Failure> {
    let stores = find::find(&args)?;
    let mut reports = block_in_place(|| check(&stores, &args))?;
    if args.repair && reports.iter().any(|report| !report.findings.is_empty()) {
        let peers = peers(&args)?;
        let mut mended = BTreeSet::new();
        for report in &mut reports {
            // A storage node's list and its state are made anew together.
            if mended.contains(&report.store.log_dir()) {
                *report = block_in_place(|| one(&report.store, &args))?;
            }
            if mend(report, &peers, &args).await? {
                mended.insert(report.store.log_dir());
            }
        }
    }
    if args.json {
        out::line(show::json(&reports));
    } else {
        out::text_of(show::summary(&reports));
    }
    let count = reports.iter().map(|report| report.findings.len()).sum::<usize>();
    match count {
        0 => Ok(()),
        1 => Err(Failure::Check("1 fault".to_owned())),
        count => Err(Failure::Check(format!("{count} faults"))),
    }
}

/// What lies behind damage is seen only when that is mended: so it is checked and mended again, as long as that helps. Answers
/// whether anything was written.
async fn mend(report: &mut Report, peers: &Peers, args: &FsckArgs) -> Result<bool, Failure> {
    let mut written = false;
    for _ in 0..ROUNDS {
        if report.findings.is_empty() {
            break;
        }
        match peers.mend(report).await {
            Ok(done) => eprintln!("{done}"),
            Err(failure) => {
                eprintln!("{failure}");
                break;
            }
        }
        written = true;
        *report = block_in_place(|| one(&report.store, args))?;
    }
    Ok(written)
}

/// One after the other; a fault is told as soon as it is found.
fn check(stores: &[Store], args: &FsckArgs) -> Result<Vec<Report>, Failure> {
    stores.iter().map(|store| one(store, args)).collect()
}

fn one(store: &Store, args: &FsckArgs) -> Result<Report, Failure> {
    let tell = |line: &dyn std::fmt::Display| {
        if !args.json {
            out::line(line);
        }
    };
    look::check(store, tell)
}

fn peers(args: &FsckArgs) -> Result<Peers, Failure> {
    let waits = if args.wait_for_lists { Waits::Maybe } else { Waits::Never };
    if let Some(file) = &args.cluster {
        let state = args.operator_state.as_deref();
        let state = state.ok_or_else(|| Failure::Usage("--repair needs --operator-state".to_owned()))?;
        return Peers::new(load(file)?, state, waits);
    }
    let dir = args.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
    let cluster = load(&dir.join(config::CLUSTER_FILE))?;
    let state = operator_state(&cluster, dir)?;
    Peers::new(cluster, &state, waits)
}
