//! From a hash to the lowest index that has it: rows of a slot (the first 8 bytes of the hash) and an index.
//!
//! Hashes that share their first 8 bytes take the next free slot. Slots are filled in the order of the indexes, and
//! only ever emptied from the greatest index down, so whatever stood between a hash and its slot when it was put there
//! still does: a lookup may end at the first empty slot. A row alone proves nothing: who asks, compares the hash.

use crate::db::sql;
use crate::error::Result;
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::path::Path;

/// One of the two indexes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index {
    insert: &'static str,
    select: &'static str,
    delete: &'static str,
    sweep: &'static str,
}

/// Name → index.
pub(super) const NAMES: Index = Index {
    insert: "INSERT OR IGNORE INTO name_index VALUES(?1, ?2)",
    select: "SELECT idx FROM name_index WHERE slot = ?1",
    delete: "DELETE FROM name_index WHERE slot = ?1",
    sweep: "DELETE FROM name_index WHERE idx >= ?1",
};

/// Identity → index.
pub(super) const IDENTITIES: Index = Index {
    insert: "INSERT OR IGNORE INTO identity_index VALUES(?1, ?2)",
    select: "SELECT idx FROM identity_index WHERE slot = ?1",
    delete: "DELETE FROM identity_index WHERE slot = ?1",
    sweep: "DELETE FROM identity_index WHERE idx >= ?1",
};

/// The slot in which `key` belongs.
pub(super) fn home(key: &[u8; 32]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&key[..8]);
    i64::from_be_bytes(first)
}

/// Whether two different homes in a sorted batch are closer than any chain of taken slots is long.
fn crowded(sorted: &[&([u8; 32], u64)]) -> bool {
    const FAR: u64 = 1 << 32;
    let near = |left: i64, right: i64| left != right && (right.wrapping_sub(left) as u64) < FAR;
    let around = sorted.first().zip(sorted.last());
    sorted.windows(2).any(|pair| near(home(&pair[0].0), home(&pair[1].0)))
        || around.is_some_and(|(first, last)| near(home(&last.0), home(&first.0)))
}

impl Index {
    fn at(self, connection: &Connection, slot: i64) -> rusqlite::Result<Option<u64>> {
        connection
            .prepare_cached(self.select)?
            .query_row([slot], |row| row.get::<_, i64>(0))
            .optional()
            .map(|index| index.map(|index| index as u64))
    }

    /// The index in the first slot, from the home of `key` on, that `is_it` accepts.
    pub(super) fn find(
        self,
        connection: &Connection,
        path: &Path,
        key: &[u8; 32],
        mut is_it: impl FnMut(u64) -> Result<bool>,
    ) -> Result<Option<u64>> {
        let mut slot = home(key);
        while let Some(index) = self.at(connection, slot).map_err(sql("read an index", path))? {
            if is_it(index)? {
                return Ok(Some(index));
            }
            slot = slot.wrapping_add(1);
        }
        Ok(None)
    }

    /// Adds keys with rising indexes, each unless a slot has it already: `has_it` says whether the entry at an index
    /// has a key. The index that stays is the lowest.
    ///
    /// Rows go in by slot, which costs a B-tree a quarter less, unless two slots are so close that they could get into
    /// each other's way: then by index.
    pub(super) fn insert(
        self,
        tx: &Transaction<'_>,
        path: &Path,
        keys: &[([u8; 32], u64)],
        mut has_it: impl FnMut(&[u8; 32], u64) -> bool,
    ) -> Result<()> {
        let mut sorted: Vec<_> = keys.iter().collect();
        sorted.sort_by_key(|(key, index)| (home(key), *index));
        if crowded(&sorted) {
            sorted = keys.iter().collect();
        }
        for (key, index) in sorted {
            self.insert_one(tx, path, key, *index, |at| has_it(key, at))?;
        }
        Ok(())
    }

    fn insert_one(
        self,
        tx: &Transaction<'_>,
        path: &Path,
        key: &[u8; 32],
        index: u64,
        mut has_it: impl FnMut(u64) -> bool,
    ) -> Result<()> {
        let at = sql("write an index", path);
        let mut insert = tx.prepare_cached(self.insert).map_err(&at)?;
        let mut slot = home(key);
        while insert.execute((slot, index as i64)).map_err(&at)? == 0 {
            if self.at(tx, slot).map_err(&at)?.is_some_and(&mut has_it) {
                return Ok(());
            }
            slot = slot.wrapping_add(1);
        }
        Ok(())
    }

    /// Removes `key` at `index`, if it is there. Indexes are removed in falling order.
    pub(super) fn remove(self, tx: &Transaction<'_>, path: &Path, key: &[u8; 32], index: u64) -> Result<()> {
        let at = sql("cut an index", path);
        let mut slot = home(key);
        while let Some(found) = self.at(tx, slot).map_err(&at)? {
            if found == index {
                return tx
                    .prepare_cached(self.delete)
                    .and_then(|mut s| s.execute([slot]))
                    .map(drop)
                    .map_err(&at);
            }
            slot = slot.wrapping_add(1);
        }
        Ok(())
    }

    /// Removes all from index `base` on by looking at every row: for when an entry's hash cannot be had.
    pub(super) fn sweep(self, tx: &Transaction<'_>, path: &Path, base: u64) -> Result<()> {
        tx.execute(self.sweep, [base as i64]).map(drop).map_err(sql("cut an index", path))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "index_tests.rs"]
mod tests;
