//! What a consistency path says of two tree heads, good or bad: a path that does not hold may still prove that the two
//! cannot belong to one log.

use super::verify::{ProofError, climb, consistency};
use super::{EMPTY_ROOT, node_hash};
use crate::hash::{LeafHash, NodeHash, RootHash};
use crate::index::TreeSize;

/// How two trees stand to each other, as far as a path proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The second tree extends the first.
    Extends,
    /// The second tree begins with other entries than the first has: no log that only grows has had both.
    OtherPrefix {
        /// The root over as many of the second tree's entries as the first tree has.
        computed: RootHash,
    },
    /// The path does not lead to the second root. It may be garbage, so it proves nothing.
    Unproven(ProofError),
}

/// What `path` proves of the trees (`first`, `first_root`) and (`second`, `second_root`).
///
/// Beside the path of RFC 6962 §2.1.2, which leaves out the first root if `first` is a power of two, the one that begins with
/// it is taken: only it can prove another prefix for such a size. [`path_from_inclusion`] makes it.
pub fn relation(
    first: TreeSize,
    first_root: RootHash,
    second: TreeSize,
    second_root: RootHash,
    path: &[NodeHash],
) -> Relation {
    match consistency(first, first_root, second, second_root, path) {
        Ok(()) => Relation::Extends,
        Err(error) => match prefix_root(first, second, second_root, path) {
            Some(computed) if computed == first_root => Relation::Extends,
            Some(computed) => Relation::OtherPrefix { computed },
            None => Relation::Unproven(error),
        },
    }
}

/// The root over the first entries of the second tree, if `path` leads to the second root.
fn prefix_root(
    first: TreeSize,
    second: TreeSize,
    second_root: RootHash,
    path: &[NodeHash],
) -> Option<RootHash> {
    if first >= second {
        return (first == second).then_some(second_root);
    }
    if first == TreeSize::ZERO {
        return Some(EMPTY_ROOT);
    }
    let (start, rest) = path.split_first()?;
    let (old, new) = climb(first, second, *start, rest)?;
    (RootHash::from(new) == second_root).then_some(old.into())
}

/// Makes a path for [`relation`] of the proof that `last`, the last of the second tree's first `first` entries, is in the
/// second tree. So a log's answer to get-entry-and-proof tells of its prefix where get-sth-consistency does not. `None` if
/// `first` is 0 or the proof too short.
pub fn path_from_inclusion(last: LeafHash, first: TreeSize, path: &[NodeHash]) -> Option<Vec<NodeHash>> {
    // So many complete subtrees to its left end where the first tree does.
    let (below, above) = path.split_at_checked(first.get().trailing_zeros() as usize)?;
    let start = below.iter().fold(NodeHash::from(last), |right, left| node_hash(left, &right));
    Some([&[start], above].concat())
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::super::tests::{leaves, mutants};
    use super::*;

    const SIZES: usize = 40;

    fn root(leaves: &[NodeHash]) -> RootHash {
        reference::mth(leaves).into()
    }

    fn judge(m: usize, root_m: RootHash, n: usize, root_n: RootHash, path: &[NodeHash]) -> Relation {
        relation(TreeSize::of(m), root_m, TreeSize::of(n), root_n, path)
    }

    /// The path that the last of the first `m` entries leads to.
    fn path_by_inclusion(m: usize, all: &[NodeHash]) -> Vec<NodeHash> {
        let last = LeafHash::new(*all[m - 1].as_bytes());
        path_from_inclusion(last, TreeSize::of(m), &reference::path(m - 1, all)).unwrap()
    }

    #[test]
    fn an_honest_log_extends_its_trees_by_either_path() {
        let all = leaves(SIZES);
        for n in 0..=SIZES {
            for m in 0..=n {
                let (root_m, root_n) = (root(&all[..m]), root(&all[..n]));
                let path = reference::proof(m, &all[..n]);
                assert_eq!(judge(m, root_m, n, root_n, &path), Relation::Extends, "{m} to {n}");
                if m > 0 && m < n {
                    let found = path_by_inclusion(m, &all[..n]);
                    assert!(
                        found.ends_with(&path)
                            && found.len() - path.len() == usize::from(m.is_power_of_two())
                    );
                    assert_eq!(judge(m, root_m, n, root_n, &found), Relation::Extends, "{m} to {n}");
                }
            }
        }
    }

    #[test]
    fn a_fork_is_proved_by_its_own_path() {
        let all = leaves(SIZES);
        for n in 1..=SIZES {
            for m in 1..=n {
                for changed in [0, m / 2, m - 1] {
                    let mut other = all[..m].to_vec();
                    other[changed] = NodeHash::new([9; 32]);
                    let (root_m, root_n) = (root(&other), root(&all[..n]));
                    let forked = Relation::OtherPrefix { computed: root(&all[..m]) };
                    let path = reference::proof(m, &all[..n]);
                    let found = judge(m, root_m, n, root_n, &path);
                    if m.is_power_of_two() && m < n {
                        assert!(matches!(found, Relation::Unproven(ProofError::Root { .. })), "{m} to {n}");
                    } else {
                        assert_eq!(found, forked, "{m} to {n}");
                    }
                    if m < n {
                        let path = path_by_inclusion(m, &all[..n]);
                        assert_eq!(judge(m, root_m, n, root_n, &path), forked, "{m} to {n}");
                    }
                }
            }
        }
        // A tree without entries has one root.
        let forked = Relation::OtherPrefix { computed: EMPTY_ROOT };
        assert_eq!(judge(0, root(&all[..1]), 7, root(&all[..7]), &[]), forked);
    }

    #[test]
    fn garbage_proves_nothing_against_anybody() {
        let all = leaves(SIZES);
        let (honest, other) = (|m: usize| root(&all[..m]), RootHash::new([9; 32]));
        for n in 2..=SIZES {
            for m in 1..n {
                let paths = [reference::proof(m, &all[..n]), path_by_inclusion(m, &all[..n])];
                for path in paths {
                    for mutant in mutants(&path) {
                        // Without or with the first root at its front, it is the same path.
                        let same = m.is_power_of_two() && mutant.ends_with(&path) | path.ends_with(&mutant);
                        for root_m in [honest(m), other] {
                            let found = judge(m, root_m, n, honest(n), &mutant);
                            let nothing = matches!(found, Relation::Unproven(_));
                            assert!(nothing || same && root_m == honest(m), "{m} to {n}: {found:?}");
                        }
                    }
                    assert!(matches!(judge(m, honest(m), n, other, &path), Relation::Unproven(_)));
                    assert!(matches!(judge(n, honest(n), m, honest(m), &path), Relation::Unproven(_)));
                }
            }
        }
        assert_eq!(path_from_inclusion(LeafHash::new([1; 32]), TreeSize::ZERO, &[]), None);
        assert_eq!(
            path_from_inclusion(LeafHash::new([1; 32]), TreeSize::of(4), &[NodeHash::new([1; 32])]),
            None
        );
    }
}
