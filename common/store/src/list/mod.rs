//! What a storage node keeps: the append-only list of the entries that it promised to hold.
//!
//! Positions count from 0 and are never given twice. Entries and SCTs are records of [segments](crate::segment);
//! a segment that is closed gets a fixed-width index beside it; issuers, and SCTs that came when the segment of
//! their entry was closed already, are rows of `list.db`.
//!
//! # Crash contract
//!
//! Entries, and SCTs attached, before a [`EntryList::sync`] that returned `Ok` stay, at their positions. Issuers stay
//! once [`EntryList::add_issuers`] returned. [`EntryList::forget_below`] removes whole segments, oldest first.

mod check;
mod index;
mod open;
mod reader;
mod salvage;
mod sct;

pub use check::ListCheck;
pub use reader::{Described, ListReader};
pub use salvage::{Salvage, Salvaged};

use crate::db::{Db, sql};
use crate::error::{Result, StoreError};
use crate::files::{Files, RealFiles};
use crate::lock::DirLock;
use crate::segment::{Kind, SEGMENT_BYTES, Segments};
use ct::entry::StoredEntry;
use ct::index::Position;
use ct::sct::DigitallySigned;
use index::Row;
use reader::{Active, Shared};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

/// How a list is kept.
#[derive(Clone)]
pub struct ListOptions {
    /// Where segments and indexes are; SQLite always uses the machine's own file system.
    pub files: Arc<dyn Files>,
    /// Greatest length of a segment, in bytes.
    pub segment_bytes: u64,
    /// Most issuers kept in memory.
    pub cached_issuers: usize,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { files: Arc::new(RealFiles), segment_bytes: SEGMENT_BYTES, cached_issuers: 4096 }
    }
}

/// The list and its one writer.
pub struct EntryList {
    shared: Arc<Shared>,
    segments: Segments,
    db: Db,
    /// SCTs of entries in closed segments, since the last sync.
    late: Vec<(Position, DigitallySigned)>,
    dir: PathBuf,
    _lock: DirLock,
}

impl EntryList {
    /// A handle for reading from other threads.
    pub fn reader(&self) -> ListReader {
        ListReader { shared: self.shared.clone() }
    }

    /// Keeps issuer certificates (DER) that are not held yet. Durable when it returns.
    ///
    /// # Errors
    /// I/O and SQL errors; [`StoreError::Poisoned`].
    pub fn add_issuers(&mut self, certificates: &[Vec<u8>]) -> Result<()> {
        self.shared.issuers.put(&mut self.db, &self.shared.pool, certificates)
    }

    /// Appends entries; returns their positions, which follow on one another. Durable, and visible to readers, after
    /// [`EntryList::sync`]. Nothing is appended if an issuer is not held.
    ///
    /// # Errors
    /// [`StoreError::UnknownIssuer`], [`StoreError::Poisoned`], I/O errors.
    pub fn append(&mut self, entries: &[StoredEntry]) -> Result<Vec<Position>> {
        let mut encoded = Vec::with_capacity(entries.len());
        for entry in entries {
            for fingerprint in entry.chain() {
                if self.shared.issuers.get(&self.shared.pool, fingerprint)?.is_none() {
                    let (name, fingerprint) = (entry.name(), *fingerprint);
                    return Err(StoreError::UnknownIssuer { name, fingerprint });
                }
            }
            encoded.push(entry.encode()?);
        }
        let mut positions = Vec::with_capacity(entries.len());
        for (entry, bytes) in entries.iter().zip(&encoded) {
            if self.segments.is_full(bytes.len()) {
                self.roll()?;
            }
            let at = self.segments.append(Kind::Entry, bytes)?;
            positions.push(self.with_active(|active| active.push(Row::of(entry, at.offset()))));
        }
        Ok(positions)
    }

    /// Keeps the SCT of the entry at `position`, which the caller has verified. Durable with the next
    /// [`EntryList::sync`], whenever the owner has one to do: an SCT that is lost is signed again. An SCT that is there
    /// already stays.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`], [`StoreError::Poisoned`], I/O errors.
    pub fn attach_sct(&mut self, position: Position, sct: &DigitallySigned) -> Result<()> {
        let reader = self.reader();
        let (start, end) = (reader.start().get(), self.next_position().get());
        if !(start..end).contains(&position.get()) {
            let what = "list position";
            return Err(StoreError::OutOfRange { what, asked: position.get(), begin: start, end });
        }
        match self.with_active(|active| active.row(position).map(|row| row.sct)) {
            Some(0) => {
                let at = self.segments.append(Kind::Sct, &sct::encode(position, sct))?;
                self.with_active(|active| active.set_sct(position, at.offset()));
            }
            Some(_) => {}
            None => self.late.push((position, sct.clone())),
        }
        Ok(())
    }

    /// Makes everything appended and attached durable, and visible: one fdatasync for all of it. Returns the end of the
    /// list.
    ///
    /// # Errors
    /// I/O and SQL errors the first time, [`StoreError::Poisoned`] ever after.
    pub fn sync(&mut self) -> Result<Position> {
        self.segments.sync()?;
        self.with_active(Active::all_durable);
        if !self.late.is_empty() {
            let at = sql("store SCTs", self.shared.pool.path());
            let late = std::mem::take(&mut self.late);
            self.db.transact("store SCTs", |tx| {
                let mut insert =
                    tx.prepare_cached("INSERT OR IGNORE INTO late_scts VALUES(?1, ?2)").map_err(&at)?;
                for (position, sct) in &late {
                    insert.execute((position.get() as i64, sct.encode())).map_err(&at)?;
                }
                Ok(())
            })?;
        }
        Ok(self.end())
    }

    /// Forgets entries below `position`, as far as whole closed segments have only such. Positions never renumber.
    ///
    /// # Errors
    /// I/O and SQL errors, [`StoreError::Poisoned`].
    pub fn forget_below(&mut self, position: Position) -> Result<()> {
        let numbers = self.segments.numbers();
        for number in numbers.start..numbers.end - 1 {
            if self.shared.segments.segment(number + 1)?.first > position.get() {
                break;
            }
            // Readers turn away from it before it goes.
            self.shared.set_oldest(number + 1);
            self.segments.remove(&[number])?;
            self.shared.indexes.forget(&self.shared.disk, number)?;
        }
        let start = self.reader().start().get() as i64;
        let at = sql("forget SCTs", self.shared.pool.path());
        self.db.transact("forget SCTs", |tx| {
            tx.execute("DELETE FROM late_scts WHERE position < ?1", [start]).map_err(&at).map(drop)
        })
    }

    /// One past the greatest position that is durable.
    pub fn end(&self) -> Position {
        self.reader().end()
    }

    /// The position that the next entry gets.
    pub fn next_position(&self) -> Position {
        self.with_active(|active| active.next())
    }

    /// The directory.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    fn with_active<T>(&self, work: impl FnOnce(&mut Active) -> T) -> T {
        work(&mut self.shared.active.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Closes the active segment: synced, then indexed, then followed by a new one.
    fn roll(&mut self) -> Result<()> {
        self.segments.settle()?;
        self.with_active(Active::all_durable);
        let (number, first, rows) = self.with_active(|active| active.contents());
        self.shared.indexes.write(&self.shared.disk, number, first, &rows)?;
        let next = first + rows.len() as u64;
        self.segments.roll(next)?;
        self.with_active(|active| *active = Active::new(number + 1, next));
        Ok(())
    }
}
