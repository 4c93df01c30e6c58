//! The file `tile-roots`: for each full tile its root and that of the same 256 order records, so that opening reads
//! 68 bytes for 256 entries and no tile.
//!
//! File header (magic `WLFROT`), then rows: root 32, internal root 32, crc32c u32 over tile number and row.

use crate::crc::{crc, hash_at, u32_at};
use crate::disk::{Disk, Handle};
use crate::error::Result;
use crate::files::Mode;
use crate::header::{Format, HEADER_LEN, Header};
use ct::hash::NodeHash;
use std::path::Path;

pub(super) const ROOTS: Format = Format { name: "tile roots", magic: b"WLFROT", version: 1 };
const ROW: usize = 68;

/// Roots of a full tile: of the leaf hashes, and of the order records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileRoots {
    pub public: NodeHash,
    pub internal: NodeHash,
}

pub(super) struct RootsFile {
    handle: Handle,
}

fn encode(number: u64, roots: &TileRoots, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(roots.public.as_bytes());
    out.extend_from_slice(roots.internal.as_bytes());
    let sum = crc(&[&number.to_le_bytes(), &out[begin..]]);
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Where the row of a tile stands, and what it is.
pub(super) fn row(number: u64, roots: &TileRoots) -> (u64, Vec<u8>) {
    let mut row = Vec::with_capacity(ROW);
    encode(number, roots, &mut row);
    (HEADER_LEN as u64 + number * ROW as u64, row)
}

fn decode(number: u64, row: &[u8]) -> Option<TileRoots> {
    let sum = crc(&[&number.to_le_bytes(), &row[..64]]);
    (sum == u32_at(row, 64)).then(|| TileRoots {
        public: NodeHash::new(hash_at(row, 0)),
        internal: NodeHash::new(hash_at(row, 32)),
    })
}

impl RootsFile {
    /// Opens the file, or makes it: a missing one is filled again from the order.
    pub(super) fn open(disk: &Disk, dir: &Path) -> Result<Self> {
        let path = dir.join("tile-roots");
        if let Some(handle) = disk.open_if_there(&path, Mode::Write)? {
            Header::decode(&handle.read_up_to(0, HEADER_LEN)?, ROOTS, handle.path(), 0)?;
            return Ok(Self { handle });
        }
        disk.write_whole(&path, |handle| handle.write(&Header { a: 0, b: 0, salt: 0 }.encode(ROOTS), 0))?;
        Ok(Self { handle: disk.open(&path, Mode::Write)? })
    }

    /// The first `count` rows; `None` for those that are missing or do not check.
    pub(super) fn read(&self, count: u64) -> Result<Vec<Option<TileRoots>>> {
        let bytes = self.handle.read_up_to(HEADER_LEN as u64, count as usize * ROW)?;
        let mut rows: Vec<_> = (0..).zip(bytes.chunks_exact(ROW)).map(|(n, row)| decode(n, row)).collect();
        rows.resize(count as usize, None);
        Ok(rows)
    }

    /// Writes rows that follow on one another, without syncing.
    pub(super) fn write(&self, first: u64, rows: &[TileRoots]) -> Result<()> {
        let mut bytes = Vec::with_capacity(rows.len() * ROW);
        for (number, row) in (first..).zip(rows) {
            encode(number, row, &mut bytes);
        }
        self.handle.write(&bytes, HEADER_LEN as u64 + first * ROW as u64)
    }

    pub(super) fn sync(&self) -> Result<()> {
        self.handle.sync()
    }
}
