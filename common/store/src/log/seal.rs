//! Sealing: published runs of entries move from raw segments into one compressed file each.

use super::rows::{self, RUNS};
use super::run::RunWriter;
use super::scts;
use super::shared::Shared;
use super::writer::Writer;
use crate::db::sql;
use crate::error::Result;
use ct::index::TreeSize;
use std::sync::Arc;

/// A run to be compressed. It borrows nothing: hand it to another thread.
pub struct SealJob {
    shared: Arc<Shared>,
    number: u64,
    block: usize,
    zstd_level: i32,
    more: bool,
}

/// A run whose file is durable, to be given back to [`Writer::finish_seal`].
#[derive(Debug)]
pub struct SealedRun {
    number: u64,
    /// Indexes whose late SCTs went into the file.
    with_sct: Vec<u64>,
    more: bool,
}

impl Writer {
    /// The next run of entries that is wholly below `published`, the size of an STH that is never cut, if there is one.
    pub fn seal_job(&self, published: TreeSize) -> Option<SealJob> {
        let sealed = &self.shared.sealed;
        let published = published.get().min(self.shared.len());
        let end = sealed.end() + sealed.run();
        (end <= published).then(|| SealJob {
            shared: self.shared.clone(),
            number: sealed.end() / sealed.run(),
            block: self.block,
            zstd_level: self.zstd_level,
            more: end + sealed.run() <= published,
        })
    }

    /// Makes a sealed run count, and drops raw segments that no unsealed or staged entry needs.
    ///
    /// # Errors
    /// [`crate::StoreError::Poisoned`], I/O and SQL errors.
    pub fn finish_seal(&mut self, run: SealedRun) -> Result<()> {
        if run.number != self.shared.sealed.end() / self.shared.sealed.run() {
            // Sealed already: the same job was run twice.
            return Ok(());
        }
        let at = sql("count sealed runs", self.db.path());
        self.db.transact("count sealed runs", |tx| {
            for index in &run.with_sct {
                tx.execute("DELETE FROM late_scts WHERE idx = ?1", [*index as i64]).map_err(&at)?;
            }
            rows::set_number(tx, RUNS, run.number + 1).map_err(&at)
        })?;
        self.shared.sealed.publish(run.number + 1);
        if run.more { Ok(()) } else { self.drop_segments() }
    }

    /// Seals the next run here and now. Returns whether there was one.
    ///
    /// # Errors
    /// As [`SealJob::run`] and [`Writer::finish_seal`].
    pub fn seal_step(&mut self, published: TreeSize) -> Result<bool> {
        let Some(job) = self.seal_job(published) else { return Ok(false) };
        let run = job.run()?;
        self.finish_seal(run)?;
        Ok(true)
    }

    /// Entries that are sealed.
    pub fn sealed(&self) -> TreeSize {
        TreeSize::ZERO.plus(self.shared.sealed.end())
    }

    fn drop_segments(&mut self) -> Result<()> {
        let numbers = self.segments.numbers();
        let lowest: Option<i64> = self
            .db
            .connection()
            .query_row(
                "SELECT min(loc >> 32) FROM orders WHERE idx >= ?1",
                [self.shared.sealed.end() as i64],
                |row| row.get(0),
            )
            .map_err(sql("look for live segments", self.db.path()))?;
        let staged = self.shared.staged().lowest_segment();
        let live = lowest.map(|segment| segment as u32).into_iter().chain(staged).min();
        let end = live.unwrap_or(u32::MAX).min(numbers.end - 1);
        let dead: Vec<u32> = (numbers.start..end).collect();
        self.segments.remove(&dead)
    }
}

impl SealJob {
    /// The entries of the run.
    pub fn entries(&self) -> std::ops::Range<u64> {
        let run = self.shared.sealed.run();
        self.number * run..(self.number + 1) * run
    }

    /// Compresses the run and writes its file, durably.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] if an entry is damaged, I/O and SQL errors.
    pub fn run(self) -> Result<SealedRun> {
        let mut with_sct = Vec::new();
        let entries = self.entries();
        let path = self.shared.sealed.path(self.number);
        self.shared.disk.write_whole(&path, |handle| {
            let count = entries.end - entries.start;
            let mut out = RunWriter::begin(handle, self.number, count, self.block, self.zstd_level)?;
            for first in entries.clone().step_by(self.block) {
                let end = entries.end.min(first + self.block as u64);
                out.block(&self.encoded(first, end, &mut with_sct)?)?;
            }
            out.finish()
        })?;
        Ok(SealedRun { number: self.number, with_sct, more: self.more })
    }

    fn encoded(&self, from: u64, end: u64, with_sct: &mut Vec<u64>) -> Result<Vec<Vec<u8>>> {
        let (rows, late) = self
            .shared
            .rows(|rows| Ok((rows.range(from..end)?, scts::range(rows.connection, rows.path, from..end)?)))?;
        let places: Vec<_> = rows.iter().map(|row| row.at).collect();
        let mut entries = vec![Vec::new(); places.len()];
        self.shared.segments.read_many(&places, |i, bytes| {
            entries[i] = bytes.to_vec();
            Ok(())
        })?;
        for (index, sct) in late {
            let entry = &mut entries[(index - from) as usize];
            *entry = scts::attach(std::mem::take(entry), &sct)?;
            with_sct.push(index);
        }
        Ok(entries)
    }
}
