//! `up.json`: what a running `wolffish up` tells programs about its cluster.

use crate::failure::Failure;
use ct::names::{LogName, NodeName, Role};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Its name in the directory of `up`.
pub const UP_FILE: &str = "up.json";
/// Where `up` keeps its cluster, unless told otherwise.
pub const DEFAULT_DIR: &str = "wolffish-data";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpFile {
    /// Every log that takes submissions; the one without a window first.
    pub logs: Vec<UpLog>,
    /// Every read-only log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_only_logs: Vec<UpLog>,
    /// Every node that runs.
    pub nodes: Vec<UpNode>,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpLog {
    /// Its name.
    pub name: LogName,
    /// Its base URL on each frontend, without a `/` at the end.
    pub urls: Vec<String>,
    /// Base64 of its DER SubjectPublicKeyInfo.
    pub key: String,
    /// Base64 of the hash of that.
    pub log_id: String,
    /// Maximum merge delay in seconds.
    pub mmd: u64,
    /// Which notAfter it accepts; any if there is none.
    pub temporal_interval: Option<Interval>,
    /// The certificate of an accepted root whose key is at hand; none of a read-only log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_ca_cert: Option<PathBuf>,
    /// That key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_ca_key: Option<PathBuf>,
}

/// A window of notAfter, RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The first moment inside.
    pub start_inclusive: String,
    /// The first moment after it.
    pub end_exclusive: String,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpNode {
    /// Its name.
    pub name: NodeName,
    /// Its role.
    pub role: Role,
    /// Its process; none while it is down.
    pub pid: Option<u32>,
    /// Where it listens for other nodes; empty for merge-repair, which only calls.
    pub address: String,
    /// Its state.
    pub state_dir: PathBuf,
    /// What it prints.
    pub log_file: PathBuf,
}

impl UpFile {
    /// Reads the file in a directory of `up`.
    pub fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(UP_FILE);
        let text = std::fs::read(&path).map_err(|error| {
            let path = path.display();
            Failure::Usage(format!(
                "{path}: {error}; it is there while `wolffish up --dir {}` runs",
                dir.display()
            ))
        })?;
        serde_json::from_slice(&text).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
    }

    /// Replaces the file in a directory as a whole.
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(node::files::replace(&dir.join(UP_FILE), &text)?)
    }

    /// Takes the file away, if there is one.
    pub fn remove(dir: &Path) -> Result<(), Failure> {
        match std::fs::remove_file(dir.join(UP_FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::Io(format!("cannot remove {}: {error}", dir.join(UP_FILE).display())))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_file_has_the_shape_that_programs_read() {
        let value = json!({
            "logs": [{
                "name": "anytime", "urls": ["http://127.0.0.1:1/anytime"], "key": "a", "log_id": "b", "mmd": 86400,
                "temporal_interval": null, "test_ca_cert": "/x/test-ca.pem", "test_ca_key": "/x/test-ca.key",
            }, {
                "name": "shard", "urls": [], "key": "a", "log_id": "b", "mmd": 1,
                "temporal_interval": {"start_inclusive": "s", "end_exclusive": "e"},
                "test_ca_cert": "c", "test_ca_key": "k",
            }],
            "read_only_logs": [{
                "name": "archive", "urls": ["http://127.0.0.1:1/archive"], "key": "a", "log_id": "b", "mmd": 1,
                "temporal_interval": null,
            }],
            "nodes": [{
                "name": "merge-1", "role": "merge", "pid": 7, "address": "127.0.0.1:2",
                "state_dir": "/x/nodes/merge-1", "log_file": "/x/log/merge-1.log",
            }],
        });
        let file: UpFile = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&file).unwrap(), value);
        let dir = tempfile::tempdir().unwrap();
        file.write(dir.path()).unwrap();
        assert_eq!(UpFile::read(dir.path()), Ok(file));
        UpFile::remove(dir.path()).unwrap();
        UpFile::remove(dir.path()).unwrap();
        let error = UpFile::read(dir.path()).unwrap_err();
        assert!(error.to_string().contains("up.json") && matches!(error, Failure::Usage(_)), "{error}");
    }
}
