//! What others have seen of a log: heads and promises, to be checked against its tree.

use client::evidence::Served;
use ct::hash::LeafHash;
use ct::sct::Sct;

/// What others have seen. All of it carries the log's signature, verified by whoever puts it here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Heads, each of which must agree with every other.
    pub heads: Vec<Served>,
    /// Promises, each of which must be kept.
    pub promises: Vec<Claim>,
}

/// A promise of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What must be in the tree.
    pub leaf: LeafHash,
    /// The promise.
    pub sct: Sct,
    /// The encoded leaf that it promises.
    pub leaf_input: Vec<u8>,
}

impl Claims {
    /// Whether there is nothing to check.
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.promises.is_empty()
    }
}
