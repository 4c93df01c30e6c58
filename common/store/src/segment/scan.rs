//! Walking through a segment from front to back.

use super::reader::SegmentFile;
use super::record::{self, Kind, RECORD_HEADER, RecordHeader};
use crate::error::Result;
use crate::header::HEADER_LEN;

const CHUNK: usize = 1 << 20;

/// A window over a file that moves forward.
pub(super) struct Window<'a> {
    segment: &'a SegmentFile,
    bytes: Vec<u8>,
    begin: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(segment: &'a SegmentFile) -> Self {
        Self { segment, bytes: Vec::new(), begin: 0 }
    }

    /// Up to `len` bytes at `offset`, fewer only at the end of the file.
    pub(super) fn get(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let inside = offset >= self.begin && offset + len as u64 <= self.begin + self.bytes.len() as u64;
        if !inside {
            self.bytes = self.segment.handle.read_up_to(offset, len.max(CHUNK))?;
            self.begin = offset;
        }
        let from = (offset - self.begin) as usize;
        Ok(&self.bytes[from..self.bytes.len().min(from + len)])
    }
}

/// Hands every record to `each`, and returns the offset of the first that is not whole: the length of the file if all
/// are.
pub(crate) fn scan(
    segment: &SegmentFile,
    mut each: impl FnMut(u32, Kind, &[u8]) -> Result<()>,
) -> Result<u64> {
    let mut window = Window::new(segment);
    let mut at = HEADER_LEN as u64;
    loop {
        let offset = at as u32;
        let bytes = window.get(at, RECORD_HEADER)?;
        let header =
            bytes.first_chunk::<RECORD_HEADER>().and_then(|b| record::decode(b, segment.place, offset));
        let Some(header) = header else { return Ok(at) };
        let payload = window.get(at + RECORD_HEADER as u64, header.len)?;
        if !header.fits(payload) {
            return Ok(at);
        }
        if header.kind != Kind::Mark {
            each(offset, header.kind, payload)?;
        }
        at += (RECORD_HEADER + header.len) as u64;
    }
}

/// Whether a record behind `bad` says that the segment was once synced beyond `bad`.
pub(crate) fn was_synced(segment: &SegmentFile, bad: u64) -> Result<bool> {
    let mut found = false;
    headers(segment, bad + 1, |_, header| {
        found = u64::from(header.synced) > bad;
        !found
    })?;
    Ok(found)
}

/// Up to where records behind `bad` say that the segment was synced; `bad` if none says more.
pub(crate) fn synced_end(segment: &SegmentFile, bad: u64) -> Result<u64> {
    let mut end = bad;
    headers(segment, bad + 1, |_, header| {
        end = end.max(header.synced.into());
        true
    })?;
    Ok(end)
}

/// Where the next header stands, from `from` on and below `end`.
pub(crate) fn next_header(segment: &SegmentFile, from: u64, end: u64) -> Result<Option<u64>> {
    let mut found = None;
    headers(segment, from, |offset, _| {
        found = Some(offset);
        false
    })?;
    Ok(found.filter(|offset| *offset < end))
}

/// Hands every header from `from` on to `each`, wherever it stands, for as long as `each` wants more.
fn headers(segment: &SegmentFile, from: u64, mut each: impl FnMut(u64, &RecordHeader) -> bool) -> Result<()> {
    let mut window = Window::new(segment);
    let mut at = from;
    loop {
        let bytes = window.get(at, CHUNK)?;
        let Some(last) = bytes.len().checked_sub(RECORD_HEADER) else { return Ok(()) };
        for from in 0..=last {
            let offset = at + from as u64;
            let header = record::decode(&bytes[from..from + RECORD_HEADER], segment.place, offset as u32);
            if header.is_some_and(|header| !each(offset, &header)) {
                return Ok(());
            }
        }
        at += last as u64 + 1;
    }
}
