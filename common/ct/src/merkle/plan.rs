//! Which nodes a proof consists of, and how they are put together.

use super::node_hash;
use crate::hash::NodeHash;
use crate::index::{LeafIndex, TreeSize};

/// A complete subtree: the root over the leaves `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// Height above the leaves; 0 is a leaf hash.
    pub level: u32,
    /// Place among the nodes of this level.
    pub index: u64,
}

/// One element of a proof: complete subtrees, left to right, hashed together from the right.
type Element = Vec<NodeId>;

/// The nodes of a proof, in the order of RFC 6962 §2.1.1–2.1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan(Vec<Element>);

/// A proof was asked for that no tree can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The index is not below the size.
    #[error("leaf index {index} is not below tree size {size}")]
    Index {
        /// The index.
        index: LeafIndex,
        /// The size.
        size: TreeSize,
    },
    /// The first tree is larger than the second.
    #[error("first {first} is above second {second}")]
    Sizes {
        /// The size of the first tree.
        first: TreeSize,
        /// The size of the second.
        second: TreeSize,
    },
}

impl Plan {
    /// The nodes that are needed, in no particular order, some perhaps twice.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().flatten().copied()
    }

    /// Makes the proof from the nodes that `fetch` knows.
    pub fn finish<E>(
        &self,
        mut fetch: impl FnMut(NodeId) -> Result<NodeHash, E>,
    ) -> Result<Vec<NodeHash>, E> {
        self.0.iter().map(|element| fold(element, &mut fetch)).collect()
    }
}

fn fold<E>(element: &Element, fetch: &mut impl FnMut(NodeId) -> Result<NodeHash, E>) -> Result<NodeHash, E> {
    let mut hashes = element.iter().map(|id| fetch(*id)).collect::<Result<Vec<_>, E>>()?.into_iter().rev();
    // `cover` never yields an empty element.
    let last = hashes.next().expect("an element covers at least one leaf");
    Ok(hashes.fold(last, |right, left| node_hash(&left, &right)))
}

/// `PATH(index, D[size])`: leaf side first.
pub fn inclusion(index: LeafIndex, size: TreeSize) -> Result<Plan, Impossible> {
    if !size.contains(index) {
        return Err(Impossible::Index { index, size });
    }
    let (mut begin, mut end, at) = (0, size.get(), index.get());
    let mut path = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if at < middle {
            path.push(cover(middle, end));
            end = middle;
        } else {
            path.push(cover(begin, middle));
            begin = middle;
        }
    }
    path.reverse();
    Ok(Plan(path))
}

/// `PROOF(first, D[second])`; empty when `first` is 0 or equal to `second`.
pub fn consistency(first: TreeSize, second: TreeSize) -> Result<Plan, Impossible> {
    if first > second {
        return Err(Impossible::Sizes { first, second });
    }
    if first == TreeSize::ZERO || first == second {
        return Ok(Plan(Vec::new()));
    }
    let (mut begin, mut end, old_end) = (0, second.get(), first.get());
    let mut path = Vec::new();
    while old_end != end {
        let middle = begin + split(end - begin);
        if old_end <= middle {
            path.push(cover(middle, end));
            end = middle;
        } else {
            path.push(cover(begin, middle));
            begin = middle;
        }
    }
    if begin != 0 {
        path.push(cover(begin, end));
    }
    path.reverse();
    Ok(Plan(path))
}

/// The root of the tree of `size`, as a plan of one element; `None` for the empty tree.
pub fn root(size: TreeSize) -> Option<Plan> {
    (size > TreeSize::ZERO).then(|| Plan(vec![cover(0, size.get())]))
}

/// The complete subtrees that make up the tree of `size`, largest first.
pub fn peaks(size: TreeSize) -> Vec<NodeId> {
    if size == TreeSize::ZERO { Vec::new() } else { cover(0, size.get()) }
}

/// The largest power of two below `count` ≥ 2.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The complete subtrees over `begin..end`, where `begin` is a multiple of a power of two ≥ `end - begin`.
fn cover(begin: u64, end: u64) -> Element {
    let mut nodes = Vec::new();
    let mut at = begin;
    while at < end {
        let level = 63 - (end - at).leading_zeros();
        nodes.push(NodeId { level, index: at >> level });
        at += 1 << level;
    }
    nodes
}
