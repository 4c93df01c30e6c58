//! Every signed tree head that was ever seen, and how it stands to the others.

use super::{State, StateError, number};
use crate::heads::Around;
use client::evidence::Served;
use ct::hash::{LogId, RootHash};
use ct::index::TreeSize;
use ct::sct::DigitallySigned;
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row, ToSql, params};
use std::path::{Path, PathBuf};

/// How a head stands to the others on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its signature is good, and the proof that it agrees is still to come.
    Waiting,
    /// It agrees with all others that do.
    Agreed,
    /// It contradicts them.
    Disputed,
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Agreed => "agreed",
            Standing::Disputed => "disputed",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Standing::Waiting, Standing::Agreed, Standing::Disputed]
            .into_iter()
            .find(|found| found.name() == name)
    }
}

const COLUMNS: &str = "size, timestamp, root, signature, url, received";

impl State {
    /// How a head stands, if it is on record; for a disputed one, where its evidence is.
    pub fn standing(
        &self,
        log: LogId,
        head: &TreeHead,
    ) -> Result<Option<(Standing, Option<PathBuf>)>, StateError> {
        let sql = "SELECT standing, evidence FROM head WHERE log = ?1 AND size = ?2 AND timestamp = ?3 AND root = ?4";
        let key = params![
            log.as_bytes(),
            number(head.tree_size.get()),
            number(head.timestamp.millis()),
            head.root_hash.as_bytes()
        ];
        let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
        let found = self.connection.query_row(sql, key, row).optional().map_err(|error| self.sql(error))?;
        let Some((standing, evidence)) = found else { return Ok(None) };
        let standing = Standing::of(&standing).ok_or_else(|| self.bad_row(log, "head"))?;
        Ok(Some((standing, evidence.map(PathBuf::from))))
    }

    /// The heads that agree, around the size of a head, and one that waits for its proof and contradicts it.
    pub fn around(&self, log: LogId, head: &TreeHead) -> Result<Around, StateError> {
        let size = number(head.tree_size.get());
        let one = |condition: &str| {
            let sql = format!(
                "SELECT {COLUMNS} FROM head WHERE log = ?1 AND standing = 'agreed' AND size {condition} LIMIT 1"
            );
            self.one(log, &sql, params![log.as_bytes(), size])
        };
        Ok(Around {
            at: self.agreed_at(log, head.tree_size)?,
            below: one("< ?2 ORDER BY size DESC, timestamp DESC")?,
            above: one("> ?2 ORDER BY size, timestamp")?,
            unproven: self.unproven(log, head)?,
        })
    }

    /// A head that waits for its proof and contradicts this one ([`crate::heads::contradiction`]): another root for one
    /// size before all, for that is a fork.
    fn unproven(&self, log: LogId, head: &TreeHead) -> Result<Option<Served>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM head WHERE log = ?1 AND standing = 'waiting' AND (
                size = ?2 AND root <> ?4 OR size < ?2 AND timestamp >= ?3 OR size > ?2 AND timestamp <= ?3
            ) ORDER BY size <> ?2, size, timestamp LIMIT 1"
        );
        let (size, timestamp) = (number(head.tree_size.get()), number(head.timestamp.millis()));
        self.one(log, &sql, params![log.as_bytes(), size, timestamp, head.root_hash.as_bytes()])
    }

    /// The latest head that agrees, of a size.
    pub(super) fn agreed_at(&self, log: LogId, size: TreeSize) -> Result<Option<Served>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM head WHERE log = ?1 AND standing = 'agreed' AND size = ?2 \
             ORDER BY timestamp DESC LIMIT 1"
        );
        self.one(log, &sql, params![log.as_bytes(), number(size.get())])
    }

    /// The largest tree that agrees, by its latest head.
    pub fn newest(&self, log: LogId) -> Result<Option<Served>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM head WHERE log = ?1 AND standing = 'agreed' ORDER BY size DESC, timestamp DESC LIMIT 1"
        );
        self.one(log, &sql, params![log.as_bytes()])
    }

    /// The heads for which there is no proof yet, the latest first, at most `limit`.
    pub fn waiting(&self, log: LogId, limit: u32) -> Result<Vec<Served>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM head WHERE log = ?1 AND standing = 'waiting' ORDER BY received DESC LIMIT ?2"
        );
        let read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.query_map(params![log.as_bytes(), limit], raw)?.collect::<Result<Vec<_>, _>>()
        };
        let rows = read().map_err(|error| self.sql(error))?;
        rows.into_iter().map(|row| served(row).ok_or_else(|| self.bad_row(log, "head"))).collect()
    }

    /// The disputed heads, at most `limit`, and where the evidence about each is.
    pub fn disputed(&self, log: LogId, limit: u32) -> Result<Vec<(TreeSize, Option<PathBuf>)>, StateError> {
        let sql = "SELECT size, evidence FROM head WHERE log = ?1 AND standing = 'disputed' ORDER BY received LIMIT ?2";
        let read = || {
            let mut statement = self.connection.prepare(sql)?;
            let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?));
            statement.query_map(params![log.as_bytes(), limit], row)?.collect::<Result<Vec<_>, _>>()
        };
        let rows = read().map_err(|error| self.sql(error))?;
        let read = |(size, evidence): (i64, Option<String>)| {
            let size = u64::try_from(size).ok().and_then(|size| TreeSize::new(size).ok());
            Ok((size.ok_or_else(|| self.bad_row(log, "head"))?, evidence.map(PathBuf::from)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Puts a head on record, or changes how it stands. It is durable when this returns.
    pub fn record(
        &mut self,
        log: LogId,
        head: &Served,
        standing: Standing,
        evidence: Option<&Path>,
    ) -> Result<(), StateError> {
        let sql = "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET standing = ?6, evidence = ?9";
        let Sth { head: tree, tree_head_signature } = &head.sth;
        let done = self.connection.execute(
            sql,
            params![
                log.as_bytes(),
                number(tree.tree_size.get()),
                number(tree.timestamp.millis()),
                tree.root_hash.as_bytes(),
                tree_head_signature.encode(),
                standing.name(),
                head.url,
                number(head.received.millis()),
                evidence.map(|path| path.display().to_string()),
            ],
        );
        done.map(|_| ()).map_err(|error| self.sql(error))
    }

    fn one(&self, log: LogId, sql: &str, params: &[&dyn ToSql]) -> Result<Option<Served>, StateError> {
        let found =
            self.connection.prepare_cached(sql).and_then(|mut found| found.query_row(params, raw).optional());
        let found = found.map_err(|error| self.sql(error))?;
        found.map(|raw| served(raw).ok_or_else(|| self.bad_row(log, "head"))).transpose()
    }
}

type RawHead = (i64, i64, Vec<u8>, Vec<u8>, String, i64);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawHead> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn served((size, timestamp, root, signature, url, received): RawHead) -> Option<Served> {
    let time = |millis| u64::try_from(millis).ok().map(Timestamp::from_millis);
    let head = TreeHead {
        timestamp: time(timestamp)?,
        tree_size: TreeSize::new(u64::try_from(size).ok()?).ok()?,
        root_hash: RootHash::new(root.try_into().ok()?),
    };
    let tree_head_signature = DigitallySigned::decode(&signature).ok()?;
    Some(Served { sth: Sth { head, tree_head_signature }, url, received: time(received)? })
}
