//! Nothing is signed that a majority of the merge nodes does not have on disk, as the head that each accepted or below it.

use super::super::disk::LogDisk;
use super::{Broken, heads};
use ct::sth::TreeHead;
use ct::term::AcceptedHead;

/// Whether a majority has it, of which `lost` may have lost it with their disks.
pub(super) fn holds<'a>(
    head: &TreeHead,
    disks: impl Iterator<Item = (&'a LogDisk, &'a AcceptedHead)>,
    lost: usize,
) -> Result<(), Broken> {
    let (mut voters, mut holders) = (0, 0);
    for (disk, accepted) in disks {
        voters += 1;
        if accepted.head.size >= head.tree_size && heads::has(disk, head) {
            holders += 1;
        }
    }
    if holders > 0 && holders + lost > voters / 2 {
        return Ok(());
    }
    Err(Broken::NoMajority(format!("{head:?} is held by {holders} of {voters}")))
}
