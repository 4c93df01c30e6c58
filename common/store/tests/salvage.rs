//! Of a damaged list everything that is whole is kept, and nothing else.

#![allow(clippy::unwrap_used)]

mod made;

use ct::entry::StoredEntry;
use made::{LISTED, change, files, flip, make_list, scratch};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use store::StoreError;
use store::conformance::sample;
use store::list::{EntryList, ListOptions, ListReader, Salvage, Salvaged};

/// A new list of what is whole.
fn salvage(dir: &Path, issuers: &[Vec<u8>]) -> (Vec<StoredEntry>, Salvaged) {
    let into = scratch();
    let damaged = Salvage::open(dir, &ListOptions::default()).unwrap();
    let mut list = EntryList::create(into.path(), &ListOptions::default()).unwrap();
    let salvaged = damaged.pour(issuers, &mut list).unwrap();
    // Durable: what is opened again has it.
    drop(list);
    let list = EntryList::open(into.path(), &ListOptions::default()).unwrap().reader();
    (entries(&list), salvaged)
}

fn entries(list: &ListReader) -> Vec<StoredEntry> {
    let positions = list.describe(list.start(), 1000).unwrap();
    positions.iter().map(|one| list.get(one.position).unwrap().unwrap()).collect()
}

/// As `make_list` made it.
fn made(n: u64) -> StoredEntry {
    let entry = sample::entry(n);
    if n.is_multiple_of(4) { entry.with_sct(sample::sct(n)) } else { entry }
}

fn all() -> Vec<StoredEntry> {
    (0..LISTED).map(made).collect()
}

/// How many are missing of all that was listed, the rest being there in its order, SCTs at most lost.
fn missing(found: &[StoredEntry], what: &str) -> usize {
    let names: Vec<_> = found.iter().map(StoredEntry::name).collect();
    let left: Vec<_> = all().into_iter().filter(|entry| names.contains(&entry.name())).collect();
    assert_eq!(left.iter().map(StoredEntry::name).collect::<Vec<_>>(), names, "{what}: the order");
    for (entry, found) in left.iter().zip(found) {
        assert!(found == entry || found.sct().is_none(), "{what}: an SCT that is another's");
        assert_eq!(found.leaf_bytes(), entry.leaf_bytes(), "{what}");
    }
    LISTED as usize - found.len()
}

#[test]
fn a_whole_list_is_kept_whole() {
    let dir = scratch();
    drop(make_list(dir.path()));
    let (found, salvaged) = salvage(dir.path(), &[]);
    assert_eq!(found, all());
    assert_eq!(salvaged, Salvaged { entries: LISTED, ..Salvaged::default() });
}

#[test]
fn a_flipped_byte_costs_what_it_hits() {
    let dir = scratch();
    drop(make_list(dir.path()));
    let segments = files(&dir.path().join("segments"));
    assert!(segments.len() > 4, "several segments, and indexes");
    for file in segments {
        let whole = fs::read(&file).unwrap();
        // All of the header and of the first record's; then here and there.
        for offset in (0..48).chain((48..whole.len() as u64).step_by(29)) {
            flip(&file, offset);
            let what = format!("{} at {offset}", file.display());
            let (found, salvaged) = salvage(dir.path(), &[]);
            let missing = missing(&found, &what);
            let is_index = file.extension().is_some_and(|extension| extension == "idx");
            // An index is not needed, and without a file's header nothing in the file can be told.
            let most = if is_index {
                0
            } else if offset < 32 {
                30
            } else {
                1
            };
            assert!(missing <= most, "{what}: {missing} are missing");
            assert!(missing == 0 || salvaged.lost > 0, "{what}: nothing is said");
            fs::write(&file, &whole).unwrap();
        }
    }
}

#[test]
fn an_issuer_that_is_damaged_is_asked_for_and_then_nothing_is_missing() {
    let dir = scratch();
    drop(make_list(dir.path()));
    let named = sample::fingerprint(2);
    let one =
        format!("UPDATE issuers SET der = x'00' WHERE fingerprint = x'{}'", ct::hash::hex(named.as_bytes()));
    change(&dir.path().join("list.db"), &one);
    let lacking = Salvage::open(dir.path(), &ListOptions::default()).unwrap().lacking();
    assert_eq!(lacking, BTreeSet::from([named]));
    assert_eq!(salvage(dir.path(), &[sample::issuer(3), sample::issuer(2)]).0, all());
    let (found, salvaged) = salvage(dir.path(), &[sample::issuer(3)]);
    let whole: Vec<_> = all().into_iter().filter(|entry| !entry.chain().contains(&named)).collect();
    assert_eq!(found, whole);
    assert_eq!((salvaged.lost, salvaged.without_issuer), (0, LISTED - whole.len() as u64));
}

#[test]
fn a_database_that_is_gone_or_none_costs_no_entry_whose_issuers_others_have() {
    for ruin in [None, Some(b"no database at all".as_slice())] {
        let dir = scratch();
        drop(make_list(dir.path()));
        for file in files(dir.path()).iter().filter(|file| file.to_string_lossy().contains("list.db")) {
            fs::remove_file(file).unwrap();
        }
        if let Some(bytes) = ruin {
            fs::write(dir.path().join("list.db"), bytes).unwrap();
        }
        let lacking = Salvage::open(dir.path(), &ListOptions::default()).unwrap().lacking();
        assert_eq!(lacking, (0..sample::ISSUERS).map(sample::fingerprint).collect());
        let (found, _) = salvage(dir.path(), &sample::issuers());
        assert_eq!(missing(&found, "no database"), 0);
    }
}

#[test]
fn segments_that_are_gone_cost_what_they_held() {
    let dir = scratch();
    drop(make_list(dir.path()));
    fs::remove_file(dir.path().join("segments/00000001.seg")).unwrap();
    let (found, salvaged) = salvage(dir.path(), &[]);
    assert!((1..30).contains(&missing(&found, "a segment")) && salvaged.lost == 1);
    fs::remove_dir_all(dir.path().join("segments")).unwrap();
    assert_eq!(salvage(dir.path(), &[]), (Vec::new(), Salvaged::default()));
}

/// As a crash leaves it: what was being written when the power went.
#[test]
fn a_torn_tail_is_no_loss() {
    let dir = scratch();
    drop(make_list(dir.path()));
    let segments = files(&dir.path().join("segments"));
    let last = segments.iter().rfind(|file| file.extension().is_some_and(|e| e == "seg")).unwrap();
    let mut bytes = fs::read(last).unwrap();
    bytes.extend_from_slice(&[7; 100]);
    fs::write(last, bytes).unwrap();
    let (found, salvaged) = salvage(dir.path(), &[]);
    assert_eq!(found, all());
    assert_eq!(salvaged.lost, 0);
}

#[test]
fn a_list_that_is_open_is_left_alone() {
    let dir = scratch();
    let (_list, options) = make_list(dir.path());
    assert!(matches!(Salvage::open(dir.path(), &options), Err(StoreError::Locked { .. })));
}
