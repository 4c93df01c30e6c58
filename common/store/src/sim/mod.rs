//! A file system in memory that loses what real disks lose. A test instrument: nothing else belongs on it.
//!
//! [`SimFiles`] keeps what is synced apart from what is not. [`SimFiles::crash`] throws away what was not synced, all
//! of it or a random part, tears writes, and ends every handle that was open. Faults are planted by number: the n-th
//! operation from now can fail, lose its data, keep them and fail all the same, or be the last before a crash.

mod disk;
mod fault;
mod inode;

pub use fault::{Crash, Failure, Op};
pub use inode::Random;

use inode::Inode;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Clone)]
enum DirChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, usize),
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    changes: Vec<DirChange>,
    generation: u64,
    stopped: bool,
    counted: BTreeMap<&'static str, u64>,
    planted: Vec<(Op, u64, Failure)>,
    read_bytes: u64,
    read_calls: u64,
}

/// A file system in memory; clones share it.
#[derive(Clone, Default)]
pub struct SimFiles {
    state: Arc<Mutex<State>>,
}

struct SimFile {
    files: SimFiles,
    inode: usize,
    generation: u64,
}

fn gone(why: &str) -> io::Error {
    io::Error::other(format!("simulated: {why}"))
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &DirChange) {
    match change {
        DirChange::Link(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        DirChange::Unlink(path) => {
            names.remove(path);
        }
        DirChange::Rename(from, to, inode) => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
    }
}

impl DirChange {
    fn dir(&self) -> Option<&Path> {
        match self {
            DirChange::Link(path, _) | DirChange::Unlink(path) | DirChange::Rename(_, path, _) => {
                path.parent()
            }
        }
    }
}

impl State {
    /// Counts an operation and says what is to happen to it.
    fn begin(&mut self, op: Op) -> io::Result<Option<Failure>> {
        if self.stopped {
            return Err(gone("the machine has stopped"));
        }
        let name = if op == Op::Write {
            "write"
        } else if op == Op::Sync {
            "sync"
        } else {
            "other"
        };
        *self.counted.entry(name).or_default() += 1;
        let mut due = None;
        self.planted.retain_mut(|(on, left, failure)| {
            if *on != Op::Any && *on != op {
                return true;
            }
            *left = left.saturating_sub(1);
            if *left == 0 {
                due = Some(*failure);
            }
            *left != 0
        });
        if matches!(due, Some(Failure::Stop | Failure::StopAfter)) {
            self.stopped = true;
        }
        match due {
            Some(Failure::Stop) => Err(gone("the machine stopped")),
            due => Ok(due),
        }
    }

    /// Runs `work` unless the fault says that it has no effect, and fails if the fault says so.
    fn run(&mut self, op: Op, work: impl FnOnce(&mut Self)) -> io::Result<()> {
        match self.begin(op)? {
            None => work(self),
            Some(Failure::StopAfter) => {
                work(self);
                return Err(gone("the machine stopped just after"));
            }
            Some(Failure::Persisted) => {
                work(self);
                return Err(gone("failed, and took effect"));
            }
            Some(Failure::NoSpace) => return Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(_) => return Err(gone("failed")),
        }
        Ok(())
    }

    fn change(&mut self, change: DirChange) {
        apply(&mut self.names, &change);
        self.changes.push(change);
    }

    fn sync_names(&mut self, dir: &Path) {
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.changes).into_iter().partition(|c| c.dir() == Some(dir));
        now.iter().for_each(|change| apply(&mut self.durable_names, change));
        self.changes = later;
    }
}

impl SimFiles {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plants a fault on the `n`-th operation `on` from now; 1 is the next.
    pub fn plant(&self, on: Op, n: u64, failure: Failure) {
        self.lock().planted.push((on, n, failure));
    }

    /// Whether a planted stop was reached.
    pub fn has_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Operations so far that change anything.
    pub fn changes(&self) -> u64 {
        self.lock().counted.values().sum()
    }

    /// Reads so far: calls and bytes.
    pub fn reads(&self) -> (u64, u64) {
        let state = self.lock();
        (state.read_calls, state.read_bytes)
    }

    /// Syncs of files so far.
    pub fn syncs(&self) -> u64 {
        self.lock().counted.get("sync").copied().unwrap_or(0)
    }

    /// Crashes: what was not synced goes as `how` says, planted faults are forgotten, open handles are dead.
    pub fn crash(&self, how: Crash) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.generation += 1;
        state.stopped = false;
        state.planted.clear();
        let mut random = match how {
            Crash::Process => return,
            Crash::LoseAll => None,
            Crash::Random(seed) => Some(Random::new(seed)),
        };
        let kept = random.as_mut().map_or(0, |r| r.below(state.changes.len() as u64 + 1));
        for change in std::mem::take(&mut state.changes).iter().take(kept as usize) {
            apply(&mut state.durable_names, change);
        }
        state.names = state.durable_names.clone();
        for inode in &mut state.inodes {
            inode.crash(random.as_mut());
        }
    }

    /// Flips one bit of a file, in what is durable and in what is not.
    pub fn flip(&self, path: &Path, offset: u64, bit: u8) {
        let mut state = self.lock();
        if let Some(inode) = state.names.get(path).copied() {
            state.inodes[inode].flip(offset, bit);
        }
    }

    /// The files there are, with their lengths.
    pub fn sizes(&self) -> Vec<(PathBuf, u64)> {
        let state = self.lock();
        state.names.iter().map(|(path, inode)| (path.clone(), state.inodes[*inode].len())).collect()
    }

    /// Overwrites a part of a file as if it had always been so.
    pub fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) {
        let mut state = self.lock();
        if let Some(inode) = state.names.get(path).copied() {
            state.inodes[inode].write(offset, bytes);
            state.inodes[inode].sync();
        }
    }
}
