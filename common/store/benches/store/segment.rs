//! Segments: what a durable batch costs, beside the bare system calls, appending and into space written before.

use crate::{measure, seal};
use std::fs::File;
use std::os::unix::fs::FileExt;
use store::conformance::sample;
use store::list::{EntryList, ListOptions};

const ENTRIES: u64 = 20_000;

fn bare(batch: usize, written_before: bool, bytes: &[Vec<u8>]) {
    let dir = tempfile::tempdir().unwrap();
    let file = File::options().write(true).create(true).truncate(true).open(dir.path().join("f")).unwrap();
    let total: usize = bytes.iter().map(Vec::len).sum();
    if written_before {
        file.write_all_at(&vec![0; total], 0).unwrap();
        file.sync_all().unwrap();
    }
    let ((), took) = measure(|| {
        let mut at = 0;
        for part in bytes.chunks(batch) {
            let part = part.concat();
            file.write_all_at(&part, at).unwrap();
            file.sync_data().unwrap();
            at += part.len() as u64;
        }
    });
    let what = if written_before { "pwrite into written space" } else { "pwrite that extends" };
    println!(
        "segment batch {batch:4}  {what:26} {:6.2} us CPU/entry {:8.0} entries/s",
        took.cpu_us(bytes.len() as u64),
        took.rate(bytes.len() as u64)
    );
}

fn list(batch: usize, entries: &[ct::entry::StoredEntry]) {
    let dir = tempfile::tempdir().unwrap();
    let mut list = EntryList::create(dir.path(), &ListOptions::default()).unwrap();
    list.add_issuers(&sample::issuers()).unwrap();
    let ((), took) = measure(|| {
        for part in entries.chunks(batch) {
            list.append(part).unwrap();
            list.sync().unwrap();
        }
    });
    println!(
        "segment batch {batch:4}  {:26} {:6.2} us CPU/entry {:8.0} entries/s",
        "entry list",
        took.cpu_us(entries.len() as u64),
        took.rate(entries.len() as u64)
    );
}

pub fn run() {
    let entries: Vec<_> = (0..ENTRIES).map(|n| sample::entry_of(n, 1100)).collect();
    let bytes: Vec<_> = entries.iter().map(|entry| entry.encode().unwrap()).collect();
    println!("segment: {ENTRIES} entries of {} B", bytes.iter().map(Vec::len).sum::<usize>() / bytes.len());
    for batch in [1, 10, 100, 1000] {
        let part = (batch * 2000).min(entries.len());
        bare(batch, false, &bytes[..part]);
        bare(batch, true, &bytes[..part]);
        list(batch, &entries[..part]);
    }
    let _ = seal::certificate(0);
}
