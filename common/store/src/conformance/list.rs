//! The entry list under faults.

use super::{Break, sample};
use crate::error::{Result, StoreError};
use crate::list::{EntryList, ListOptions};
use crate::sim::{Crash, Random, SimFiles};
use ct::entry::StoredEntry;
use ct::index::Position;
use ct::sct::DigitallySigned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a list should hold.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<StoredEntry>,
    /// How many of them were synced.
    synced: usize,
    scts: BTreeMap<u64, DigitallySigned>,
    synced_scts: BTreeMap<u64, DigitallySigned>,
    forgotten: u64,
    next: u64,
}

impl Model {
    fn all_synced(&mut self) {
        self.synced = self.entries.len();
        self.synced_scts = self.scts.clone();
    }
}

/// Options for lists on a simulated disk, with segments of a few entries.
pub fn options(files: &SimFiles) -> ListOptions {
    ListOptions { files: Arc::new(files.clone()), segment_bytes: 2000, ..ListOptions::default() }
}

fn step(list: &mut EntryList, model: &mut Model, random: &mut Random) -> Result<()> {
    match random.below(10) {
        0..5 => {
            let count = 1 + random.below(3);
            let entries: Vec<_> = (0..count).map(|i| sample::entry(model.next + i)).collect();
            model.next += count;
            model.entries.extend(entries.iter().cloned());
            list.append(&entries)?;
        }
        5 | 6 if !model.entries.is_empty() => {
            let at = random.below(model.entries.len() as u64).max(list.reader().start().get());
            let sct = model.scts.entry(at).or_insert_with(|| sample::sct(at)).clone();
            list.attach_sct(Position::ZERO.plus(at), &sct)?;
        }
        7 if random.below(4) == 0 => {
            let below = random.below(model.synced as u64 + 1);
            model.forgotten = model.forgotten.max(below);
            list.forget_below(Position::ZERO.plus(below))?;
        }
        _ => {
            list.sync()?;
            model.all_synced();
        }
    }
    Ok(())
}

/// How many operations that change anything the script of `seed` has. `dir` is empty and the machine's own.
pub fn operations(dir: &Path, seed: u64) -> u64 {
    let files = SimFiles::new();
    run(dir, &files, seed, None);
    files.changes()
}

/// Plays the script of `seed` in `dir`, broken as `fault` says, then checks what is left, and goes on with it.
pub fn survives(dir: &Path, seed: u64, fault: Break) {
    run(dir, &SimFiles::new(), seed, Some(fault));
}

fn run(dir: &Path, files: &SimFiles, seed: u64, fault: Option<Break>) {
    let options = options(files);
    let mut list = EntryList::create(dir, &options).expect("no fault is planted yet");
    list.add_issuers(&sample::issuers()).expect("no fault is planted yet");
    let mut random = Random::new(seed);
    let mut model = Model::default();
    if let Some(fault) = fault {
        fault.plant(files);
    }
    for _ in 0..40 {
        if step(&mut list, &mut model, &mut random).is_err() {
            let again = list.append(&[sample::entry(0)]).and_then(|_| list.sync());
            assert!(matches!(again, Err(StoreError::Poisoned { .. })), "not poisoned: {again:?}");
            break;
        }
    }
    drop(list);
    if let Some(fault) = fault {
        files.crash(fault.crash);
    }
    let mut list = EntryList::open(dir, &options).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    check(&list, &mut model);
    if fault.is_some() {
        // What was seen once, stays.
        drop(list);
        files.crash(Crash::LoseAll);
        list = EntryList::open(dir, &options).expect("it was opened before");
        check(&list, &mut model);
    }
    for _ in 0..10 {
        step(&mut list, &mut model, &mut random).expect("nothing is broken any more");
    }
    list.sync().expect("nothing is broken any more");
    model.all_synced();
    check(&list, &mut model);
}

/// Compares the list with the model, then lets the model forget what the crash was free to take.
fn check(list: &EntryList, model: &mut Model) {
    let reader = list.reader();
    let (start, end) = (reader.start().get(), reader.end().get());
    assert!(start <= model.forgotten, "start {start} went past {}", model.forgotten);
    assert!(
        (model.synced..=model.entries.len()).contains(&(end as usize)),
        "end {end}, synced {}",
        model.synced
    );
    model.entries.truncate(end as usize);
    let described = reader.describe(Position::ZERO, usize::MAX).expect("descriptions are whole");
    assert_eq!(described.len() as u64, end - start);
    for line in described {
        let at = line.position.get();
        let expected = &model.entries[at as usize];
        assert_eq!((line.name, line.identity), (expected.name(), expected.identity()));
        assert_eq!(line.timestamp, expected.timestamp());
        let found = reader.get(line.position).expect("an entry is whole").expect("it is within the list");
        assert_eq!(found.leaf_bytes(), expected.leaf_bytes());
        assert_eq!(found.chain(), expected.chain());
        match found.sct() {
            Some(sct) => assert_eq!(Some(sct), model.scts.get(&at)),
            None => assert!(!model.synced_scts.contains_key(&at), "the synced SCT of {at} is lost"),
        }
        model.synced_scts.retain(|other, _| *other != at);
        if let Some(sct) = found.sct() {
            model.synced_scts.insert(at, sct.clone());
        }
    }
    assert!(reader.get(Position::ZERO.plus(end)).expect("no error past the end").is_none());
    model.scts = model.synced_scts.clone();
    model.next = end + 1_000_000;
    model.all_synced();
}
