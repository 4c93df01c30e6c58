//! The log under faults: order, indexes, tree, state and copies, through commits, cuts and sealing.

use super::{Break, sample};
use crate::error::{Result, StoreError};
use crate::log::{Append, Commit, Reader, StoreOptions, Writer};
use crate::sim::{Crash, Random, SimFiles};
use ct::entry::StoredEntry;
use ct::hash::{LeafHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::verify;
use ct::order::{BothTrees, OrderRecord};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Options for logs on a simulated disk, with small segments, runs and blocks.
pub fn options(files: &SimFiles) -> StoreOptions {
    let files = Arc::new(files.clone());
    StoreOptions { files, segment_bytes: 60_000, run: 256, block: 16, ..StoreOptions::default() }
}

/// A size.
pub fn size(n: u64) -> TreeSize {
    TreeSize::ZERO.plus(n)
}

/// An index.
pub fn index(n: u64) -> LeafIndex {
    size(n).next_index()
}

/// The append of an entry whose order record is known.
pub fn append(entry: &StoredEntry, record: &OrderRecord) -> Append {
    let leaf_hash = LeafHash::new(*record.name.as_bytes());
    Append { name: record.name, extra: record.extra, leaf_hash, identity: Some(entry.identity()) }
}

/// Puts entries and commits them at `base`, with a state row.
pub fn put_and_commit(log: &mut Writer, base: u64, entries: &[StoredEntry], state: &str) -> Result<()> {
    let records = log.put(entries, &sample::issuers())?;
    let append = entries.iter().zip(&records).map(|(entry, record)| append(entry, record)).collect();
    let state = vec![("version".to_owned(), Some(state.to_owned()))];
    log.commit(&Commit { base: size(base), append, state })
}

/// Both trees over records, leaf by leaf.
pub fn trees<'a>(records: impl IntoIterator<Item = &'a OrderRecord>) -> BothTrees {
    let mut trees = BothTrees::empty();
    for record in records {
        trees.append(record, LeafHash::new(*record.name.as_bytes()));
    }
    trees
}

/// What a log should hold.
#[derive(Debug, Clone, Default)]
struct Model {
    entries: Vec<StoredEntry>,
    state: Option<String>,
    published: u64,
}

/// A script and what it has done so far.
struct Script {
    random: Random,
    model: Model,
    /// What the commit that is being made would lead to.
    attempt: Option<Model>,
    cut: Vec<StoredEntry>,
    next: u64,
    version: u64,
}

impl Script {
    fn new(seed: u64) -> Self {
        let (model, attempt) = (Model::default(), None);
        Self { random: Random::new(seed), model, attempt, cut: Vec::new(), next: 0, version: 0 }
    }

    fn step(&mut self, log: &mut Writer) -> Result<()> {
        let len = self.model.entries.len() as u64;
        match self.random.below(8) {
            0 => {
                self.model.published = self.random.below(len + 1).max(self.model.published);
                while log.seal_step(size(self.model.published))? {}
                return Ok(());
            }
            1 => {
                log.put(&[sample::entry(self.next + 500_000)], &sample::issuers())?;
                return log.sync();
            }
            _ => {}
        }
        let cuts = self.random.below(5) == 0;
        let base =
            if cuts { self.model.published + self.random.below(len - self.model.published + 1) } else { len };
        let count = self.random.below(90);
        let mut entries: Vec<_> = (0..count).map(|i| sample::entry(self.next + i)).collect();
        self.next += count;
        entries.extend(self.cut.pop());
        self.version += 1;
        let version = format!("\"{}\"", self.version);
        let mut attempt = self.model.clone();
        self.cut.extend(attempt.entries.split_off(base as usize));
        attempt.entries.extend(entries.iter().cloned());
        attempt.state = Some(version.clone());
        self.attempt = Some(attempt.clone());
        put_and_commit(log, base, &entries, &version)?;
        self.model = attempt;
        self.attempt = None;
        Ok(())
    }
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
    let mut log = Writer::create(dir, &options).expect("no fault is planted yet");
    let mut script = Script::new(seed);
    if let Some(fault) = fault {
        fault.plant(files);
    }
    for _ in 0..30 {
        if script.step(&mut log).is_err() {
            let again = put_and_commit(&mut log, script.model.entries.len() as u64, &[], "");
            assert!(matches!(again, Err(StoreError::Poisoned { .. })), "not poisoned: {again:?}");
            break;
        }
    }
    drop(log);
    if let Some(fault) = fault {
        files.crash(fault.crash);
    }
    let mut log = Writer::open(dir, &options).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    let state = log.reader().state("version").expect("state is readable");
    if let Some(attempt) = script.attempt.take().filter(|attempt| attempt.state == state) {
        script.model = attempt;
    }
    check(&log.reader(), &script);
    if fault.is_some() {
        // What was seen once, stays.
        drop(log);
        files.crash(Crash::LoseAll);
        log = Writer::open(dir, &options).expect("it was opened before");
        check(&log.reader(), &script);
    }
    for _ in 0..5 {
        script.step(&mut log).expect("nothing is broken any more");
    }
    check(&log.reader(), &script);
}

