//! One more read-only log in a `cluster.toml` that exists. What stands there, comments included, is left as it is.

use super::InitError;
use super::files::replace_public;
use super::template::render_read_only_log;
use crate::cluster::Cluster;
use crate::raw::RawReadOnlyLog;
use crate::secret::KeyFileError;
use std::fs;
use std::path::{Path, PathBuf};

/// A `cluster.toml` with one more read-only log: valid, and not written yet.
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
        let read = fs::read_to_string(file);
        let text =
            read.map_err(|source| KeyFileError::Io { path: file.to_owned(), action: "read", source })?;
        let table = render_read_only_log(log)?;
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
