//! Putting right what a check found: from entries that somebody else sent, after they were compared with the order, and
//! from the order itself.
//!
//! The order must lead to a root that was signed; that is the caller's to know. Nothing here takes an entry for the one at
//! an index unless its name and the hash of its extra data are those in the order.

use super::check::Damage;
use super::index::{IDENTITIES, NAMES};
use super::options::StoreOptions;
use super::rows::{RUNS, Rows, SCHEMA};
use super::run::{Block, Run, RunWriter};
use super::sealed::file_name;
use super::writer::Writer;
use crate::db::{Db, sql};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::lock::DirLock;
use crate::segment::pave;
use ct::archive::is_archived;
use ct::entry::StoredEntry;
use ct::hash::Fingerprint;
use ct::index::LeafIndex;
use ct::order::OrderRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A row that is missing is that of a sealed entry, whose place is not looked up.
const PUT_ROW: &str = "INSERT INTO orders VALUES(?1, ?2, ?3, 0)
     ON CONFLICT(idx) DO UPDATE SET name = excluded.name, extra = excluded.extra";

/// Rows of an index that are sorted together.
const BATCH: u64 = 10_000;

/// Makes it possible to open a log in which this was found: damaged records are covered with marks of the same length, so
/// that no other moves; order rows become what copy, page and roots agree on; a segment without a header, and a run without a file, are made anew, empty; roots of tiles go, to be
/// made again from the order. What was in there is damage still, until it is mended.
///
/// # Errors
/// [`StoreError::Locked`], [`StoreError::Missing`], I/O and SQL errors.
pub fn make_openable(dir: &Path, options: &StoreOptions, damage: &Damage) -> Result<()> {
    let _lock = DirLock::open(dir)?;
    let disk = Disk::new(options.files.clone());
    let path = dir.join("log.db");
    let mut db = Db::open(&path, SCHEMA, disk.poison.clone())?;
    if !damage.order.is_empty() {
        let at = sql("mend the order", &path);
        db.transact("mend the order", |tx| {
            let mut put = tx.prepare(PUT_ROW).map_err(&at)?;
            for (index, OrderRecord { name, extra }) in &damage.order {
                let row = (index.get() as i64, name.as_bytes(), extra.as_bytes());
                put.execute(row).map_err(&at)?;
            }
            Ok(())
        })?;
    }
    let rows = Rows { connection: db.connection(), path: db.path() };
    pave::records(&disk, &dir.join("segments"), &damage.records)?;
    pave::missing(&disk, &dir.join("segments"), &damage.segments)?;
    for run in 0..rows.number(RUNS)? {
        let path = dir.join("sealed").join(file_name(run));
        if disk.open_if_there(&path, Mode::Read)?.is_none() {
            disk.write_whole(&path, |_| Ok(()))?;
        }
    }
    let roots = dir.join("tile-roots");
    if damage.roots && disk.open_if_there(&roots, Mode::Read)?.is_some() {
        disk.remove(&roots)?;
        disk.sync_dir(dir)?;
    }
    Ok(())
}

impl Writer {
    /// Puts these certificates in the place of damaged or missing ones.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`], SQL errors.
    pub fn mend_issuers(&mut self, bad: &BTreeSet<Fingerprint>, certificates: &[Vec<u8>]) -> Result<()> {
        let at = sql("mend issuers", self.db.path());
        let sent: Vec<_> =
            certificates.iter().map(|der| (Fingerprint::new(ct::hash::sha256(&[der])), der)).collect();
        self.db.transact("mend issuers", |tx| {
            for (fingerprint, der) in sent.iter().filter(|(fingerprint, _)| bad.contains(fingerprint)) {
                let row = (fingerprint.as_bytes(), der.as_slice());
                tx.execute("INSERT OR REPLACE INTO issuers VALUES(?1, ?2)", row).map_err(&at)?;
            }
            Ok(())
        })
    }

