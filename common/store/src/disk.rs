//! Files with their names at hand, and the memory of a failed write.

use crate::error::{Result, StoreError};
use crate::files::{File, Files, Mode};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first failed write or sync of a store, never cleared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Poison(Arc<AtomicBool>);

impl Poison {
    /// Refuses if something failed before.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        if self.0.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned { path: path.to_owned() });
        }
        Ok(())
    }

    /// Passes a result on, remembering a failure.
    pub(crate) fn watch<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.0.store(true, Ordering::Release);
        }
        result
    }
}

/// A file system, with errors that name the file.
#[derive(Clone)]
pub(crate) struct Disk {
    files: Arc<dyn Files>,
    pub poison: Poison,
}

impl Disk {
    pub(crate) fn new(files: Arc<dyn Files>) -> Self {
        Self { files, poison: Poison::default() }
    }

    pub(crate) fn open(&self, path: &Path, mode: Mode) -> Result<Handle> {
        let opened = self.files.open(path, mode).map_err(StoreError::io("open", path));
        let file = if mode == Mode::Create {
            self.poison.check(path)?;
            self.poison.watch(opened)?
        } else {
            opened?
        };
        Ok(Handle { file, path: path.into(), poison: self.poison.clone() })
    }

    /// The file, or `None` if there is none of that name.
    pub(crate) fn open_if_there(&self, path: &Path, mode: Mode) -> Result<Option<Handle>> {
        match self.open(path, mode) {
            Ok(handle) => Ok(Some(handle)),
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn change(
        &self,
        op: &'static str,
        path: &Path,
        done: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<()> {
        self.poison.check(path)?;
        self.poison.watch(done().map_err(StoreError::io(op, path)))
    }

    pub(crate) fn create_dir(&self, path: &Path) -> Result<()> {
        self.change("create directory", path, || self.files.create_dir(path))
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<()> {
        self.change("remove", path, || self.files.remove(path))
    }

    pub(crate) fn sync_dir(&self, path: &Path) -> Result<()> {
        self.change("sync directory", path, || self.files.sync_dir(path))
    }

    pub(crate) fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.files.list(dir).map_err(StoreError::io("list", dir))
    }

    /// Writes a whole file so that a crash leaves the old one, or none, or all of the new one.
    pub(crate) fn write_whole(&self, path: &Path, fill: impl FnOnce(&Handle) -> Result<()>) -> Result<()> {
        let mut temporary = PathBuf::from(path);
        temporary.as_mut_os_string().push(".tmp");
        let handle = self.open(&temporary, Mode::Create)?;
        fill(&handle)?;
        handle.sync()?;
        self.change("rename", path, || self.files.rename(&temporary, path))?;
        self.sync_dir(path.parent().unwrap_or(Path::new(".")))
    }
}

/// An open file and its name.
#[derive(Clone)]
pub(crate) struct Handle {
    file: Arc<dyn File>,
    path: Arc<Path>,
    poison: Poison,
}

impl Handle {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Up to `len` bytes from `offset`, fewer only where the file ends.
    pub(crate) fn read_up_to(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let count = self.file.read_at(&mut bytes, offset).map_err(StoreError::io("read", &self.path))?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Exactly `len` bytes from `offset`; a file that ends before is damaged.
    pub(crate) fn read(&self, offset: u64, len: usize, what: &'static str) -> Result<Vec<u8>> {
        let bytes = self.read_up_to(offset, len)?;
        if bytes.len() < len {
            let (expected, found) = (format!("{len} bytes"), format!("{} bytes", bytes.len()));
            return Err(StoreError::corrupt(&self.path, offset, what, expected, found));
        }
        Ok(bytes)
    }

    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.poison.check(&self.path)?;
        self.poison.watch(self.file.write_at(bytes, offset).map_err(StoreError::io("write", &self.path)))
    }

    pub(crate) fn sync(&self) -> Result<()> {
        self.poison.check(&self.path)?;
        self.poison.watch(self.file.sync().map_err(StoreError::io("sync", &self.path)))
    }

    pub(crate) fn truncate(&self, len: u64) -> Result<()> {
        self.poison.check(&self.path)?;
        self.poison.watch(self.file.truncate(len).map_err(StoreError::io("truncate", &self.path)))
    }

    pub(crate) fn size(&self) -> Result<u64> {
        self.file.size().map_err(StoreError::io("stat", &self.path))
    }
}
