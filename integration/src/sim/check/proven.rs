//! Frontends show only what they can prove: an STH that was signed, over a tree that comes out of the bytes on their own
//! disks.

use super::super::disk::LogDisk;
use super::{Broken, Checker};
use ct::order::BothTrees;
use ct::sth::Sth;

impl Checker {
    /// A frontend shows an STH.
    pub fn shown(&mut self, sth: &Sth, disk: &LogDisk) {
        if !self.signed.contains(&sth.head) {
            self.fail(Broken::Unproven(format!("{:?} is shown and was never signed", sth.head)));
        }
        let mut trees = BothTrees::empty();
        for placed in disk.order.iter().take(sth.head.tree_size.as_usize()) {
            if !disk.copies.contains_key(&placed.record.name) {
                return self
                    .fail(Broken::Unproven(format!("{:?} is shown without all its entries", sth.head)));
            }
            trees.append(&placed.record, placed.leaf);
        }
        let root = trees.head().root;
        if root != sth.head.root_hash {
            self.fail(Broken::Unproven(format!("{:?} is shown over a tree with root {root}", sth.head)));
        }
    }
}
