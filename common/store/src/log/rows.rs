//! The order and the store's own numbers in SQLite.

use crate::db::{Schema, sql};
use crate::error::{Result, StoreError};
use crate::segment::Location;
use ct::hash::{ExtraHash, Name};
use ct::order::OrderRecord;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};
use std::ops::Range;
use std::path::Path;

pub(super) const SCHEMA: Schema = Schema {
    format: "log",
    application_id: 0x574c_464c, // "WLFL"
    version: 1,
    page_size: 4096,
    sql: include_str!("schema.sql"),
};

/// Entries in the order.
pub(super) const LEN: &str = "len";
/// Pages of `tiles` and rows of `tile-roots` that are durable and belong to the order.
pub(super) const TILES: &str = "tiles";
/// End of the segments when the last commit was made.
pub(super) const SEGMENTS: &str = "segments";
/// Sealed runs.
pub(super) const RUNS: &str = "runs";
/// Entries in a run.
pub(super) const RUN: &str = "run";

/// An order row: the record, and where the entry's copy was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrderRow {
    pub record: OrderRecord,
    pub at: Location,
}

/// A connection and the name of its file.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub connection: &'a Connection,
    pub path: &'a Path,
}

fn order_row(row: &Row<'_>) -> rusqlite::Result<(u64, OrderRow)> {
    let (name, extra) = (Name::new(row.get(1)?), ExtraHash::new(row.get(2)?));
    let at = Location::from_packed(row.get::<_, i64>(3)? as u64);
    Ok((row.get::<_, i64>(0)? as u64, OrderRow { record: OrderRecord { name, extra }, at }))
}

impl Rows<'_> {
    fn at(&self, op: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        sql(op, self.path)
    }

    /// One of the store's own numbers.
    pub(super) fn number(&self, key: &'static str) -> Result<u64> {
        let found: Option<i64> = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(self.at("read a number"))?;
        let missing = || StoreError::corrupt(self.path, 0, key, "a number", "none");
        found.map(|number| number as u64).ok_or_else(missing)
    }

    /// Hands rows of the order to `each`, in order; those that are not there are errors.
    pub(super) fn each(
        &self,
        range: Range<u64>,
        mut each: impl FnMut(u64, OrderRow) -> Result<()>,
    ) -> Result<()> {
        let at = self.at("read the order");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT idx, name, extra, loc FROM orders WHERE idx >= ?1 AND idx < ?2 ORDER BY idx",
            )
            .map_err(&at)?;
        let mut rows = statement.query((range.start as i64, range.end as i64)).map_err(&at)?;
        let mut next = range.start;
        while let Some(row) = rows.next().map_err(&at)? {
            let (index, row) = order_row(row).map_err(&at)?;
            if index != next {
                break;
            }
            each(index, row)?;
            next += 1;
        }
        if next == range.end { Ok(()) } else { Err(self.no_row(next)) }
    }

    fn no_row(&self, index: u64) -> StoreError {
        StoreError::corrupt(self.path, index, "order row", "a row", "none")
    }

    pub(super) fn range(&self, range: Range<u64>) -> Result<Vec<OrderRow>> {
        let mut rows = Vec::with_capacity((range.end - range.start) as usize);
        self.each(range, |_, row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The row at `index`, if there is one.
    pub(super) fn get(&self, index: u64) -> Result<Option<OrderRow>> {
        self.connection
            .prepare_cached("SELECT idx, name, extra, loc FROM orders WHERE idx = ?1")
            .and_then(|mut statement| statement.query_row([index as i64], order_row).optional())
            .map(|found| found.map(|(_, row)| row))
            .map_err(self.at("read the order"))
    }

    /// Rows in the order, as SQLite has them.
    pub(super) fn greatest(&self) -> Result<Option<u64>> {
        self.connection
            .query_row("SELECT max(idx) FROM orders", [], |row| row.get::<_, Option<i64>>(0))
            .map(|index| index.map(|index| index as u64))
            .map_err(self.at("read the order"))
    }
}

/// Sets one of the store's own numbers within a transaction.
pub(super) fn set_number(tx: &Transaction<'_>, key: &'static str, number: u64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    )?
    .execute((key, number as i64))
    .map(drop)
}

/// Adds order rows from index `first` on.
pub(super) fn insert<'a>(
    tx: &Transaction<'_>,
    first: u64,
    rows: impl Iterator<Item = &'a OrderRow>,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached("INSERT INTO orders VALUES(?1, ?2, ?3, ?4)")?;
    for (index, row) in (first..).zip(rows) {
        let (name, extra) = (row.record.name.as_bytes(), row.record.extra.as_bytes());
        insert.execute((index as i64, name, extra, row.at.packed() as i64))?;
    }
    Ok(())
}
