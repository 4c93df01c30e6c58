//! Why a read-only log is not served, or not imported.

use crate::internal::RowsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{LogId, RootHash};
use ct::index::{LeafIndex, TreeSize};
use node::exit::Exit;
use std::path::PathBuf;
use store::StoreError;

/// Why a read-only log is not served, or not imported.
#[derive(Debug, thiserror::Error)]
pub enum ReadOnlyError {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// State that is not what was written.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A row has no JSON form.
    #[error("state cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The state is that of another log.
    #[error(
        "{}: the state of the log {}; expected that of {}",
        dir.display(), STANDARD.encode(found), STANDARD.encode(expected)
    )]
    OtherLog {
        /// Where.
        dir: PathBuf,
        /// Whose it is.
        found: LogId,
        /// Whose it should be.
        expected: LogId,
    },
    /// The state is that of a log that takes submissions.
    #[error("{}: the state of a log that takes submissions, not of a read-only one", .0.display())]
    Live(PathBuf),
    /// Nothing was imported to its end yet.
    #[error(
        "{}: the import of this read-only log is not finished ({held} of {} entries): \
         run the same `wolffish import` again, it goes on from there",
        dir.display(), of.map_or("?".to_owned(), |of| of.to_string())
    )]
    Unfinished {
        /// Where.
        dir: PathBuf,
        /// Entries on disk.
        held: TreeSize,
        /// Entries that there should be, once that was known.
        of: Option<TreeSize>,
    },
    /// An STH in the state does not verify under the log's key.
    #[error("{}: state row {row:?}: {error}", dir.display())]
    Sth {
        /// Where.
        dir: PathBuf,
        /// Which row.
        row: &'static str,
        /// What is wrong.
        error: ct::key::BadSignature,
    },
    /// The tree on disk is not that of an STH.
    #[error("the {size} entries on disk lead to the root {computed}; the signed tree head has {signed}")]
    Root {
        /// The size of both.
        size: TreeSize,
        /// What the entries lead to.
        computed: RootHash,
        /// What the log signed.
        signed: RootHash,
    },
    /// An entry was read back, and is not the one that was written.
    #[error("entry {index} was read back from disk, and is not what was written there")]
    NotReadBack {
        /// Which.
        index: LeafIndex,
    },
    /// Entries that do not follow on those that are held: a mistake of the caller.
    #[error("entries from {first} on, {held} are held")]
    Gap {
        /// Where they begin.
        first: TreeSize,
        /// How many are held.
        held: TreeSize,
    },
    /// What is shown or compressed already would be cut: a mistake of the caller.
    #[error("cannot cut at {to}: the first {fixed} entries are served, or compressed")]
    Fixed {
        /// Where to cut.
        to: TreeSize,
        /// What stays.
        fixed: TreeSize,
    },
}

impl ReadOnlyError {
    /// How a process ends for it.
    pub const fn exit(&self) -> Exit {
        match self {
            ReadOnlyError::OtherLog { .. }
            | ReadOnlyError::Live(_)
            | ReadOnlyError::Unfinished { .. }
            | ReadOnlyError::Store(StoreError::Missing { .. } | StoreError::Locked { .. }) => {
                Exit::Configuration
            }
            ReadOnlyError::Store(_) | ReadOnlyError::Rows(_) => Exit::Io,
            ReadOnlyError::Json(_)
            | ReadOnlyError::Sth { .. }
            | ReadOnlyError::Root { .. }
            | ReadOnlyError::NotReadBack { .. }
            | ReadOnlyError::Gap { .. }
            | ReadOnlyError::Fixed { .. } => Exit::Internal,
        }
    }
}
