//! Evidence on disk. It is written once: whole or not at all, durable, and never over another file.

use super::{Case, Evidence, EvidenceError, MAX_FILE};
use ct::hash::hex;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Names that are tried where the first is taken.
const TRIES: u32 = 1000;
/// Anybody may read it.
const MODE: u32 = 0o644;

/// Why evidence was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("cannot {act} {path}: {source}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not evidence, or cannot be made a file.
    #[error("{path}: {source}")]
    Evidence {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        source: EvidenceError,
    },
}

impl FileError {
    fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| FileError::Io { act, path, source }
    }

    fn evidence(path: &Path) -> impl FnOnce(EvidenceError) -> Self {
        let path = path.to_owned();
        move |source| FileError::Evidence { path, source }
    }
}

impl Evidence {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(FileError::io("open", path))?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
        Self::from_json(&bytes).map_err(FileError::evidence(path))
    }

    /// Writes a new file into `directory`, and answers its path. It is durable when this returns.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, FileError> {
        let text = self.to_json().map_err(FileError::evidence(directory))?;
        let mut file = tempfile::Builder::new()
            .prefix(".evidence-")
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(directory)
            .map_err(FileError::io("make a file in", directory))?;
        let written = file.write_all(&text).and_then(|()| file.as_file().sync_all());
        written.map_err(FileError::io("write", file.path()))?;
        for number in 1..=TRIES {
            let path = directory.join(self.file_name(number));
            match file.persist_noclobber(&path) {
                Ok(_) => {
                    let synced = File::open(directory).and_then(|directory| directory.sync_all());
                    return synced.map(|()| path).map_err(FileError::io("sync", directory));
                }
                Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => file = taken.file,
                Err(failed) => return Err(FileError::io("make", &path)(failed.error)),
            }
        }
        let error = io::Error::new(ErrorKind::AlreadyExists, "all names are taken");
        Err(FileError::io("make a file in", directory)(error))
    }

    /// `evidence-CASE-LOG-TIME.json`: what is seen at a glance in a directory.
    fn file_name(&self, number: u32) -> String {
        let case = match self.case {
            Case::TreeHeads(_) => "heads",
            Case::BrokenPromise(_) => "promise",
        };
        let log = hex(&self.log.log_id().as_bytes()[..8]);
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        format!("evidence-{case}-{log}-{}{again}.json", self.seen.millis())
    }
}
