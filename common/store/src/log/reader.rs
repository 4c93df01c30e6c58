//! Reading the order and its entries.

use super::index::IDENTITIES;
use super::rows::OrderRow;
use super::shared::Shared;
use crate::error::{Result, StoreError};
use crate::state_rows;
use ct::entry::StoredEntry;
use ct::hash::{ExtraHash, Fingerprint, Identity, Name};
use ct::index::{LeafIndex, TreeSize};
use ct::order::OrderRecord;
use std::sync::Arc;

/// Reads a log from any thread, while its [`Writer`](super::Writer) works. Cheap to clone.
///
/// Nothing at or above [`Reader::len`] is ever visible; a size that is given must not exceed it.
#[derive(Clone)]
pub struct Reader {
    pub(super) shared: Arc<Shared>,
}

fn index(at: u64) -> LeafIndex {
    TreeSize::ZERO.plus(at).next_index()
}

impl Reader {
    /// Entries in the order.
    pub fn len(&self) -> TreeSize {
        TreeSize::ZERO.plus(self.shared.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shared.len() == 0
    }

    /// The order record at `index`.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] at or above [`Reader::len`]; SQL errors.
    pub fn record(&self, index: LeafIndex) -> Result<OrderRecord> {
        let _reading = self.shared.reading();
        Ok(self.shared.row(index)?.record)
    }

    /// The order records from `from` up to (not including) `to`.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if `to` is above [`Reader::len`]; SQL errors.
    pub fn records(&self, from: TreeSize, to: TreeSize) -> Result<Vec<OrderRecord>> {
        let _reading = self.shared.reading();
        let to = self.shared.within(to)?;
        let from = from.get().min(to);
        let rows = self.shared.rows(|rows| rows.range(from..to))?;
        Ok(rows.into_iter().map(|row| row.record).collect())
    }

    /// The lowest index below `size` at which the order has `name`.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if `size` is above [`Reader::len`]; SQL errors.
    pub fn index_of(&self, name: &Name, size: TreeSize) -> Result<Option<LeafIndex>> {
        let _reading = self.shared.reading();
        let size = self.shared.within(size)?;
        Ok(self.shared.find_name(name, size)?.map(index))
    }

    /// The lowest index below `size` whose entry has this identity; the entry is read and compared.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if `size` is above [`Reader::len`]; [`StoreError::Corrupt`], I/O and SQL errors.
    pub fn index_of_identity(&self, identity: &Identity, size: TreeSize) -> Result<Option<LeafIndex>> {
        let _reading = self.shared.reading();
        let size = self.shared.within(size)?;
        let has_it = |at, row: &OrderRow| Ok(self.shared.identity_at(at, row)? == *identity);
        Ok(self.shared.find(IDENTITIES, identity.as_bytes(), size, has_it)?.map(index))
    }

    /// The entry at `index`, with its SCT if that is known.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] at or above [`Reader::len`]; [`StoreError::Corrupt`], I/O and SQL errors.
    pub fn entry(&self, index: LeafIndex) -> Result<StoredEntry> {
        let _reading = self.shared.reading();
        let row = self.shared.row(index)?;
        self.shared.entry_at(index.get(), &row)
    }

    /// A held copy of this name, the newest staged one before the ordered one; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], I/O and SQL errors.
    pub fn entry_by_name(&self, name: &Name) -> Result<Option<StoredEntry>> {
        let _reading = self.shared.reading();
        if let Some(entry) = self.staged_copy(name)? {
            return Ok(Some(entry));
        }
        let Some(at) = self.shared.find_name(name, self.shared.len())? else { return Ok(None) };
        let row = self.shared.row(index(at))?;
        self.shared.entry_at(at, &row).map(Some)
    }

    /// As [`Reader::entry_by_name`], but always from the bytes in the file, never from memory, and with the name
    /// computed anew from them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] (also if the bytes are those of another entry), I/O and SQL errors.
    pub fn read_back(&self, name: &Name) -> Result<Option<StoredEntry>> {
        let _reading = self.shared.reading();
        if let Some(entry) = self.staged_copy(name)? {
            return Ok(Some(entry));
        }
        let Some(at) = self.shared.find_name(name, self.shared.len())? else { return Ok(None) };
        let row = self.shared.row(index(at))?;
        let (bytes, path) = if self.shared.sealed.has(at) {
            (self.shared.sealed.entry_from_file(at)?, self.shared.sealed.path(at / self.shared.sealed.run()))
        } else {
            (self.shared.encoded(at, &row)?, self.shared.dir.join("segments"))
        };
        let entry = self.shared.with_late_sct(at, bytes)?;
        if entry.name() != *name {
            return Err(StoreError::corrupt(&path, at, "entry", name, entry.name()));
        }
        Ok(Some(entry))
    }

    fn staged_copy(&self, name: &Name) -> Result<Option<StoredEntry>> {
        let at = self.shared.staged().newest(name);
        let Some(at) = at.filter(|at| *at < self.shared.segments.durable_end()) else { return Ok(None) };
        let (_, bytes) = self.shared.segments.read(at)?;
        Ok(Some(StoredEntry::decode(&bytes)?))
    }

    /// Those of `names` of which no copy is held, neither ordered nor staged and durable.
    ///
    /// # Errors
    /// SQL errors.
    pub fn missing(&self, names: &[Name]) -> Result<Vec<Name>> {
        let _reading = self.shared.reading();
        let len = self.shared.len();
        let mut missing = Vec::new();
        for name in names {
            let staged = self.shared.staged().newest(name);
            let held = staged.is_some_and(|at| at < self.shared.segments.durable_end());
            if !held && self.shared.find_name(name, len)?.is_none() {
                missing.push(*name);
            }
        }
        Ok(missing)
    }

    /// The issuer certificate (DER) with this fingerprint.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn issuer(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<[u8]>>> {
        self.shared.issuers.get(&self.shared.pool, fingerprint)
    }

    /// Those of `fingerprints` whose certificates are not held.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn missing_issuers(&self, fingerprints: &[Fingerprint]) -> Result<Vec<Fingerprint>> {
        let mut missing = Vec::new();
        for fingerprint in fingerprints {
            if self.issuer(fingerprint)?.is_none() {
                missing.push(*fingerprint);
            }
        }
        Ok(missing)
    }

    /// The hash of the entry's `extra_data`, made from the issuers held; `None` if one of them is not.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn extra_hash(&self, entry: &StoredEntry) -> Result<Option<ExtraHash>> {
        self.shared.extra_hash_of(entry.precertificate(), entry.chain())
    }

    /// Names that are staged.
    pub fn staged(&self) -> usize {
        self.shared.staged().len()
    }

    /// The state (JSON) kept under `key`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn state(&self, key: &str) -> Result<Option<String>> {
        self.shared.rows(|rows| state_rows::get(rows.connection, rows.path, key))
    }
}
