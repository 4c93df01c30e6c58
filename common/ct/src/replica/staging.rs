//! What a primary has sent and nobody has endorsed yet. It lies beside the log and counts for nothing: it is lost in a
//! crash, and sent again (docs/protocol.md, M2).

use crate::hash::{InternalRoot, Name};
use crate::index::TreeSize;
use crate::merkle::compact::Compact;
use crate::order::OrderRecord;

/// Most staged records: a node that is further behind catches up in several rounds.
pub const MAX_STAGED: usize = 1 << 20;

/// Records that continue the log from `base`, and the internal tree over log and records.
#[derive(Debug, Clone)]
pub struct Staging {
    base: TreeSize,
    at_base: Compact,
    records: Vec<OrderRecord>,
    internal: Compact,
}

impl Staging {
    /// Begins to stage at `base`, where the internal tree of the log is `internal`.
    pub fn begin(base: TreeSize, internal: Compact) -> Self {
        Self { base, at_base: internal.clone(), records: Vec::new(), internal }
    }
    /// Where the staged records begin.
    pub const fn base(&self) -> TreeSize {
        self.base
    }
    /// Where they end.
    pub fn end(&self) -> TreeSize {
        self.base.plus(self.records.len() as u64)
    }
    /// The records.
    pub fn records(&self) -> &[OrderRecord] {
        &self.records
    }
    /// The names of the records.
    pub fn names(&self) -> Vec<Name> {
        self.records.iter().map(|record| record.name).collect()
    }
    /// The internal tree at a size from `base` to the end.
    pub fn internal_at(&self, size: TreeSize) -> Compact {
        if size == self.end() {
            return self.internal.clone();
        }
        let mut tree = self.at_base.clone();
        for record in &self.records[..size.since(self.base) as usize] {
            tree.append(record.internal_leaf());
        }
        tree
    }
    /// Whether the internal root at a size from `base` to the end is this one. Within staged records nothing else can be
    /// compared; it covers the names, and with them the leaves.
    pub fn agrees(&self, size: TreeSize, root: InternalRoot) -> bool {
        InternalRoot::from(self.internal_at(size).root()) == root
    }
    /// Drops what lies at or above `size`, which is not below `base`.
    pub fn cut(&mut self, size: TreeSize) {
        if size < self.end() {
            self.internal = self.internal_at(size);
            self.records.truncate(size.since(self.base) as usize);
        }
    }
    /// Adds records at the end, as many as there is room for.
    pub fn extend(&mut self, records: &[OrderRecord]) {
        let room = MAX_STAGED - self.records.len().min(MAX_STAGED);
        for record in &records[..records.len().min(room)] {
            self.internal.append(record.internal_leaf());
            self.records.push(*record);
        }
    }
}
