//! What a log promises, one promise a test.

#![allow(clippy::unwrap_used)]

use ct::index::TreeSize;
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
fn what_was_cut_is_still_held_and_needs_no_second_copy() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let kept = entries(0..10);
    let records = log.put(&kept, &sample::issuers()).unwrap();
    let appends: Vec<_> = kept.iter().zip(&records).map(|(e, r)| append(e, r)).collect();
    log.commit(&Commit { append: appends.clone(), ..Commit::default() }).unwrap();
    log.commit(&Commit { base: size(2), append: appends[5..].to_vec(), ..Commit::default() }).unwrap();
    log.commit(&Commit { base: size(7), append: appends[2..5].to_vec(), ..Commit::default() }).unwrap();
    let order: Vec<_> = [0, 1, 5, 6, 7, 8, 9, 2, 3, 4].map(|i: usize| records[i]).to_vec();
    assert_eq!(log.reader().records(TreeSize::ZERO, log.len()).unwrap(), order);
    assert_eq!(log.reader().entry(index(9)).unwrap(), kept[4]);
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
fn both_copies_of_a_leaf_stand_beside_each_other_until_one_is_ordered() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let (one, other) = (sample::entry(1), sample::other_chain(1));
    let records = log.put(&[one.clone(), other.clone()], &sample::issuers()).unwrap();
    log.sync().unwrap();
    assert_eq!(records[0].name, records[1].name);
    assert_eq!(log.reader().read_back(&one.name()).unwrap(), Some(other));
    log.commit(&Commit { append: vec![append(&one, &records[0])], ..Commit::default() }).unwrap();
    assert_eq!(log.reader().read_back(&one.name()).unwrap(), Some(one.clone()));
    assert_eq!(log.reader().entry(index(0)).unwrap(), one);
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

#[test]
fn staged_entries_are_readable_once_synced_and_garbage_after_a_crash() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let entry = sample::entry(4);
    let unknown = log.put(std::slice::from_ref(&entry), &[]);
    assert!(matches!(unknown, Err(StoreError::UnknownIssuer { .. })));
    log.put(std::slice::from_ref(&entry), &sample::issuers()).unwrap();
    assert_eq!(log.reader().missing(&[entry.name()]).unwrap(), vec![entry.name()]);
    log.sync().unwrap();
    assert_eq!(log.reader().missing(&[entry.name()]).unwrap(), vec![]);
    assert_eq!(log.reader().entry_by_name(&entry.name()).unwrap(), Some(entry.clone()));
    log.drop_staged();
    assert_eq!(log.reader().entry_by_name(&entry.name()).unwrap(), None);
    log.put(std::slice::from_ref(&entry), &[]).unwrap();
    log.sync().unwrap();
    drop(log);
    files.crash(Crash::LoseAll);
    let log = Writer::open(dir.path(), &options(&files)).unwrap();
    assert_eq!(log.reader().missing(&[entry.name()]).unwrap(), vec![entry.name()]);
}

#[test]
fn scts_that_come_late_are_kept_and_sealed_with_their_entries() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let all = entries(0..300);
    log.attach_sct(&all[3].name(), &sample::sct(3));
    put_and_commit(&mut log, 0, &all, "1").unwrap();
    let with_sct = all[3].clone().with_sct(sample::sct(3));
    assert_eq!(log.reader().entry(index(3)).unwrap(), with_sct);
    assert!(log.seal_step(size(300)).unwrap());
    assert_eq!(log.reader().entry(index(3)).unwrap(), with_sct);
    log.attach_sct(&all[4].name(), &sample::sct(4));
    put_and_commit(&mut log, 300, &[], "2").unwrap();
    drop(log);
    let log = Writer::open(dir.path(), &options(&files)).unwrap();
    let read_back = log.reader().read_back(&all[4].name()).unwrap().unwrap();
    assert_eq!(read_back.sct(), Some(&sample::sct(4)));
    assert_eq!(log.reader().entry(index(5)).unwrap(), all[5]);
}

