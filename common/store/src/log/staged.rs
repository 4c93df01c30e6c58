//! Copies that are held and not ordered yet.

use crate::segment::Location;
use ct::hash::{ExtraHash, Name};
use ct::order::OrderRecord;
use std::collections::BTreeMap;

/// Where staged copies are. Copies of one name with different chains stand beside each other, the newest last.
#[derive(Debug, Default)]
pub(super) struct Staged {
    copies: BTreeMap<Name, Vec<(ExtraHash, Location)>>,
}

impl Staged {
    pub(super) fn add(&mut self, record: OrderRecord, at: Location) {
        let copies = self.copies.entry(record.name).or_default();
        copies.retain(|(extra, _)| *extra != record.extra);
        copies.push((record.extra, at));
    }

    pub(super) fn has(&self, name: &Name) -> bool {
        self.copies.contains_key(name)
    }

    /// The copy with exactly this extra data.
    pub(super) fn exact(&self, record: &OrderRecord) -> Option<Location> {
        let copies = self.copies.get(&record.name)?;
        copies.iter().find(|(extra, _)| *extra == record.extra).map(|(_, at)| *at)
    }

    /// The newest copy.
    pub(super) fn newest(&self, name: &Name) -> Option<Location> {
        self.copies.get(name)?.last().map(|(_, at)| *at)
    }

    pub(super) fn remove(&mut self, name: &Name) {
        self.copies.remove(name);
    }

    pub(super) fn clear(&mut self) {
        self.copies.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.copies.len()
    }

    /// The lowest segment with a staged copy.
    pub(super) fn lowest_segment(&self) -> Option<u32> {
        self.copies.values().flatten().map(|(_, at)| at.segment()).min()
    }
}
