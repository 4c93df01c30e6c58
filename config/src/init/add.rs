//! One more node, or one more read-only log, in a `cluster.toml` that exists. What stands there, comments included, is left as
//! it is.

use super::InitError;
use super::cluster::raw_node;
use super::files::replace_public;
use super::keys::NodeIdentity;
use super::plan::NodePlan;
use super::template::{render_node, render_read_only_log};
use crate::cluster::Cluster;
use crate::raw::RawReadOnlyLog;
use crate::secret::KeyFileError;
use std::fs;
use std::path::{Path, PathBuf};

/// A `cluster.toml` with something added: valid, and not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    file: PathBuf,
    text: String,
    table: String,
    cluster: Cluster,
}

impl Addition {
    /// Adds the log to the text of a `cluster.toml`, and judges the whole.
    ///
    /// # Errors
    /// [`InitError::File`] if the file cannot be read, [`InitError::Config`] if the log does not go with it.
    pub fn plan(file: &Path, log: &RawReadOnlyLog) -> Result<Self, InitError> {
        Self::of(file, render_read_only_log(log)?)
    }

    fn of(file: &Path, table: String) -> Result<Self, InitError> {
        let read = fs::read_to_string(file);
        let text =
            read.map_err(|source| KeyFileError::Io { path: file.to_owned(), action: "read", source })?;
        let text = format!("{}\n\n{table}", text.trim_end());
        let cluster = Cluster::parse(&text, file.parent().unwrap_or(Path::new("")))?;
        Ok(Self { file: file.to_owned(), text, table, cluster })
    }

    /// The lines that are added.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What the file will mean.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Replaces the file as a whole.
    ///
    /// # Errors
    /// [`InitError::File`].
    pub fn write(self) -> Result<Cluster, InitError> {
        replace_public(&self.file, &self.text)?;
        Ok(self.cluster)
    }
}

/// A `cluster.toml` with one more node, and the node's key: valid, and neither written yet.
pub struct NodeAddition {
    addition: Addition,
    identity: NodeIdentity,
}

impl NodeAddition {
    /// Makes a key for the node, adds it to the text of a `cluster.toml`, and judges the whole.
    ///
    /// # Errors
    /// As [`Addition::plan`].
    pub fn plan(file: &Path, node: &NodePlan) -> Result<Self, InitError> {
        let identity = NodeIdentity::generate(node.role)?;
        let addition = Addition::of(file, render_node(&raw_node(node, &identity))?)?;
        Ok(Self { addition, identity })
    }

    /// Writes key and certificate into a state directory that has neither, then the file. Answers the lines that were added.
    ///
    /// # Errors
    /// [`InitError::File`]; [`InitError::Exists`] if the directory has a key or a certificate.
    pub fn write(self, state_dir: &Path) -> Result<String, InitError> {
        self.identity.write(state_dir)?;
        let table = self.addition.table().to_owned();
        self.addition.write()?;
        Ok(table)
    }
}