#[test]
fn sealing_drops_raw_segments_and_never_what_is_needed() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let all = entries(0..1100);
    for batch in all.chunks(100) {
        let base = log.len().get();
        put_and_commit(&mut log, base, batch, "1").unwrap();
    }
    let segments = |files: &SimFiles| {
        files
            .sizes()
            .iter()
            .filter(|(p, _)| p.ends_with("segments") || p.extension().is_some_and(|e| e == "seg"))
            .count()
    };
    let before = segments(&files);
    let job = log.seal_job(size(1050)).unwrap();
    let run = std::thread::spawn(|| job.run().unwrap()).join().unwrap();
    log.finish_seal(run).unwrap();
    while log.seal_step(size(1050)).unwrap() {}
    assert_eq!(log.sealed(), size(1024));
    assert!(segments(&files) < before, "{before} segments, none dropped");
    assert!(matches!(
        log.commit(&Commit { base: size(1000), ..Commit::default() }),
        Err(StoreError::CutsSealed { .. })
    ));
    put_and_commit(&mut log, 1100, &[sample::again(7, 1)], "2").unwrap();
    drop(log);
    files.crash(Crash::LoseAll);
    let log = Writer::open(dir.path(), &options(&files)).unwrap();
    let reader = log.reader();
    for (at, entry) in all.iter().enumerate() {
        assert_eq!(&reader.entry(index(at as u64)).unwrap(), entry);
        assert_eq!(reader.read_back(&entry.name()).unwrap().as_ref(), Some(entry));
        assert_eq!(reader.index_of_identity(&entry.identity(), log.len()).unwrap(), Some(index(at as u64)));
    }
    let served = reader.range(index(200), 900, log.len()).unwrap();
    assert!(served.iter().zip(&all[200..]).all(|(served, entry)| served.leaf == entry.leaf_bytes()));
}

#[test]
fn a_damaged_copy_is_mended_from_a_staged_one() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    put_and_commit(&mut log, 0, &entries(0..20), "1").unwrap();
    let segment = dir.path().join("segments/00000000.seg");
    files.flip(&segment, 32 + 16 + 30, 1);
    let damage = log.reader().entry(index(0)).unwrap_err();
    assert!(matches!(&damage, StoreError::Corrupt { path, offset: 32, .. } if *path == segment), "{damage}");
    assert!(matches!(log.mend(index(0)), Err(StoreError::NotHeld { .. })));
    log.put(&entries(0..1), &[]).unwrap();
    log.mend(index(0)).unwrap();
    log.drop_staged();
    assert_eq!(log.reader().entry(index(0)).unwrap(), sample::entry(0));
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

#[test]
fn a_scrub_finds_damage_and_what_it_finds_can_be_mended() {
    let (dir, files) = (scratch(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    put_and_commit(&mut log, 0, &entries(0..600), "1").unwrap();
    let clean = log.reader().scrub(index(0), 10_000).unwrap();
    assert!(clean.next == size(600) && clean.entries.is_empty() && clean.tiles.is_empty());
    files.flip(&dir.path().join("tiles"), 16_384 + 500, 2);
    files.flip(&dir.path().join("segments/00000000.seg"), 32 + 16 + 30, 1);
    let found = log.reader().scrub(index(0), 10_000).unwrap();
    assert_eq!(found.entries.iter().map(|(at, _)| at.get()).collect::<Vec<_>>(), [0]);
    assert_eq!(found.tiles.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1]);
    log.put(&entries(0..1), &[]).unwrap();
    log.mend(index(0)).unwrap();
    log.mend_tile(1).unwrap();
    let clean = log.reader().scrub(index(0), 10_000).unwrap();
    assert!(clean.entries.is_empty() && clean.tiles.is_empty());
    assert!(matches!(log.mend_tile(2), Err(StoreError::OutOfRange { .. })));
}

#[test]
fn the_same_on_the_file_system_of_the_machine() {
    let dir = scratch();
    let real = StoreOptions { segment_bytes: 60_000, run: 256, block: 16, ..StoreOptions::default() };
    let mut log = Writer::create(dir.path(), &real).unwrap();
    put_and_commit(&mut log, 0, &entries(0..700), "1").unwrap();
    put_and_commit(&mut log, 600, &entries(1000..1100), "2").unwrap();
    while log.seal_step(size(600)).unwrap() {}
    let head = log.reader().head_at(log.len()).unwrap();
    drop(log);
    let log = Writer::open(dir.path(), &real).unwrap();
    assert_eq!(log.reader().head_at(log.len()).unwrap(), head);
    assert_eq!(log.sealed(), size(512));
    let found = log.reader().scrub(index(0), 10_000).unwrap();
    assert!(found.entries.is_empty() && found.tiles.is_empty());
    assert_eq!(log.reader().range(index(500), 200, log.len()).unwrap().len(), 200);
}
