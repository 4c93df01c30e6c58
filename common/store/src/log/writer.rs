//! The one writer of a log: staging entries and what belongs to them. Committing is in [`super::commit`].

use super::copy::Copy;
use super::reader::Reader;
use super::roots::RootsFile;
use super::rows::Rows;
use super::shared::Shared;
use crate::db::{Db, sql};
use crate::error::{Result, StoreError};
use crate::lock::DirLock;
use crate::segment::{Kind, Location, Segments};
use ct::archive::ArchivedEntry;
use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, Name};
use ct::index::{LeafIndex, TreeSize};
use ct::order::OrderRecord;
use ct::sct::DigitallySigned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most SCTs that wait for the commit that orders their entry.
const MAX_LATE: usize = 10_000;

/// Changes a log. See the [module](super) for what a crash leaves.
pub struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) db: Db,
    pub(super) segments: Segments,
    pub(super) roots: RootsFile,
    pub(super) late: BTreeMap<Name, DigitallySigned>,
    pub(super) block: usize,
    pub(super) zstd_level: i32,
    pub(super) _lock: DirLock,
}

impl Writer {
    /// A handle for reading, also from other threads.
    pub fn reader(&self) -> Reader {
        Reader { shared: self.shared.clone() }
    }

    /// Entries in the order.
    pub fn len(&self) -> TreeSize {
        TreeSize::ZERO.plus(self.shared.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shared.len() == 0
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { connection: self.db.connection(), path: self.db.path() }
    }

    /// Stages copies of entries, and keeps issuers (DER) that are not held yet; returns the order record of each. A copy
    /// of a name that is held already stands beside the older one, which it replaces if its chain is the same. Issuers
    /// are durable when this returns, entries after [`Writer::sync`] or a commit.
    ///
    /// # Errors
    /// [`StoreError::UnknownIssuer`], before any entry is written; [`StoreError::Poisoned`], I/O and SQL errors.
    pub fn put(&mut self, entries: &[StoredEntry], issuers: &[Vec<u8>]) -> Result<Vec<OrderRecord>> {
        self.stage(entries.iter().map(Copy::own), issuers)
    }

    /// As [`Writer::put`], for entries of a read-only log.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn put_archived(
        &mut self,
        entries: &[ArchivedEntry],
        issuers: &[Vec<u8>],
    ) -> Result<Vec<OrderRecord>> {
        self.stage(entries.iter().map(Copy::archived), issuers)
    }

    fn stage<'a>(
        &mut self,
        copies: impl ExactSizeIterator<Item = Copy<'a>>,
        issuers: &[Vec<u8>],
    ) -> Result<Vec<OrderRecord>> {
        self.shared.issuers.put(&mut self.db, &self.shared.pool, issuers)?;
        let mut records = Vec::with_capacity(copies.len());
        let mut encoded = Vec::with_capacity(copies.len());
        for copy in copies {
            let extra = self.shared.extra_hash_of(copy.precertificate, copy.chain)?;
            records.push(OrderRecord {
                name: copy.name,
                extra: extra.ok_or_else(|| self.unknown_issuer(&copy))?,
            });
            encoded.push(copy.encoded?);
        }
        for (record, bytes) in records.iter().zip(&encoded) {
            let at = self.append(bytes)?;
            self.shared.staged_mut().add(*record, at);
        }
        Ok(records)
    }

    pub(super) fn append(&mut self, encoded: &[u8]) -> Result<Location> {
        if self.segments.is_full(encoded.len()) {
            self.segments.roll(0)?;
        }
        self.segments.append(Kind::Entry, encoded)
    }

    fn unknown_issuer(&self, copy: &Copy<'_>) -> StoreError {
        let held = |f: &&Fingerprint| !matches!(self.shared.issuers.get(&self.shared.pool, f), Ok(Some(_)));
        let fingerprint = copy.chain.iter().find(held).copied();
        StoreError::UnknownIssuer {
            name: copy.name,
            fingerprint: fingerprint.unwrap_or(Fingerprint::new([0; 32])),
        }
    }

    /// Makes staged entries durable, and readable: one fdatasync.
    ///
    /// # Errors
    /// I/O errors the first time, [`StoreError::Poisoned`] ever after.
    pub fn sync(&mut self) -> Result<()> {
        self.segments.sync()
    }

    /// Forgets every staged copy.
    pub fn drop_staged(&mut self) {
        self.shared.staged_mut().clear();
        self.late.clear();
    }

    /// Keeps the SCT of an entry that is held, which the caller has verified. It becomes durable with the next commit,
    /// or the one that orders the entry; until then a crash loses it, and when too many wait it is dropped.
    pub fn attach_sct(&mut self, name: &Name, sct: &DigitallySigned) {
        if self.late.len() < MAX_LATE {
            self.late.insert(*name, sct.clone());
        }
    }

    /// Puts a staged copy in the place of the ordered copy at `index`, whose bytes are damaged. The copy must have the
    /// name and extra data that the order has there.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] if no such copy is staged, [`StoreError::CutsSealed`] if the index is sealed,
    /// [`StoreError::OutOfRange`], [`StoreError::Poisoned`], I/O and SQL errors.
    pub fn mend(&mut self, index: LeafIndex) -> Result<()> {
        let record = self.reader().record(index)?;
        let (base, sealed) = (index.get(), self.shared.sealed.end());
        if base < sealed {
            return Err(StoreError::CutsSealed { base, sealed });
        }
        let staged = self.shared.staged().exact(&record);
        let at = staged.ok_or(StoreError::NotHeld { name: record.name })?;
        self.segments.sync()?;
        let failed = sql("mend the order", self.db.path());
        self.db.transact("mend the order", |tx| {
            tx.execute("UPDATE orders SET loc = ?2 WHERE idx = ?1", (base as i64, at.packed() as i64))
                .map(drop)
                .map_err(failed)
        })
    }
}
