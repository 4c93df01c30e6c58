//! What a log promises, one promise a test.

#![allow(clippy::unwrap_used)]

use ct::merkle::plan::NodeId;
use std::sync::atomic::{AtomicBool, Ordering};
use store::StoreError;
use store::conformance::log::{append, check_proofs, index, options, put_and_commit, size, trees};
use store::conformance::sample;
use store::log::{Commit, StoreOptions, Writer};
use store::sim::{Crash, Failure, Op, Random, SimFiles};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn entries(range: std::ops::Range<u64>) -> Vec<ct::entry::StoredEntry> {
    range.map(sample::entry).collect()
}

/// A cut-back that leaves an entry in the index would make every later collection skip it for ever.
#[test]
fn what_was_cut_is_missed_and_can_be_appended_again() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    put_and_commit(&mut log, 0, &entries(0..300), "1").unwrap();
    let x = sample::entry(280);
    assert_eq!(log.reader().index_of(&x.name(), log.len()).unwrap(), Some(index(280)));
    put_and_commit(&mut log, 270, &entries(1000..1005), "2").unwrap();
    for reopened in [false, true] {
        if reopened {
            drop(log);
            files.crash(Crash::LoseAll);
            log = Writer::open(dir.path(), &options(&files)).unwrap();
        }
        let reader = log.reader();
        assert_eq!(reader.index_of(&x.name(), log.len()).unwrap(), None);
        assert_eq!(reader.index_of_identity(&x.identity(), log.len()).unwrap(), None);
        assert_eq!(reader.missing(&[x.name()]).unwrap().is_empty(), !reopened, "held until the restart");
    }
    for table in ["name_index", "identity_index"] {
        let database = rusqlite::Connection::open(dir.path().join("log.db")).unwrap();
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let rows = database.query_row(&format!("SELECT count(*) FROM {table}"), [], count).unwrap();
        assert_eq!(rows, 275, "{table} has a row for each entry, and no other");
    }
    put_and_commit(&mut log, 275, &entries(280..281), "3").unwrap();
    assert_eq!(log.reader().index_of(&x.name(), log.len()).unwrap(), Some(index(275)));
    assert_eq!(log.reader().index_of_identity(&x.identity(), log.len()).unwrap(), Some(index(275)));
}

#[test]
fn an_append_that_is_not_held_is_refused_before_anything_is_written() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    put_and_commit(&mut log, 0, &entries(0..3), "1").unwrap();
    let changes = files.changes();
    let entry = sample::entry(9);
    let record =
        ct::order::OrderRecord { name: entry.name(), extra: log.reader().record(index(0)).unwrap().extra };
    let commit = Commit { base: size(1), append: vec![append(&entry, &record)], state: Vec::new() };
    assert!(matches!(log.commit(&commit), Err(StoreError::NotHeld { name }) if name == entry.name()));
    log.put(std::slice::from_ref(&entry), &[]).unwrap();
    assert!(matches!(log.commit(&commit), Err(StoreError::NotHeld { .. })), "held, but with another chain");
    let above = Commit { base: size(4), ..Commit::default() };
    assert!(matches!(log.commit(&above), Err(StoreError::OutOfRange { .. })));
    assert_eq!((files.changes(), log.len()), (changes, size(3)));
}

#[test]
fn duplicates_are_found_at_their_lowest_index() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let mut all = entries(0..5);
    all.push(sample::again(2, 77));
    all.push(sample::entry(3));
    put_and_commit(&mut log, 0, &all, "1").unwrap();
    put_and_commit(&mut log, 7, &[sample::again(4, 5), sample::entry(3)], "2").unwrap();
    let reader = log.reader();
    let identity = |n| reader.index_of_identity(&sample::entry(n).identity(), reader.len()).unwrap();
    assert_eq!((identity(2), identity(3), identity(4)), (Some(index(2)), Some(index(3)), Some(index(4))));
    assert_eq!(reader.index_of(&sample::entry(3).name(), reader.len()).unwrap(), Some(index(3)));
    assert_eq!(reader.index_of(&sample::entry(3).name(), size(3)).unwrap(), None, "not below the size");
    assert_eq!(reader.index_of(&sample::again(4, 5).name(), reader.len()).unwrap(), Some(index(7)));
    put_and_commit(&mut log, 3, &[], "3").unwrap();
    assert_eq!(log.reader().index_of_identity(&sample::entry(3).identity(), size(3)).unwrap(), None);
}

