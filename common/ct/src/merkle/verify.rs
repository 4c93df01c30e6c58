//! Checking proofs, as RFC 9162 §2.1.3.2 and §2.1.4.2 spell out for the same trees.

use super::node_hash;
use crate::hash::{LeafHash, NodeHash, RootHash};
use crate::index::{LeafIndex, TreeSize};

pub use super::relation::{Relation, path_from_inclusion, relation};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not below the size, or the first tree is larger than the second.
    #[error("{0} does not lie within tree size {1}")]
    OutOfRange(u64, TreeSize),
    /// The proof has the wrong number of nodes.
    #[error("the proof has {found} nodes, which does not fit its sizes")]
    Length {
        /// Nodes in the proof.
        found: usize,
    },
    /// The nodes lead to another root.
    #[error("the proof leads to root {computed}, not {expected}")]
    Root {
        /// What the proof leads to.
        computed: RootHash,
        /// What it should prove.
        expected: RootHash,
    },
}

fn expect(computed: NodeHash, expected: RootHash) -> Result<(), ProofError> {
    let computed = RootHash::from(computed);
    if computed == expected { Ok(()) } else { Err(ProofError::Root { computed, expected }) }
}

/// Checks that `leaf` is at `index` in the tree of `size` with `root`.
pub fn inclusion(
    leaf: LeafHash,
    index: LeafIndex,
    size: TreeSize,
    path: &[NodeHash],
    root: RootHash,
) -> Result<(), ProofError> {
    let Some(last) = size.last().filter(|_| size.contains(index)) else {
        return Err(ProofError::OutOfRange(index.get(), size));
    };
    let (mut fnode, mut snode) = (index.get(), last.get());
    let mut hash = NodeHash::from(leaf);
    for sibling in path {
        if snode == 0 {
            return Err(ProofError::Length { found: path.len() });
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node_hash(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    if snode != 0 {
        return Err(ProofError::Length { found: path.len() });
    }
    expect(hash, root)
}

/// Checks that the tree (`second`, `second_root`) extends the tree (`first`, `first_root`).
pub fn consistency(
    first: TreeSize,
    first_root: RootHash,
    second: TreeSize,
    second_root: RootHash,
    path: &[NodeHash],
) -> Result<(), ProofError> {
    if first > second {
        return Err(ProofError::OutOfRange(first.get(), second));
    }
    if first == second || first == TreeSize::ZERO {
        if !path.is_empty() {
            return Err(ProofError::Length { found: path.len() });
        }
        let expected = if first == second { second_root } else { super::EMPTY_ROOT };
        return expect(first_root.into(), expected);
    }
    let length = ProofError::Length { found: path.len() };
    let (start, rest) = match path {
        [] => return Err(length),
        // A first tree that is a whole subtree of the second is known already, and the proof leaves it out.
        _ if first.get().is_power_of_two() => (NodeHash::from(first_root), path),
        [start, rest @ ..] => (*start, rest),
    };
    let (old, new) = climb(first, second, start, rest).ok_or(length)?;
    expect(old, first_root)?;
    expect(new, second_root)
}

/// The roots of the first and of the second tree that a proof leads to, where 0 < `first` < `second`, and `start` is the
/// largest complete subtree that ends where the first tree does. `None` if the number of nodes does not fit the sizes.
pub(super) fn climb(
    first: TreeSize,
    second: TreeSize,
    start: NodeHash,
    rest: &[NodeHash],
) -> Option<(NodeHash, NodeHash)> {
    let (mut fnode, mut snode) = (first.get() - 1, second.get() - 1);
    while fnode & 1 == 1 {
        fnode >>= 1;
        snode >>= 1;
    }
    let (mut old, mut new) = (start, start);
    for node in rest {
        if snode == 0 {
            return None;
        }
        if fnode & 1 == 1 || fnode == snode {
            old = node_hash(node, &old);
            new = node_hash(node, &new);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            new = node_hash(&new, node);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    (snode == 0).then_some((old, new))
}
