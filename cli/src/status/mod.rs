//! `wolffish status`: every node asked for every log, and judged together.

mod assess;
mod look;
mod read_only;
mod show;

use crate::failure::Failure;
use crate::out;
use crate::upfile::DEFAULT_DIR;
use assess::{LogReport, assess};
use config::Cluster;
use config::init::node_dir;
use ct::names::Role;
pub use look::{Observer, operator_client, operator_key};
use read_only::ReadOnlyReport;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nodes are not asked at one instant: what looks wrong once is looked at again after this.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// The whole cluster at a glance; exit code 1 if anything is wrong
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// Directory of `wolffish up` [default: wolffish-data]
    #[arg(long, conflicts_with_all = ["cluster", "operator_state"])]
    pub dir: Option<PathBuf>,
    /// The cluster.toml of a cluster that is spread over machines
    #[arg(long, value_name = "FILE", requires = "operator_state")]
    pub cluster: Option<PathBuf>,
    /// State directory of an operator node of that cluster
    #[arg(long, value_name = "DIR", requires = "cluster")]
    pub operator_state: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Asks, prints; a failure if anything is wrong.
pub async fn run(args: StatusArgs) -> Result<(), Failure> {
    let (cluster, state) = open(&args)?;
    let observer = Observer::new(&cluster, &state)?;
    let mut reports = Reports::of(&cluster, &observer).await;
    if reports.problems().count() > 0 {
        tokio::time::sleep(SECOND_LOOK).await;
        reports = Reports::of(&cluster, &observer).await;
    }
    if args.json {
        out::line(show::json(&reports));
    } else {
        out::text_of(show::text(&reports));
    }
    match reports.problems().count() {
        0 => Ok(()),
        1 => Err(Failure::Check("1 thing is wrong".to_owned())),
        count => Err(Failure::Check(format!("{count} things are wrong"))),
    }
}

fn open(args: &StatusArgs) -> Result<(Cluster, PathBuf), Failure> {
    if let (Some(file), Some(state)) = (&args.cluster, &args.operator_state) {
        return Ok((load(file)?, state.clone()));
    }
    let dir = args.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
    let file = dir.join(config::CLUSTER_FILE);
    let cluster = load(&file)?;
    let state = operator_state(&cluster, dir)?;
    Ok((cluster, state))
}

/// The state of the first operator of a cluster that was made in `dir`.
pub fn operator_state(cluster: &Cluster, dir: &Path) -> Result<PathBuf, Failure> {
    let operator = cluster.nodes_of(Role::Operator).next().ok_or_else(|| {
        let file = cluster.file().display();
        Failure::Usage(format!("{file}: no operator node; give --cluster and --operator-state"))
    })?;
    Ok(node_dir(dir, operator.name()))
}

/// The accepted roots may lie on other machines; nobody needs them here.
pub fn load(file: &Path) -> Result<Cluster, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("{}: cannot be read: {error}", file.display())))?;
    Ok(Cluster::parse(&text, file.parent().unwrap_or(Path::new("")))?)
}

/// Everything that is told.
#[derive(Debug, Clone)]
struct Reports {
    live: Vec<LogReport>,
    read_only: Vec<ReadOnlyReport>,
}

impl Reports {
    async fn of(cluster: &Cluster, observer: &Observer) -> Self {
        let (looks, copies) = (observer.look().await, observer.look_read_only().await);
        let hash = cluster.config_hash().to_string();
        let live = cluster.logs().iter().map(|log| {
            let own = looks.iter().filter(|look| look.log == *log.name()).cloned().collect();
            assess(log, &hash, own)
        });
        let read_only = cluster.read_only_logs().iter().map(|log| {
            let own = copies.iter().filter(|look| look.log == *log.name()).cloned().collect();
            read_only::assess(log.name(), &hash, own)
        });
        Self { live: live.collect(), read_only: read_only.collect() }
    }

    /// Everything that is wrong.
    fn problems(&self) -> impl Iterator<Item = &String> {
        let live = self.live.iter().flat_map(|report| &report.problems);
        live.chain(self.read_only.iter().flat_map(|report| &report.problems))
    }
}
