//! Taking damage out of segments without moving what is whole.

use super::open::make;
use super::reader::SEGMENT;
use super::record::{self, Kind, MAX_RECORD, Place, RECORD_HEADER};
use super::{Location, file_name, numbers_in};
use crate::disk::Disk;
use crate::error::Result;
use crate::files::Mode;
use crate::header::{HEADER_LEN, Header};
use std::collections::BTreeSet;
use std::path::Path;

/// Covers records, each given with its end, with marks. Durable when this returns.
pub(crate) fn records(disk: &Disk, dir: &Path, damaged: &[(Location, u64)]) -> Result<()> {
    for (at, end) in damaged {
        let handle = disk.open(&dir.join(file_name(at.segment())), Mode::Write)?;
        let bytes = handle.read_up_to(0, HEADER_LEN)?;
        let header = Header::decode(&bytes, SEGMENT, handle.path(), 0)?;
        let place = Place { salt: header.salt, segment: at.segment() };
        let mut offset = u64::from(at.offset());
        while offset < *end {
            let left = *end - offset;
            // What is left over must have room for a header.
            let most = (RECORD_HEADER + MAX_RECORD) as u64;
            let len = if left <= most { left } else { most - RECORD_HEADER as u64 };
            let payload = vec![0; (len as usize).saturating_sub(RECORD_HEADER)];
            let mut mark = Vec::with_capacity(len as usize);
            record::encode(&mut mark, place, offset as u32, offset as u32, Kind::Mark, &payload);
            // The last few bytes of a file may be too few for a header: then it ends before them.
            if mark.len() as u64 > left {
                handle.truncate(offset)?;
                break;
            }
            handle.write(&mark, offset)?;
            offset += len;
        }
        handle.sync()?;
    }
    Ok(())
}

/// Makes these segments anew, empty. The last of all gets a successor, which nothing was ever written to.
pub(crate) fn missing(disk: &Disk, dir: &Path, damaged: &BTreeSet<u32>) -> Result<()> {
    for number in damaged {
        make(disk, dir, *number, 0)?;
    }
    let last = numbers_in(disk, dir)?.last().copied();
    if let Some(last) = last.filter(|last| damaged.contains(last)) {
        make(disk, dir, last + 1, 0)?;
    }
    Ok(())
}
