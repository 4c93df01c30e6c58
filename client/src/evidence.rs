//! Evidence against a log, in a file that anybody can judge: what the log signed, its key, and who served it when.
//!
//! A judgement ([`Evidence::verdict`]) rests on nothing but the file. What is not signed in it (name, addresses, times of
//! receipt, the log's answers) is told as hearsay and decides nothing. The format is in docs/formats.md.

mod error;
mod file;
mod json;
#[cfg(test)]
mod tests;
mod verdict;

pub use error::{EvidenceError, MAX_FILE, MAX_MMD, MAX_NODES, MAX_TEXT, MAX_URLS};
pub use file::FileError;
pub use verdict::{Doubt, Fork, Verdict};

use crate::Log;
use ct::hash::NodeHash;
use ct::sct::Sct;
use ct::sth::Sth;
use ct::time::Timestamp;
use std::time::Duration;

/// Evidence about one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The log: its key decides, its name and addresses are for people.
    pub log: Log,
    /// When this was put together.
    pub seen: Timestamp,
    /// What was seen.
    pub case: Case,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Case {
    /// Two tree heads that may not belong together.
    TreeHeads(TreeHeads),
    /// A promise that may not have been kept.
    BrokenPromise(BrokenPromise),
}

/// Two tree heads. Which is the first does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHeads {
    /// One.
    pub first: Served,
    /// The other.
    pub second: Served,
    /// The path from the smaller tree to the larger, if the log gave one: of get-sth-consistency, or as
    /// [`ct::merkle::verify::path_from_inclusion`] makes it.
    pub consistency: Option<Vec<NodeHash>>,
}

/// A tree head as somebody served it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The tree head, signature included.
    pub sth: Sth,
    /// Who served it.
    pub url: String,
    /// When it came, by the clock of whoever asked.
    pub received: Timestamp,
}

/// An SCT, and a tree head so late that its tree must have the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenPromise {
    /// The promise.
    pub sct: Sct,
    /// The `MerkleTreeLeaf` that it promises, encoded.
    pub leaf_input: Vec<u8>,
    /// The maximum merge delay that the log states.
    pub mmd: Duration,
    /// The late tree head.
    pub later: Served,
    /// What the log said when it was asked for the entry in that tree.
    pub answer: String,
}

impl Evidence {
    /// Two tree heads, seen at `seen`.
    pub const fn of_heads(log: Log, seen: Timestamp, heads: TreeHeads) -> Self {
        Self { log, seen, case: Case::TreeHeads(heads) }
    }

    /// A promise that was found broken at `seen`.
    pub const fn of_promise(log: Log, seen: Timestamp, promise: BrokenPromise) -> Self {
        Self { log, seen, case: Case::BrokenPromise(promise) }
    }
}
