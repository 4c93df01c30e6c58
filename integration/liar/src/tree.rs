//! Entries in their order, and the head that covers them.

use std::ops::Range;

use judge::merkle::{self, Hash};

use crate::log::Head;

/// An entry as get-entries gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The `MerkleTreeLeaf` (RFC 6962 §3.4).
    pub leaf_input: Vec<u8>,
    /// The chain, and for a precertificate that one before it (§4.6).
    pub extra_data: Vec<u8>,
}

impl Entry {
    /// Hash of the leaf.
    pub fn leaf_hash(&self) -> Hash {
        merkle::leaf_hash(&self.leaf_input)
    }
}

/// One tree of the log: the trunk, or the fork.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    entries: Vec<Entry>,
    hashes: Vec<Hash>,
    /// The last head published.
    pub(crate) head: Option<Head>,
}

impl Tree {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.hashes.push(entry.leaf_hash());
        self.entries.push(entry);
    }

    /// The first `size` entries, without a head.
    pub(crate) fn prefix(&self, size: usize) -> Self {
        Self { entries: self.entries[..size].to_vec(), hashes: self.hashes[..size].to_vec(), head: None }
    }

    /// Entries, published or not.
    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// How many entries are published.
    pub(crate) fn published(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.size as usize)
    }

    pub(crate) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    pub(crate) fn root(&self, size: usize) -> Hash {
        merkle::root(&self.hashes[..size])
    }

    /// The first index of this leaf hash below `size`.
    pub(crate) fn find(&self, leaf_hash: &Hash, size: usize) -> Option<usize> {
        self.hashes[..size].iter().position(|known| known == leaf_hash)
    }

    pub(crate) fn audit_path(&self, index: usize, size: usize) -> Vec<Hash> {
        merkle::audit_path(index, &self.hashes[..size])
    }

    pub(crate) fn consistency_proof(&self, sizes: Range<usize>) -> Vec<Hash> {
        merkle::consistency_proof(sizes.start, &self.hashes[..sizes.end])
    }

    /// Puts a hash of nothing in the place of the first entry's.
    pub(crate) fn rewrite_first(&mut self) {
        self.hashes[0] = [7; 32];
    }
}
