//! `wolffish config check`.

use crate::failure::Failure;
use crate::out;
use clap::Subcommand;
use config::Cluster;
use ct::names::{NodeName, Role};
use std::path::PathBuf;

/// Look at a configuration
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Check a cluster.toml; every mistake is named at once
    Check(CheckArgs),
}

/// What is checked.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// The cluster.toml
    pub file: PathBuf,
    /// Check what this node needs, and only that; without it, everything that the file names
    #[arg(long)]
    pub node: Option<NodeName>,
}

/// Checks, and prints what an operator should have meant.
pub fn run(command: ConfigCommand) -> Result<(), Failure> {
    let ConfigCommand::Check(args) = command;
    let cluster = match &args.node {
        Some(node) => Cluster::load_for(&args.file, node)?,
        None => Cluster::load(&args.file)?,
    };
    for warning in cluster.warnings() {
        out::line(format_args!("warning: {warning}"));
    }
    out::line(format_args!("{}: valid: {}", args.file.display(), summary(&cluster)));
    Ok(())
}

/// The size of a cluster in words.
pub fn summary(cluster: &Cluster) -> String {
    let count = |role: Role, name: &str| {
        let found = cluster.nodes_of(role).count();
        format!("{found} {name}{}", if found == 1 { "" } else { "s" })
    };
    let (logs, quorum) = (cluster.logs().len(), cluster.quorum());
    let read_only = match cluster.read_only_logs().len() {
        0 => String::new(),
        1 => ", 1 read-only log".to_owned(),
        more => format!(", {more} read-only logs"),
    };
    format!(
        "{}, {} (k = {}), {}, {}, {logs} log{}{read_only}",
        count(Role::Frontend, "frontend"),
        count(Role::Storage, "storage node"),
        quorum.needed(),
        count(Role::Signer, "signer"),
        count(Role::Merge, "merge node"),
        if logs == 1 { "" } else { "s" },
    )
}
