//! What a check reads from: the files themselves, through handles of its own, so that nothing in memory hides the disk.

use super::super::copy::name_of;
use super::super::options::StoreOptions;
use super::super::raw;
use super::super::reader::Reader;
use super::super::rows::{LEN, OrderRow, RUN, RUNS, Rows, SCHEMA, SEGMENTS};
use super::super::run::{Block, Run};
use super::super::sealed::file_name;
use super::super::shared::undecodable;
use crate::db::{Pool, is_finished};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::issuers::Issuers;
use crate::lock::DirLock;
use crate::segment::{Location, SegmentReader};
use crate::state_rows;
use ct::entry::{LogKind, extra_data, extra_hash};
use ct::hash::{ExtraHash, Fingerprint, Name, NodeHash};
use ct::index::{LeafIndex, TreeSize};
use ct::order::OrderRecord;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Issuers kept in memory while entries are hashed.
const CACHED: usize = 1024;

/// A log that no process has open, to be looked at: nothing of it is written, and nobody opens it meanwhile.
pub struct ClosedLog {
    pub(super) source: Source,
    pub(super) lock: DirLock,
}

impl ClosedLog {
    /// Takes the lock of the log in `dir`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if a process has it open, [`StoreError::Missing`] if there is none, and errors of a
    /// database that cannot be read at all.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        let path = dir.join("log.db");
        let pool = Pool::new(&path, 2);
        if !path.exists() || !pool.with(|connection| is_finished(connection, &path, SCHEMA))? {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        let disk = Disk::new(options.files.clone());
        let segments = SegmentReader::closed(&disk, &dir.join("segments"));
        let (dir, kind) = (dir.to_owned(), options.kind);
        let issuers = Issuers::new(CACHED);
        Ok(Self { source: Source { dir, disk, kind, segments, pool, issuers, reader: None }, lock })
    }

    /// Entries in the order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn len(&self) -> Result<TreeSize> {
        Ok(TreeSize::ZERO.plus(self.source.number(LEN)?))
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`ClosedLog::len`].
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.source.number(LEN)? == 0)
    }

    /// The order record at `index`, if it can be read.
    ///
    /// # Errors
    /// SQL errors.
    pub fn record(&self, index: LeafIndex) -> Result<Option<OrderRecord>> {
        Ok(self.source.rows(|rows| rows.get(index.get()))?.map(|row| row.record))
    }

    /// The certificate of an issuer, if it is held and whole.
    pub fn issuer(&self, fingerprint: &Fingerprint) -> Option<Arc<[u8]>> {
        self.source.issuers.get(&self.source.pool, fingerprint).ok().flatten()
    }

    /// The state (JSON) kept under `key`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], SQL errors.
    pub fn state(&self, key: &str) -> Result<Option<String>> {
        self.source.rows(|rows| state_rows::get(rows.connection, rows.path, key))
    }
}

/// The run that was read last, and its block.
pub(super) struct OpenRun {
    number: u64,
    run: Option<Run>,
    block: Option<(u64, Option<Block>)>,
}

/// A log's files.
pub(super) struct Source {
    pub dir: PathBuf,
    pub disk: Disk,
    pub kind: LogKind,
    pub segments: SegmentReader,
    pub pool: Pool,
    pub issuers: Issuers,
    /// Of a log that is open: keeps cuts out while something is read.
    pub reader: Option<Reader>,
}

/// What the bytes of an entry say.
pub(super) struct Said {
    pub name: Name,
    /// None: an issuer is not held.
    pub extra: Option<ExtraHash>,
    pub bytes: Vec<u8>,
}

impl Source {
    pub(super) fn of(reader: &Reader) -> Self {
        let shared = &reader.shared;
        Self {
            dir: shared.dir.clone(),
            disk: shared.disk.clone(),
            kind: shared.kind,
            segments: shared.segments.clone(),
            pool: Pool::new(shared.pool.path(), 2),
            issuers: Issuers::new(CACHED),
            reader: Some(reader.clone()),
        }
    }

