//! Entries of logs that others made: whatever they hold is kept byte for byte.

#![allow(clippy::unwrap_used)]

use ct::archive::ArchivedEntry;
use ct::entry::{Leaf, SignedEntry, extra_data};
use ct::hash::LeafHash;
use ct::index::TreeSize;
use ct::merkle::compact::Compact;
use ct::time::Timestamp;
use store::conformance::log::{index, options, size};
use store::log::{Append, Commit, Reader, Served, StoreOptions, Writer};
use store::sim::SimFiles;

/// What the log served, and what is stored of it.
struct Foreign {
    served: Served,
    issuers: Vec<Vec<u8>>,
    entry: ArchivedEntry,
}

fn foreign(timestamp: u64, extensions: &[u8], precertificate: Option<&[u8]>, issuers: &[&[u8]]) -> Foreign {
    let certificate = format!("no certificate {timestamp}").into_bytes();
    let entry = match precertificate {
        None => SignedEntry::X509 { certificate },
        Some(_) => SignedEntry::Precert { issuer_key_hash: [1; 32].into(), tbs_certificate: certificate },
    };
    let timestamp = Timestamp::from_millis(timestamp);
    let leaf = Leaf { timestamp, entry, extensions: extensions.to_vec() }.encode().unwrap();
    let extra = extra_data(precertificate, issuers).unwrap();
    let issuers: Vec<_> = issuers.iter().map(|der| der.to_vec()).collect();
    let entry = ArchivedEntry::new(leaf.clone(), precertificate.map(<[u8]>::to_vec), &issuers).unwrap();
    Foreign { served: Served { leaf, extra }, issuers, entry }
}

/// What our own logs never hold: extensions, long chains and empty ones, the same leaf twice, also with another chain.
fn oddities() -> Vec<Foreign> {
    let long: Vec<Vec<u8>> = (0..300_u32).map(|n| n.to_be_bytes().to_vec()).collect();
    let long: Vec<&[u8]> = long.iter().map(Vec::as_slice).collect();
    vec![
        foreign(1, b"eight by", None, &[b"issuer", b"root"]),
        foreign(2, b"", Some(b"precertificate"), &long),
        foreign(3, b"", None, &[]),
        foreign(2, b"", Some(b"precertificate"), &long),
        foreign(1, b"eight by", None, &[b"another issuer"]),
        foreign(4, b"", None, &[&[7; 100_000], b"root"]),
    ]
}

fn commit(log: &mut Writer, foreign: &[Foreign]) {
    let entries: Vec<_> = foreign.iter().map(|one| one.entry.clone()).collect();
    let issuers: Vec<_> = foreign.iter().flat_map(|one| one.issuers.clone()).collect();
    let records = log.put_archived(&entries, &issuers).unwrap();
    let append = entries.iter().zip(&records).map(|(entry, record)| Append {
        name: record.name,
        extra: record.extra,
        leaf_hash: entry.leaf_hash(),
        identity: None,
    });
    log.commit(&Commit { base: log.len(), append: append.collect(), state: Vec::new() }).unwrap();
}

fn serves(reader: &Reader, expected: &[Foreign]) {
    let served = reader.range(index(0), 1000, reader.len()).unwrap();
    let expected: Vec<_> = expected.iter().map(|one| one.served.clone()).collect();
    assert_eq!(served, expected);
    let mut tree = Compact::empty();
    expected.iter().for_each(|one| tree.append(ct::merkle::leaf_hash(&one.leaf).into()));
    assert_eq!(reader.roots_at(reader.len()).unwrap().0, tree.root());
    let scrubbed = reader.scrub(index(0), 1000).unwrap();
    assert!(scrubbed.entries.is_empty() && scrubbed.tiles.is_empty(), "{scrubbed:?}");
}

#[test]
fn a_foreign_log_is_served_byte_for_byte_through_restarts_and_sealing() {
    let (dir, files) = (tempfile::tempdir().unwrap(), SimFiles::new());
    let options = StoreOptions { run: 256, ..options(&files) };
    let mut log = Writer::create(dir.path(), &options).unwrap();
    let mut held = oddities();
    commit(&mut log, &held[..3]);
    commit(&mut log, &held[3..]);
    serves(&log.reader(), &held);

    held.extend((100..600).map(|n| foreign(n, b"x", None, &[b"issuer", b"root"])));
    commit(&mut log, &held[6..]);
    drop(log);
    let mut log = Writer::open(dir.path(), &options).unwrap();
    serves(&log.reader(), &held);
    while log.seal_step(log.len()).unwrap() {}
    assert_eq!(log.sealed(), size(256));
    serves(&log.reader(), &held);
}

#[test]
fn of_a_leaf_that_stands_twice_the_lowest_place_is_found() {
    let (dir, files) = (tempfile::tempdir().unwrap(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let held = oddities();
    // Once within a commit, once across two.
    commit(&mut log, &held[..4]);
    commit(&mut log, &held[4..]);
    let reader = log.reader();
    let of = |at: usize, below: u64| reader.index_of(&held[at].entry.name(), size(below)).unwrap();
    assert_eq!((of(3, 6), of(4, 6)), (Some(index(1)), Some(index(0))));
    assert_eq!((of(1, 1), of(4, 1)), (None, Some(index(0))));
    let hash = |at: usize| LeafHash::new(*held[at].entry.name().as_bytes());
    for (low, high) in [(1_u64, 3_u64), (0, 4)] {
        assert_eq!(hash(low as usize), hash(high as usize));
        let path = reader.inclusion(index(low), size(6)).unwrap();
        let root = reader.roots_at(size(6)).unwrap().0;
        ct::merkle::verify::inclusion(hash(low as usize), index(low), size(6), &path, root).unwrap();
    }
}

#[test]
fn what_is_cut_is_gone_and_nobody_takes_an_archive_for_a_log_of_our_own() {
    let (dir, files) = (tempfile::tempdir().unwrap(), SimFiles::new());
    let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
    let held = oddities();
    commit(&mut log, &held);
    assert!(log.reader().entry(index(0)).is_err());
    log.commit(&Commit { base: size(2), ..Commit::default() }).unwrap();
    serves(&log.reader(), &held[..2]);
    assert_eq!(log.reader().index_of(&held[5].entry.name(), size(2)).unwrap(), None);
    // The leaf of place 3 stands at 1 as well, and is still found there.
    assert_eq!(log.reader().index_of(&held[3].entry.name(), size(2)).unwrap(), Some(index(1)));
    commit(&mut log, &held[2..]);
    serves(&log.reader(), &held);
    assert_eq!(log.len(), TreeSize::of(6));
}
