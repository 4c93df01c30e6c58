//! Issuers, each stored once however many entries name it: a table, and a bounded memory of it.

use crate::db::{Db, Pool, sql};
use crate::error::{Result, StoreError};
use crate::finding::{Finding, Findings};
use ct::hash::{Fingerprint, hex, sha256};
use rusqlite::OptionalExtension;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Greatest certificate, or chain of them, that is kept in memory: those of a foreign log may be as large as entries.
pub(crate) const MAX_CACHED: usize = 64 << 10;

/// Certificates of issuers by fingerprint. What is read is checked: the fingerprint is its hash.
pub(crate) struct Issuers {
    cache: Mutex<BTreeMap<Fingerprint, Arc<[u8]>>>,
    most: usize,
}

impl Issuers {
    /// Keeps up to `most` in memory.
    pub(crate) fn new(most: usize) -> Self {
        Self { cache: Mutex::new(BTreeMap::new()), most }
    }

    fn cached(&self, fingerprint: &Fingerprint) -> Option<Arc<[u8]>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(fingerprint).cloned()
    }

    fn remember(&self, fingerprint: Fingerprint, der: Arc<[u8]>) {
        if der.len() > MAX_CACHED {
            return;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= self.most {
            // A log has few busy issuers: they are back at once.
            cache.clear();
        }
        cache.insert(fingerprint, der);
    }

    /// The certificate, if it is held.
    pub(crate) fn get(&self, pool: &Pool, fingerprint: &Fingerprint) -> Result<Option<Arc<[u8]>>> {
        if let Some(der) = self.cached(fingerprint) {
            return Ok(Some(der));
        }
        let found: Option<Vec<u8>> = pool.with(|connection| {
            connection
                .prepare_cached("SELECT der FROM issuers WHERE fingerprint = ?1")
                .and_then(|mut statement| {
                    statement.query_row([fingerprint.as_bytes()], |row| row.get(0)).optional()
                })
                .map_err(sql("read an issuer", pool.path()))
        })?;
        let Some(der) = found else { return Ok(None) };
        let hash = Fingerprint::new(sha256(&[&der]));
        if hash != *fingerprint {
            return Err(StoreError::corrupt(pool.path(), 0, "issuer", fingerprint, hash));
        }
        let der: Arc<[u8]> = der.into();
        self.remember(*fingerprint, der.clone());
        Ok(Some(der))
    }

    /// Keeps those of `certificates` (DER) that are new, durably: one commit if there is any, none else.
    pub(crate) fn put(&self, db: &mut Db, pool: &Pool, certificates: &[Vec<u8>]) -> Result<()> {
        let mut new = BTreeMap::new();
        for der in certificates {
            let fingerprint = Fingerprint::new(sha256(&[der]));
            if self.get(pool, &fingerprint)?.is_none() {
                new.insert(fingerprint, der);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let at = sql("store issuers", pool.path());
        db.transact("store issuers", |tx| {
            let mut insert =
                tx.prepare_cached("INSERT OR IGNORE INTO issuers VALUES(?1, ?2)").map_err(&at)?;
            for (fingerprint, der) in &new {
                insert.execute((fingerprint.as_bytes(), der.as_slice())).map_err(&at)?;
            }
            Ok(())
        })?;
        for (fingerprint, der) in new {
            self.remember(fingerprint, der.as_slice().into());
        }
        Ok(())
    }
}

/// Rows that are checked at once.
const CHECKED: usize = 256;

/// What became of some rows.
pub(crate) struct Checked {
    /// The last that was looked at; none at the end.
    pub last: Option<Vec<u8>>,
    /// Those whose certificates are damaged.
    pub bad: Vec<Fingerprint>,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Checks issuers after this fingerprint, as the table has them.
pub(crate) fn check(pool: &Pool, after: &[u8], findings: &mut Findings) -> Result<Checked> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = pool.with(|connection| {
        let at = sql("read issuers", pool.path());
        let mut statement = connection
            .prepare_cached(
                "SELECT fingerprint, der FROM issuers WHERE fingerprint > ?1 ORDER BY fingerprint LIMIT ?2",
            )
            .map_err(&at)?;
        let rows = statement.query_map((after, CHECKED as i64), |row| {
            // Whatever SQLite takes a damaged value for.
            Ok((row.get_ref(0)?.as_bytes()?.to_vec(), row.get_ref(1)?.as_bytes()?.to_vec()))
        });
        rows.and_then(Iterator::collect).map_err(at)
    })?;
    let mut bad = Vec::new();
    for (fingerprint, der) in &rows {
        let found = sha256(&[der]);
        if found.as_slice() != fingerprint.as_slice() {
            let row = ("issuers", hex(fingerprint));
            findings.add(Finding::row(
                pool.path(),
                row,
                "hash of the certificate",
                hex(fingerprint),
                hex(&found),
            ));
            bad.extend(fingerprint.first_chunk::<32>().map(|bytes| Fingerprint::new(*bytes)));
        }
    }
    let bytes = rows.iter().map(|(_, der)| der.len() as u64).sum();
    Ok(Checked { last: rows.into_iter().next_back().map(|(fingerprint, _)| fingerprint), bad, bytes })
}
