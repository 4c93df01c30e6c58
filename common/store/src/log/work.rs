//! What a commit does in SQLite.

use super::commit::Commit;
use super::index::{IDENTITIES, NAMES};
use super::rows::{self, LEN, OrderRow, Rows, SEGMENTS, TILES};
use super::scts;
use super::shared::Shared;
use crate::db::sql;
use crate::error::Result;
use crate::segment::Location;
use crate::state_rows;
use ct::hash::{Identity, Name};
use ct::sct::DigitallySigned;
use rusqlite::Transaction;
use std::collections::BTreeMap;

/// What a commit is about to do, worked out before anything is written.
pub(super) struct Work<'a> {
    pub commit: &'a Commit,
    pub base: u64,
    pub len: u64,
    pub new_len: u64,
    pub rows: Vec<OrderRow>,
    pub cut: Vec<OrderRow>,
    /// Tiles that count once the commit is made.
    pub tiles: u64,
    pub segments: Location,
}

impl Work<'_> {
    /// Removes order rows and index rows from `base` on, the greatest index first, as the indexes want it.
    pub(super) fn cut_rows(&self, tx: &Transaction<'_>, shared: &Shared) -> Result<()> {
        if self.base == self.len {
            return Ok(());
        }
        let path = shared.pool.path();
        let at = sql("cut the order", path);
        let mut sweep = false;
        for (row, index) in self.cut.iter().rev().zip((self.base..self.len).rev()) {
            NAMES.remove(tx, path, row.record.name.as_bytes(), index)?;
            match shared.identity_at(index, row) {
                Ok(identity) => IDENTITIES.remove(tx, path, identity.as_bytes(), index)?,
                // A damaged copy must not keep its place in the order.
                Err(_) => sweep = true,
            }
        }
        if sweep {
            IDENTITIES.sweep(tx, path, self.base)?;
        }
        tx.execute("DELETE FROM orders WHERE idx >= ?1", [self.base as i64]).map_err(&at)?;
        tx.execute("DELETE FROM late_scts WHERE idx >= ?1", [self.base as i64]).map(drop).map_err(&at)
    }

    pub(super) fn append_rows(&self, tx: &Transaction<'_>, shared: &Shared) -> Result<()> {
        let path = shared.pool.path();
        rows::insert(tx, self.base, self.rows.iter()).map_err(sql("append to the order", path))?;
        let order = Rows { connection: tx, path };
        let numbered = || (self.base..).zip(&self.commit.append);
        let names: Vec<_> = numbered().map(|(index, append)| (*append.name.as_bytes(), index)).collect();
        NAMES.insert(tx, path, &names, |name, at| {
            order.get(at).is_ok_and(|row| row.is_some_and(|row| row.record.name.as_bytes() == name))
        })?;
        let identities: Vec<_> =
            numbered().filter_map(|(index, append)| Some((*append.identity?.as_bytes(), index))).collect();
        IDENTITIES.insert(tx, path, &identities, |identity, at| {
            self.has_identity(order, shared, at, &Identity::new(*identity))
        })
    }

    /// Whether the entry at `at` has this identity. One that cannot be read has not: then both are indexed.
    fn has_identity(&self, order: Rows<'_>, shared: &Shared, at: u64, identity: &Identity) -> bool {
        match at.checked_sub(self.base) {
            Some(new) => self.commit.append.get(new as usize).is_some_and(|a| a.identity == Some(*identity)),
            None => match order.get(at) {
                Ok(Some(row)) => shared.identity_at(at, &row).is_ok_and(|found| found == *identity),
                _ => false,
            },
        }
    }

    pub(super) fn set_state(&self, tx: &Transaction<'_>, shared: &Shared) -> Result<()> {
        let changes = self.commit.state.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
        state_rows::put(tx, changes)
            .and_then(|()| rows::set_number(tx, LEN, self.new_len))
            .and_then(|()| rows::set_number(tx, TILES, self.tiles))
            .and_then(|()| rows::set_number(tx, SEGMENTS, self.segments.packed()))
            .map_err(sql("commit", shared.pool.path()))
    }
}

/// Stores the SCTs whose entries have a place now; those that are still staged wait.
pub(super) fn keep_scts(
    tx: &Transaction<'_>,
    shared: &Shared,
    late: &mut BTreeMap<Name, DigitallySigned>,
    len: u64,
) -> Result<()> {
    let path = shared.pool.path();
    let order = Rows { connection: tx, path };
    let mut waiting = BTreeMap::new();
    for (name, sct) in std::mem::take(late) {
        let is_it = |at| Ok(at < len && order.get(at)?.is_some_and(|row| row.record.name == name));
        match NAMES.find(tx, path, name.as_bytes(), is_it)? {
            Some(index) => scts::insert(tx, index, &sct).map_err(sql("store an SCT", path))?,
            None if shared.staged().has(&name) => drop(waiting.insert(name, sct)),
            None => {}
        }
    }
    *late = waiting;
    Ok(())
}
