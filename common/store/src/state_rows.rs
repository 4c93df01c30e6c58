//! The table of keys and JSON texts. SQLite does not check what it reads, so each row has a checksum of its own.

use crate::crc::crc;
use crate::db::sql;
use crate::error::{Result, StoreError};
use crate::finding::{Finding, Findings};
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::path::Path;

fn sum(key: &str, value: &str) -> u32 {
    crc(&[key.as_bytes(), &[0], value.as_bytes()])
}

fn checked(path: &Path, key: &str, value: String, found: u32) -> Result<String> {
    let expected = sum(key, &value);
    if expected == found {
        return Ok(value);
    }
    Err(StoreError::corrupt(path, 0, "state row", format!("{key:?} with checksum {expected}"), found))
}

/// The text kept under `key`.
pub(crate) fn get(connection: &Connection, path: &Path, key: &str) -> Result<Option<String>> {
    let row: Option<(String, u32)> = connection
        .prepare_cached("SELECT value, crc FROM state WHERE key = ?1")
        .and_then(|mut statement| statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(sql("read state", path))?;
    row.map(|(value, crc)| checked(path, key, value, crc)).transpose()
}

/// Every key that begins with `prefix`, with its text, in the order of the keys.
pub(crate) fn with_prefix(
    connection: &Connection,
    path: &Path,
    prefix: &str,
) -> Result<Vec<(String, String)>> {
    let at = sql("read state", path);
    let mut statement = connection
        .prepare_cached(
            "SELECT key, value, crc FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
        )
        .map_err(&at)?;
    let rows = statement
        .query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<(String, String, u32)>>>)
        .map_err(&at)?;
    rows.into_iter()
        .map(|(key, value, crc)| checked(path, &key, value, crc).map(|value| (key, value)))
        .collect()
}

/// Checks every row.
pub(crate) fn check(connection: &Connection, path: &Path, findings: &mut Findings) -> Result<()> {
    let at = sql("read state", path);
    let mut statement = connection.prepare_cached("SELECT key, value, crc FROM state").map_err(&at)?;
    let mut rows = statement.query([]).map_err(&at)?;
    while let Some(row) = rows.next().map_err(&at)? {
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(String, String, u32)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        let (key, found) = match read(row) {
            Ok((key, value, crc)) if sum(&key, &value) == crc => continue,
            Ok((key, value, crc)) => (key.clone(), (sum(&key, &value).to_string(), crc.to_string())),
            Err(error) => ("?".to_owned(), ("a readable row".to_owned(), error.to_string())),
        };
        findings.add(Finding::row(path, ("state", key), "checksum", found.0, found.1));
    }
    Ok(())
}

/// Sets (`Some`) and removes (`None`) keys within a transaction.
pub(crate) fn put<'a>(
    tx: &Transaction<'_>,
    changes: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> rusqlite::Result<()> {
    let mut set = tx.prepare_cached(
        "INSERT INTO state VALUES(?1, ?2, ?3) \
         ON CONFLICT(key) DO UPDATE SET value = excluded.value, crc = excluded.crc",
    )?;
    let mut unset = tx.prepare_cached("DELETE FROM state WHERE key = ?1")?;
    for (key, value) in changes {
        match value {
            Some(value) => set.execute((key, value, sum(key, value)))?,
            None => unset.execute([key])?,
        };
    }
    Ok(())
}
