//! Followers: each reads a log from its first entry to its newest tree head, as a monitor does, and recomputes the root.

use ct::hash::{LeafHash, NodeHash, RootHash};
use ct::index::LeafIndex;
use ct::merkle::compact::Compact;
use ct::sth::TreeHead;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Followers that wait for their next turn. More are made when more are needed at once, and forgotten afterwards.
const WAITING: usize = 64;

/// One that reads a log.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) frontend: usize,
    target: TreeHead,
    tree: Compact,
}

/// What a follower found out at the end of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongRoot {
    pub(crate) head: TreeHead,
    pub(crate) computed: RootHash,
}

impl Follower {
    /// Reads the tree of this head, which has entries.
    pub(crate) const fn new(frontend: usize, target: TreeHead) -> Self {
        Self { frontend, target, tree: Compact::empty() }
    }

    /// The tree that it reads.
    pub(crate) const fn target(&self) -> TreeHead {
        self.target
    }

    /// The entries to read next, first and last; nothing at the end.
    pub(crate) fn next(&self, page: u64) -> Option<(LeafIndex, LeafIndex)> {
        let left = self.target.tree_size.since(self.tree.size());
        let count = left.min(page).checked_sub(1)?;
        let start = self.tree.size().next_index();
        Some((start, start.plus(count)))
    }

    /// These came next. At the end of the tree its root must be the one that was signed.
    pub(crate) fn take(&mut self, leaves: &[LeafHash]) -> Result<(), WrongRoot> {
        for leaf in leaves {
            self.tree.append(NodeHash::from(*leaf));
        }
        let computed = self.tree.root();
        if self.tree.size() == self.target.tree_size && computed != self.target.root_hash {
            return Err(WrongRoot { head: self.target, computed });
        }
        Ok(())
    }

    /// Goes on to a larger tree, or begins anew where there is none.
    pub(crate) fn turn(&mut self, newest: TreeHead) {
        if newest.tree_size <= self.tree.size() {
            self.tree = Compact::empty();
        }
        self.target = newest;
    }
}

/// All followers that are not reading just now.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    waiting: Mutex<Vec<Follower>>,
}

impl Followers {
    pub(crate) fn take(&self) -> Option<Follower> {
        self.lock().pop()
    }

    pub(crate) fn give_back(&self, follower: Follower) {
        let mut waiting = self.lock();
        if waiting.len() < WAITING {
            waiting.push(follower);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Follower>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::index::TreeSize;
    use ct::merkle::leaf_hash;
    use ct::time::Timestamp;

    fn leaves(range: std::ops::Range<u64>) -> Vec<LeafHash> {
        range.map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    fn head(size: u64) -> TreeHead {
        let mut tree = Compact::empty();
        leaves(0..size).into_iter().for_each(|leaf| tree.append(leaf.into()));
        let timestamp = Timestamp::from_millis(size);
        TreeHead { timestamp, tree_size: TreeSize::new(size).unwrap(), root_hash: tree.root() }
    }

    #[test]
    fn a_follower_reads_everything_once_and_goes_on() {
        let mut follower = Follower::new(0, head(5));
        let range = |follower: &Follower| follower.next(3).map(|(first, last)| (first.get(), last.get()));
        assert_eq!(range(&follower), Some((0, 2)));
        assert_eq!(follower.take(&leaves(0..3)), Ok(()));
        assert_eq!(range(&follower), Some((3, 4)));
        assert_eq!(follower.take(&leaves(3..5)), Ok(()));
        assert_eq!(range(&follower), None);
        follower.turn(head(7));
        assert_eq!(range(&follower), Some((5, 6)));
        assert_eq!(follower.take(&leaves(5..7)), Ok(()));
        follower.turn(head(7));
        assert_eq!(range(&follower), Some((0, 2)));
    }

    #[test]
    fn entries_that_lead_to_another_root_are_found_out() {
        let mut follower = Follower::new(0, head(5));
        let mut wrong = leaves(0..5);
        wrong.swap(1, 2);
        let found = follower.take(&wrong).unwrap_err();
        assert_eq!(found.head, head(5));
    }
}
