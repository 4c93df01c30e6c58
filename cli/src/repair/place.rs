//! Where the cluster is that is repaired, and its repair node.

use crate::failure::Failure;
use crate::guest;
use crate::upfile::DEFAULT_DIR;
use config::Cluster;
use config::init::node_dir;
use ct::names::Role;
use node::host::{Host, RunArgs};
use node::telemetry::LogFormat;
use std::path::{Path, PathBuf};

/// A cluster, and how to answer.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Directory of `wolffish up` [default: wolffish-data]
    #[arg(long, conflicts_with_all = ["cluster", "state"])]
    pub dir: Option<PathBuf>,
    /// The cluster.toml of a cluster that is spread over machines
    #[arg(long, value_name = "FILE", requires = "state")]
    pub cluster: Option<PathBuf>,
    /// State directory of the merge-repair node of that cluster
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub state: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

impl Place {
    /// The repair node, in this process.
    pub(super) fn host(&self) -> Result<Host, Failure> {
        let (file, state) = match (&self.cluster, &self.state) {
            (Some(file), Some(state)) => (file.clone(), Some(state.clone())),
            _ => (self.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR)).join(config::CLUSTER_FILE), None),
        };
        let text =
            std::fs::read_to_string(&file).map_err(|e| Failure::Usage(format!("{}: {e}", file.display())))?;
        let base = file.parent().unwrap_or(Path::new(""));
        let cluster = Cluster::parse(&text, base)?;
        let repair = cluster.repair().name().clone();
        let state = state.unwrap_or_else(|| node_dir(base, &repair));
        let args = RunArgs { cluster: file, node: repair, state, log_format: LogFormat::Human };
        guest::host(Role::MergeRepair, &args)
    }
}
