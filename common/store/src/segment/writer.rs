//! Appending, syncing, rolling: the one writer of a directory of segments.

use super::Location;
use super::open::make;
use super::reader::{SegmentFile, SegmentReader, Shared};
use super::record::{self, Kind, MAX_RECORD, RECORD_HEADER};
use crate::error::Result;
use crate::header::HEADER_LEN;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// Appended bytes that are handed to the system before the next sync asks for it.
const FLUSH: usize = 1 << 20;

/// Writes segments. See the [module](super) for what a crash leaves.
pub struct Segments {
    pub(super) shared: Arc<Shared>,
    pub(super) active: Arc<SegmentFile>,
    pub(super) oldest: u32,
    /// Appended, not yet handed to the system; it begins at `written`.
    pub(super) buffer: Vec<u8>,
    pub(super) written: u64,
    pub(super) durable: u64,
    /// Whether the file has bytes, marks included, that no sync has covered.
    pub(super) dirty: bool,
    pub(super) max_bytes: u64,
}

impl Segments {
    /// A handle for reading, also from other threads.
    pub fn reader(&self) -> SegmentReader {
        SegmentReader { shared: self.shared.clone() }
    }

    /// Appends a record. It is neither durable nor readable before [`Segments::sync`].
    ///
    /// # Errors
    /// [`crate::StoreError::Poisoned`] and [`crate::StoreError::Io`]; [`crate::StoreError::TooLong`] above [`MAX_RECORD`].
    pub fn append(&mut self, kind: Kind, payload: &[u8]) -> Result<Location> {
        self.shared.disk.poison.check(self.active.handle.path())?;
        if payload.len() > MAX_RECORD {
            return Err(ct::tls::TooLong { field: "record", len: payload.len(), limit: MAX_RECORD }.into());
        }
        let offset = self.end() as u32;
        record::encode(&mut self.buffer, self.active.place, offset, self.durable as u32, kind, payload);
        if self.buffer.len() >= FLUSH {
            self.flush()?;
        }
        Ok(Location::new(self.active.place.segment, offset))
    }

    /// Makes everything appended durable, and readable: one fdatasync, none if there is nothing.
    ///
    /// # Errors
    /// [`crate::StoreError::Io`] the first time, [`crate::StoreError::Poisoned`] ever after.
    pub fn sync(&mut self) -> Result<()> {
        self.shared.disk.poison.check(self.active.handle.path())?;
        if self.end() == self.durable || (self.buffer.is_empty() && !self.dirty) {
            return Ok(());
        }
        self.settle()?;
        let mark_at = self.written as u32;
        record::encode(&mut self.buffer, self.active.place, mark_at, self.durable as u32, Kind::Mark, &[]);
        // All that was asked for is durable. Should the mark fail, the poison tells the next writer.
        let _ = self.flush();
        self.dirty = false;
        Ok(())
    }

    /// Whether the active segment has no room left for another record of `len` bytes. A segment that has no record
    /// takes one of any length.
    pub(crate) fn is_full(&self, len: usize) -> bool {
        let end = self.end();
        end > HEADER_LEN as u64 && end + (RECORD_HEADER + len) as u64 > self.max_bytes
    }

    /// Closes the active segment, durable to its last byte, and begins the next one; `first` is the owner's number of
    /// its first record.
    pub(crate) fn roll(&mut self, first: u64) -> Result<()> {
        if self.written > self.durable || !self.buffer.is_empty() {
            self.settle()?;
        }
        let number = self.active.place.segment + 1;
        let disk = self.shared.disk.clone();
        self.active = Arc::new(make(&disk, &self.shared.dir, number, first)?);
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(number, self.active.clone());
        drop(open);
        self.written = HEADER_LEN as u64;
        self.publish(self.written);
        Ok(())
    }

    /// Makes the closed part of the active segment durable, without a new one; for owners that write beside it.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.flush()?;
        self.active.handle.sync()?;
        self.publish(self.written);
        Ok(())
    }

    /// Removes segments that are not the active one, oldest first, durably.
    pub(crate) fn remove(&mut self, numbers: &[u32]) -> Result<()> {
        for number in numbers {
            self.shared.disk.remove(&self.shared.dir.join(super::file_name(*number)))?;
            self.shared.disk.sync_dir(&self.shared.dir)?;
            self.shared.open.write().unwrap_or_else(PoisonError::into_inner).remove(number);
            self.oldest = self.oldest.max(number + 1);
        }
        Ok(())
    }

    /// Numbers of the segments that are there, the active one last.
    pub(crate) fn numbers(&self) -> Range<u32> {
        self.oldest..self.active.place.segment + 1
    }

    /// The owner's number of the first record of the active segment.
    pub(crate) fn active_first(&self) -> u64 {
        self.active.first
    }

    fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.active.handle.write(&self.buffer, self.written)?;
            self.written += self.buffer.len() as u64;
            self.dirty = true;
            self.buffer.clear();
        }
        Ok(())
    }

    fn publish(&mut self, durable: u64) {
        self.durable = durable;
        let end = Location::new(self.active.place.segment, durable as u32);
        self.shared.durable.store(end.packed(), Ordering::Release);
    }
}
