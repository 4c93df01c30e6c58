//! What was submitted or read before: a sample of it, for those operations that ask again.

use crate::chains::Prepared;
use ct::hash::LeafHash;
use ct::index::TreeSize;
use ct::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Leaves to ask for.
const LEAVES: usize = 20_000;
/// Chains to submit again.
const CHAINS: usize = 5_000;

/// Since when a leaf must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// It was promised then: it may take as long as the maximum merge delay.
    Promised(Timestamp),
    /// It was read from the tree of this size.
    Read(TreeSize),
}

/// A leaf to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) hash: LeafHash,
    pub(crate) since: Since,
}

/// Samples of bounded size. Once full, a new item takes the place of any other.
#[derive(Debug, Default)]
pub(crate) struct Known {
    leaves: Mutex<Vec<Leaf>>,
    chains: Mutex<Vec<Arc<Prepared>>>,
}

impl Known {
    pub(crate) fn add_leaf(&self, leaf: Leaf) {
        keep(&mut lock(&self.leaves), LEAVES, leaf);
    }

    pub(crate) fn add_chain(&self, chain: Arc<Prepared>) {
        keep(&mut lock(&self.chains), CHAINS, chain);
    }

    pub(crate) fn leaf(&self) -> Option<Leaf> {
        fastrand::choice(lock(&self.leaves).iter()).copied()
    }

    pub(crate) fn chain(&self) -> Option<Arc<Prepared>> {
        fastrand::choice(lock(&self.chains).iter()).cloned()
    }
}

fn keep<T>(list: &mut Vec<T>, limit: usize, item: T) {
    if list.len() < limit {
        list.push(item);
    } else {
        list[fastrand::usize(0..limit)] = item;
    }
}

fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_stays_small_and_young() {
        let mut list = Vec::new();
        (0..10_000).for_each(|item| keep(&mut list, 100, item));
        assert_eq!(list.len(), 100);
        assert!(list.iter().any(|item| *item >= 9_900), "the newest never got in");
    }
}
