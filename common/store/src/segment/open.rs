//! Making segments, and opening them after whatever happened.

use super::reader::{SEGMENT, SegmentFile, Shared, open_segment};
use super::record::{Kind, MAX_RECORD, Place, RECORD_HEADER};
use super::{Location, Segments, file_name, numbers_in, scan};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::header::{HEADER_LEN, Header};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};

/// Random per segment; it only has to be unknown to those who submit.
fn salt() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

pub(super) fn make(disk: &Disk, dir: &Path, number: u32, first: u64) -> Result<SegmentFile> {
    let handle = disk.open(&dir.join(file_name(number)), Mode::Create)?;
    let salt = salt();
    handle.write(&Header { a: number.into(), b: first, salt }.encode(SEGMENT), 0)?;
    handle.sync()?;
    disk.sync_dir(dir)?;
    Ok(SegmentFile { handle, place: Place { salt, segment: number }, first })
}

/// Numbers of the segments in `dir`, which must follow on one another.
fn numbers(disk: &Disk, dir: &Path) -> Result<Vec<u32>> {
    let numbers = numbers_in(disk, dir)?;
    for pair in numbers.windows(2) {
        if pair[1] != pair[0] + 1 {
            let path = dir.join(file_name(pair[0] + 1));
            return Err(StoreError::corrupt(&path, 0, "segment", "a file", "none"));
        }
    }
    Ok(numbers)
}

/// A last segment whose making was cut short: it has no record, and may not have a whole header.
fn is_stillborn(disk: &Disk, dir: &Path, number: u32) -> Result<bool> {
    let handle = disk.open(&dir.join(file_name(number)), Mode::Read)?;
    if handle.size()? > HEADER_LEN as u64 {
        return Ok(false);
    }
    let bytes = handle.read_up_to(0, HEADER_LEN)?;
    match Header::decode(&bytes, SEGMENT, handle.path(), 0) {
        Ok(_) => Ok(false),
        Err(error @ StoreError::Version { .. }) if bytes.len() == HEADER_LEN => Err(error),
        Err(StoreError::Corrupt { .. } | StoreError::Version { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

impl Segments {
    /// Makes the first segment, number 0, in an empty directory `dir` that is there.
    pub(crate) fn create(disk: &Disk, dir: &Path, max_bytes: u64) -> Result<Self> {
        let active = make(disk, dir, 0, 0)?;
        Ok(Self::assemble(disk, dir, max_bytes, 0, active, HEADER_LEN as u64))
    }

    fn assemble(disk: &Disk, dir: &Path, max_bytes: u64, oldest: u32, active: SegmentFile, end: u64) -> Self {
        let active = Arc::new(active);
        let number = active.place.segment;
        let shared = Shared {
            disk: disk.clone(),
            dir: dir.to_owned(),
            open: RwLock::new(BTreeMap::from([(number, active.clone())])),
            durable: AtomicU64::new(Location::new(number, end as u32).packed()),
        };
        let max_bytes = max_bytes.min(u64::from(u32::MAX) - (MAX_RECORD + RECORD_HEADER) as u64);
        Self {
            shared: Arc::new(shared),
            active,
            oldest,
            buffer: Vec::new(),
            written: end,
            durable: end,
            dirty: false,
            max_bytes,
        }
    }

    /// Opens the segments in `dir`, scans the last one and cuts its torn tail. `each` gets every whole record of it
    /// with its location. No cut is made below `known`, which the owner knows to have been durable.
    pub(crate) fn open(
        disk: &Disk,
        dir: &Path,
        max_bytes: u64,
        known: Location,
        mut each: impl FnMut(Location, Kind, &[u8]) -> Result<()>,
    ) -> Result<Self> {
        let mut numbers = numbers(disk, dir)?;
        if numbers.len() > 1 && is_stillborn(disk, dir, numbers[numbers.len() - 1])? {
            let last = numbers.pop().unwrap_or_default();
            disk.remove(&dir.join(file_name(last)))?;
            disk.sync_dir(dir)?;
        }
        let (Some(oldest), Some(last)) = (numbers.first(), numbers.last()) else {
            return Err(StoreError::corrupt(&dir.join(file_name(0)), 0, "segment", "a file", "none"));
        };
        let active = open_segment(disk, dir, *last, Mode::Write)?;
        let end =
            scan::scan(&active, |offset, kind, payload| each(Location::new(*last, offset), kind, payload))?;
        if Location::new(*last, end as u32) < known {
            let offset = if known.segment() == *last { end } else { active.handle.size()? };
            return Err(StoreError::corrupt(
                active.handle.path(),
                offset,
                "record",
                "a durable record",
                "none",
            ));
        }
        cut_tail(&active, end)?;
        // The last segment may have been made by a process that died before its name was durable.
        disk.sync_dir(dir)?;
        Ok(Self::assemble(disk, dir, max_bytes, *oldest, active, end))
    }
}

/// Cuts what follows the last whole record, unless it was durable once. What stays is synced: a process that was killed
/// leaves records that the system has, and the disk perhaps has not.
fn cut_tail(active: &SegmentFile, end: u64) -> Result<()> {
    if active.handle.size()? == end {
        return active.handle.sync();
    }
    if scan::was_synced(active, end)? {
        let found = "a bad checksum, and proof behind it that it was whole";
        return Err(StoreError::corrupt(active.handle.path(), end, "record", "a whole record", found));
    }
    active.handle.truncate(end)?;
    active.handle.sync()
}
