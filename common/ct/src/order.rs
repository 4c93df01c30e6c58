//! The order of the log: which entry, with which chain, has which place; and the two trees over it.

use crate::hash::{ExtraHash, InternalRoot, LeafHash, Name, NodeHash, RootHash};
use crate::index::TreeSize;
use crate::merkle::{compact::Compact, leaf_hash};
use crate::time::Timestamp;
use crate::tls::{DecodeError, Reader};
use serde::{Deserialize, Serialize};

/// What the order says about one place: which entry, and which of its possible chains (docs/protocol.md, O1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderRecord {
    /// The entry.
    pub name: Name,
    /// Hash of the `extra_data` that everybody serves with it: the primary's first copy wins.
    pub extra: ExtraHash,
}

impl OrderRecord {
    /// Length of the encoded record.
    pub const LEN: usize = 64;

    /// `name ‖ extra`.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(self.name.as_ref());
        bytes[32..].copy_from_slice(self.extra.as_ref());
        bytes
    }

    /// Reads back what [`OrderRecord::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let (name, extra) = (Name::new(reader.array("name")?), ExtraHash::new(reader.array("extra")?));
        reader.finish("order record")?;
        Ok(Self { name, extra })
    }

    /// The record's leaf hash in the internal tree.
    pub fn internal_leaf(&self) -> NodeHash {
        leaf_hash(&self.encode()).into()
    }
}

/// A size and both roots over it: what "head", "contains" and "same" mean inside the cluster (docs/protocol.md, O2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogHead {
    /// Entries.
    pub size: TreeSize,
    /// Root of the public tree.
    pub root: RootHash,
    /// Root of the tree over the order records.
    pub internal_root: InternalRoot,
}

impl LogHead {
    /// The head of a log without entries.
    pub const EMPTY: Self = Self {
        size: TreeSize::ZERO,
        root: crate::merkle::EMPTY_ROOT,
        internal_root: InternalRoot::new(*crate::merkle::EMPTY_ROOT.as_bytes()),
    };
}

/// Both trees of a log in the form that can grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BothTrees {
    public: Compact,
    internal: Compact,
}

impl BothTrees {
    /// The trees without entries.
    pub const fn empty() -> Self {
        Self { public: Compact::empty(), internal: Compact::empty() }
    }
    /// From the two trees of one log; `None` if their sizes differ.
    pub fn new(public: Compact, internal: Compact) -> Option<Self> {
        (public.size() == internal.size()).then_some(Self { public, internal })
    }
    /// Adds one entry.
    pub fn append(&mut self, record: &OrderRecord, leaf: LeafHash) {
        self.public.append(leaf.into());
        self.internal.append(record.internal_leaf());
    }
    /// The tree over the order records.
    pub const fn internal(&self) -> &Compact {
        &self.internal
    }
    /// Entries in both.
    pub const fn size(&self) -> TreeSize {
        self.public.size()
    }
    /// Size and both roots.
    pub fn head(&self) -> LogHead {
        LogHead {
            size: self.public.size(),
            root: self.public.root(),
            internal_root: self.internal.root().into(),
        }
    }
}

/// The key by which new entries are ordered: by time, then by name, so that the order depends on nothing else
/// (docs/protocol.md, O3).
pub type OrderKey = (Timestamp, Name);
