//! Hash → index: what a row costs in several engines, random keys, durable batches of 1000.

use crate::{bytes_in, measure};
use redb::ReadableDatabase;
use rusqlite::Connection;
use std::path::Path;
use store::sim::Random;

const BATCH: u64 = 1000;
const LOOKUPS: u64 = 100_000;

fn key(n: u64) -> [u8; 32] {
    let mut random = Random::new(n);
    let mut key = [0; 32];
    for part in key.chunks_exact_mut(8) {
        part.copy_from_slice(&random.next().to_be_bytes());
    }
    key
}

fn slot(key: &[u8; 32]) -> i64 {
    i64::from_be_bytes(*key.first_chunk::<8>().unwrap())
}

trait Engine {
    fn insert(&mut self, batch: &[([u8; 32], u64)]);
    fn lookup(&mut self, key: &[u8; 32]) -> Option<u64>;
}

struct Sqlite {
    connection: Connection,
    rowid: bool,
    sorted: bool,
}

impl Sqlite {
    fn open(dir: &Path, page: u32, rowid: bool, sorted: bool) -> Self {
        let connection = Connection::open(dir.join("db")).unwrap();
        connection.pragma_update(None, "page_size", page).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 4000 * 4096 / page).unwrap();
        let table = if rowid {
            "CREATE TABLE t(slot INTEGER PRIMARY KEY, idx INTEGER NOT NULL)"
        } else {
            "CREATE TABLE t(slot BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID"
        };
        connection.execute_batch(table).unwrap();
        Self { connection, rowid, sorted }
    }
}

impl Engine for Sqlite {
    fn insert(&mut self, batch: &[([u8; 32], u64)]) {
        let mut batch = batch.to_vec();
        if self.sorted {
            batch.sort_unstable_by_key(|(key, _)| slot(key));
        }
        let tx = self.connection.transaction().unwrap();
        let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO t VALUES(?1, ?2)").unwrap();
        for (key, index) in &batch {
            if self.rowid {
                insert.execute((slot(key), *index as i64)).unwrap();
            } else {
                insert.execute((key, *index as i64)).unwrap();
            }
        }
        drop(insert);
        tx.commit().unwrap();
    }
    fn lookup(&mut self, key: &[u8; 32]) -> Option<u64> {
        let mut select = self.connection.prepare_cached("SELECT idx FROM t WHERE slot = ?1").unwrap();
        let found: rusqlite::Result<i64> = if self.rowid {
            select.query_row([slot(key)], |row| row.get(0))
        } else {
            select.query_row([key], |row| row.get(0))
        };
        found.ok().map(|index| index as u64)
    }
}

struct Fjall(fjall::Database, fjall::Keyspace);

impl Engine for Fjall {
    fn insert(&mut self, batch: &[([u8; 32], u64)]) {
        let mut writes = self.0.batch().durability(Some(fjall::PersistMode::SyncData));
        for (key, index) in batch {
            writes.insert(&self.1, *key, index.to_be_bytes());
        }
        writes.commit().unwrap();
    }
    fn lookup(&mut self, key: &[u8; 32]) -> Option<u64> {
        self.1.get(key).unwrap().map(|value| u64::from_be_bytes(*value.first_chunk::<8>().unwrap()))
    }
}

const TABLE: redb::TableDefinition<'_, &[u8; 32], u64> = redb::TableDefinition::new("t");

struct Redb(redb::Database);

impl Engine for Redb {
    fn insert(&mut self, batch: &[([u8; 32], u64)]) {
        let tx = self.0.begin_write().unwrap();
        let mut table = tx.open_table(TABLE).unwrap();
        for (key, index) in batch {
            table.insert(key, index).unwrap();
        }
        drop(table);
        tx.commit().unwrap();
    }
    fn lookup(&mut self, key: &[u8; 32]) -> Option<u64> {
        let tx = self.0.begin_read().unwrap();
        tx.open_table(TABLE).unwrap().get(key).unwrap().map(|value| value.value())
    }
}

fn bench(name: &str, count: u64, open: impl FnOnce(&Path) -> Box<dyn Engine>) {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = open(dir.path());
    let ((), took) = measure(|| {
        for first in (0..count).step_by(BATCH as usize) {
            let batch: Vec<_> = (first..first + BATCH).map(|n| (key(n), n)).collect();
            engine.insert(&batch);
        }
    });
    let (hits, looked) = measure(|| {
        let mut random = Random::new(1);
        (0..LOOKUPS).filter(|_| engine.lookup(&key(random.below(count))).is_some()).count()
    });
    let open_bytes = bytes_in(dir.path());
    drop(engine);
    println!(
        "index {name:34} insert {:6.1} us CPU {:8.0}/s   lookup {:5.2} us CPU   {:6.1} B/row open {:6.1} closed   hits {hits}",
        took.cpu_us(count),
        took.rate(count),
        looked.cpu_us(LOOKUPS),
        open_bytes as f64 / count as f64,
        bytes_in(dir.path()) as f64 / count as f64,
    );
}

pub fn run(count: u64) {
    println!("index: {count} random keys, durable batches of {BATCH}");
    for page in [4096, 8192, 16384] {
        for sorted in [false, true] {
            let name = format!("SQLite 8-byte rowid, page {page}{}", if sorted { ", sorted" } else { "" });
            bench(&name, count, |dir| Box::new(Sqlite::open(dir, page, true, sorted)));
        }
    }
    bench("SQLite 32-byte WITHOUT ROWID", count, |dir| Box::new(Sqlite::open(dir, 4096, false, false)));
    bench("fjall", count, |dir| {
        let database = fjall::Database::builder(dir).open().unwrap();
        let keyspace = database.keyspace("t", fjall::KeyspaceCreateOptions::default).unwrap();
        Box::new(Fjall(database, keyspace))
    });
    bench("redb", count, |dir| Box::new(Redb(redb::Database::create(dir.join("db")).unwrap())));
}
