//! `wolffish fsck`: everything that a node keeps, read and hashed again while the node is down.

mod find;
mod heads;
mod look;
mod show;

use crate::failure::Failure;
use crate::out;
use ct::names::{LogName, NodeName};
use find::Store;
use look::Report;
use std::path::PathBuf;
use tokio::task::block_in_place;

/// Read and hash again all that nodes keep, while they are down; exit code 1 if anything is damaged
///
/// Nothing is written. Every entry is hashed and held against the order, the order against the tree, the tree against
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
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Checks, prints; a failure if anything is damaged.
pub async fn run(args: FsckArgs) -> Result<(), Failure> {
    let stores = find::find(&args)?;
    let reports = block_in_place(|| check(&stores, &args))?;
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

/// One after the other; a fault is told as soon as it is found.
fn check(stores: &[Store], args: &FsckArgs) -> Result<Vec<Report>, Failure> {
    stores
        .iter()
        .map(|store| {
            look::check(store, |line| {
                if !args.json {
                    out::line(line)
                }
            })
        })
        .collect()
}
