//! `wolffish init`: a cluster made in one directory, to be spread over machines from there.

pub mod add;
mod copy;
pub mod node;
mod spec;
pub mod states;

use crate::check::summary;
use crate::failure::Failure;
use crate::{out, span};
use config::Purpose;
use config::init::{InitPlan, InitReport, LogPlan, NodePlan, init_cluster};
use ct::names::{NodeName, Role};
pub use spec::LogSpec;
use spec::NodeSpec;
use std::path::PathBuf;
use std::time::Duration;

/// Make a cluster: cluster.toml, keys, certificates and the state of every node, to be spread over machines
#[derive(Debug, Clone, clap::Args)]
pub struct InitArgs {
    /// Where; it must not have a cluster in it
    #[arg(long)]
    pub dir: PathBuf,
    /// What for: test or production
    #[arg(long, default_value = "production")]
    pub purpose: Purpose,
    /// A log, and the window of notAfter that it accepts, such as 2027h1=2027-01-01..2027-07-01
    #[arg(long = "log", value_name = "NAME[=START..END]", required = true)]
    pub logs: Vec<LogSpec>,
    /// A frontend: where other nodes call it, and where it answers the public
    #[arg(
        long = "frontend",
        value_name = "NAME@HOST:PORT,public=HOST:PORT[,admin=HOST:PORT][,host=MACHINE]",
        required = true
    )]
    pub frontends: Vec<NodeSpec>,
    /// A storage node
    #[arg(long = "storage", value_name = "NAME@HOST:PORT[,admin=HOST:PORT][,host=MACHINE]", required = true)]
    pub storage: Vec<NodeSpec>,
    /// A signer; each gets the keys of all logs, the first signs tree heads
    #[arg(long = "signer", value_name = "NAME@HOST:PORT[,admin=HOST:PORT][,host=MACHINE]", required = true)]
    pub signers: Vec<NodeSpec>,
    /// A merge node; the first is primary of the first term
    #[arg(long = "merge", value_name = "NAME@HOST:PORT[,admin=HOST:PORT][,host=MACHINE]", required = true)]
    pub merge: Vec<NodeSpec>,
    /// The node that appoints the primary
    #[arg(long, value_name = "NAME", default_value = "merge-repair-1")]
    pub merge_repair: NodeName,
    /// A person who may look at the cluster; repeat it for each
    #[arg(long = "operator", value_name = "NAME", default_value = "operator-1")]
    pub operators: Vec<NodeName>,
    /// k: storage nodes that must have an entry before its SCT goes out [default: the majority]
    #[arg(long, value_name = "K")]
    pub storage_quorum: Option<u64>,
    /// Accepted roots: a PEM or DER file, or a directory of them; relative paths are relative to --dir
    #[arg(long = "roots", value_name = "FILE|DIR")]
    pub roots: Vec<String>,
    /// Public base URL below which every log lies, such as https://ct.example/
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Maximum merge delay, in whole seconds [default: 24h]
    #[arg(long, value_parser = span::parse)]
    pub mmd: Option<Duration>,
    /// A signed tree head at least this often [default: 60s]
    #[arg(long, value_parser = span::parse)]
    pub sth_interval: Option<Duration>,
    /// At most one signed tree head in this time [default: 1s]
    #[arg(long, value_parser = span::parse)]
    pub publish_interval: Option<Duration>,
    /// Make a CA for tests that every log accepts; refused in production
    #[arg(long)]
    pub test_ca: bool,
}

/// Makes the cluster, and says what goes where.
pub fn run(args: &InitArgs) -> Result<(), Failure> {
    let report = init_cluster(&plan(args))?;
    states::make(&report.cluster, &args.dir)?;
    print(args, &report);
    Ok(())
}

fn plan(args: &InitArgs) -> InitPlan {
    let roles = [
        (Role::Frontend, &args.frontends),
        (Role::Storage, &args.storage),
        (Role::Signer, &args.signers),
        (Role::Merge, &args.merge),
    ];
    let running = roles.into_iter().flat_map(|(role, specs)| specs.iter().map(move |spec| spec.node(role)));
    let repair = NodePlan::new(args.merge_repair.clone(), Role::MergeRepair);
    let operators = args.operators.iter().map(|name| NodePlan::new(name.clone(), Role::Operator));
    InitPlan {
        dir: args.dir.clone(),
        purpose: args.purpose,
        storage_quorum: args.storage_quorum,
        nodes: running.chain([repair]).chain(operators).collect(),
        logs: args.logs.iter().map(|log| log_plan(args, log)).collect(),
        test_ca: args.test_ca,
    }
}

fn log_plan(args: &InitArgs, log: &LogSpec) -> LogPlan {
    let mut plan = log.log();
    let settings = &mut plan.settings;
    let millis = |span: Option<Duration>| span.map(|span| span.as_millis() as u64);
    settings.url = args.url.as_ref().map(|base| format!("{}/{}/", base.trim_end_matches('/'), log.name()));
    settings.mmd_seconds = args.mmd.map(|mmd| mmd.as_secs());
    settings.sth_interval_ms = millis(args.sth_interval);
    settings.publish_interval_ms = millis(args.publish_interval);
    settings.roots = args.roots.clone();
    plan
}

fn print(args: &InitArgs, report: &InitReport) {
    let (file, cluster) = (report.file.display(), &report.cluster);
    out::line(format_args!("made {file}: {}", summary(cluster)));
    for warning in cluster.warnings() {
        out::line(format_args!("warning: {warning}"));
    }
    out::line("\nCopy cluster.toml to every machine, and to each machine the directories of its own nodes:");
    for node in &report.nodes {
        let host = cluster.node(&node.name).and_then(|node| node.host()).unwrap_or("whoever acts as it");
        out::line(format_args!("  {}  to {host}", node.state_dir.display()));
    }
    out::line("\nStart each node there:");
    let runs = report.nodes.iter().filter(|node| node.role != Role::Operator);
    for node in runs {
        let (role, name) = (node.role, &node.name);
        out::line(format_args!("  wolffish run {role} --cluster cluster.toml --node {name} --state {name}"));
    }
    let operator = args.operators.first().map_or("operator-1", NodeName::as_str);
    out::line("\nLook at all of it:");
    out::line(format_args!("  wolffish status --cluster cluster.toml --operator-state {operator}"));
}