/// Sizes around the borders of tiles, and of tiles of tiles.
#[test]
fn roots_and_proofs_equal_the_pure_tree_across_tile_borders() {
    let (dir, files) = (scratch(), SimFiles::new());
    let options = StoreOptions { segment_bytes: 64 << 20, ..options(&files) };
    let mut log = Writer::create(dir.path(), &options).unwrap();
    let mut records = Vec::new();
    for target in [1, 2, 255, 256, 257, 511, 512, 513, 5000, 65_535, 65_536, 65_537] {
        let from = log.len().get();
        let new: Vec<_> = (from..target).map(|n| sample::entry_of(n, 16)).collect();
        put_and_commit(&mut log, from, &new, "1").unwrap();
        records.extend(log.reader().records(size(from), size(target)).unwrap());
        assert_eq!(log.reader().head_at(size(target)).unwrap(), trees(&records).head());
        assert_eq!(log.reader().trees_at(size(target)).unwrap(), trees(&records));
        check_proofs(&log.reader(), &records, &mut Random::new(target));
    }
    let node = log.reader().node(NodeId { level: 16, index: 0 }).unwrap();
    assert_eq!(node, log.reader().head_at(size(65_536)).unwrap().root.into());
    assert!(log.reader().node(NodeId { level: 0, index: 65_537 }).is_err());
    assert!(log.reader().node(NodeId { level: 1, index: 32_768 }).is_err());
    drop(log);
    let log = Writer::open(dir.path(), &options).unwrap();
    assert_eq!(log.reader().head_at(log.len()).unwrap(), trees(&records).head());
}

/// Readers on other threads, while the writer appends and cuts above what is published.
#[test]
fn readers_never_see_a_commit_half_done() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    put_and_commit(&mut log, 0, &entries(0..600), "1").unwrap();
    let head = log.reader().head_at(size(600)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for seed in 0..2 {
            let (reader, done) = (log.reader(), &done);
            scope.spawn(move || {
                let mut random = Random::new(seed);
                while !done.load(Ordering::Relaxed) {
                    let at = random.below(600);
                    assert_eq!(reader.head_at(size(600)).unwrap(), head);
                    assert_eq!(reader.entry(index(at)).unwrap(), sample::entry(at));
                    let name = sample::entry(at).name();
                    assert_eq!(reader.index_of(&name, size(600)).unwrap(), Some(index(at)));
                    let len = reader.len();
                    if let Ok(records) = reader.records(size(590), len) {
                        assert_eq!(records.len() as u64, len.get() - 590);
                    }
                    reader.inclusion(index(at), size(600)).unwrap();
                }
            });
        }
        for round in 0..40 {
            let len = log.len().get();
            let base = if round % 3 == 2 { 600 + (len - 600) / 2 } else { len };
            put_and_commit(&mut log, base, &entries(10_000 + round * 100..10_070 + round * 100), "2")
                .unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_failed_sync_is_never_retried() {
    for failure in [Failure::Lost, Failure::Persisted, Failure::NoSpace] {
        let (dir, files) = (scratch(), SimFiles::new());
        let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
        put_and_commit(&mut log, 0, &entries(0..3), "1").unwrap();
        log.put(&entries(3..4), &[]).unwrap();
        files.plant(if failure == Failure::NoSpace { Op::Write } else { Op::Sync }, 1, failure);
        assert!(matches!(log.sync(), Err(StoreError::Io { .. })));
        let syncs = files.syncs();
        assert!(matches!(log.sync(), Err(StoreError::Poisoned { .. })));
        assert!(matches!(put_and_commit(&mut log, 3, &entries(4..5), "2"), Err(StoreError::Poisoned { .. })));
        assert_eq!(files.syncs(), syncs);
        assert_eq!(log.reader().entry(index(2)).unwrap(), sample::entry(2), "reading goes on");
    }
}
