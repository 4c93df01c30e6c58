//! The lines of a records file. Binary fields are base64, times milliseconds since the epoch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use client::submission::Promise;
use ct::entry::Leaf;
use ct::hash::{Base64, LeafHash, LogId, RootHash};
use ct::index::TreeSize;
use ct::key::LogKey;
use ct::merkle::leaf_hash;
use ct::sct::{DigitallySigned, Sct};
use ct::sth::{Sth, TreeHead, VerifiedSth};
use ct::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the format that is written and read.
pub const VERSION: u32 = 1;

/// One line. Readers pass over kinds that they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A run begins.
    Run(RunLine),
    /// A promise.
    Sct(SctLine),
    /// A tree head.
    Sth(SthLine),
    /// A kind of a later version.
    #[serde(other)]
    Unknown,
}

/// What a run begins with: all that is needed to go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// [`VERSION`].
    pub version: u32,
    /// Hash of the key.
    pub log_id: Base64,
    /// DER SubjectPublicKeyInfo of the log's key.
    pub key: Base64,
    /// Base URL of each frontend.
    pub urls: Vec<String>,
    /// Maximum merge delay in seconds, if it is known.
    pub mmd_seconds: Option<u64>,
    /// When the run began.
    pub started: Timestamp,
}

/// A promise that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SctLine {
    /// Of which log.
    pub log_id: Base64,
    /// What will be in the tree.
    pub leaf_hash: Base64,
    /// When it was promised.
    pub timestamp: Timestamp,
    /// `SignedCertificateTimestamp` (RFC 6962 §3.2).
    pub sct: Base64,
    /// `MerkleTreeLeaf` (RFC 6962 §3.4): what the SCT signs, and what is hashed.
    pub leaf_input: Base64,
    /// Which frontend promised.
    pub url: String,
    /// When its answer came.
    pub received: Timestamp,
}

/// A tree head that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SthLine {
    /// Of which log.
    pub log_id: Base64,
    /// The fields of get-sth (RFC 6962 §4.3).
    pub tree_size: TreeSize,
    /// When it was signed.
    pub timestamp: Timestamp,
    /// Its root.
    pub sha256_root_hash: Base64,
    /// Its signature.
    pub tree_head_signature: DigitallySigned,
    /// Which frontend showed it.
    pub url: String,
    /// When its answer came.
    pub received: Timestamp,
}

impl RunLine {
    /// A run against this log.
    pub fn new(log: &Log, mmd_seconds: Option<u64>, started: Timestamp) -> Self {
        Self {
            version: VERSION,
            log_id: Base64(log.log_id().as_ref().to_vec()),
            key: Base64(log.key().spki().to_vec()),
            urls: log.urls().iter().map(ToString::to_string).collect(),
            mmd_seconds,
            started,
        }
    }
}

impl SctLine {
    /// A promise of a frontend. `None` only if the SCT has extensions that no SCT can have.
    pub fn new(promise: &Promise, url: &str, received: Timestamp) -> Option<Self> {
        Some(Self {
            log_id: Base64(promise.sct.log_id.as_ref().to_vec()),
            leaf_hash: Base64(promise.leaf.as_ref().to_vec()),
            timestamp: promise.sct.timestamp,
            sct: Base64(promise.sct.encode().ok()?),
            leaf_input: Base64(promise.leaf_input.clone()),
            url: url.to_owned(),
            received,
        })
    }

    /// The leaf and the SCT, everything in them checked against each other and the signature against the key.
    pub fn verify(&self, key: &LogKey) -> Result<(LeafHash, Sct), String> {
        let expected = leaf_hash(&self.leaf_input.0);
        if self.leaf_hash.0 != expected.as_ref() {
            return Err(format!("leaf_hash is not the hash of leaf_input, {}", STANDARD.encode(expected)));
        }
        let leaf = Leaf::decode(&self.leaf_input.0).map_err(|error| format!("leaf_input: {error}"))?;
        let sct = Sct::decode(&self.sct.0).map_err(|error| format!("sct: {error}"))?;
        same_log("sct", sct.log_id, key)?;
        if leaf.timestamp != sct.timestamp || sct.timestamp != self.timestamp {
            let (line, leaf, sct) = (self.timestamp, leaf.timestamp, sct.timestamp);
            return Err(format!(
                "three timestamps: {line} in the line, {leaf} in the leaf, {sct} in the SCT"
            ));
        }
        key.verify("SCT", &self.leaf_input.0, &sct.signature).map_err(|error| error.to_string())?;
        Ok((expected, sct))
    }
}

impl SthLine {
    /// A tree head of a frontend.
    pub fn new(log_id: LogId, sth: &VerifiedSth, url: &str, received: Timestamp) -> Self {
        let head = sth.head();
        Self {
            log_id: Base64(log_id.as_ref().to_vec()),
            tree_size: head.tree_size,
            timestamp: head.timestamp,
            sha256_root_hash: Base64(head.root_hash.as_ref().to_vec()),
            tree_head_signature: sth.sth().tree_head_signature.clone(),
            url: url.to_owned(),
            received,
        }
    }

    /// The tree head, its signature verified.
    pub fn verify(&self, key: &LogKey) -> Result<VerifiedSth, String> {
        let root: [u8; 32] = self.sha256_root_hash.0.as_slice().try_into().map_err(|_| {
            format!("sha256_root_hash has {} bytes, expected 32", self.sha256_root_hash.0.len())
        })?;
        let (timestamp, tree_size) = (self.timestamp, self.tree_size);
        let head = TreeHead { timestamp, tree_size, root_hash: RootHash::new(root) };
        let sth = Sth { head, tree_head_signature: self.tree_head_signature.clone() };
        key.verify_sth(sth).map_err(|error| error.to_string())
    }
}

fn same_log(what: &str, found: LogId, key: &LogKey) -> Result<(), String> {
    if found == key.log_id() {
        return Ok(());
    }
    Err(format!("{what}: of log {}, expected {}", STANDARD.encode(found), STANDARD.encode(key.log_id())))
}
