//! The checkers: one for each property. A broken one names the property and what broke it.

use super::disk::LogDisk;
use ct::hash::{LeafHash, Name, RootHash};
use ct::index::TreeSize;
use ct::order::BothTrees;
use ct::replica::View;
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use std::collections::BTreeMap;

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Two heads that cannot both be.
    Fork(String),
    /// A head whose time or size went back.
    Backwards(String),
    /// A head was signed that no majority holds.
    NoMajority(String),
    /// A promise without k durable copies.
    Undurable(String),
    /// A frontend shows what it cannot prove.
    Unproven(String),
    /// A promise that was not kept when everything had healed.
    Forgotten(String),
    /// The healed cluster does not go on.
    Stuck(String),
}

/// What all checkers have seen.
#[derive(Debug, Default)]
pub struct Checker {
    /// Every head that was ever signed, in that order.
    pub signed: Vec<TreeHead>,
    /// Every promise: the name of the entry, and when it was made.
    pub promises: BTreeMap<Name, Timestamp>,
    /// The leaves of the largest signed head.
    canonical: Vec<LeafHash>,
    /// The first property that broke.
    pub broken: Option<Broken>,
}

impl Checker {
    fn fail(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// A head is being signed: all heads are consistent, times and sizes rise together, and a majority holds its tree.
    pub fn signed<'a>(&mut self, head: &TreeHead, disks: impl Iterator<Item = (&'a LogDisk, TreeSize)>) {
        let mut holders = 0;
        let mut leaves = None;
        let mut voters = 0;
        for (disk, accepted) in disks {
            voters += 1;
            let same = disk.trees_at(head.tree_size).is_ok_and(|trees| trees.head().root == head.root_hash);
            if same && accepted >= head.tree_size {
                holders += 1;
            }
            if same {
                leaves =
                    Some(disk.order[..head.tree_size.as_usize()].iter().map(|p| p.leaf).collect::<Vec<_>>());
            }
        }
        if self.signed.contains(head) {
            return;
        }
        if holders <= voters / 2 {
            self.fail(Broken::NoMajority(format!("{head:?} is held by {holders} of {voters}")));
        }
        if let Some(last) = self.signed.last()
            && (last.timestamp >= head.timestamp || last.tree_size > head.tree_size)
        {
            self.fail(Broken::Backwards(format!("{head:?} after {last:?}")));
        }
        match leaves {
            None => self.fail(Broken::Fork(format!("no merge node has the tree of {head:?}"))),
            Some(leaves) => {
                if !leaves.starts_with(&self.canonical[..self.canonical.len().min(leaves.len())]) {
                    self.fail(Broken::Fork(format!("{head:?} does not extend the heads signed before")));
                }
                if leaves.len() > self.canonical.len() {
                    self.canonical = leaves;
                }
            }
        }
        self.signed.push(*head);
    }

    /// A promise is made: k storage nodes have the entry on disk.
    pub fn promised(&mut self, name: Name, at: Timestamp, copies: usize, quorum: usize) {
        if copies < quorum {
            self.fail(Broken::Undurable(format!("{name} was promised with {copies} copies")));
        }
        self.promises.insert(name, at);
    }

    /// A frontend shows an STH: it was signed, and its tree on this frontend's disk has that root.
    pub fn shown(&mut self, sth: &Sth, disk: &LogDisk) {
        let size = sth.head.tree_size;
        if !self.signed.contains(&sth.head) {
            self.fail(Broken::Unproven(format!("{:?} is shown and was never signed", sth.head)));
        }
        let mut trees = BothTrees::empty();
        for placed in disk.order.iter().take(size.as_usize()) {
            match disk.copies.get(&placed.record.name) {
                Some(_) => trees.append(&placed.record, placed.leaf),
                None => {
                    self.fail(Broken::Unproven(format!("{:?} is shown without all its entries", sth.head)))
                }
            }
        }
        let root: RootHash = trees.head().root;
        if root != sth.head.root_hash {
            self.fail(Broken::Unproven(format!("{:?} is shown over a tree with root {root}", sth.head)));
        }
    }

    /// Which promises are not below the published size of this frontend.
    pub fn unkept(&self, disk: &LogDisk, published: TreeSize) -> Vec<Name> {
        let kept =
            |name: &Name| disk.index_of(name).ok().flatten().is_some_and(|index| published.contains(index));
        self.promises.keys().filter(|name| !kept(name)).copied().collect()
    }

    /// Declares that a healed cluster did not converge.
    pub fn stuck(&mut self, why: String) {
        self.fail(Broken::Stuck(why));
    }

    /// Declares that promises were forgotten.
    pub fn forgotten(&mut self, names: &[Name]) {
        self.fail(Broken::Forgotten(format!("{names:?}")));
    }
}
