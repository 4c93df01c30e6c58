//! What a check found is mended from right copies, and from nothing else.

#![allow(clippy::unwrap_used)]

mod made;

use made::{change, files, flip, make_log, options, scratch};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use store::check::rest;
use store::conformance::log::{index, put_and_commit};
use store::conformance::sample;
use store::log::{ClosedLog, Damage, Known, LogCheck, Writer, make_openable};
use store::{Finding, StoreError};

fn check(dir: &Path, known: &Known) -> (Vec<Finding>, Damage) {
    let log = ClosedLog::open(dir, &options()).unwrap();
    let mut check = LogCheck::closed(log, vec![known.clone()]).unwrap();
    (rest(&mut check), check.damage())
}

fn mend(dir: &Path, damage: &Damage) {
    make_openable(dir, &options(), damage).unwrap();
    let mut log = Writer::open(dir, &options()).unwrap();
    log.mend_issuers(&damage.issuers, &sample::issuers()).unwrap();
    let good: BTreeMap<_, _> = damage.entries.iter().map(|at| (*at, sample::entry(at.get()))).collect();
    log.mend_entries(&good).unwrap();
    damage.tiles.iter().for_each(|tile| log.mend_tile(*tile).unwrap());
    if damage.indexes {
        log.mend_indexes().unwrap();
    }
    // It works on.
    let entry = sample::entry(1000);
    let len = log.len().get();
    put_and_commit(&mut log, len, std::slice::from_ref(&entry), "1").unwrap();
    assert_eq!(log.reader().index_of(&entry.name(), log.len()).unwrap(), Some(index(len)));
    for at in damage.entries.iter().take(20) {
        assert_eq!(log.reader().entry(*at).unwrap(), sample::entry(at.get()));
    }
}

/// Damages a log of its own, and demands that it is mended.
fn damaged(what: &str, damage: impl FnOnce(&Path)) {
    let dir = scratch();
    let (_, known) = make_log(dir.path(), 700);
    damage(dir.path());
    let (findings, found) = check(dir.path(), &known);
    assert!(!findings.is_empty(), "{what} is not found");
    mend(dir.path(), &found);
    let (findings, _) = check(dir.path(), &known);
    assert_eq!(findings, vec![], "{what}");
}

#[test]
fn a_flipped_byte_anywhere_is_mended() {
    let parts =
        ["tiles", "tile-roots", "sealed/00000000.run", "segments/00000001.seg", "segments/00000002.seg"];
    for part in parts {
        let dir = scratch();
        make_log(dir.path(), 700);
        let len = fs::metadata(dir.path().join(part)).unwrap().len();
        // In the header, in what follows, all over, at the end (where the last record of a segment may be torn).
        for offset in [1, 20, 33, 44, 50, len / 3, len / 2, len - 60, len - 20] {
            damaged(&format!("{part} at {offset}"), |dir| flip(&dir.join(part), offset));
        }
    }
}

#[test]
fn files_that_are_gone_are_mended() {
    for part in
        ["tiles", "tile-roots", "sealed/00000000.run", "segments/00000001.seg", "segments/00000002.seg"]
    {
        damaged(part, |dir| fs::remove_file(dir.join(part)).unwrap());
    }
    damaged("much at once", |dir| {
        for file in
            [dir.join("tiles"), dir.join("tile-roots")].into_iter().chain(files(&dir.join("segments")))
        {
            let len = fs::metadata(&file).unwrap().len();
            (0..5).for_each(|i| flip(&file, 40 + i * (len - 100) / 5));
        }
    });
}

#[test]
fn rows_that_can_be_made_again_are_mended() {
    for sql in [
        "UPDATE issuers SET der = x'00'",
        "DELETE FROM issuers WHERE fingerprint > x'80'",
        "DELETE FROM name_index WHERE idx < 99",
        "UPDATE name_index SET idx = 3",
        "INSERT INTO name_index VALUES(77, 9000)",
        "DELETE FROM identity_index",
        "INSERT INTO identity_index VALUES(77, 5)",
        "UPDATE orders SET loc = loc + 1 WHERE idx = 501",
        // Sealed and not, in full tiles.
        "UPDATE orders SET name = zeroblob(32) WHERE idx IN (17, 400)",
        "UPDATE orders SET extra = zeroblob(32) WHERE idx IN (18, 19, 401)",
        "UPDATE orders SET name = zeroblob(32), extra = zeroblob(32), loc = 7 WHERE idx = 20",
        "UPDATE orders SET name = x'00' WHERE idx = 5",
        "DELETE FROM orders WHERE idx IN (0, 100, 255)",
    ] {
        damaged(sql, |dir| {
            change(&dir.join("log.db"), sql);
        });
    }
}

/// Two of copy, page and roots are not enough to put a row right, and neither is a tile that is not full.
#[test]
fn a_row_that_nothing_proves_is_left() {
    type Alter = fn(&Path);
    fn row(dir: &Path, sql: &str) {
        change(&dir.join("log.db"), sql);
    }
    let cases: [(&str, Alter); 6] = [
        ("no full tile", |dir| row(dir, "UPDATE orders SET extra = zeroblob(32) WHERE idx = 600")),
        ("nobody knows where its copy is", |dir| row(dir, "DELETE FROM orders WHERE idx = 300")),
        ("a page that is damaged too", |dir| {
            row(dir, "UPDATE orders SET extra = zeroblob(32) WHERE idx = 17");
            flip(&dir.join("tiles"), 5000);
        }),
        ("roots that are damaged too", |dir| {
            row(dir, "UPDATE orders SET name = zeroblob(32) WHERE idx = 17");
            flip(&dir.join("tile-roots"), 50);
        }),
        ("no roots", |dir| {
            row(dir, "UPDATE orders SET name = zeroblob(32) WHERE idx = 17");
            fs::remove_file(dir.join("tile-roots")).unwrap();
        }),
        ("another row of the tile without a copy", |dir| {
            row(dir, "UPDATE orders SET name = zeroblob(32) WHERE idx = 257");
            row(dir, "DELETE FROM orders WHERE idx = 300");
        }),
    ];
    for (what, alter) in cases {
        let dir = scratch();
        let (log, known) = make_log(dir.path(), 700);
        drop(log);
        alter(dir.path());
        let (findings, found) = check(dir.path(), &known);
        assert!(!findings.is_empty() && found.order.is_empty(), "{what}: {:?}", found.order);
    }
}

#[test]
fn nothing_but_what_the_order_names_is_written() {
    let dir = scratch();
    make_log(dir.path(), 700);
    let mut log = Writer::open(dir.path(), &options()).unwrap();
    let run = fs::read(dir.path().join("sealed/00000000.run")).unwrap();
    for at in [3, 600] {
        for wrong in [sample::entry(at + 1), sample::again(at, 1), sample::other_chain(at)] {
            let one = BTreeMap::from([(index(at), wrong)]);
            let refused = log.mend_entries(&one);
            assert!(matches!(refused, Err(StoreError::NotHeld { .. })), "{at}: {refused:?}");
        }
        assert_eq!(log.reader().entry(index(at)).unwrap(), sample::entry(at));
    }
    assert_eq!(fs::read(dir.path().join("sealed/00000000.run")).unwrap(), run);
}