    pub(super) fn database(&self) -> &Path {
        self.pool.path()
    }

    pub(super) fn rows<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T>) -> Result<T> {
        self.pool.with(|connection| work(Rows { connection, path: self.pool.path() }))
    }

    pub(super) fn number(&self, key: &'static str) -> Result<u64> {
        self.rows(|rows| rows.number(key))
    }

    /// The end of the sealed part, and the entries in a run.
    pub(super) fn sealed(&self) -> Result<(u64, u64)> {
        let (runs, run) = (self.number(RUNS)?, self.number(RUN)?);
        Ok((runs * run, run.max(1)))
    }

    pub(super) fn committed(&self) -> Result<Location> {
        self.number(SEGMENTS).map(Location::from_packed)
    }

    pub(super) fn leaf(&self, name: &Name) -> NodeHash {
        match self.kind {
            LogKind::Rfc6962 => NodeHash::new(*name.as_bytes()),
        }
    }

    /// The encoded entry at `index`. `None`: it lies in a run or a block that was found damaged before.
    pub(super) fn encoded(
        &self,
        index: u64,
        row: &OrderRow,
        open: &mut Option<OpenRun>,
    ) -> Result<Option<Vec<u8>>> {
        let (sealed, run) = self.sealed()?;
        if index < sealed {
            return self.sealed_entry(index, run, open);
        }
        match self.segments.read(row.at) {
            Ok((_, bytes)) => Ok(Some(bytes)),
            // It was sealed meanwhile, and its segment dropped.
            Err(_) if index < self.sealed()?.0 => self.sealed_entry(index, run, open),
            Err(error) => Err(error),
        }
    }

    pub(super) fn run_path(&self, number: u64) -> PathBuf {
        self.dir.join("sealed").join(file_name(number))
    }

    fn open_run(&self, number: u64, entries: u64) -> Result<Run> {
        let path = self.run_path(number);
        let handle = self.disk.open_if_there(&path, Mode::Read)?;
        let missing = || StoreError::corrupt(&path, 0, "sealed run", "a file", "none");
        Run::open(handle.ok_or_else(missing)?, number, entries)
    }

    pub(super) fn sealed_entry(
        &self,
        index: u64,
        entries: u64,
        open: &mut Option<OpenRun>,
    ) -> Result<Option<Vec<u8>>> {
        let number = index / entries;
        if open.as_ref().is_none_or(|open| open.number != number) {
            // Remembered before it is tried: what is damaged is named once.
            *open = Some(OpenRun { number, run: None, block: None });
            *open = Some(OpenRun { number, run: Some(self.open_run(number, entries)?), block: None });
        }
        let Some(OpenRun { run: Some(run), block, .. }) = open else { return Ok(None) };
        let (wanted, place) = run.place(index % entries);
        if block.as_ref().is_none_or(|(number, _)| *number != wanted) {
            *block = Some((wanted, None));
            *block = Some((wanted, Some(run.block(wanted)?)));
        }
        let found = block.as_ref().and_then(|(_, block)| block.as_ref());
        Ok(found.and_then(|block| block.entry(place)).map(<[u8]>::to_vec))
    }

    /// Hashes an entry again. An issuer that cannot be read counts as missing: the check of the table names it.
    pub(super) fn said(&self, bytes: Vec<u8>) -> Result<Said> {
        let name = name_of(&bytes)?;
        let parts = raw::parts(&bytes).map_err(undecodable)?;
        let mut issuers: Option<Vec<Arc<[u8]>>> = Some(Vec::new());
        for fingerprint in parts.chain.as_chunks::<32>().0 {
            let found = self.issuers.get(&self.pool, &(*fingerprint).into()).ok().flatten();
            issuers = issuers.zip(found).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        let precertificate = Some(parts.precertificate).filter(|bytes| !bytes.is_empty());
        let extra = match issuers {
            Some(issuers) => Some(extra_hash(&extra_data(precertificate, &issuers)?)),
            None => None,
        };
        Ok(Said { name, extra, bytes })
    }
}
