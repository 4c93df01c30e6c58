//! One `up` for a directory.

use crate::failure::Failure;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

const LOCK_FILE: &str = "up.lock";
const PRIVATE: u32 = 0o700;

/// Held as long as this lives. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the directory if it is not there, and locks it.
    pub fn take(dir: &Path) -> Result<Self, Failure> {
        let shown = dir.display();
        let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(dir);
        made.map_err(Failure::io(format_args!("make {shown}")))?;
        let path = dir.join(LOCK_FILE);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(Failure::io(format_args!("make {shown}/{LOCK_FILE}")))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::Usage(format!("{shown}: another `wolffish up` is running here")))
            }
            Err(TryLockError::Error(error)) => Err(Failure::Io(format!("cannot lock {shown}: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_while_the_first_lives() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("a/b");
        let first = Lock::take(&dir).unwrap();
        assert!(matches!(Lock::take(&dir), Err(Failure::Usage(_))));
        drop(first);
        assert!(Lock::take(&dir).is_ok());
    }
}
