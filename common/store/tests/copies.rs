//! Copies of entries in a log: staged, ordered, sealed, mended.

#![allow(clippy::unwrap_used)]

use ct::index::TreeSize;
use store::StoreError;
use store::conformance::log::{append, index, options, put_and_commit, size};
use store::conformance::sample;
use store::log::{Commit, StoreOptions, Writer};
use store::sim::{Crash, SimFiles};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn entries(range: std::ops::Range<u64>) -> Vec<ct::entry::StoredEntry> {
    range.map(sample::entry).collect()
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
