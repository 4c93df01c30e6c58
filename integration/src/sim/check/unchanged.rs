//! What a majority endorsed and the log signed stays: at every moment a majority of the merge nodes has the tree of the
//! largest signed head on disk, and accepts it or more; less those whose disk was lost, and who do not count until they
//! have endorsed again.

use super::super::disk::LogDisk;
use super::{Broken, Checker, majority};
use ct::term::AcceptedHead;

impl Checker {
    /// A merge node's log or accepted head was written.
    pub fn written<'a>(&mut self, disks: impl Iterator<Item = (&'a LogDisk, &'a AcceptedHead)>, lost: usize) {
        let Some(last) = self.signed.last() else { return };
        if let Err(Broken::NoMajority(how)) = majority::holds(last, disks, lost) {
            self.fail(Broken::Changed(how));
        }
    }
}
