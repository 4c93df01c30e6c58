//! Where the cluster is that is repaired, and its repair node.

use super::start;
use crate::failure::Failure;
use crate::upfile::DEFAULT_DIR;
use config::Cluster;
use config::init::node_dir;
use ct::names::Role;
use node::clock::SystemClock;
use node::entropy::SystemEntropy;
use node::host::{Host, RunArgs, Surroundings};
use node::telemetry::{LogFormat, detached_metrics};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        let around = Surroundings {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::new()),
            shutdown: tokio_util::sync::CancellationToken::new(),
            metrics: detached_metrics().map_err(|error| start(&error.into()))?,
        };
        Host::start_in(Role::MergeRepair, &args, around).map_err(|error| start(&error))
    }
}
