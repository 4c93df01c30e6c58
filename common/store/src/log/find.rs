//! Finding order rows and entries, for readers and for commits.

use super::index::{Index, NAMES};
use super::raw;
use super::rows::OrderRow;
use super::scts;
use super::shared::{Shared, undecodable};
use crate::error::{Result, StoreError};
use ct::entry::StoredEntry;
use ct::hash::{Identity, Name, sha256};
use ct::index::{LeafIndex, TreeSize};

impl Shared {
    /// Checks that `asked` is at most the length, and returns it.
    pub(super) fn within(&self, size: TreeSize) -> Result<u64> {
        let (asked, len) = (size.get(), self.len());
        if asked > len {
            return Err(StoreError::OutOfRange { what: "tree size", asked, begin: 0, end: len + 1 });
        }
        Ok(asked)
    }

    pub(super) fn row(&self, index: LeafIndex) -> Result<OrderRow> {
        let (asked, end) = (index.get(), self.len());
        if asked >= end {
            return Err(StoreError::OutOfRange { what: "leaf index", asked, begin: 0, end });
        }
        let rows = self.rows(|rows| rows.range(asked..asked + 1))?;
        // `range` fails unless it has every row.
        rows.into_iter().next().ok_or(StoreError::OutOfRange { what: "leaf index", asked, begin: 0, end })
    }

    /// The identity of the entry at `index`, from its bytes.
    pub(super) fn identity_at(&self, index: u64, row: &OrderRow) -> Result<Identity> {
        let bytes = self.encoded(index, row)?;
        let leaf = raw::parts(&bytes).map_err(undecodable)?.leaf;
        // Behind version, leaf type and timestamp, before the two bytes of empty extensions.
        Ok(Identity::new(sha256(&[&leaf[10..leaf.len() - 2]])))
    }

    pub(super) fn find(
        &self,
        index: Index,
        key: &[u8; 32],
        size: u64,
        has_it: impl Fn(u64, &OrderRow) -> Result<bool>,
    ) -> Result<Option<u64>> {
        self.rows(|rows| {
            index.find(rows.connection, rows.path, key, |at| match rows.get(at)? {
                Some(row) if at < size => has_it(at, &row),
                _ => Ok(false),
            })
        })
    }

    /// The lowest index below `size` whose order row has `name`.
    pub(super) fn find_name(&self, name: &Name, size: u64) -> Result<Option<u64>> {
        self.find(NAMES, name.as_bytes(), size, |_, row| Ok(row.record.name == *name))
    }

    pub(super) fn entry_at(&self, index: u64, row: &OrderRow) -> Result<StoredEntry> {
        let bytes = self.encoded(index, row)?;
        self.with_late_sct(index, bytes)
    }

    pub(super) fn with_late_sct(&self, index: u64, bytes: Vec<u8>) -> Result<StoredEntry> {
        let entry = StoredEntry::decode(&bytes)?;
        if entry.sct().is_some() {
            return Ok(entry);
        }
        let late = self.rows(|rows| scts::range(rows.connection, rows.path, index..index + 1))?;
        match late.get(&index) {
            Some(sct) => Ok(StoredEntry::decode(&scts::attach(bytes, sct)?)?),
            None => Ok(entry),
        }
    }
}
