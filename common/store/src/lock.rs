//! One process, one state directory.

use crate::error::{Result, StoreError};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::path::Path;

/// Holds the lock of a state directory until it is dropped. The kernel gives it back when the process dies.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Makes the directory, durably, and takes its lock.
    pub(crate) fn make(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(StoreError::io("create directory", dir))?;
        for made in dir.ancestors().skip(1).take(2).filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(made)
                .and_then(|dir| dir.sync_all())
                .map_err(StoreError::io("sync directory", made))?;
        }
        Self::take(dir)
    }

    /// Takes the lock of a directory that is there.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        if dir.is_dir() { Self::take(dir) } else { Err(StoreError::Missing { dir: dir.to_owned() }) }
    }

    fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { dir: dir.to_owned() }),
            Err(errno) => Err(StoreError::io("lock", &path)(errno.into())),
        }
    }
}
