//! Making keys, node certificates and whole clusters. Everything here creates, deliberately and once: what exists
//! already is refused, never replaced; only [`Addition`] and [`NodeAddition`] change a file. After a crash in the middle, delete what was
//! made and begin again; nothing else knows of it yet.

mod add;
mod cluster;
mod files;
mod keys;
mod plan;
mod template;

pub use add::{Addition, NodeAddition};
pub use cluster::{InitReport, LogReport, NodeReport, init_cluster};
pub use keys::{NODE_SERVER_NAME, TestCaFiles, init_log_key, init_node, init_test_ca, spki_base64};
pub use plan::{Counts, InitPlan, LogPlan, NodePlan};

use crate::fault::ConfigError;
use crate::secret::KeyFileError;
use ct::key::KeyError;
use ct::names::LogName;
use std::path::{Path, PathBuf};

/// The certificate of the test CA, in the directory of the cluster.
pub const TEST_CA_CERTIFICATE_FILE: &str = "test-ca.pem";
/// The private key of the test CA, in the directory of the cluster.
pub const TEST_CA_KEY_FILE: &str = "test-ca.key";

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// It is there already.
    #[error("{path}: exists already; init never replaces anything", path = path.display())]
    Exists {
        /// What exists.
        path: PathBuf,
    },
    /// A directory that was to become a state directory has other things in it, and others can look into it.
    #[error("{path}: not empty, and its mode is {found:04o}; a state directory needs 0700", path = path.display())]
    OpenDirectory {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        found: u32,
    },
    /// A file could not be made.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The plan does not make a valid cluster; nothing was written.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The plan cannot be written as TOML; nothing was written.
    #[error("the plan cannot be written as TOML: {0}")]
    Toml(#[from] toml::ser::Error),
    /// A key or certificate could not be made.
    #[error("making a key or certificate failed: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A log key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system has no randomness to give.
    #[error("the system gave no random bytes")]
    Random,
}

/// Where a signer keeps the private key of a log, in its state directory: PKCS#8 PEM, mode 0600.
pub fn log_key_file(state_dir: &Path, log: &LogName) -> PathBuf {
    state_dir.join("logs").join(format!("{log}.key"))
}

/// Where `init` puts the state directory of a node, in the directory of the cluster.
pub fn node_dir(cluster_dir: &Path, node: &ct::names::NodeName) -> PathBuf {
    cluster_dir.join("nodes").join(node.as_str())
}
