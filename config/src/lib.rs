//! The configuration of a Wolffish cluster.
//!
//! One file, `cluster.toml`, is the same on every machine. It is read in two steps: [`raw`] says what may be written,
//! and [`Cluster`] says what it means. Every rule is checked in between, all faults are reported at once, and a
//! [`Cluster`] that exists is valid. Secrets are never in the file: each node's state directory has its own.
//!
//! [`Cluster::parse`] looks at the text only. [`Cluster::load`] looks at the certificates too that the file names;
//! [`Cluster::load_for`] at those that one node needs. [`init`] makes keys, node certificates and whole clusters.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod address;
pub mod cluster;
mod document;
pub mod fault;
pub mod init;
pub mod log;
pub mod node;
mod pem;
pub mod problem;
pub mod purpose;
pub mod quorum;
pub mod raw;
pub mod roots;
mod rules;
pub mod secret;
pub mod warnings;

pub use address::Address;
pub use cluster::{CLUSTER_FILE, Cluster, ConfigHash, Peer, QuorumHash};
pub use fault::{ConfigError, Fault};
pub use log::{AnyLog, Log, LogFacts, ReadOnlyLog, Scrubbing, Window};
pub use node::{Node, TlsFiles};
pub use problem::Problem;
pub use purpose::Purpose;
pub use quorum::Quorum;
pub use roots::{RootCertificate, TEST_CA_MARKER};
pub use secret::{KeyFileError, NodeCredentials, PrivateKey, load_node_credentials, load_private_key};
pub use warnings::Warning;
