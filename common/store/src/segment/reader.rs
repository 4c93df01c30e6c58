//! Reading records, from any thread.

use super::record::{self, Kind, Place, RECORD_HEADER};
use super::scan::scan;
use super::{Location, file_name};
use crate::disk::{Disk, Handle};
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::header::{Format, HEADER_LEN, Header};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) const SEGMENT: Format = Format { name: "segment", magic: b"WLFSEG", version: 1 };

/// How much is read at once in the hope that the record fits.
const GUESS: usize = 4096;

/// One open segment.
pub(crate) struct SegmentFile {
    pub handle: Handle,
    pub place: Place,
    /// The owner's number of its first record.
    pub first: u64,
}

pub(crate) struct Shared {
    pub disk: Disk,
    pub dir: PathBuf,
    pub open: RwLock<BTreeMap<u32, Arc<SegmentFile>>>,
    /// [`Location`] of the first byte that is not durable.
    pub durable: AtomicU64,
}

/// Reads records of segments that another thread may be appending to. Cheap to clone.
#[derive(Clone)]
pub struct SegmentReader {
    pub(crate) shared: Arc<Shared>,
}

/// Opens a segment's file and checks its header.
pub(crate) fn open_segment(
    disk: &Disk,
    dir: &std::path::Path,
    number: u32,
    mode: Mode,
) -> Result<SegmentFile> {
    let handle = disk.open(&dir.join(file_name(number)), mode)?;
    let bytes = handle.read_up_to(0, HEADER_LEN)?;
    let header = Header::decode(&bytes, SEGMENT, handle.path(), 0)?;
    if header.a != u64::from(number) {
        return Err(StoreError::corrupt(handle.path(), 8, "segment number", number, header.a));
    }
    let place = Place { salt: header.salt, segment: number };
    Ok(SegmentFile { handle, place, first: header.b })
}

impl SegmentReader {
    /// Reads segments that nobody writes: everything counts as durable.
    pub(crate) fn closed(disk: &Disk, dir: &std::path::Path) -> Self {
        let durable = AtomicU64::new(Location::new(u32::MAX >> 1, 0).packed());
        let (disk, dir, open) = (disk.clone(), dir.to_owned(), RwLock::new(BTreeMap::new()));
        Self { shared: Arc::new(Shared { disk, dir, open, durable }) }
    }

    /// The first place that is not durable yet: everything below it can be read.
    pub fn durable_end(&self) -> Location {
        Location::from_packed(self.shared.durable.load(Ordering::Acquire))
    }

    pub(crate) fn segment(&self, number: u32) -> Result<Arc<SegmentFile>> {
        let open = self.shared.open.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        if let Some(segment) = open {
            return Ok(segment);
        }
        let segment = Arc::new(open_segment(&self.shared.disk, &self.shared.dir, number, Mode::Read)?);
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        Ok(open.entry(number).or_insert(segment).clone())
    }

    fn limit(&self, at: Location, segment: &SegmentFile) -> Result<u64> {
        let durable = self.durable_end();
        if at >= durable {
            let (path, offset) = (segment.handle.path().to_owned(), at.offset().into());
            return Err(StoreError::NotDurable { path, offset });
        }
        let same = at.segment() == durable.segment();
        Ok(if same { durable.offset().into() } else { u64::from(u32::MAX) })
    }

    /// Reads the record at `at` from its file and checks it.
    ///
    /// # Errors
    /// [`StoreError::NotDurable`] at or past the durable end, [`StoreError::Corrupt`] if the bytes are not those that
    /// were written, [`StoreError::Io`].
    pub fn read(&self, at: Location) -> Result<(Kind, Vec<u8>)> {
        let segment = self.segment(at.segment())?;
        let offset = u64::from(at.offset());
        let limit = self.limit(at, &segment)?;
        let first = GUESS.min((limit - offset) as usize);
        let mut bytes = segment.handle.read_up_to(offset, first)?;
        let (kind, len) = check_header(&segment, &bytes, offset)?;
        let whole = RECORD_HEADER + len;
        if bytes.len() < whole {
            let from = bytes.len();
            let rest = segment.handle.read(offset + from as u64, whole - from, "record")?;
            bytes.extend_from_slice(&rest);
        }
        bytes.truncate(whole);
        check_payload(&segment, &bytes, offset)?;
        bytes.drain(..RECORD_HEADER);
        Ok((kind, bytes))
    }

