//! A tree reduced to what growing it needs: the roots of its complete subtrees, at most one a level.

use super::{EMPTY_ROOT, node_hash};
use crate::hash::{NodeHash, RootHash};
use crate::index::TreeSize;

/// The complete subtrees of a tree, largest (leftmost) first; one for each bit of the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact {
    size: TreeSize,
    peaks: Vec<NodeHash>,
}

impl Compact {
    /// The tree without entries.
    pub const fn empty() -> Self {
        Self { size: TreeSize::ZERO, peaks: Vec::new() }
    }

    /// A tree of `size` from the roots of its complete subtrees, largest first; `None` if their number does not fit.
    pub fn from_peaks(size: TreeSize, peaks: Vec<NodeHash>) -> Option<Self> {
        (size.get().count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// Entries in the tree.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The roots of its complete subtrees, largest first.
    pub fn peaks(&self) -> &[NodeHash] {
        &self.peaks
    }

    /// Adds one leaf hash.
    pub fn append(&mut self, leaf: NodeHash) {
        let mut node = leaf;
        for _ in 0..self.size.get().trailing_ones() {
            // One peak for every bit of the size that is set, so there is one here.
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
        }
        self.peaks.push(node);
        self.size = self.size.plus(1);
    }

    /// The root of the tree (MTH).
    pub fn root(&self) -> RootHash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => EMPTY_ROOT,
            Some(last) => RootHash::from(peaks.fold(*last, |right, left| node_hash(left, &right))),
        }
    }
}
