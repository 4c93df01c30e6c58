//! What is kept beside the entries of a read-only log: four rows of state.

use super::ReadOnlyError;
use crate::internal::{CERTIFICATE, PUBLISHED, read, row};
use ct::hash::{Base64, LogId};
use ct::key::LogKey;
use ct::sth::{Sth, VerifiedSth};
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::log::Reader;

/// That this is the copy of a read-only log, and of which.
const COPY: &str = "read_only";
/// The STH that is being imported.
const TARGET: &str = "target";
/// The accepted roots that the log had, base64.
const ROOTS: &str = "roots";

/// A state row to be committed.
pub(super) type Row = (String, Option<String>);

#[derive(Debug, Serialize, Deserialize)]
struct CopyOf {
    log_id: LogId,
}

/// Whose state a directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// This read-only log's.
    Ours,
    /// Nobody's yet: it was being made.
    Nobodys,
}

/// Whose state this is; that of another log is an error.
pub(super) fn whose(reader: &Reader, dir: &Path, key: &LogKey) -> Result<Whose, ReadOnlyError> {
    let expected = key.log_id();
    match read::<CopyOf>(reader, dir, COPY)? {
        Some(CopyOf { log_id }) if log_id == expected => Ok(Whose::Ours),
        Some(CopyOf { log_id: found }) => {
            Err(ReadOnlyError::OtherLog { dir: dir.to_owned(), found, expected })
        }
        None if reader.state(CERTIFICATE)?.is_some() => Err(ReadOnlyError::Live(dir.to_owned())),
        None => Ok(Whose::Nobodys),
    }
}

/// That this is the copy of a log.
pub(super) fn copy_of(key: &LogKey) -> Result<Row, serde_json::Error> {
    row(COPY, &CopyOf { log_id: key.log_id() })
}

/// That this STH is being imported.
pub(super) fn target(sth: &VerifiedSth) -> Result<Row, serde_json::Error> {
    row(TARGET, sth.sth())
}

/// That this STH is shown.
pub(super) fn shown(sth: &VerifiedSth) -> Result<Row, serde_json::Error> {
    row(PUBLISHED, sth.sth())
}

/// The accepted roots.
pub(super) fn roots(roots: &[Vec<u8>]) -> Result<Row, serde_json::Error> {
    row(ROOTS, &roots.iter().cloned().map(Base64).collect::<Vec<_>>())
}

/// The STH that is being imported.
pub(super) fn read_target(
    reader: &Reader,
    dir: &Path,
    key: &LogKey,
) -> Result<Option<VerifiedSth>, ReadOnlyError> {
    verified(reader, dir, key, TARGET)
}

/// The STH that is shown.
pub(super) fn read_shown(
    reader: &Reader,
    dir: &Path,
    key: &LogKey,
) -> Result<Option<VerifiedSth>, ReadOnlyError> {
    verified(reader, dir, key, PUBLISHED)
}

fn verified(
    reader: &Reader,
    dir: &Path,
    key: &LogKey,
    row: &'static str,
) -> Result<Option<VerifiedSth>, ReadOnlyError> {
    let sth = read::<Sth>(reader, dir, row)?.map(|sth| key.verify_sth(sth)).transpose();
    sth.map_err(|error| ReadOnlyError::Sth { dir: dir.to_owned(), row, error })
}

/// The accepted roots; none if none were saved.
pub(super) fn read_roots(reader: &Reader, dir: &Path) -> Result<Vec<Vec<u8>>, ReadOnlyError> {
    let roots = read::<Vec<Base64>>(reader, dir, ROOTS)?.unwrap_or_default();
    Ok(roots.into_iter().map(|der| der.0).collect())
}
