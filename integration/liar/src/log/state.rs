//! What the log holds: one tree, or two that should be one.

use std::collections::HashMap;

use crate::mint::Mint;
use crate::tree::{Entry, Tree};

/// Which tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Branch {
    #[default]
    Trunk,
    Fork,
}

impl Branch {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Trunk => Self::Fork,
            Self::Fork => Self::Trunk,
        }
    }
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) trunk: Tree,
    /// As long as the trunk at all times.
    pub(crate) fork: Option<Tree>,
    /// The timestamp promised for each signed entry.
    pub(super) promises: HashMap<Vec<u8>, u64>,
    pub(crate) mint: Mint,
    pub(crate) max_get_entries: u64,
}

impl State {
    pub(super) fn new(mint: Mint, max_get_entries: u64) -> Self {
        Self { trunk: Tree::default(), fork: None, promises: HashMap::new(), mint, max_get_entries }
    }

    /// The tree of this branch; before any fork there is but one.
    pub(crate) fn tree(&self, branch: Branch) -> &Tree {
        match (branch, &self.fork) {
            (Branch::Fork, Some(fork)) => fork,
            _ => &self.trunk,
        }
    }

    pub(super) fn tree_mut(&mut self, branch: Branch) -> &mut Tree {
        match (branch, &mut self.fork) {
            (Branch::Fork, Some(fork)) => fork,
            _ => &mut self.trunk,
        }
    }

    /// Adds an entry to the trunk, and another one to the fork: from where they part, the two have nothing in
    /// common.
    pub(crate) fn append(&mut self, entry: Entry, now: u64) {
        self.trunk.push(entry);
        if let Some(fork) = &mut self.fork {
            fork.push(self.mint.next(now));
        }
    }

    /// Makes a new fork that shares the first `size` entries.
    pub(super) fn fork_at(&mut self, size: usize, now: u64) {
        assert!(size <= self.trunk.len(), "fork_at: at most {}, found {size}", self.trunk.len());
        let mut fork = self.trunk.prefix(size);
        while fork.len() < self.trunk.len() {
            fork.push(self.mint.next(now));
        }
        self.fork = Some(fork);
    }
}
