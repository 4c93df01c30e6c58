//! Small files that matter: private keys, and state that must survive a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Readable by its owner only.
const PRIVATE: u32 = 0o600;

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("cannot {act} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// Others than its owner can read a secret, or write it.
    #[error("{} has mode {mode:04o}: others than its owner could use it; make it 0600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Larger than any such file should be.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit: u64,
    },
}

impl FileError {
    fn at(act: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| FileError::Io { act, path: path.clone(), reason }
    }
}

/// Writes a new file that only its owner can read. One that exists is left alone and is an error: a key is made once.
/// It is durable when this returns.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(path)
        .map_err(FileError::at("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(FileError::at("write", path))?;
    sync_directory(path)
}

/// Replaces a file as a whole: after a crash it holds the old bytes or the new ones, and the new ones once this has
/// returned. Only its owner can read it. One writer at a time.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    // What an earlier crash left under that name is nobody's.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::at("remove", &fresh)(error));
        }
        _ => {}
    }
    write_private(&fresh, bytes)?;
    fs::rename(&fresh, path).map_err(FileError::at("replace", path))?;
    sync_directory(path)
}

/// Reads a file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(FileError::at("open", path))?;
    read_open(&file, path, limit)
}

/// Reads a secret of at most `limit` bytes; one that others than its owner could use is refused.
pub fn read_private(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(FileError::at("open", path))?;
    // The mode is that of the file that was opened, whatever the path names by now.
    let mode = file.metadata().map_err(FileError::at("look at", path))?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Exposed { path: path.to_owned(), mode });
    }
    read_open(&file, path, limit)
}

fn read_open(file: &File, path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(FileError::at("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Makes a new name in a directory durable.
fn sync_directory(path: &Path) -> Result<(), FileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(FileError::at("sync", directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_made_once_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        write_private(&path, b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_private(&path, 10).unwrap(), b"secret");
        let again = write_private(&path, b"other").unwrap_err();
        assert!(matches!(again, FileError::Io { act: "create", .. }), "{again}");
        assert!(matches!(read_private(&path, 5), Err(FileError::TooLarge { limit: 5, .. })));
    }

    #[test]
    fn refuses_a_secret_that_others_can_read_and_says_which() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        write_private(&path, b"secret").unwrap();
        for (mode, private) in [(0o400, true), (0o600, true), (0o640, false), (0o644, false), (0o602, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match read_private(&path, 10) {
                Ok(_) => assert!(private, "{mode:o}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !private && text.contains(&format!("{mode:04o}")) && text.contains("key.pem"),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn replaces_a_file_even_after_a_crash_in_the_middle() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        replace(&path, b"one").unwrap();
        fs::write(directory.path().join("state.new"), b"half").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read_file(&path, 10).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
