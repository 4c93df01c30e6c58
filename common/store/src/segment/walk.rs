//! Walking through a segment past whatever is damaged in it, a piece at a time.

use super::reader::{SegmentFile, open_segment};
use super::record::{self, Kind, RECORD_HEADER};
use super::{Location, scan};
use crate::disk::Disk;
use crate::error::Result;
use crate::files::Mode;
use crate::header::HEADER_LEN;
use std::path::Path;

/// How much is looked at in one step.
const PIECE: u64 = 1 << 20;

/// What stands at an offset.
pub(crate) enum Stands<'a> {
    /// A whole record.
    Whole(Kind, &'a [u8]),
    /// Something that is not; its kind, if the header is whole.
    Bad(Option<Kind>),
}

/// A segment that is walked through.
pub(crate) struct Walk {
    pub segment: SegmentFile,
    at: u64,
    end: u64,
}

impl Walk {
    /// Opens a segment, its header read anew. `end` is where the durable part ends; none: where the file does.
    pub(crate) fn open(disk: &Disk, dir: &Path, number: u32, end: Option<u64>) -> Result<Self> {
        let segment = open_segment(disk, dir, number, Mode::Read)?;
        let size = segment.handle.size()?;
        Ok(Self { segment, at: HEADER_LEN as u64, end: end.unwrap_or(size) })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.end
    }

    /// Hands what stands in the next piece to `each`, with its offset and where it ends. Answers how many bytes that were.
    pub(crate) fn piece(&mut self, mut each: impl FnMut(u64, u64, Stands<'_>)) -> Result<u64> {
        let begin = self.at;
        let mut window = scan::Window::new(&self.segment);
        while self.at < self.end && self.at - begin < PIECE {
            let offset = self.at;
            let bytes = window.get(offset, RECORD_HEADER)?;
            let header = bytes
                .first_chunk::<RECORD_HEADER>()
                .and_then(|b| record::decode(b, self.segment.place, offset as u32));
            let Some(header) = header else {
                self.at = scan::next_header(&self.segment, offset + 1, self.end)?.unwrap_or(self.end);
                each(offset, self.at, Stands::Bad(None));
                continue;
            };
            self.at = offset + (RECORD_HEADER + header.len) as u64;
            let payload = window.get(offset + RECORD_HEADER as u64, header.len)?;
            let fits = self.at <= self.end && header.fits(payload);
            let stands =
                if fits { Stands::Whole(header.kind, payload) } else { Stands::Bad(Some(header.kind)) };
            each(offset, self.at.min(self.end), stands);
        }
        Ok(self.at - begin)
    }
}

/// Where the part of the last segment ends that must be whole: what follows is a torn tail, and garbage. `known` is as for
/// [`super::Segments::open`].
pub(crate) fn durable_end(disk: &Disk, dir: &Path, number: u32, known: Location) -> Result<u64> {
    let segment = open_segment(disk, dir, number, Mode::Read)?;
    let whole = scan::scan(&segment, |_, _, _| Ok(()))?;
    let size = segment.handle.size()?;
    if whole == size {
        return Ok(size);
    }
    let known = if known.segment() == number { u64::from(known.offset()) } else { 0 };
    let synced = scan::synced_end(&segment, whole)?.max(known);
    Ok(if synced > whole { synced } else { whole })
}
