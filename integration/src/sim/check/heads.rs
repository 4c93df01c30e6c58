//! All STHs ever signed are consistent: one root per size, every tree extends those before, times and sizes rise together.

use super::super::disk::LogDisk;
use super::{Broken, Canonical};
use ct::replica::View;
use ct::sth::TreeHead;
use ct::term::AcceptedHead;

/// Whether a disk has the tree of a head.
pub(super) fn has(disk: &LogDisk, head: &TreeHead) -> bool {
    disk.trees_at(head.tree_size).is_ok_and(|trees| trees.head().root == head.root_hash)
}

pub(super) fn consistent<'a>(
    signed: &[TreeHead],
    canonical: &Canonical,
    head: &TreeHead,
    disks: impl Iterator<Item = (&'a LogDisk, &'a AcceptedHead)>,
) -> Result<(), Broken> {
    let other =
        signed.iter().find(|other| other.tree_size == head.tree_size && other.root_hash != head.root_hash);
    if let Some(other) = other {
        return Err(Broken::Fork(format!("{head:?} after {other:?}")));
    }
    for (disk, _) in disks.filter(|(disk, _)| has(disk, head)) {
        let leaves = disk.order[..head.tree_size.as_usize()].iter().map(|placed| placed.leaf);
        if leaves.zip(&canonical.leaves).any(|(leaf, before)| leaf != *before) {
            return Err(Broken::Fork(format!("{head:?} does not extend the heads signed before")));
        }
    }
    Ok(())
}

pub(super) fn rising(signed: &[TreeHead], head: &TreeHead) -> Result<(), Broken> {
    match signed.last() {
        Some(last) if last.timestamp >= head.timestamp || last.tree_size > head.tree_size => {
            Err(Broken::Backwards(format!("{head:?} after {last:?}")))
        }
        _ => Ok(()),
    }
}
