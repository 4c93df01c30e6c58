//! The conformance suite on simulated disks.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use store::conformance::damage::{self, Outcome};
use store::conformance::{Break, list, log, segments};

/// In memory where the machine has such a file system: SQLite syncs every commit.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
fn segments_survive_every_break() {
    for seed in 0..3 {
        let operations = segments::operations(seed);
        for n in 0..operations * 12 {
            segments::survives(seed, Break::nth(n, operations, seed));
        }
    }
}

#[test]
fn the_list_survives_every_break() {
    for seed in 0..4 {
        let operations = list::operations(scratch().path(), seed);
        for n in 0..operations * 3 {
            list::survives(scratch().path(), seed, Break::nth(n, operations, seed));
        }
    }
}

#[test]
fn the_log_survives_every_break() {
    for seed in 0..3 {
        let operations = log::operations(scratch().path(), seed);
        for n in 0..operations {
            log::survives(scratch().path(), seed, Break::nth(n, operations, seed));
        }
    }
}

#[test]
fn a_flipped_bit_is_never_served() {
    let mut seen: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for seed in 0..150 {
        for (kind, outcome) in [damage::list(scratch().path(), seed), damage::log(scratch().path(), seed)] {
            seen.entry(kind).or_default()[usize::from(outcome == Outcome::Right)] += 1;
        }
    }
    println!("file: [named, right] {seen:?}");
    for kind in ["seg", "idx", "run", "tiles", "tile-roots"] {
        assert!(seen.contains_key(kind), "no bit of a {kind} file was flipped");
    }
}