    /// Reads several records, handing each to `take` with its place in `places`, in no particular order. Records that
    /// lie close together are read with one pread.
    ///
    /// # Errors
    /// As [`SegmentReader::read`], and whatever `take` returns.
    pub fn read_many(
        &self,
        places: &[Location],
        mut take: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|i| places[*i]);
        let mut rest = order.as_slice();
        while let Some((head, _)) = rest.split_first() {
            let run = run_length(places, rest);
            let begin = places[*head];
            let segment = self.segment(begin.segment())?;
            let last = places[rest[run - 1]];
            let limit = self.limit(last, &segment)?;
            let begin = u64::from(begin.offset());
            let end = (u64::from(last.offset()) + GUESS as u64).min(limit);
            let bytes = segment.handle.read_up_to(begin, (end - begin) as usize)?;
            for i in &rest[..run] {
                let from = (u64::from(places[*i].offset()) - begin) as usize;
                let record = bytes.get(from..).unwrap_or_default();
                let offset = u64::from(places[*i].offset());
                let (_, len) = check_header(&segment, record, offset)?;
                match record.get(..RECORD_HEADER + len) {
                    Some(record) => {
                        check_payload(&segment, record, offset)?;
                        take(*i, &record[RECORD_HEADER..])?;
                    }
                    None => take(*i, &self.read(places[*i])?.1)?,
                }
            }
            rest = &rest[run..];
        }
        Ok(())
    }
}

impl SegmentReader {
    /// Hands every record of a segment that is not the active one to `each`; all of it must be whole.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first record that is not whole; whatever `each` returns.
    pub fn scan_closed(
        &self,
        number: u32,
        mut each: impl FnMut(Location, Kind, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let segment = self.segment(number)?;
        let end = scan(&segment, |offset, kind, payload| each(Location::new(number, offset), kind, payload))?;
        if end == segment.handle.size()? {
            return Ok(());
        }
        let (expected, found) = ("a whole record", "a bad checksum");
        Err(StoreError::corrupt(segment.handle.path(), end, "record", expected, found))
    }
}

/// How many of the sorted places at the front are worth reading together.
fn run_length(places: &[Location], sorted: &[usize]) -> usize {
    const GAP: u32 = 8192;
    const MOST: u32 = 1 << 20;
    let begin = places[sorted[0]];
    let near = |pair: &&[usize]| {
        let (left, right) = (places[pair[0]], places[pair[1]]);
        right.segment() == left.segment()
            && right.offset() - left.offset() <= GAP
            && right.offset() - begin.offset() <= MOST
    };
    1 + sorted.windows(2).take_while(near).count()
}

fn check_header(segment: &SegmentFile, bytes: &[u8], offset: u64) -> Result<(Kind, usize)> {
    let header =
        bytes.first_chunk::<RECORD_HEADER>().and_then(|b| record::decode(b, segment.place, offset as u32));
    match header {
        Some(header) => Ok((header.kind, header.len)),
        None => Err(StoreError::corrupt(
            segment.handle.path(),
            offset,
            "record header",
            "a header that checks",
            format!("{:02x?}", &bytes[..bytes.len().min(RECORD_HEADER)]),
        )),
    }
}

fn check_payload(segment: &SegmentFile, record: &[u8], offset: u64) -> Result<()> {
    let header =
        record.first_chunk::<RECORD_HEADER>().and_then(|b| record::decode(b, segment.place, offset as u32));
    let payload = &record[RECORD_HEADER..];
    match header {
        Some(header) if header.fits(payload) => Ok(()),
        header => Err(StoreError::corrupt(
            segment.handle.path(),
            offset,
            "record checksum",
            header.map_or(0, |h| h.payload_crc),
            crate::crc::crc(&[payload]),
        )),
    }
}
