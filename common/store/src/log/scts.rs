//! SCTs that came after their entries: rows of their own, until the entry is sealed with them.

use super::raw;
use super::shared::undecodable;
use crate::db::sql;
use crate::error::Result;
use ct::entry::StoredEntry;
use ct::sct::DigitallySigned;
use rusqlite::{Connection, Transaction};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// Encoded late SCTs of a range of indexes.
pub(super) fn range(
    connection: &Connection,
    path: &Path,
    range: Range<u64>,
) -> Result<BTreeMap<u64, Vec<u8>>> {
    let at = sql("read SCTs", path);
    let mut statement = connection
        .prepare_cached("SELECT idx, sct FROM late_scts WHERE idx >= ?1 AND idx < ?2")
        .map_err(&at)?;
    let rows = statement
        .query_map((range.start as i64, range.end as i64), |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
        })
        .map_err(&at)?;
    rows.collect::<rusqlite::Result<_>>().map_err(at)
}

/// Keeps a late SCT within a transaction; one that is there stays.
pub(super) fn insert(tx: &Transaction<'_>, index: u64, sct: &DigitallySigned) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO late_scts VALUES(?1, ?2)")?
        .execute((index as i64, sct.encode()))
        .map(drop)
}

/// The encoded entry with this SCT, unless it has one.
pub(super) fn attach(encoded: Vec<u8>, sct: &[u8]) -> Result<Vec<u8>> {
    if !raw::parts(&encoded).map_err(undecodable)?.sct.is_empty() {
        return Ok(encoded);
    }
    let sct = DigitallySigned::decode(sct).map_err(undecodable)?;
    Ok(StoredEntry::decode(&encoded)?.with_sct(sct).encode()?)
}
