//! The log as a machine sees it during one step.

use super::Reader;
use crate::error::StoreError;
use ct::entry::StoredEntry;
use ct::hash::{ExtraHash, Fingerprint, Identity, Name, NodeHash};
use ct::index::{LeafIndex, TreeSize};
use ct::order::{BothTrees, OrderRecord};
use ct::replica::{DiskFault, ReadBack, View};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Reads for one step, and remembers the identities of the entries that it read back: those that the step then places
/// need not be read once more for the index.
pub struct StepView<'a> {
    reader: &'a Reader,
    identities: RefCell<BTreeMap<Name, Identity>>,
}

fn fault(error: StoreError) -> DiskFault {
    DiskFault(error.to_string())
}

impl<'a> StepView<'a> {
    /// Begins a step.
    pub const fn new(reader: &'a Reader) -> Self {
        Self { reader, identities: RefCell::new(BTreeMap::new()) }
    }

    /// What the entries that were read back are known by.
    pub fn into_identities(self) -> BTreeMap<Name, Identity> {
        self.identities.into_inner()
    }
}

impl View for StepView<'_> {
    fn len(&self) -> TreeSize {
        self.reader.len()
    }
    fn trees_at(&self, size: TreeSize) -> Result<BothTrees, DiskFault> {
        self.reader.trees_at(size).map_err(fault)
    }
    fn records(&self, from: TreeSize, to: TreeSize) -> Result<Vec<OrderRecord>, DiskFault> {
        self.reader.records(from, to).map_err(fault)
    }
    fn index_of(&self, name: &Name) -> Result<Option<LeafIndex>, DiskFault> {
        self.reader.index_of(name, self.reader.len()).map_err(fault)
    }
    fn missing(&self, names: &[Name]) -> Result<Vec<Name>, DiskFault> {
        self.reader.missing(names).map_err(fault)
    }
    fn read_back(&self, name: &Name) -> Result<ReadBack, DiskFault> {
        match self.reader.read_back(name) {
            Ok(None) => Ok(ReadBack::Absent),
            Ok(Some(entry)) if entry.name() == *name => {
                self.identities.borrow_mut().insert(*name, entry.identity());
                Ok(ReadBack::Good(Box::new(entry)))
            }
            Ok(Some(entry)) => Ok(ReadBack::Bad(format!("it is entry {}", entry.name()))),
            Err(error @ (StoreError::Corrupt { .. } | StoreError::Entry(_))) => {
                Ok(ReadBack::Bad(error.to_string()))
            }
            Err(error) => Err(fault(error)),
        }
    }
    fn missing_issuers(&self, issuers: &[Fingerprint]) -> Result<Vec<Fingerprint>, DiskFault> {
        self.reader.missing_issuers(issuers).map_err(fault)
    }
    fn extra_hash(&self, entry: &StoredEntry) -> Result<Option<ExtraHash>, DiskFault> {
        self.reader.extra_hash(entry).map_err(fault)
    }
    fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>, DiskFault> {
        self.reader.consistency(first, second).map_err(fault)
    }
}