    /// Puts these entries in the place of damaged copies; each must be the one that the order has there.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] names one that is another, or whose issuers are not held; [`StoreError::Poisoned`], I/O and SQL
    /// errors.
    pub fn mend_entries(&mut self, entries: &BTreeMap<LeafIndex, StoredEntry>) -> Result<()> {
        let sealed = self.shared.sealed.end();
        let mut runs: BTreeMap<u64, BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
        for (index, entry) in entries {
            let record = self.reader().record(*index)?;
            if entry.name() != record.name {
                return Err(StoreError::NotHeld { name: record.name });
            }
            // Before anything is written: the copy with another chain is another copy.
            let extra = self.shared.extra_hash_of(entry.precertificate(), entry.chain())?;
            if extra != Some(record.extra) {
                return Err(StoreError::NotHeld { name: record.name });
            }
            if index.get() >= sealed {
                self.put(std::slice::from_ref(entry), &[])?;
                self.mend(*index)?;
                continue;
            }
            let run = index.get() / self.shared.sealed.run();
            runs.entry(run).or_default().insert(index.get(), entry.encode()?);
        }
        self.drop_staged();
        runs.iter().try_for_each(|(run, entries)| self.mend_run(*run, entries))
    }

    /// Writes a sealed run anew: with these entries, and for the rest with what is whole in the old file.
    fn mend_run(&self, number: u64, entries: &BTreeMap<u64, Vec<u8>>) -> Result<()> {
        let sealed = &self.shared.sealed;
        let (path, run) = (sealed.path(number), sealed.run());
        let old = self.shared.disk.open(&path, Mode::Read).and_then(|handle| Run::open(handle, number, run));
        let per_block = old.as_ref().map_or(self.block, Run::per_block);
        self.shared.disk.write_whole(&path, |handle| {
            let mut out = RunWriter::begin(handle, number, run, per_block, self.zstd_level)?;
            let end = (number + 1) * run;
            for first in (number * run..end).step_by(per_block) {
                let block = old.as_ref().ok().and_then(|old| {
                    let block = old.block(old.place(first - number * run).0);
                    block.ok()
                });
                let whole: Result<Vec<Vec<u8>>> = (first..end.min(first + per_block as u64))
                    .map(|index| match entries.get(&index) {
                        Some(entry) => Ok(entry.clone()),
                        None => kept(&path, index, block.as_ref(), (index - first) as usize),
                    })
                    .collect();
                out.block(&whole?)?;
            }
            out.finish()
        })?;
        sealed.forget(number);
        Ok(())
    }

    /// Makes both indexes anew from the entries, in one step.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an entry is damaged: entries are mended first. [`StoreError::Poisoned`], SQL errors.
    pub fn mend_indexes(&mut self) -> Result<()> {
        let (shared, path) = (self.shared.clone(), self.db.path().to_owned());
        let at = sql("mend the indexes", &path);
        let len = shared.len();
        self.db.transact("mend the indexes", |tx| {
            tx.execute_batch("DELETE FROM name_index; DELETE FROM identity_index").map_err(&at)?;
            let rows = Rows { connection: tx, path: &path };
            for first in (0..len).step_by(BATCH as usize) {
                let (mut names, mut identities) = (Vec::new(), Vec::new());
                let mut batch = Vec::new();
                rows.each(first..len.min(first + BATCH), |index, row| {
                    batch.push((index, row));
                    Ok(())
                })?;
                for (index, row) in batch {
                    names.push((*row.record.name.as_bytes(), index));
                    if !is_archived(&shared.encoded(index, &row)?) {
                        identities.push((*shared.identity_at(index, &row)?.as_bytes(), index));
                    }
                }
                let name_at = |key: &[u8; 32], at| {
                    matches!(rows.get(at), Ok(Some(row)) if row.record.name.as_bytes() == key)
                };
                NAMES.insert(tx, &path, &names, name_at)?;
                let identity_at = |key: &[u8; 32], at| {
                    let row = rows.get(at).ok().flatten();
                    let found = row.and_then(|row| shared.identity_at(at, &row).ok());
                    found.is_some_and(|identity| identity.as_bytes() == key)
                };
                IDENTITIES.insert(tx, &path, &identities, identity_at)?;
            }
            Ok(())
        })
    }
}

/// An entry of a block that is whole.
fn kept(path: &Path, index: u64, block: Option<&Block>, place: usize) -> Result<Vec<u8>> {
    let found = block.and_then(|block| block.entry(place)).map(<[u8]>::to_vec);
    found.ok_or_else(|| StoreError::corrupt(path, 0, "block", format!("entry {index}"), "a damaged block"))
}
