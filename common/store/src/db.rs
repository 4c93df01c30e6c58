//! Opening SQLite the one way that this crate uses it: WAL, every commit synced, format checked by name.

use crate::disk::Poison;
use crate::error::{Result, StoreError};
use crate::finding::{Finding, Findings};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a database is, in SQLite's own header: `application_id` and `user_version`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    pub format: &'static str,
    pub application_id: i32,
    pub version: i32,
    pub page_size: u32,
    pub sql: &'static str,
}

/// A connection that writes, and refuses to after a failure.
pub(crate) struct Db {
    connection: Connection,
    path: PathBuf,
    poison: Poison,
}

/// Names the database and the operation in an SQLite error.
pub(crate) fn sql(op: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::Sql { op, path: path.clone(), source }
}

fn pragmas(connection: &Connection, page_size: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "page_size", page_size)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok((id, connection.pragma_query_value(None, "user_version", |row| row.get(0))?))
}

/// Whether a database that is only read was made to its end; the schema's version and id must be its own.
pub(crate) fn is_finished(connection: &Connection, path: &Path, schema: Schema) -> Result<bool> {
    let (id, found) = version(connection).map_err(sql("read the version", path))?;
    if found == 0 {
        return Ok(false);
    }
    expect(path, schema, id, found)?;
    Ok(true)
}

fn expect(path: &Path, schema: Schema, id: i32, found: i32) -> Result<()> {
    if id != schema.application_id {
        return Err(StoreError::corrupt(path, 68, "application id", schema.application_id, id));
    }
    if found == schema.version {
        return Ok(());
    }
    let (path, format) = (path.to_owned(), schema.format);
    Err(StoreError::Version { path, format, found: found as u64, supported: schema.version as u64 })
}

/// Has SQLite look at all its pages.
pub(crate) fn check(connection: &Connection, path: &Path, findings: &mut Findings) -> Result<()> {
    let at = sql("check the pages", path);
    let mut statement = connection.prepare("PRAGMA integrity_check").map_err(&at)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(&at)?;
    for line in lines {
        let line = line.map_err(&at)?;
        if line != "ok" {
            findings.add(Finding::row(path, ("integrity_check", &line), "pages", "ok", &line));
        }
    }
    Ok(())
}

impl Db {
    /// Whether a finished database is there. One whose making was cut short counts as none.
    pub(crate) fn is_there(path: &Path) -> Result<bool> {
        if !path.try_exists().map_err(StoreError::io("look for", path))? {
            return Ok(false);
        }
        let connection = Connection::open(path).map_err(sql("open", path))?;
        Ok(version(&connection).map_err(sql("read the version", path))?.1 != 0)
    }

    /// Makes a database; its schema appears in one step. `fill` adds the first rows to that step.
    pub(crate) fn create(
        path: &Path,
        schema: Schema,
        poison: Poison,
        fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Self> {
        let at = |op| sql(op, path);
        let connection = Connection::open(path).map_err(at("create"))?;
        pragmas(&connection, schema.page_size).map_err(at("configure"))?;
        let mut db = Self { connection, path: path.to_owned(), poison };
        db.transact("create", |tx| {
            tx.execute_batch(schema.sql).map_err(at("create"))?;
            tx.pragma_update(None, "application_id", schema.application_id).map_err(at("create"))?;
            tx.pragma_update(None, "user_version", schema.version).map_err(at("create"))?;
            fill(tx).map_err(at("create"))
        })?;
        Ok(db)
    }

    /// Opens a database that is there.
    pub(crate) fn open(path: &Path, schema: Schema, poison: Poison) -> Result<Self> {
        let at = |op| sql(op, path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(at("open"))?;
        let (id, found) = version(&connection).map_err(at("read the version"))?;
        expect(path, schema, id, found)?;
        pragmas(&connection, schema.page_size).map_err(at("configure"))?;
        Ok(Self { connection, path: path.to_owned(), poison })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// For reading outside a transaction.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in one transaction. An error of `work` rolls back; an error of the commit poisons, for then nobody
    /// knows which of the two it left.
    pub(crate) fn transact<T>(
        &mut self,
        op: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        self.poison.check(&self.path)?;
        let at = sql(op, &self.path);
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&at)?;
        let value = work(&tx)?;
        self.poison.watch(tx.commit().map_err(&at))?;
        Ok(value)
    }
}

/// Connections that only read, handed out one to a caller at a time.
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    keep: usize,
}

impl Pool {
    /// Keeps up to `keep` idle connections to the database at `path`.
    pub(crate) fn new(path: &Path, keep: usize) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()), keep }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn connect(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(sql("open", &self.path))?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(sql("configure", &self.path))?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    }

    /// Lends a connection to `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.keep {
            idle.push(connection);
        }
        result
    }
}
