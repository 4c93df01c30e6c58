//! A whole log: staging, committing, sealing, reading, opening.

use crate::{bytes_in, measure, seal};
use ct::index::{LeafIndex, TreeSize};
use std::hint::black_box;
use store::conformance::log::append;
use store::conformance::sample;
use store::log::{Commit, Reader, StoreOptions, Writer};
use store::sim::Random;

const BATCH: u64 = 1000;

fn size(n: u64) -> TreeSize {
    TreeSize::ZERO.plus(n)
}

fn index(n: u64) -> LeafIndex {
    size(n).next_index()
}

fn entry(n: u64) -> ct::entry::StoredEntry {
    let body = seal::certificate(n);
    let leaf = ct::entry::Leaf::plain(
        ct::time::Timestamp::from_millis(1_760_000_000_000 + n),
        ct::entry::SignedEntry::X509 { certificate: body },
    );
    let entry =
        ct::entry::StoredEntry::new(&leaf, None, vec![sample::fingerprint(n), sample::fingerprint(n + 1)]);
    entry.unwrap().with_sct(sample::sct(n))
}

fn reads(reader: &Reader, count: u64) {
    let len = reader.len();
    let mut random = Random::new(3);
    let mut each = |name: &str, times: u64, what: &mut dyn FnMut(u64)| {
        let ((), took) = measure(|| (0..times).for_each(|_| what(random.below(count))));
        println!("log   {name:34} {:8.2} us CPU", took.cpu_us(times));
    };
    each("inclusion proof", 20_000, &mut |at| drop(black_box(reader.inclusion(index(at), len).unwrap())));
    each("consistency proof", 20_000, &mut |at| drop(black_box(reader.consistency(size(at), len).unwrap())));
    each("both roots at a past size", 2_000, &mut |at| {
        black_box(reader.roots_at(size(at)).unwrap());
    });
    each("index of a name", 20_000, &mut |at| {
        let record = reader.record(index(at)).unwrap();
        assert_eq!(reader.index_of(&record.name, len).unwrap(), Some(index(at)));
    });
    each("one entry", 5_000, &mut |at| drop(black_box(reader.entry(index(at)).unwrap())));
    let tip = count - 1000;
    each("1000 entries at the unsealed tip", 100, &mut |_| {
        black_box(reader.range(index(tip), 1000, len).unwrap());
    });
    each("1000 sealed entries", 100, &mut |at| {
        black_box(reader.range(index(at.min(tip) / 1000 * 1000), 1000, len).unwrap());
    });
}

pub fn run(count: u64) {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions::default();
    let mut log = Writer::create(dir.path(), &options).unwrap();
    let (mut put, mut commit, mut sealing) = (0.0, 0.0, 0.0);
    let mut window = 0.0;
    println!("log: {count} entries, batches of {BATCH}");
    for first in (0..count).step_by(BATCH as usize) {
        let entries: Vec<_> = (first..first + BATCH).map(entry).collect();
        let identities: Vec<_> = entries.iter().map(ct::entry::StoredEntry::identity).collect();
        let (records, took) = measure(|| {
            let records = log.put(&entries, &sample::issuers()).unwrap();
            log.sync().unwrap();
            records
        });
        put += took.cpu.as_secs_f64();
        let mut append: Vec<_> =
            entries.iter().zip(&records).map(|(entry, record)| append(entry, record)).collect();
        append.iter_mut().zip(identities).for_each(|(append, identity)| append.identity = Some(identity));
        let change =
            Commit { base: log.len(), append, state: vec![("cycle".to_owned(), Some(first.to_string()))] };
        let ((), took) = measure(|| log.commit(&change).unwrap());
        commit += took.cpu.as_secs_f64();
        window += took.cpu.as_secs_f64();
        let ((), took) = measure(|| while log.seal_step(log.len()).unwrap() {});
        sealing += took.cpu.as_secs_f64();
        let done = first + BATCH;
        if done.is_multiple_of((count / 10).max(BATCH)) {
            println!(
                "log   at {done:9}: commit {:.1} us CPU/entry in the last tenth",
                window * 1e7 / count as f64
            );
            window = 0.0;
        }
    }
    let each = |seconds: f64| seconds * 1e6 / count as f64;
    println!(
        "log   stage {:.2}, commit {:.2}, seal {:.2} us CPU/entry",
        each(put),
        each(commit),
        each(sealing)
    );
    reads(&log.reader(), count);
    drop(log);
    for file in ["log.db", "tiles", "tile-roots", "sealed", "segments"] {
        let path = dir.path().join(file);
        let bytes = if path.is_dir() { bytes_in(&path) } else { path.metadata().unwrap().len() };
        println!("log   {file:12} {:7.1} B/entry", bytes as f64 / count as f64);
    }
    let (log, took) = measure(|| Writer::open(dir.path(), &options).unwrap());
    println!(
        "log   opening: {:.0} ms CPU, {:.0} ms",
        took.cpu.as_secs_f64() * 1e3,
        took.wall.as_secs_f64() * 1e3
    );
    drop(log);
}
