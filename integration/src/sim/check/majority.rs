//! Nothing is signed that a majority of the merge nodes does not have on disk, as the head that each accepted or below it.

use super::super::disk::LogDisk;
use super::{Broken, heads};
use ct::sth::TreeHead;
use ct::term::AcceptedHead;

pub(super) fn holds<'a>(
    head: &TreeHead,
    disks: impl Iterator<Item = (&'a LogDisk, &'a AcceptedHead)>,
) -> Result<(), Broken> {
    let (mut voters, mut holders) = (0, 0);
    for (disk, accepted) in disks {
        voters += 1;
        if accepted.head.size >= head.tree_size && heads::has(disk, head) {
            holders += 1;
        }
    }
    if holders > voters / 2 {
        return Ok(());
    }
    Err(Broken::NoMajority(format!("{head:?} is held by {holders} of {voters}")))
}
