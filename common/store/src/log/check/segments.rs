//! The files beside the order: what must be there, and every record of every segment, whether an order row names it or not.

use super::super::roots::ROOTS;
use super::super::rows::{LEN, RUN, RUNS, TILES};
use super::super::tile::WIDTH;
use super::LogCheck;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::finding::Finding;
use crate::header::{HEADER_LEN, Header};
use crate::segment::walk::{Stands, Walk, durable_end};
use crate::segment::{Location, file_name, numbers_in};
use std::collections::VecDeque;

/// Segments that are walked through, one after the other.
pub(super) struct Records {
    left: VecDeque<u32>,
    last: Option<u32>,
    walk: Option<Walk>,
    /// Of a log that is open: where what is durable ends.
    durable: Option<Location>,
}

impl LogCheck {
    /// Before the order: headers, sizes, and the store's own numbers.
    pub(super) fn begin_step(&mut self) -> Result<()> {
        let greatest = self.source.rows(|rows| rows.greatest())?.map_or(0, |index| index + 1);
        if self.source.reader.is_none() && greatest != self.len {
            let path = self.source.database();
            self.findings.add(Finding::row(path, ("meta", "len"), "length of the order", greatest, self.len));
        }
        let path = self.source.dir.join("tile-roots");
        let header = self
            .source
            .disk
            .open(&path, Mode::Read)
            .and_then(|handle| Header::decode(&handle.read_up_to(0, HEADER_LEN)?, ROOTS, &path, 0));
        match header {
            Ok(Header { a: 0, b: 0, salt: 0 }) => {}
            Ok(_) => {
                self.bad_roots = true;
                self.findings.add(Finding::byte(&path, 8, "header", "zeros", "others"));
            }
            Err(error) => {
                self.bad_roots = true;
                self.findings.add(Finding::of(&error, &path));
            }
        }
        let (runs, run) = (self.source.number(RUNS)?, self.source.number(RUN)?);
        // Read after the numbers that it bounds, for a log that is open grows.
        let tiles = self.source.number(TILES)?;
        let (len, database) = (self.source.number(LEN)?, self.source.database());
        let fits = [
            ("run", run, run > 0 && run % WIDTH == 0, "a multiple of 256"),
            ("runs", runs, runs.checked_mul(run).is_some_and(|end| end <= len), "runs within the order"),
            ("tiles", tiles, tiles <= len / WIDTH, "full tiles"),
        ];
        for (key, found, holds, expected) in fits {
            if !holds {
                self.findings.add(Finding::row(database, ("meta", key), "number", expected, found));
            }
        }
        Ok(())
    }

    pub(super) fn records(&mut self) -> Result<Records> {
        let dir = self.source.dir.join("segments");
        let durable = self.source.reader.as_ref().map(|reader| reader.shared.segments.durable_end());
        let numbers = numbers_in(&self.source.disk, &dir)?;
        let gaps = numbers.windows(2).flat_map(|pair| pair[0] + 1..pair[1]);
        for missing in gaps.chain(numbers.is_empty().then_some(0)) {
            let path = dir.join(file_name(missing));
            self.bad_segments.insert(missing);
            self.findings.add(Finding::byte(&path, 0, "segment", "a file", "none"));
        }
        Ok(Records { last: numbers.last().copied(), left: numbers.into(), walk: None, durable })
    }

    /// Goes on with the records. `None`: all were looked at.
    pub(super) fn records_step(&mut self, mut records: Records) -> Result<(Option<Records>, u64)> {
        let Some(mut walk) = records.walk.take() else {
            let Some(number) = records.left.pop_front() else { return Ok((None, 0)) };
            match self.open_walk(number, &records) {
                Ok(walk) => records.walk = walk,
                Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.bad_segments.insert(number);
                    self.findings.add(Finding::of(&error, &self.source.dir));
                }
            }
            return Ok((Some(records), 0));
        };
        let path = walk.segment.handle.path().to_owned();
        let (findings, bad, segment) =
            (&mut self.findings, &mut self.bad_records, walk.segment.place.segment);
        let read = walk.piece(|offset, end, stands| {
            if let Stands::Bad(_) = stands {
                bad.push((Location::new(segment, offset as u32), end));
                let found = format!("{} damaged bytes", end - offset);
                findings.add(Finding::byte(&path, offset, "record", "a whole record", found));
            }
        });
        match read {
            Ok(read) => {
                records.walk = Some(walk).filter(|walk| !walk.is_over());
                Ok((Some(records), read))
            }
            Err(error) => {
                self.findings.add(Finding::of(&error, &path));
                Ok((Some(records), 0))
            }
        }
    }

    /// Opens the next segment; none if nothing of it is durable yet.
    fn open_walk(&self, number: u32, records: &Records) -> Result<Option<Walk>> {
        let (disk, dir) = (&self.source.disk, self.source.dir.join("segments"));
        let end = match records.durable {
            Some(durable) if number > durable.segment() => return Ok(None),
            Some(durable) => (number == durable.segment()).then_some(durable.offset().into()),
            None if records.last == Some(number) => {
                Some(durable_end(disk, &dir, number, self.source.committed()?)?)
            }
            None => None,
        };
        Walk::open(disk, &dir, number, end).map(Some)
    }
}
