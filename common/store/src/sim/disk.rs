//! The file system's side of the simulation: what each operation does, with and without a fault.

use super::{DirChange, Failure, Op, SimFile, SimFiles, State, gone};
use crate::files::{File, Files, Mode};
use crate::sim::inode::Inode;
use std::io;
use std::path::Path;
use std::sync::Arc;

impl SimFile {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.files.lock();
        if state.generation != self.generation {
            return Err(gone("the handle is from before a crash"));
        }
        work(&mut state)
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state| {
            let count = state.inodes[self.inode].read(offset, buffer);
            state.read_calls += 1;
            state.read_bytes += count as u64;
            Ok(count)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.with(|state| match state.begin(Op::Write)? {
            None => {
                state.inodes[self.inode].write(offset, bytes);
                Ok(())
            }
            Some(Failure::NoSpace) => {
                state.inodes[self.inode].write(offset, &bytes[..bytes.len() / 2]);
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some(Failure::Persisted | Failure::StopAfter) => {
                state.inodes[self.inode].write(offset, bytes);
                Err(gone("the write failed, and took effect"))
            }
            Some(_) => Err(gone("the write failed")),
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state| match state.begin(Op::Sync)? {
            None => {
                state.inodes[self.inode].sync();
                Ok(())
            }
            Some(Failure::Persisted | Failure::StopAfter) => {
                state.inodes[self.inode].sync();
                Err(gone("the sync failed, and took effect"))
            }
            Some(_) => {
                state.inodes[self.inode].forget();
                Err(gone("the sync failed"))
            }
        })
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.with(|state| state.run(Op::Any, |state| state.inodes[self.inode].truncate(len)))
    }

    fn size(&self) -> io::Result<u64> {
        self.with(|state| Ok(state.inodes[self.inode].len()))
    }
}

impl Files for SimFiles {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if mode == Mode::Create {
            state.run(Op::Any, |state| {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.change(DirChange::Link(path.to_owned(), inode));
            })?;
        }
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let generation = state.generation;
        drop(guard);
        Ok(Arc::new(SimFile { files: self.clone(), inode, generation }))
    }

    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.run(Op::Any, |state| state.change(DirChange::Rename(from.to_owned(), to.to_owned(), inode)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        state.run(Op::Any, |state| state.change(DirChange::Unlink(path.to_owned())))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.lock();
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()).map(|n| n.to_string_lossy().into_owned()).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.lock().run(Op::Any, |state| state.sync_names(dir))
    }
}
