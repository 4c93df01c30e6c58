//! Small states that change in one step: a signer's last STH, a storage node's `start`, a certificate.

use crate::db::{self, Db, Pool, Schema, is_finished, sql};
use crate::disk::Poison;
use crate::error::{Result, StoreError};
use crate::finding::{Finding, Findings};
use crate::lock::DirLock;
use crate::state_rows;
use std::path::{Path, PathBuf};

const SCHEMA: Schema = Schema {
    format: "node state",
    application_id: 0x574c_4653, // "WLFS"
    version: 1,
    page_size: 4096,
    sql: "CREATE TABLE state(key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;",
};

/// Keys and JSON texts, in a directory of their own that one process at a time may open.
///
/// Crash contract: a [`StateDb::commit`] that returned `Ok` survives; one that did not is there whole or not at all.
pub struct StateDb {
    db: Db,
    _lock: DirLock,
}

fn file(dir: &Path) -> PathBuf {
    dir.join("state.db")
}

/// Checks all rows of the state in `dir`, which no process has open, and none opens meanwhile.
///
/// # Errors
/// [`StoreError::Locked`], [`StoreError::Missing`]; a database that cannot be read at all.
pub fn check(dir: &Path) -> Result<Vec<Finding>> {
    let _lock = DirLock::open(dir)?;
    check_open(dir)
}

/// The text under `key` of a state that no process has open, and none opens meanwhile. Nothing is written.
///
/// # Errors
/// [`StoreError::Locked`], [`StoreError::Missing`]; a row or a database that is damaged.
pub fn peek(dir: &Path, key: &str) -> Result<Option<String>> {
    let _lock = DirLock::open(dir)?;
    let path = file(dir);
    if !path.exists() {
        return Err(StoreError::Missing { dir: dir.to_owned() });
    }
    Pool::new(&path, 1).with(|connection| state_rows::get(connection, &path, key))
}

/// As [`check`], of a state that this process has open.
///
/// # Errors
/// [`StoreError::Missing`]; a database that cannot be read at all.
pub fn check_open(dir: &Path) -> Result<Vec<Finding>> {
    let path = file(dir);
    let pool = Pool::new(&path, 1);
    if !path.exists() || !pool.with(|connection| is_finished(connection, &path, SCHEMA))? {
        return Err(StoreError::Missing { dir: dir.to_owned() });
    }
    let mut findings = Findings::default();
    for part in [state_rows::check, db::check] {
        if let Err(error) = pool.with(|connection| part(connection, &path, &mut findings)) {
            findings.add(Finding::of(&error, &path));
        }
    }
    Ok(findings.take())
}

impl StateDb {
    /// Makes the state in `dir`, which is made too.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is state already, [`StoreError::Locked`], I/O and SQL errors.
    pub fn create(dir: &Path) -> Result<Self> {
        let lock = DirLock::make(dir)?;
        if Db::is_there(&file(dir))? {
            return Err(StoreError::Exists { dir: dir.to_owned() });
        }
        let db = Db::create(&file(dir), SCHEMA, Poison::default(), |_| Ok(()))?;
        Ok(Self { db, _lock: lock })
    }

    /// Opens the state in `dir`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none, [`StoreError::Locked`] if another process (or another part of this
    /// one) has it open, [`StoreError::Version`], I/O and SQL errors.
    pub fn open(dir: &Path) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        if !Db::is_there(&file(dir))? {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        Ok(Self { db: Db::open(&file(dir), SCHEMA, Poison::default())?, _lock: lock })
    }

    /// The text kept under `key`.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn get(&self, key: &str) -> Result<Option<String>> {
        state_rows::get(self.db.connection(), self.db.path(), key)
    }

    /// Every key that begins with `prefix`, with its text, in the order of the keys.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        state_rows::with_prefix(self.db.connection(), self.db.path(), prefix)
    }

    /// Sets (`Some`) and removes (`None`) keys, all in one durable step.
    ///
    /// # Errors
    /// [`StoreError::Sql`]; after a failed commit, [`StoreError::Poisoned`] for ever.
    pub fn commit(&mut self, changes: &[(&str, Option<&str>)]) -> Result<()> {
        let at = sql("commit state", self.db.path());
        self.db.transact("commit state", |tx| state_rows::put(tx, changes.iter().copied()).map_err(&at))
    }
}
