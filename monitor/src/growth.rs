//! The tree as it is rebuilt from entries. Pure.
//!
//! What was proved and what was only read are kept apart: a stretch of entries counts once the root over all of them is
//! the one that the log signed, or is proved to belong to it.

use ct::hash::{LeafHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::compact::Compact;
use ct::sth::TreeHead;
use ct::time::Timestamp;

/// The tree as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    proved: Compact,
    read: Compact,
}

/// What decides whether the entries read belong to a signed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The root is the signed one: they do.
    Same,
    /// The sizes are the same and the roots are not: they do not.
    Differs {
        /// The root that the entries have.
        computed: RootHash,
    },
    /// They do if the tree of this head is the beginning of the signed one.
    Prove(TreeHead),
}

/// A run of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub first: LeafIndex,
    /// The last.
    pub last: LeafIndex,
}

impl Growth {
    /// Goes on from a proved tree.
    pub fn new(proved: Compact) -> Self {
        Self { read: proved.clone(), proved }
    }

    /// The proved tree.
    pub const fn proved(&self) -> &Compact {
        &self.proved
    }

    /// How far entries were read.
    pub const fn read(&self) -> TreeSize {
        self.read.size()
    }

    /// The entries that were read since; none if there are none.
    pub fn stretch(&self) -> Option<Stretch> {
        let last = self.read().last().filter(|_| self.read() > self.proved.size())?;
        Some(Stretch { first: self.proved.size().next_index(), last })
    }

    /// The next entry.
    pub fn append(&mut self, leaf: LeafHash) {
        self.read.append(leaf.into());
    }

    /// What is to be checked against a signed head that is not smaller than what was read.
    pub fn check(&self, head: &TreeHead) -> Check {
        let computed = self.read.root();
        if self.read() != head.tree_size {
            // Not a head that anybody signed, so it has no moment.
            let timestamp = Timestamp::EPOCH;
            return Check::Prove(TreeHead { timestamp, tree_size: self.read(), root_hash: computed });
        }
        if computed == head.root_hash { Check::Same } else { Check::Differs { computed } }
    }

    /// What was read is proved.
    pub fn settle(&mut self) {
        self.proved.clone_from(&self.read);
    }

    /// What was read is not proved, and forgotten.
    pub fn undo(&mut self) {
        self.read.clone_from(&self.proved);
    }
}

/// The tree of `size` entries from its last leaf and the path that get-entry-and-proof gives for that leaf: all that
/// following a log from now needs. Believe it if its root is the signed one. `None` if the path cannot be one.
pub fn from_last(size: TreeSize, leaf: LeafHash, path: &[ct::hash::NodeHash]) -> Option<Compact> {
    let before = TreeSize::new(size.last()?.get()).ok()?;
    // The siblings on the way up from the last leaf are the complete subtrees to its left, the smallest first.
    let mut tree = Compact::from_peaks(before, path.iter().rev().copied().collect())?;
    tree.append(leaf.into());
    Some(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::hash::NodeHash;
    use ct::merkle::plan::{self, NodeId};
    use ct::merkle::{EMPTY_ROOT, node_hash};
    use std::convert::Infallible;

    fn leaf(n: u64) -> LeafHash {
        LeafHash::new([n as u8; 32])
    }

    fn tree(size: u64) -> Compact {
        let mut tree = Compact::empty();
        (0..size).for_each(|n| tree.append(leaf(n).into()));
        tree
    }

    fn head(tree: &Compact) -> TreeHead {
        TreeHead { timestamp: Timestamp::from_millis(9), tree_size: tree.size(), root_hash: tree.root() }
    }

    fn node(id: NodeId) -> NodeHash {
        match id.level {
            0 => leaf(id.index).into(),
            level => {
                let half = |index| node(NodeId { level: level - 1, index });
                node_hash(&half(2 * id.index), &half(2 * id.index + 1))
            }
        }
    }

    #[test]
    fn entries_count_only_once_they_are_proved() {
        for from in 0..20 {
            for to in from..20 {
                let mut growth = Growth::new(tree(from));
                assert_eq!(growth.stretch(), None);
                (from..to).for_each(|n| growth.append(leaf(n)));
                assert_eq!(growth.proved().size().get(), from);
                assert_eq!(growth.check(&head(&tree(to))), Check::Same, "{from} to {to}");
                let expected = (to > from).then(|| (from, to - 1));
                assert_eq!(growth.stretch().map(|run| (run.first.get(), run.last.get())), expected);
                let Check::Prove(part) = growth.check(&head(&tree(to + 1))) else { panic!("{from} to {to}") };
                assert_eq!((part.tree_size.get(), part.root_hash), (to, tree(to).root()));
                let undone = {
                    let mut other = growth.clone();
                    other.undo();
                    other
                };
                assert_eq!(undone, Growth::new(tree(from)));
                growth.settle();
                assert_eq!(growth, Growth::new(tree(to)));
            }
        }
    }

    #[test]
    fn a_changed_missing_or_moved_entry_leads_to_another_root() {
        for size in 1..20 {
            let signed = head(&tree(size));
            for at in 0..size {
                let lies: [Vec<u64>; 3] = [
                    (0..size).map(|n| if n == at { 99 } else { n }).collect(),
                    (0..=size).filter(|n| *n != at).collect(),
                    (0..size)
                        .map(|n| {
                            if n == at {
                                (at + 1) % size
                            } else if n == (at + 1) % size {
                                at
                            } else {
                                n
                            }
                        })
                        .collect(),
                ];
                for lie in lies {
                    let mut growth = Growth::new(Compact::empty());
                    lie.iter().for_each(|n| growth.append(leaf(*n)));
                    let honest = lie.iter().copied().eq(0..size);
                    assert_eq!(matches!(growth.check(&signed), Check::Differs { .. }), !honest, "{lie:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_leaf_and_its_path_are_the_whole_frontier() {
        for size in 1..70 {
            let of = TreeSize::new(size).unwrap();
            let plan = plan::inclusion(of.last().unwrap(), of).unwrap();
            let path = plan.finish(|id| Ok::<_, Infallible>(node(id))).unwrap();
            let found = from_last(of, leaf(size - 1), &path).unwrap();
            assert_eq!(found, tree(size), "{size}");
            assert_ne!(from_last(of, leaf(size), &path).unwrap().root(), tree(size).root());
            assert_eq!(from_last(of, leaf(size - 1), &[&path[..], &[leaf(0).into()]].concat()), None);
        }
        assert_eq!(from_last(TreeSize::ZERO, leaf(0), &[]), None);
        assert_eq!(Growth::new(Compact::empty()).proved().root(), EMPTY_ROOT);
    }
}
