//! The sealed part of a log: whole runs, each a file, below everything that may still be cut.

use super::run::{Block, Run};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::files::Mode;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A block, by its run and its place in the run.
type CachedBlock = ((u64, u64), Arc<Block>);

/// Runs that are sealed, and the blocks of them that were read last.
pub(super) struct Sealed {
    disk: Disk,
    dir: PathBuf,
    run: u64,
    runs: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Run>>>,
    /// Most recently used last.
    blocks: Mutex<Vec<CachedBlock>>,
    most_blocks: usize,
}

/// Name of the file of a run.
pub(super) fn file_name(run: u64) -> String {
    format!("{run:08}.run")
}

impl Sealed {
    pub(super) fn new(disk: &Disk, dir: &Path, run: u64, runs: u64, most_blocks: usize) -> Self {
        let (open, blocks) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
        Self {
            disk: disk.clone(),
            dir: dir.join("sealed"),
            run,
            runs: AtomicU64::new(runs),
            open,
            blocks,
            most_blocks,
        }
    }

    /// Entries that are sealed.
    pub(super) fn end(&self) -> u64 {
        self.runs.load(Ordering::Acquire) * self.run
    }

    pub(super) fn has(&self, index: u64) -> bool {
        index < self.end()
    }

    /// Entries in a run.
    pub(super) fn run(&self) -> u64 {
        self.run
    }

    pub(super) fn path(&self, run: u64) -> PathBuf {
        self.dir.join(file_name(run))
    }

    /// Makes runs below `runs` count.
    pub(super) fn publish(&self, runs: u64) {
        self.runs.store(runs, Ordering::Release);
    }

    pub(super) fn open_run(&self, number: u64) -> Result<Arc<Run>> {
        if let Some(run) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Ok(run.clone());
        }
        let path = self.path(number);
        let handle = self.disk.open_if_there(&path, Mode::Read)?;
        let missing = || StoreError::corrupt(&path, 0, "sealed run", "a file", "none");
        let run = Arc::new(Run::open(handle.ok_or_else(missing)?, number, self.run)?);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(number, run.clone());
        Ok(run)
    }

    fn block(&self, number: u64, block: u64) -> Result<Arc<Block>> {
        let key = (number, block);
        let mut cache = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = cache.iter().rposition(|(cached, _)| *cached == key) {
            let hit = cache.remove(at);
            let found = hit.1.clone();
            cache.push(hit);
            return Ok(found);
        }
        drop(cache);
        let found = Arc::new(self.open_run(number)?.block(block)?);
        let mut cache = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= self.most_blocks {
            cache.remove(0);
        }
        cache.push((key, found.clone()));
        Ok(found)
    }

    /// Forgets what is in memory of a run whose file was written anew.
    pub(super) fn forget(&self, run: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).retain(|((number, _), _)| *number != run);
    }

    fn not_in(&self, index: u64) -> StoreError {
        StoreError::corrupt(&self.path(index / self.run), 0, "block", format!("entry {index}"), "none")
    }

    /// The encoded entry at a sealed index.
    pub(super) fn entry(&self, index: u64) -> Result<Vec<u8>> {
        let mut found = None;
        self.each(index, index + 1, |_, bytes| {
            found = Some(bytes.to_vec());
            Ok(())
        })?;
        found.ok_or_else(|| self.not_in(index))
    }

    /// The encoded entry at a sealed index, read from the file whatever is in memory.
    pub(super) fn entry_from_file(&self, index: u64) -> Result<Vec<u8>> {
        let run = self.open_run(index / self.run)?;
        let (block, place) = run.place(index % self.run);
        let block = run.block(block)?;
        block.entry(place).map(<[u8]>::to_vec).ok_or_else(|| self.not_in(index))
    }

    /// Hands the encoded entries of sealed indexes `from..to` to `each`.
    pub(super) fn each(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut current: Option<CachedBlock> = None;
        for index in from..to {
            let number = index / self.run;
            let (block, place) = self.open_run(number)?.place(index % self.run);
            let found = match &current {
                Some((key, found)) if *key == (number, block) => found.clone(),
                _ => self.block(number, block)?,
            };
            each(index, found.entry(place).ok_or_else(|| self.not_in(index))?)?;
            current = Some(((number, block), found));
        }
        Ok(())
    }
}
