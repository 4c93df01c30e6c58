//! The few things that this crate asks of a file system, so that tests can put another one in its place.

mod real;

pub use real::RealFiles;

use std::io;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An existing file, only read.
    Read,
    /// An existing file, read and written.
    Write,
    /// A file that is made anew, empty; what had the name before is replaced.
    Create,
}

/// An open file. Offsets and lengths are in bytes; every method may be called from several threads at once.
pub trait File: Send + Sync {
    /// Reads from `offset` until `buffer` is full or the file ends; returns how much was read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`, extending the file as needed. Durable only after [`File::sync`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes every byte written so far durable (fdatasync). Not to be retried after an error: the kernel may have
    /// dropped the very pages that it could not write.
    fn sync(&self) -> io::Result<()>;
    /// Cuts (or extends with zeros) to `len`.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// Current length.
    fn size(&self) -> io::Result<u64>;
}

/// A file system.
pub trait Files: Send + Sync {
    /// Opens a file. A created name is durable only after [`Files::sync_dir`] of its directory.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>>;
    /// Makes a directory and those above it; no error if it is there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Renames a file, replacing `to`. Durable after [`Files::sync_dir`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Durable after [`Files::sync_dir`].
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Names of the files in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}
