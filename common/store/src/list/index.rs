//! The index of a closed segment: one row of 84 bytes an entry, so that position, name and time are found without
//! reading entries. It is made from its segment, and made again if it is damaged.
//!
//! File header (magic `WLFIDX`; a = segment number, b = first position), then rows: name 32, identity 32, timestamp u64,
//! offset of the entry u32, offset of its SCT u32 (0: none in this segment), crc32c u32 over position and row.

use crate::crc::{crc, hash_at, u32_at, u64_at};
use crate::disk::{Disk, Handle};
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::header::{Format, HEADER_LEN, Header};
use ct::entry::StoredEntry;
use ct::hash::{Identity, Name};
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const INDEX: Format = Format { name: "list index", magic: b"WLFIDX", version: 1 };
const ROW: usize = 84;

/// What is known of an entry without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub name: Name,
    pub identity: Identity,
    pub timestamp: Timestamp,
    pub offset: u32,
    /// Offset of the record of its SCT in the same segment; 0 for none.
    pub sct: u32,
}

impl Row {
    pub(super) fn of(entry: &StoredEntry, offset: u32) -> Self {
        let (name, identity, timestamp) = (entry.name(), entry.identity(), entry.timestamp());
        Self { name, identity, timestamp, offset, sct: 0 }
    }

    fn encode(&self, position: u64, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(self.identity.as_bytes());
        out.extend_from_slice(&self.timestamp.millis().to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.sct.to_le_bytes());
        let sum = crc(&[&position.to_le_bytes(), &out[begin..]]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    fn decode(bytes: &[u8], position: u64) -> Option<Self> {
        let sum = crc(&[&position.to_le_bytes(), &bytes[..ROW - 4]]);
        (sum == u32_at(bytes, ROW - 4)).then(|| Self {
            name: Name::new(hash_at(bytes, 0)),
            identity: Identity::new(hash_at(bytes, 32)),
            timestamp: Timestamp::from_millis(u64_at(bytes, 64)),
            offset: u32_at(bytes, 72),
            sct: u32_at(bytes, 76),
        })
    }
}

/// The first byte of an index file that is not what these rows make of it, and what it should be. Rows of entries that
/// cannot be read are not known, and only have to check.
pub(super) fn difference(
    segment: u32,
    first: u64,
    rows: &[Option<Row>],
    found: &[u8],
) -> Option<(u64, String)> {
    let header = Header { a: segment.into(), b: first, salt: 0 }.encode(INDEX);
    let mut begin = 0;
    let mut differs = |expected: &[u8]| {
        let at = (0..expected.len()).find(|at| found.get(begin + at) != Some(&expected[*at]));
        let offset = at.map(|at| ((begin + at) as u64, format!("{:#04x}", expected[at])));
        begin += expected.len();
        offset
    };
    if let Some(difference) = differs(&header) {
        return Some(difference);
    }
    let mut encoded = Vec::with_capacity(ROW);
    for (row, position) in rows.iter().zip(first..) {
        encoded.clear();
        let at = HEADER_LEN + (position - first) as usize * ROW;
        let known = row.or_else(|| Row::decode(found.get(at..at + ROW)?, position));
        let Some(known) = known else { return Some((at as u64, "a row that checks".to_owned())) };
        known.encode(position, &mut encoded);
        if let Some(difference) = differs(&encoded) {
            return Some(difference);
        }
    }
    let end = HEADER_LEN + rows.len() * ROW;
    (found.len() > end).then(|| (end as u64, "the end of the file".to_owned()))
}

/// The index files of a list, opened when they are asked for.
pub(super) struct Indexes {
    dir: PathBuf,
    open: Mutex<BTreeMap<u32, Handle>>,
}

pub(super) fn file_name(segment: u32) -> String {
    format!("{segment:08}.idx")
}

impl Indexes {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), open: Mutex::new(BTreeMap::new()) }
    }

    /// Writes the index of a segment, durably, replacing one that is there.
    pub(super) fn write(&self, disk: &Disk, segment: u32, first: u64, rows: &[Row]) -> Result<()> {
        let mut bytes = Header { a: segment.into(), b: first, salt: 0 }.encode(INDEX).to_vec();
        for (row, position) in rows.iter().zip(first..) {
            row.encode(position, &mut bytes);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&segment);
        disk.write_whole(&self.dir.join(file_name(segment)), |handle| handle.write(&bytes, 0))
    }

    /// Removes the index of a segment that is gone.
    pub(super) fn forget(&self, disk: &Disk, segment: u32) -> Result<()> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&segment);
        let path = self.dir.join(file_name(segment));
        match disk.open_if_there(&path, Mode::Read)? {
            Some(_) => disk.remove(&path),
            None => Ok(()),
        }
    }

    fn handle(&self, disk: &Disk, segment: u32, first: u64) -> Result<Handle> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = open.get(&segment) {
            return Ok(handle.clone());
        }
        let handle = disk.open(&self.dir.join(file_name(segment)), Mode::Read)?;
        let header = Header::decode(&handle.read_up_to(0, HEADER_LEN)?, INDEX, handle.path(), 0)?;
        if (header.a, header.b) != (segment.into(), first) {
            let found = format!("segment {} from {}", header.a, header.b);
            let expected = format!("segment {segment} from {first}");
            return Err(StoreError::corrupt(handle.path(), 8, "index header", expected, found));
        }
        open.insert(segment, handle.clone());
        Ok(handle)
    }

    /// Reads `count` rows from `position` on, which all lie in `segment`, whose first position is `first`.
    pub(super) fn read(
        &self,
        disk: &Disk,
        segment: u32,
        first: u64,
        position: u64,
        count: usize,
    ) -> Result<Vec<Row>> {
        let handle = self.handle(disk, segment, first)?;
        let offset = HEADER_LEN as u64 + (position - first) * ROW as u64;
        let bytes = handle.read(offset, count * ROW, "index rows")?;
        let mut rows = Vec::with_capacity(count);
        for (position, (i, row)) in (position..).zip(bytes.chunks_exact(ROW).enumerate()) {
            let at = offset + (i * ROW) as u64;
            let bad = || StoreError::corrupt(handle.path(), at, "index row", "a row that checks", "another");
            rows.push(Row::decode(row, position).ok_or_else(bad)?);
        }
        Ok(rows)
    }
}
