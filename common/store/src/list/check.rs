//! One pass over everything in a list's directory: every record of every segment, each index against its segment, the
//! issuers that entries name, and the rows of `list.db`.

use super::index::{self, Row};
use super::open::{database, rows_from, segments_dir};
use super::reader::ListReader;
use super::{ListOptions, sct};
use crate::check::{Check, Step};
use crate::db::{self, Pool, is_finished, sql};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::finding::{Finding, Findings};
use crate::issuers::{self, Issuers};
use crate::lock::DirLock;
use crate::segment::walk::{Stands, Walk, durable_end};
use crate::segment::{Kind, Location, file_name, numbers_in};
use ct::entry::StoredEntry;
use ct::hash::hex;
use ct::sct::DigitallySigned;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Issuers kept in memory while entries are looked at.
const CACHED: usize = 1024;

/// Rows that are read in one step.
const ROWS: i64 = 4096;

/// What comes next.
enum Stage {
    Segments,
    Issuers(Vec<u8>),
    LateScts(i64),
    Pages,
    Over,
}

/// A segment that is being looked at.
struct Open {
    walk: Walk,
    closed: bool,
    /// A row for each entry; none where the entry is damaged.
    rows: Vec<Option<Row>>,
    scts: Vec<(u64, u32)>,
    /// Whether it is known how many entries there are.
    countable: bool,
}

/// A pass over a list.
pub struct ListCheck {
    dir: PathBuf,
    disk: Disk,
    pool: Pool,
    issuers: Issuers,
    findings: Findings,
    stage: Stage,
    left: VecDeque<u32>,
    last: Option<u32>,
    /// Of a list that is open: where what is durable ends.
    durable: Option<Location>,
    open: Option<Open>,
    /// The position with which the next segment must begin.
    next: Option<u64>,
    _lock: Option<DirLock>,
}

impl ListCheck {
    /// A pass over a list that no process has open, and none opens meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Missing`]; a directory or database that cannot be read at all.
    pub fn closed(dir: &Path, options: &ListOptions) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        let (path, disk) = (database(dir), Disk::new(options.files.clone()));
        let pool = Pool::new(&path, 2);
        if !path.exists() || !pool.with(|connection| is_finished(connection, &path, super::open::SCHEMA))? {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        Self { _lock: Some(lock), ..Self::over(dir, disk, pool, None)? }.begin()
    }

