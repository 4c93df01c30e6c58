//! Every promise is in a published tree within the MMD, counted from the promise or from the end of all faults.

use super::{Broken, Checker};
use ct::index::TreeSize;
use ct::time::Timestamp;
use std::time::Duration;

/// Since when trees of which size are published by some frontend: both rise.
#[derive(Debug, Default)]
pub(super) struct Kept(Vec<(usize, Timestamp)>);

impl Checker {
    /// A frontend shows a tree of this size.
    pub fn published(&mut self, size: TreeSize, now: Timestamp) {
        let size = size.as_usize();
        if self.kept.0.last().is_none_or(|(last, _)| *last < size) {
            self.kept.0.push((size, now));
        }
    }

    /// At the end: every promise was kept in time.
    pub fn demand_kept(&mut self, healed: Timestamp, mmd: Duration) {
        let published = |index: usize| self.kept.0.iter().find(|(size, _)| *size > index).map(|(_, at)| *at);
        let late = self.promises.iter().find_map(|(name, made)| {
            let by = (*made).max(healed).plus(mmd);
            match self.canonical.index.get(name).map(|index| published(*index)) {
                None => Some(format!("{name}, promised {made}, is in no tree")),
                Some(None) => Some(format!("{name}, promised {made}, is signed and was never published")),
                Some(Some(at)) if at > by => Some(format!("{name}, due {by}, was published {at}")),
                Some(Some(_)) => None,
            }
        });
        if let Some(how) = late {
            self.fail(Broken::Unkept(how));
        }
    }
}
