//! Segments under faults.

use super::Break;
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::segment::{Kind, Location, Segments};
use crate::sim::{Crash, Random, SimFiles};
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/segments";
const MAX_BYTES: u64 = 1500;

/// Records by location: those that were synced, then those that were only appended.
#[derive(Debug, Default)]
struct Model {
    synced: Vec<(Location, Vec<u8>)>,
    appended: Vec<(Location, Vec<u8>)>,
}

fn payload(random: &mut Random) -> Vec<u8> {
    let len = random.below(300) as usize;
    (0..len).map(|_| random.next() as u8).collect()
}

fn play(segments: &mut Segments, model: &mut Model, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    for _ in 0..60 {
        if random.below(3) == 0 {
            segments.sync()?;
            model.synced.append(&mut model.appended);
            continue;
        }
        let bytes = payload(&mut random);
        if segments.is_full(bytes.len()) {
            segments.roll(0)?;
            model.synced.append(&mut model.appended);
        }
        let at = segments.append(Kind::Entry, &bytes)?;
        model.appended.push((at, bytes));
    }
    Ok(())
}

fn open(files: &SimFiles) -> Result<Segments> {
    let disk = Disk::new(Arc::new(files.clone()));
    Segments::open(&disk, Path::new(DIR), MAX_BYTES, Location::new(0, 0), |_, _, _| Ok(()))
}

/// How many operations that change anything the script of `seed` has.
pub fn operations(seed: u64) -> u64 {
    let files = SimFiles::new();
    run(&files, seed, None);
    files.changes()
}

/// Plays the script of `seed`, broken as `fault` says, then checks what is left.
pub fn survives(seed: u64, fault: Break) {
    run(&SimFiles::new(), seed, Some(fault));
}

fn run(files: &SimFiles, seed: u64, fault: Option<Break>) {
    let disk = Disk::new(Arc::new(files.clone()));
    let mut segments = Segments::create(&disk, Path::new(DIR), MAX_BYTES).expect("no fault is planted yet");
    let mut model = Model::default();
    if let Some(fault) = fault {
        fault.plant(files);
    }
    let played = play(&mut segments, &mut model, seed);
    if played.is_err() {
        let again = segments.append(Kind::Entry, b"x").and_then(|_| segments.sync());
        assert!(matches!(again, Err(StoreError::Poisoned { .. })), "not poisoned: {again:?}");
    }
    drop(segments);
    if let Some(fault) = fault {
        files.crash(fault.crash);
        let segments = open(files).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        check(&segments, &model);
        let end = segments.reader().durable_end();
        drop(segments);
        files.crash(Crash::LoseAll);
        let segments = open(files).expect("it was opened before");
        assert_eq!(segments.reader().durable_end(), end, "what was seen once, stays");
    }
}

/// Everything that was synced is there; of the rest, what is readable is what was written.
fn check(segments: &Segments, model: &Model) {
    let reader = segments.reader();
    for (at, bytes) in &model.synced {
        let read = reader.read(*at).unwrap_or_else(|error| panic!("a synced record is lost: {error}"));
        assert_eq!(&read.1, bytes);
    }
    let synced_end = model.synced.last().map_or(Location::new(0, 0), |(at, _)| *at);
    for (at, bytes) in &model.appended {
        assert!(*at > synced_end);
        if *at < reader.durable_end() {
            assert_eq!(&reader.read(*at).expect("below the durable end").1, bytes);
        }
    }
}
