//! What `up` can be told, and whether that goes with a cluster that exists already.

use crate::failure::Failure;
use crate::span;
use crate::upfile::DEFAULT_DIR;
use config::Cluster;
use ct::names::Role;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The port of the first frontend.
pub const DEFAULT_PORT: u16 = 8080;

/// Run a whole cluster on this machine: each node a process, all of them ended with Ctrl-C
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct UpArgs {
    /// Where the cluster is, or will be made
    #[arg(long, default_value = DEFAULT_DIR)]
    pub dir: PathBuf,
    /// Port of the first frontend, the others take those after it; 0 lets the system choose [default: 8080]
    #[arg(long)]
    pub port: Option<u16>,
    /// Frontends [default: 2]
    #[arg(long)]
    pub frontends: Option<usize>,
    /// Storage nodes [default: 3]
    #[arg(long)]
    pub storage: Option<usize>,
    /// Signers; the first signs tree heads [default: 1]
    #[arg(long)]
    pub signers: Option<usize>,
    /// Merge nodes [default: 3]
    #[arg(long)]
    pub merge: Option<usize>,
    /// Maximum merge delay, such as 86400 or 24h [default: 24h]
    #[arg(long, value_parser = span::parse)]
    pub mmd: Option<Duration>,
    /// A signed tree head at least this often, such as 5s [default: 60s]
    #[arg(long, value_parser = span::parse)]
    pub sth_interval: Option<Duration>,
    /// At most one signed tree head in this time, such as 200ms [default: 1s]
    #[arg(long, value_parser = span::parse)]
    pub publish_interval: Option<Duration>,
    /// Age of the newest tree head from which merge-repair acts, at least five times --sth-interval [default: 5m]
    #[arg(long, value_parser = span::parse)]
    pub repair_after: Option<Duration>,
    /// Roots to accept besides the test CA: a PEM or DER file, or a directory of them
    #[arg(long = "roots", value_name = "FILE|DIR", num_args = 1..)]
    pub roots: Vec<PathBuf>,
}

impl UpArgs {
    /// The same, with roots that mean the same wherever they are read.
    pub fn absolute(mut self) -> Result<Self, Failure> {
        for root in &mut self.roots {
            let found = root.canonicalize();
            *root = found.map_err(|error| Failure::Usage(format!("--roots {}: {error}", root.display())))?;
        }
        Ok(self)
    }

    /// Refuses what cannot be changed in a cluster that exists, all of it at once.
    pub fn check_against(&self, cluster: &Cluster) -> Result<(), Failure> {
        let mut conflicts = self.counts(cluster);
        conflicts.extend(self.times(cluster));
        let has_all = |log: &config::Log| {
            let mut own: Vec<&Path> = log.roots().iter().map(PathBuf::as_path).collect();
            let mut given: Vec<&Path> = self.roots.iter().map(PathBuf::as_path).collect();
            own.sort_unstable();
            given.sort_unstable();
            own == given
        };
        if !self.roots.is_empty() && !cluster.logs().iter().all(has_all) {
            conflicts.push("--roots: it was made with other roots".to_owned());
        }
        if conflicts.is_empty() {
            return Ok(());
        }
        let (dir, file) = (self.dir.display(), cluster.file().display());
        let list = conflicts.join("\n  ");
        Err(Failure::Usage(format!(
            "{dir} has a cluster already, which does not go with these options:\n  {list}\n\
             Leave them out, edit {file}, or make another cluster with --dir"
        )))
    }

    fn counts(&self, cluster: &Cluster) -> Vec<String> {
        let mut conflicts = Vec::new();
        let counts = [
            ("--frontends", self.frontends, Role::Frontend),
            ("--storage", self.storage, Role::Storage),
            ("--signers", self.signers, Role::Signer),
            ("--merge", self.merge, Role::Merge),
        ];
        for (option, given, role) in counts {
            let found = cluster.nodes_of(role).count();
            if let Some(given) = given.filter(|given| *given != found) {
                conflicts.push(format!("{option} {given}: it has {found}"));
            }
        }
        let first = cluster.nodes_of(Role::Frontend).find_map(config::Node::public);
        if let (Some(given), Some(found)) = (self.port.filter(|port| *port != 0), first.map(|a| a.port()))
            && given != found
        {
            conflicts.push(format!("--port {given}: its first frontend has {found}"));
        }
        conflicts
    }

    fn times(&self, cluster: &Cluster) -> Vec<String> {
        let mut conflicts = Vec::new();
        for log in cluster.logs() {
            let times = [
                ("--mmd", self.mmd, log.mmd()),
                ("--sth-interval", self.sth_interval, log.sth_interval()),
                ("--publish-interval", self.publish_interval, log.publish_interval()),
                ("--repair-after", self.repair_after, log.repair_after()),
            ];
            for (option, given, found) in times {
                if let Some(given) = given.filter(|given| *given != found) {
                    let (given, found) = (span::show(given), span::show(found));
                    conflicts.push(format!("{option} {given}: log {} has {found}", log.name()));
                }
            }
        }
        conflicts
    }
}
