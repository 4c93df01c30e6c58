//! The nodes of a cluster of `up`, for chaos.

use crate::failure::Failure;
use crate::status::{Observer, operator_state};
use crate::upfile::UpFile;
use ::hammer::chaos::{Cluster, Node};
use ct::names::Role;
use std::path::{Path, PathBuf};

/// A running cluster: what `up.json` says of it, and what its nodes say of themselves.
#[derive(Debug)]
pub struct Nodes {
    dir: PathBuf,
    observer: Observer,
}

impl Nodes {
    /// The cluster of that directory.
    pub fn new(dir: &Path) -> Result<Self, Failure> {
        let cluster = config::Cluster::load(&dir.join(config::CLUSTER_FILE))?;
        let observer = Observer::new(&cluster, &operator_state(&cluster, dir)?)?;
        Ok(Self { dir: dir.to_owned(), observer })
    }
}

impl Cluster for Nodes {
    fn nodes(&self) -> Result<Vec<Node>, String> {
        let file = UpFile::read(&self.dir).map_err(|failure| failure.to_string())?;
        let node = |node: crate::upfile::UpNode| Node {
            name: node.name.to_string(),
            role: node.role.to_string(),
            pid: node.pid,
        };
        // The repair process serves nobody: nothing would tell that it is back.
        Ok(file.nodes.into_iter().filter(|node| node.role != Role::MergeRepair).map(node).collect())
    }

    async fn is_ready(&self, node: &str) -> bool {
        match node.parse() {
            Ok(name) => self.observer.is_ready(&name).await,
            Err(_) => false,
        }
    }
}
