//! Making and opening a list.

use super::index::{Indexes, Row};
use super::reader::{Active, Shared};
use super::{EntryList, ListOptions};
use crate::db::{Db, Pool, Schema};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::issuers::Issuers;
use crate::lock::DirLock;
use crate::segment::{Kind, Location, SegmentReader, Segments};
use ct::entry::StoredEntry;
use ct::index::Position;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, RwLock};

pub(super) const SCHEMA: Schema = Schema {
    format: "entry list",
    application_id: 0x574c_4645, // "WLFE"
    version: 1,
    page_size: 4096,
    sql: "CREATE TABLE issuers(fingerprint BLOB PRIMARY KEY, der BLOB NOT NULL) WITHOUT ROWID;
          CREATE TABLE late_scts(position INTEGER PRIMARY KEY, sct BLOB NOT NULL);",
};

pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join("list.db")
}

pub(super) fn segments_dir(dir: &Path) -> PathBuf {
    dir.join("segments")
}

/// Collects the index of a segment from its records.
#[derive(Default)]
struct Collector {
    rows: Vec<Row>,
    scts: Vec<(u64, u32)>,
}

impl Collector {
    fn take(&mut self, at: Location, kind: Kind, payload: &[u8]) -> Result<()> {
        match kind {
            Kind::Entry => self.rows.push(Row::of(&StoredEntry::decode(payload)?, at.offset())),
            Kind::Sct => {
                let position = payload.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
                self.scts.extend(position.map(|position| (position, at.offset())));
            }
            Kind::Mark => {}
        }
        Ok(())
    }

    /// The rows, given the position of the first.
    fn finish(mut self, first: u64) -> Vec<Row> {
        for (position, offset) in self.scts {
            let row = position.checked_sub(first).map(|row| row as usize);
            if let Some(row) = row.and_then(|row| self.rows.get_mut(row)) {
                row.sct = offset;
            }
        }
        self.rows
    }
}

/// The rows of a segment of which some entries may be damaged, with the SCTs that were found in it.
pub(super) fn rows_from(rows: Vec<Option<Row>>, scts: &[(u64, u32)], first: u64) -> Vec<Option<Row>> {
    let mut rows = rows;
    for (position, offset) in scts {
        let row = position.checked_sub(first).and_then(|row| rows.get_mut(row as usize));
        if let Some(Some(row)) = row {
            row.sct = *offset;
        }
    }
    rows
}

/// The index rows of a closed segment, from its records.
pub(super) fn rows_of(segments: &SegmentReader, number: u32) -> Result<Vec<Row>> {
    let mut collector = Collector::default();
    segments.scan_closed(number, |at, kind, payload| collector.take(at, kind, payload))?;
    Ok(collector.finish(segments.segment(number)?.first))
}

impl EntryList {
    /// Makes an empty list in `dir`, which is made too.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is a list already, [`StoreError::Locked`], I/O and SQL errors.
    pub fn create(dir: &Path, options: &ListOptions) -> Result<Self> {
        let lock = DirLock::make(dir)?;
        if Db::is_there(&database(dir))? {
            return Err(StoreError::Exists { dir: dir.to_owned() });
        }
        let disk = Disk::new(options.files.clone());
        disk.create_dir(&segments_dir(dir))?;
        let segments = Segments::create(&disk, &segments_dir(dir), options.segment_bytes)?;
        disk.sync_dir(dir)?;
        let db = Db::create(&database(dir), SCHEMA, disk.poison.clone(), |_| Ok(()))?;
        Ok(Self::assemble(dir, options, disk, segments, db, Active::new(0, 0), lock))
    }

    /// Opens the list in `dir`: reads its last segment, and no other.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none, [`StoreError::Locked`] if it is open elsewhere,
    /// [`StoreError::Corrupt`] and [`StoreError::Version`], which name the file, I/O and SQL errors.
    pub fn open(dir: &Path, options: &ListOptions) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        if !Db::is_there(&database(dir))? {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        let disk = Disk::new(options.files.clone());
        let db = Db::open(&database(dir), SCHEMA, disk.poison.clone())?;
        let mut collector = Collector::default();
        let (dir_of, known) = (segments_dir(dir), Location::new(0, 0));
        let segments = Segments::open(&disk, &dir_of, options.segment_bytes, known, |at, kind, payload| {
            collector.take(at, kind, payload)
        })?;
        let mut active = Active::new(segments.numbers().end - 1, segments.active_first());
        for row in collector.finish(segments.active_first()) {
            active.push(row);
        }
        active.all_durable();
        Ok(Self::assemble(dir, options, disk, segments, db, active, lock))
    }

    fn assemble(
        dir: &Path,
        options: &ListOptions,
        disk: Disk,
        segments: Segments,
        db: Db,
        active: Active,
        lock: DirLock,
    ) -> Self {
        let shared = Shared {
            disk,
            segments: segments.reader(),
            indexes: Indexes::new(&segments_dir(dir)),
            pool: Pool::new(&database(dir), 8),
            issuers: Issuers::new(options.cached_issuers),
            active: RwLock::new(active),
            oldest: AtomicU32::new(segments.numbers().start),
        };
        let late: Vec<(Position, _)> = Vec::new();
        Self { shared: Arc::new(shared), segments, db, late, dir: dir.to_owned(), _lock: lock }
    }
}
