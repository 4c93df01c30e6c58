//! What tests of damage begin with.

#![allow(dead_code, reason = "each test program uses its part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use store::conformance::log::{put_and_commit, size};
use store::conformance::sample;
use store::list::{EntryList, ListOptions};
use store::log::{Known, StoreOptions, Writer};

pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub fn options() -> StoreOptions {
    StoreOptions { segment_bytes: 60_000, run: 256, block: 16, ..StoreOptions::default() }
}

/// 700 entries: one run is sealed, two tiles are full. The head that somebody signed is that of the first `signed`.
pub fn make_log(dir: &Path, signed: u64) -> (Writer, Known) {
    let mut log = Writer::create(dir, &options()).unwrap();
    let entries: Vec<_> = (0..700).map(sample::entry).collect();
    for (i, batch) in entries.chunks(70).enumerate() {
        put_and_commit(&mut log, i as u64 * 70, batch, "1").unwrap();
    }
    assert!(log.seal_step(size(300)).unwrap());
    let head = log.reader().head_at(size(signed)).unwrap();
    let what = "the tree head";
    (log, Known { what, size: head.size, root: head.root, internal: Some(head.internal_root) })
}

/// How many entries [`make_list`] makes.
pub const LISTED: u64 = 60;

/// A list of several segments; every fourth entry has an SCT.
pub fn make_list(dir: &Path) -> (EntryList, ListOptions) {
    let options = ListOptions { segment_bytes: 4000, ..ListOptions::default() };
    let mut list = EntryList::create(dir, &options).unwrap();
    list.add_issuers(&sample::issuers()).unwrap();
    for batch in (0..LISTED).map(sample::entry).collect::<Vec<_>>().chunks(4) {
        let positions = list.append(batch).unwrap();
        list.sync().unwrap();
        list.attach_sct(positions[0], &sample::sct(positions[0].get())).unwrap();
    }
    list.sync().unwrap();
    (list, options)
}

/// The files of a directory, by name.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Another byte in the place of one.
pub fn flip(file: &Path, offset: u64) {
    let mut bytes = fs::read(file).unwrap();
    bytes[offset as usize] ^= 0x10;
    fs::write(file, bytes).unwrap();
}

/// Runs SQL, which must change something.
pub fn change(file: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql} changes nothing");
}
