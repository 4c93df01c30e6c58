//! The checkers: one for each property, each in a file of its own. A broken one names the property and what broke it.

mod durable;
mod heads;
mod kept;
mod majority;
mod proven;
mod start;
mod unchanged;

pub use durable::Copies;

use super::disk::LogDisk;
use ct::hash::{LeafHash, Name};
use ct::index::TreeSize;
use ct::sth::TreeHead;
use ct::term::AcceptedHead;
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// A property that does not hold, and how that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// All heads ever signed are consistent, with one root per size.
    Fork(String),
    /// Times and sizes of signed heads rise together.
    Backwards(String),
    /// What is signed is held by a majority of merge nodes.
    NoMajority(String),
    /// A promise stands on k durable copies.
    Undurable(String),
    /// A frontend shows only what it can prove.
    Unproven(String),
    /// Every promise is in a published tree within the MMD.
    Unkept(String),
    /// A storage node's `start` never passes an unpublished entry.
    Passed(String),
    /// What a majority endorsed and the log signed never changes on a majority's disks.
    Changed(String),
    /// A healed cluster converges.
    Stuck(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (property, how) = match self {
            Self::Fork(how) => ("all heads are consistent, one root per size", how),
            Self::Backwards(how) => ("times and sizes of heads rise together", how),
            Self::NoMajority(how) => ("what is signed is held by a majority", how),
            Self::Undurable(how) => ("a promise stands on k durable copies", how),
            Self::Unproven(how) => ("a frontend shows only what it can prove", how),
            Self::Unkept(how) => ("every promise is in a published tree within the MMD", how),
            Self::Passed(how) => ("start never passes an unpublished entry", how),
            Self::Changed(how) => ("a signed tree stays on the disks of a majority", how),
            Self::Stuck(how) => ("a healed cluster converges", how),
        };
        write!(f, "broken: {property}: {how}")
    }
}

/// The one log that there is, as the signed heads say.
#[derive(Debug, Default)]
pub struct Canonical {
    leaves: Vec<LeafHash>,
    index: BTreeMap<Name, usize>,
}

impl Canonical {
    fn len(&self) -> usize {
        self.leaves.len()
    }
    /// Whether an entry is in the signed tree.
    pub fn contains(&self, name: &Name) -> bool {
        self.index.contains_key(name)
    }
    fn grow(&mut self, disk: &LogDisk, size: TreeSize) {
        for placed in &disk.order[self.leaves.len()..size.as_usize()] {
            self.index.entry(placed.record.name).or_insert(self.leaves.len());
            self.leaves.push(placed.leaf);
        }
    }
}

/// What all checkers have seen.
#[derive(Debug, Default)]
pub struct Checker {
    /// Every head that was ever signed, in that order.
    pub signed: Vec<TreeHead>,
    /// Every promise: the name of the entry, and when it was made.
    pub promises: BTreeMap<Name, Timestamp>,
    /// The tree of the largest signed head.
    pub canonical: Canonical,
    /// The first property that broke.
    pub broken: Option<Broken>,
    kept: kept::Kept,
}

impl Checker {
    fn fail(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// A head is being signed. So many of those who may have endorsed it lost their disks.
    pub fn signed<'a>(
        &mut self,
        head: &TreeHead,
        disks: impl Iterator<Item = (&'a LogDisk, &'a AcceptedHead)> + Clone,
        lost: usize,
    ) {
        if self.signed.contains(head) {
            return;
        }
        let checked = heads::consistent(&self.signed, &self.canonical, head, disks.clone())
            .and_then(|()| heads::rising(&self.signed, head))
            .and_then(|()| majority::holds(head, disks.clone(), lost));
        if let Err(broken) = checked {
            self.fail(broken);
        }
        if let Some((disk, _)) = disks.into_iter().find(|(disk, _)| heads::has(disk, head))
            && head.tree_size.as_usize() > self.canonical.len()
        {
            self.canonical.grow(disk, head.tree_size);
        }
        self.signed.push(*head);
    }

    /// Declares that a healed cluster did not converge.
    pub fn stuck(&mut self, why: String) {
        self.fail(Broken::Stuck(why));
    }
}
