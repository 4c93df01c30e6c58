//! Reading the list, from any thread.

use super::index::{Indexes, Row};
use crate::db::{Pool, sql};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::issuers::Issuers;
use crate::segment::{Kind, Location, SegmentReader};
use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, Identity, Name};
use ct::index::Position;
use ct::sct::DigitallySigned;
use ct::time::Timestamp;
use rusqlite::OptionalExtension;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// One line of [`ListReader::describe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Where it is in the list.
    pub position: Position,
    /// What the cluster calls it.
    pub name: Name,
    /// What makes it the same certificate as another.
    pub identity: Identity,
    /// When it was promised.
    pub timestamp: Timestamp,
}

/// The index of the active segment, in memory: bounded by the length of a segment.
pub(super) struct Active {
    number: u32,
    first: u64,
    rows: Vec<Row>,
    durable: usize,
}

impl Active {
    pub(super) fn new(number: u32, first: u64) -> Self {
        Self { number, first, rows: Vec::new(), durable: 0 }
    }
    pub(super) fn push(&mut self, row: Row) -> Position {
        let position = self.next();
        self.rows.push(row);
        position
    }
    pub(super) fn next(&self) -> Position {
        Position::ZERO.plus(self.first + self.rows.len() as u64)
    }
    pub(super) fn all_durable(&mut self) {
        self.durable = self.rows.len();
    }
    pub(super) fn row(&self, position: Position) -> Option<Row> {
        self.rows.get(position.get().checked_sub(self.first)? as usize).copied()
    }
    pub(super) fn set_sct(&mut self, position: Position, offset: u32) {
        let at = position.get().checked_sub(self.first).map(|at| at as usize);
        if let Some(row) = at.and_then(|at| self.rows.get_mut(at)) {
            row.sct = offset;
        }
    }
    pub(super) fn contents(&self) -> (u32, u64, Vec<Row>) {
        (self.number, self.first, self.rows.clone())
    }
    fn end(&self) -> u64 {
        self.first + self.durable as u64
    }
}

pub(super) struct Shared {
    pub disk: Disk,
    pub segments: SegmentReader,
    pub indexes: Indexes,
    pub pool: Pool,
    pub issuers: Issuers,
    pub active: RwLock<Active>,
    pub oldest: AtomicU32,
}

impl Shared {
    pub(super) fn set_oldest(&self, number: u32) {
        self.oldest.store(number, Ordering::Release);
    }

    /// The closed segment with `position`, and the positions `first..next` in it.
    fn closed_with(&self, position: u64, active: u32) -> Result<(u32, u64, u64)> {
        let (mut low, mut high) = (self.oldest.load(Ordering::Acquire), active);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.segments.segment(middle)?.first <= position { low = middle } else { high = middle }
        }
        Ok((low, self.segments.segment(low)?.first, self.segments.segment(low + 1)?.first))
    }

    /// Rows of a closed segment. A damaged or missing index is made anew from the segment, once.
    fn closed_rows(&self, segment: u32, first: u64, from: u64, count: usize) -> Result<Vec<Row>> {
        match self.indexes.read(&self.disk, segment, first, from, count) {
            Err(StoreError::Version { path, format, found, supported }) => {
                Err(StoreError::Version { path, format, found, supported })
            }
            Err(StoreError::Corrupt { .. } | StoreError::Io { .. }) => {
                let rows = super::open::rows_of(&self.segments, segment)?;
                self.indexes.write(&self.disk, segment, first, &rows)?;
                self.indexes.read(&self.disk, segment, first, from, count)
            }
            rows => rows,
        }
    }

    /// Up to `max` durable rows from `position` on, all of one segment, with that segment's number.
    fn rows(&self, position: u64, max: usize) -> Result<(u32, Vec<Row>)> {
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
        if position >= active.first {
            let from = ((position - active.first) as usize).min(active.durable);
            let end = active.durable.min(from + max);
            return Ok((active.number, active.rows[from..end].to_vec()));
        }
        let number = active.number;
        drop(active);
        let (segment, first, next) = self.closed_with(position, number)?;
        let count = max.min((next - position) as usize);
        Ok((segment, self.closed_rows(segment, first, position, count)?))
    }
}

/// Reads the durable part of a list while its owner appends. Cheap to clone.
#[derive(Clone)]
pub struct ListReader {
    pub(super) shared: Arc<Shared>,
}

impl ListReader {
    /// One past the greatest position that is durable.
    pub fn end(&self) -> Position {
        let active = self.shared.active.read().unwrap_or_else(PoisonError::into_inner);
        Position::ZERO.plus(active.end())
    }

    /// The least position that is not forgotten.
    pub fn start(&self) -> Position {
        let oldest = self.shared.oldest.load(Ordering::Acquire);
        // The segment is open, or can be opened: it is there until `oldest` moves on.
        let first = self.shared.segments.segment(oldest).map_or(0, |segment| segment.first);
        Position::ZERO.plus(first)
    }

    /// The entry at `position`, with its SCT if that is known; `None` if it is not durable yet, or forgotten.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], I/O and SQL errors.
    pub fn get(&self, position: Position) -> Result<Option<StoredEntry>> {
        if position < self.start() || position >= self.end() {
            return Ok(None);
        }
        let (segment, rows) = self.shared.rows(position.get(), 1)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (_, bytes) = self.shared.segments.read(Location::new(segment, row.offset))?;
        let entry = StoredEntry::decode(&bytes)?;
        if entry.sct().is_some() {
            return Ok(Some(entry));
        }
        Ok(Some(match self.sct(position, segment, row)? {
            Some(sct) => entry.with_sct(sct),
            None => entry,
        }))
    }

    /// What is known of durable entries from `from` on (or from the start of the list, if that is later), at most `max`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], I/O errors.
    pub fn describe(&self, from: Position, max: usize) -> Result<Vec<Described>> {
        let mut position = from.max(self.start());
        let end = self.end();
        let mut found = Vec::new();
        while position < end && found.len() < max {
            let most = (max - found.len()).min((end.get() - position.get()) as usize);
            let (_, rows) = self.shared.rows(position.get(), most)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let Row { name, identity, timestamp, .. } = row;
                found.push(Described { position, name, identity, timestamp });
                position = position.plus(1);
            }
        }
        Ok(found)
    }

    /// The issuer certificate (DER) with this fingerprint.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn issuer(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<[u8]>>> {
        self.shared.issuers.get(&self.shared.pool, fingerprint)
    }

    fn sct(&self, position: Position, segment: u32, row: &Row) -> Result<Option<DigitallySigned>> {
        if row.sct != 0 {
            return match self.shared.segments.read(Location::new(segment, row.sct)) {
                Ok((Kind::Sct, bytes)) => {
                    DigitallySigned::decode(bytes.get(8..).unwrap_or_default()).map(Some).map_err(decode)
                }
                Ok(_) | Err(StoreError::NotDurable { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let pool = &self.shared.pool;
        let late: Option<Vec<u8>> = pool.with(|connection| {
            connection
                .prepare_cached("SELECT sct FROM late_scts WHERE position = ?1")
                .and_then(|mut s| s.query_row([position.get() as i64], |row| row.get(0)).optional())
                .map_err(sql("read an SCT", pool.path()))
        })?;
        late.map(|bytes| DigitallySigned::decode(&bytes).map_err(decode)).transpose()
    }
}

fn decode(error: ct::tls::DecodeError) -> StoreError {
    StoreError::Entry(error.into())
}