    /// A pass over the durable part of a list that is open.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn live(dir: &Path, reader: &ListReader) -> Result<Self> {
        let durable = reader.shared.segments.durable_end();
        let pool = Pool::new(reader.shared.pool.path(), 2);
        Self::over(dir, reader.shared.disk.clone(), pool, Some(durable))?.begin()
    }

    fn over(dir: &Path, disk: Disk, pool: Pool, durable: Option<Location>) -> Result<Self> {
        let mut numbers = numbers_in(&disk, &segments_dir(dir))?;
        if let Some(durable) = durable {
            numbers.retain(|number| *number <= durable.segment());
        }
        Ok(Self {
            dir: dir.to_owned(),
            disk,
            pool,
            issuers: Issuers::new(CACHED),
            findings: Findings::default(),
            stage: Stage::Segments,
            last: numbers.last().copied(),
            left: numbers.into(),
            durable,
            open: None,
            next: None,
            _lock: None,
        })
    }

    fn begin(mut self) -> Result<Self> {
        let dir = segments_dir(&self.dir);
        let numbers: Vec<u32> = self.left.iter().copied().collect();
        let gaps = numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1).map(|pair| pair[0] + 1);
        for missing in gaps.chain(numbers.is_empty().then_some(0)) {
            let path = dir.join(file_name(missing));
            self.findings.add(Finding::byte(&path, 0, "segment", "a file", "none"));
        }
        Ok(self)
    }

    fn segments_step(&mut self) -> Result<u64> {
        let Some(mut open) = self.open.take() else {
            match self.left.pop_front() {
                Some(number) => self.open_segment(number)?,
                None => self.stage = Stage::Issuers(Vec::new()),
            }
            return Ok(0);
        };
        let path = open.walk.segment.handle.path().to_owned();
        let (first, mut bad) = (open.walk.segment.first, Vec::new());
        let (rows, scts, countable) = (&mut open.rows, &mut open.scts, &mut open.countable);
        let (pool, issuers, findings) = (&self.pool, &self.issuers, &mut self.findings);
        let read = open.walk.piece(|offset, end, stands| match stands {
            Stands::Whole(Kind::Entry, payload) => match StoredEntry::decode(payload) {
                Ok(entry) => {
                    missing_issuers(pool, issuers, first + rows.len() as u64, &entry, findings);
                    rows.push(Some(Row::of(&entry, offset as u32)));
                }
                Err(error) => {
                    rows.push(None);
                    bad.push(Finding::byte(&path, offset, "entry", "one that can be read", error));
                }
            },
            Stands::Whole(Kind::Sct, payload) => match sct::decode(payload) {
                Some((position, _)) => scts.push((position, offset as u32)),
                None => bad.push(Finding::byte(&path, offset, "SCT", "a position and a signature", "others")),
            },
            Stands::Whole(Kind::Mark, _) => {}
            Stands::Bad(kind) => {
                if kind == Some(Kind::Entry) {
                    rows.push(None);
                }
                *countable &= kind.is_some();
                let found = format!("{} damaged bytes", end - offset);
                bad.push(Finding::byte(&path, offset, "record", "a whole record", found));
            }
        })?;
        bad.into_iter().for_each(|finding| self.findings.add(finding));
        if open.walk.is_over() {
            self.close(open)
        } else {
            self.open = Some(open)
        }
        Ok(read)
    }

    fn open_segment(&mut self, number: u32) -> Result<()> {
        let (dir, closed) = (segments_dir(&self.dir), self.last != Some(number));
        let opened =
            self.end_of(&dir, number, closed).and_then(|end| Walk::open(&self.disk, &dir, number, end));
        let walk = match opened {
            // It was forgotten meanwhile.
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                self.next = None;
                return Ok(());
            }
            Err(error) => {
                self.next = None;
                self.findings.add(Finding::of(&error, &dir));
                return Ok(());
            }
            Ok(walk) => walk,
        };
        let (path, found) = (walk.segment.handle.path(), walk.segment.first);
        if let Some(expected) = self.next.filter(|expected| *expected != found) {
            self.findings.add(Finding::byte(path, 16, "first position", expected, found));
        }
        let (rows, scts) = (Vec::new(), Vec::new());
        self.open = Some(Open { walk, closed, rows, scts, countable: true });
        Ok(())
    }

    fn end_of(&self, dir: &Path, number: u32, closed: bool) -> Result<Option<u64>> {
        Ok(match self.durable {
            _ if closed => None,
            Some(durable) => Some(durable.offset().into()),
            None => Some(durable_end(&self.disk, dir, number, Location::new(0, 0))?),
        })
    }

    /// All of a segment was seen: its index must say the same.
    fn close(&mut self, open: Open) {
        let Open { walk, closed, rows, scts, countable } = open;
        let (first, number) = (walk.segment.first, walk.segment.place.segment);
        self.next = countable.then_some(first + rows.len() as u64);
        if !closed || !countable {
            return;
        }
        let path = segments_dir(&self.dir).join(index::file_name(number));
        let read = self.disk.open_if_there(&path, Mode::Read).and_then(|handle| match handle {
            Some(handle) => handle.read_up_to(0, handle.size()? as usize).map(Some),
            None => Ok(None),
        });
        match read {
            Ok(Some(found)) => {
                let rows = rows_from(rows, &scts, first);
                if let Some((at, expected)) = index::difference(number, first, &rows, &found) {
                    let found = found.get(at as usize).map_or("nothing".to_owned(), |b| format!("{b:#04x}"));
                    self.findings.add(Finding::byte(&path, at, "index", expected, found));
                }
            }
            // It is made again when it is asked for.
            Ok(None) => {}
            Err(error) => self.findings.add(Finding::of(&error, &path)),
        }
    }

    fn late_scts(&mut self, after: i64) -> Result<u64> {
        let at = sql("read SCTs", self.pool.path());
        let rows: Vec<(i64, Vec<u8>)> = self.pool.with(|connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT position, sct FROM late_scts WHERE position > ?1 ORDER BY position LIMIT ?2",
                )
                .map_err(&at)?;
            let found = statement.query_map((after, ROWS), |row| Ok((row.get(0)?, row.get(1)?)));
            found.and_then(Iterator::collect).map_err(&at)
        })?;
        for (position, sct) in &rows {
            if let Err(error) = DigitallySigned::decode(sct) {
                let row = ("late_scts", position);
                self.findings.add(Finding::row(self.pool.path(), row, "SCT", "a signature", error));
            }
        }
        self.stage = rows.last().map_or(Stage::Pages, |(position, _)| Stage::LateScts(*position));
        Ok(rows.iter().map(|(_, sct)| sct.len() as u64).sum())
    }

    fn advance(&mut self) -> Result<u64> {
        match &self.stage {
            Stage::Segments => self.segments_step(),
            Stage::Issuers(after) => {
                let checked = issuers::check(&self.pool, after, &mut self.findings)?;
                self.stage = checked.last.map_or(Stage::LateScts(-1), Stage::Issuers);
                Ok(checked.bytes)
            }
            Stage::LateScts(after) => self.late_scts(*after),
            Stage::Pages => {
                self.stage = Stage::Over;
                // It looks at all pages in one go, so not while others work.
                if self.durable.is_none() {
                    let findings = &mut self.findings;
                    self.pool.with(|connection| db::check(connection, self.pool.path(), findings))?;
                }
                Ok(0)
            }
            Stage::Over => Ok(0),
        }
    }
}

impl Check for ListCheck {
    fn step(&mut self) -> Option<Step> {
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        let bytes = self.advance().unwrap_or_else(|error| {
            self.findings.add(Finding::of(&error, &self.dir));
            self.stage = match self.stage {
                Stage::Segments => Stage::Segments,
                Stage::Issuers(_) => Stage::LateScts(-1),
                Stage::LateScts(_) => Stage::Pages,
                Stage::Pages | Stage::Over => Stage::Over,
            };
            0
        });
        Some(Step { findings: self.findings.take(), bytes })
    }

    fn total(&self) -> u64 {
        let dir = segments_dir(&self.dir);
        let size = |name| self.disk.open(&dir.join(name), Mode::Read).and_then(|handle| handle.size());
        let names = self.disk.list(&dir).unwrap_or_default();
        names.into_iter().filter_map(|name| size(name).ok()).sum()
    }
}

fn missing_issuers(pool: &Pool, issuers: &Issuers, at: u64, entry: &StoredEntry, findings: &mut Findings) {
    for fingerprint in entry.chain() {
        let found = match issuers.get(pool, fingerprint) {
            Ok(Some(_)) => continue,
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        let (row, what) = (("issuers", hex(fingerprint.as_bytes())), format!("an issuer of position {at}"));
        findings.add(Finding::row(pool.path(), row, what, "a certificate of this hash", found));
    }
}
