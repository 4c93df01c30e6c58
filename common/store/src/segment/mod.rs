//! Append-only segments: where entries live from the moment they are promised.
//!
//! A segment is a file header and records, each 16 bytes of header and a payload. One writer appends
//! and syncs; what it synced is readable at once, by pread, from any thread that has a [`SegmentReader`].
//!
//! # Crash contract
//!
//! After [`Segments::sync`] returned, all records appended before are there, and stay. Of those appended since, any
//! part may be left; opening cuts the last segment at the first record that is not whole. It does so only if nothing
//! proves that this record was once synced: every record says how far the segment was synced when it was written, and
//! after each sync a mark is written (unsynced) that says so too. A bad record that was synced is an error that names
//! it. A segment that is not the last was synced whole before its successor was made.

mod open;
pub(crate) mod pave;
mod reader;
mod record;
mod scan;
pub(crate) mod walk;
mod writer;

pub use reader::SegmentReader;
pub use record::{Kind, MAX_RECORD};
pub use writer::Segments;

/// Greatest length of a segment unless an owner says otherwise: 64 MiB.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// Where a record is: segment number and offset of the record in that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(u64);

impl Location {
    /// Packs a segment number below 2³¹ and an offset below 2³².
    pub const fn new(segment: u32, offset: u32) -> Self {
        Self((segment as u64) << 32 | offset as u64)
    }
    /// From what [`Location::packed`] gave.
    pub const fn from_packed(packed: u64) -> Self {
        Self(packed)
    }
    /// Both in one number, below 2⁶³.
    pub const fn packed(self) -> u64 {
        self.0
    }
    /// Number of the segment.
    pub const fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }
    /// Offset of the record in the segment's file, in bytes.
    pub const fn offset(self) -> u32 {
        self.0 as u32
    }
}

/// Numbers of the segments whose files are in `dir`, in order.
pub(crate) fn numbers_in(disk: &crate::disk::Disk, dir: &std::path::Path) -> crate::Result<Vec<u32>> {
    Ok(disk.list(dir)?.iter().filter_map(|name| number_in(name, ".seg")).collect())
}

pub(crate) fn file_name(segment: u32) -> String {
    format!("{segment:08}.seg")
}

/// The number in a name that [`file_name`] made, with another suffix perhaps.
pub(crate) fn number_in(name: &str, suffix: &str) -> Option<u32> {
    let digits = name.strip_suffix(suffix)?;
    if digits.len() == 8 { digits.parse().ok() } else { None }
}
