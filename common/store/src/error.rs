//! What can go wrong on disk.

use ct::hash::{Fingerprint, LeafHash, Name};
use std::path::{Path, PathBuf};

/// What every operation of this crate returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {op} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot {op} in {}: {source}", .path.display())]
    Sql {
        /// What was tried.
        op: &'static str,
        /// The database.
        path: PathBuf,
        /// The answer.
        source: rusqlite::Error,
    },
    /// An earlier write or sync failed; what is on disk is known only after opening it anew.
    #[error("{}: an earlier write or sync failed, no more is written until the store is opened anew", .path.display())]
    Poisoned {
        /// What was to be written.
        path: PathBuf,
    },
    /// Bytes that were durable are not what they were.
    #[error("{} is damaged at offset {offset}: {what}: expected {expected}, found {found}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the damaged part begins, in bytes; a row number in a database.
        offset: u64,
        /// Which part it is.
        what: &'static str,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file of a format version that this program does not know.
    #[error("{}: {format} version {found} is unknown, this program reads version {supported}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// Its version.
        found: u64,
        /// The version known here.
        supported: u64,
    },
    /// A state directory without state: it must be made by `init`, deliberately.
    #[error("there is no state in {}: it is made by init, never by run", .dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// State is there already, and creating never replaces it.
    #[error("there is state in {} already", .dir.display())]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process has the directory open.
    #[error("{} is in use by another process", .dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// An index, size or position that the store does not have.
    #[error("{what} {asked} is not within {begin}..{end}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What was asked for.
        asked: u64,
        /// The least there is.
        begin: u64,
        /// One past the greatest there is.
        end: u64,
    },
    /// A record that is not durable yet is asked for.
    #[error("{} has no durable record at offset {offset}", .path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The offset.
        offset: u64,
    },
    /// No entry of this name (and, in a commit, of this extra data) is held.
    #[error("entry {name} is not held")]
    NotHeld {
        /// The name.
        name: Name,
    },
    /// An entry names an issuer that the store does not have.
    #[error("issuer {fingerprint} of entry {name} is not held")]
    UnknownIssuer {
        /// The entry.
        name: Name,
        /// The issuer.
        fingerprint: Fingerprint,
    },
    /// A leaf hash that the entry does not have in a log of this kind.
    #[error("entry {name} at index {index} cannot have leaf hash {leaf_hash}")]
    LeafHash {
        /// The entry.
        name: Name,
        /// Its place.
        index: u64,
        /// The hash that was given.
        leaf_hash: LeafHash,
    },
    /// A commit would cut what was sealed, and so published.
    #[error("cannot cut at {base}: everything below {sealed} is published and sealed")]
    CutsSealed {
        /// Where to cut.
        base: u64,
        /// The end of the sealed part.
        sealed: u64,
    },
    /// An entry does not encode or decode.
    #[error(transparent)]
    Entry(#[from] ct::entry::EntryError),
    /// An entry of a read-only log does not decode.
    #[error(transparent)]
    Archived(#[from] ct::archive::ArchiveError),
    /// A part of an entry is too long to encode.
    #[error(transparent)]
    TooLong(#[from] ct::tls::TooLong),
    /// A proof that no tree can have.
    #[error(transparent)]
    Impossible(#[from] ct::merkle::plan::Impossible),
}

impl StoreError {
    pub(crate) fn io(op: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| StoreError::Io { op, path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(
        path: &Path,
        offset: u64,
        what: &'static str,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        StoreError::Corrupt { path: path.to_owned(), offset, what, expected, found }
    }

    /// Whether durable bytes turned out damaged or gone: what a person must repair from a peer.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Corrupt { .. } | StoreError::Version { .. })
    }
}