/// Compares all that a reader can see with the model.
fn check(log: &Reader, script: &Script) {
    let model = &script.model;
    let len = log.len();
    assert_eq!(len.get(), model.entries.len() as u64);
    assert_eq!(log.state("version").expect("state is readable"), model.state);
    let records = log.records(TreeSize::ZERO, len).expect("records are readable");
    assert_eq!(records.len(), model.entries.len());
    assert_eq!(log.head_at(len).expect("roots are readable"), trees(&records).head());
    let mut lowest = BTreeMap::new();
    for (at, (entry, record)) in model.entries.iter().zip(&records).enumerate() {
        let at = index(at as u64);
        assert_eq!(entry.name(), record.name);
        assert_eq!(&log.entry(at).expect("an entry is readable"), entry);
        assert_eq!(log.extra_hash(entry).expect("issuers are held"), Some(record.extra));
        let lowest = *lowest.entry(entry.name()).or_insert(at);
        assert_eq!(log.index_of(&entry.name(), len).expect("the index is readable"), Some(lowest));
        let by_identity = log.index_of_identity(&entry.identity(), len).expect("the index is readable");
        assert_eq!(by_identity, Some(lowest));
    }
    for cut in &script.cut {
        if !lowest.contains_key(&cut.name()) {
            assert_eq!(log.index_of(&cut.name(), len).expect("the index is readable"), None);
        }
    }
    if len > TreeSize::ZERO {
        let served = log.range(LeafIndex::ZERO, usize::MAX >> 1, len).expect("entries are served");
        assert_eq!(served.len(), model.entries.len());
        assert!(served.iter().zip(&model.entries).all(|(served, entry)| served.leaf == entry.leaf_bytes()));
    }
    check_proofs(log, &records, &mut Random::new(len.get()));
}

/// Checks some proofs of a log with these records.
pub fn check_proofs(log: &Reader, records: &[OrderRecord], random: &mut Random) {
    let len = records.len() as u64;
    for _ in 0..len.min(8) {
        let second = 1 + random.below(len);
        let (first, at) = (random.below(second + 1), random.below(second));
        let root = |n: u64| -> RootHash { trees(&records[..n as usize]).head().root };
        assert_eq!(log.head_at(size(second)).expect("roots"), trees(&records[..second as usize]).head());
        let path = log.inclusion(index(at), size(second)).expect("a path");
        let leaf = LeafHash::new(*records[at as usize].name.as_bytes());
        verify::inclusion(leaf, index(at), size(second), &path, root(second)).expect("the path proves");
        let path = log.consistency(size(first), size(second)).expect("a proof");
        verify::consistency(size(first), root(first), size(second), root(second), &path).expect("it proves");
    }
}
