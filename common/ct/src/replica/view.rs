//! What a machine may ask of the log on its node's disk. The shell answers from the store, the simulator from its own.

use crate::entry::StoredEntry;
use crate::hash::{ExtraHash, Fingerprint, Name, NodeHash, sha256};
use crate::index::{LeafIndex, TreeSize};
use crate::order::{BothTrees, OrderRecord};
use crate::wire::EntryBatch;
use std::collections::{BTreeSet, HashSet};

/// The disk does not answer: the node must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("disk: {0}")]
pub struct DiskFault(pub String);

/// What reading a copy of an entry from the node's own disk gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBack {
    /// The entry, decoded from the bytes on disk, its name computed anew.
    Good(Box<StoredEntry>),
    /// No copy is held.
    Absent,
    /// The bytes are damaged.
    Bad(String),
}

/// The log on disk as the last step left it.
pub trait View {
    /// Entries in the order, a primary's unendorsed tail included.
    fn len(&self) -> TreeSize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == TreeSize::ZERO
    }
    /// Both trees at a size up to [`View::len`].
    fn trees_at(&self, size: TreeSize) -> Result<BothTrees, DiskFault>;
    /// The order records from `from` up to (not including) `to`.
    fn records(&self, from: TreeSize, to: TreeSize) -> Result<Vec<OrderRecord>, DiskFault>;
    /// Where the order has a name.
    fn index_of(&self, name: &Name) -> Result<Option<LeafIndex>, DiskFault>;
    /// Which of these names no copy is held of.
    fn missing(&self, names: &[Name]) -> Result<Vec<Name>, DiskFault>;
    /// A copy, read from disk now.
    fn read_back(&self, name: &Name) -> Result<ReadBack, DiskFault>;
    /// Which of these issuers are not held.
    fn missing_issuers(&self, issuers: &[Fingerprint]) -> Result<Vec<Fingerprint>, DiskFault>;
    /// The hash of the entry's `extra_data`, made from the issuers on disk; `None` if one of them is not held.
    fn extra_hash(&self, entry: &StoredEntry) -> Result<Option<ExtraHash>, DiskFault>;
    /// The consistency proof between two sizes up to [`View::len`].
    fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>, DiskFault>;
}

/// Of these entries, those whose issuers are held or brought; and the issuers that the others lack.
pub fn keep_complete(
    entries: Vec<StoredEntry>,
    issuers: Vec<Vec<u8>>,
    view: &impl View,
) -> Result<(EntryBatch, Vec<Fingerprint>), DiskFault> {
    let brought: HashSet<_> = issuers.iter().map(|issuer| Fingerprint::new(sha256(&[issuer]))).collect();
    let mut missing = BTreeSet::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let unknown: Vec<_> = entry.chain().iter().filter(|f| !brought.contains(*f)).copied().collect();
        let lacks = view.missing_issuers(&unknown)?;
        if lacks.is_empty() {
            kept.push(entry);
        }
        missing.extend(lacks);
    }
    Ok((EntryBatch { entries: kept, issuers }, missing.into_iter().collect()))
}

/// A copy that the order cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFault {
    /// None is held.
    Absent,
    /// The bytes on disk are damaged, or have another chain than the order says.
    Bad(String),
}

/// Reads the copy of an entry from disk and checks it against the order: never what a message said (docs/protocol.md, M3).
pub fn good_copy(
    record: &OrderRecord,
    view: &impl View,
) -> Result<Result<StoredEntry, CopyFault>, DiskFault> {
    Ok(match view.read_back(&record.name)? {
        ReadBack::Absent => Err(CopyFault::Absent),
        ReadBack::Bad(reason) => Err(CopyFault::Bad(reason)),
        ReadBack::Good(entry) => match view.extra_hash(&entry)? {
            Some(extra) if extra == record.extra => Ok(*entry),
            _ => Err(CopyFault::Bad("its chain is not the one in the order".to_owned())),
        },
    })
}
