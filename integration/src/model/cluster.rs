//! What never changes: names, keys, the founding certificate.

use crate::sim::disk::LogDisk;
use crate::sim::world::{BEGIN, MergeDisk, name, signer_key};
use crate::sim::{Options, World, submit};
use ct::entry::{OrderedEntry, StoredEntry};
use ct::index::Term;
use ct::key::LogSigningKey;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::order::OrderRecord;
use ct::replica::{Placed, View as _};
use ct::term::{TermCertificate, Trust};
use ct::time::Timestamp;

/// The three merge nodes by number, from 0.
pub const MERGES: usize = 3;
/// The liar, if there is one: the primary of the first term.
pub const LIAR: usize = 0;

/// When everything happens, by a clock that is right. Entries are older, and tree heads are younger by less than clocks may
/// differ.
const NOW: u64 = BEGIN + 10_000;

/// How a clock is set, in milliseconds off the true time: within what the others bear, and far beyond it.
pub const CLOCKS: [i64; 3] = [0, 400, 3_600_000];

/// The fixed part of every state.
#[derive(Debug)]
pub struct Cluster {
    pub merges: Vec<NodeName>,
    pub signers: Vec<NodeName>,
    keys: Vec<NodeSigningKey>,
    settings: Vec<merge::machine::Settings>,
    pub repair_key: NodeSigningKey,
    pub log_key: LogSigningKey,
    pub trust: Trust,
    pub founding: TermCertificate,
    disks: Vec<MergeDisk>,
}

impl Cluster {
    pub fn new() -> Self {
        let world = World::new(1, Options::healthy());
        let merges: Vec<NodeName> = world.merges.keys().cloned().collect();
        Self {
            signers: vec![name("signer", 1), name("signer", 2)],
            keys: merges.iter().map(|me| world.keys[me].clone()).collect(),
            settings: merges.iter().map(|me| world.merge_settings(me)).collect(),
            repair_key: world.repair_key.clone(),
            log_key: world.log_key,
            trust: world.trust.clone(),
            founding: world.newest.clone(),
            disks: merges.iter().map(|me| world.merges[me].disk.clone()).collect(),
            merges,
        }
    }

    /// A merge node's key.
    pub fn key(&self, merge: usize) -> &NodeSigningKey {
        &self.keys[merge]
    }
    /// What it is configured to.
    pub fn settings(&self, merge: usize) -> merge::machine::Settings {
        self.settings[merge].clone()
    }
    /// Its disk as `init` made it.
    pub fn first_disk(&self, merge: usize) -> MergeDisk {
        self.disks[merge].clone()
    }
    /// A merge node's number.
    pub fn number(&self, merge: &NodeName) -> Option<usize> {
        self.merges.iter().position(|name| name == merge)
    }
    /// Whether a merge node is the primary as far as it knows.
    pub fn leads(&self, disk: &MergeDisk, merge: usize) -> bool {
        let durable = &disk.durable;
        let me = &self.merges[merge];
        durable.guard.certificate().body.primary == *me
            && durable.stopped.is_none()
            && durable.guard.votes(me, durable.incarnation)
    }
    /// A signer's node key.
    pub fn signer_key(signer: usize) -> NodeSigningKey {
        if signer == 0 { signer_key() } else { NodeSigningKey::from_seed(&[97; 32]) }
    }
}

/// What a clock shows.
pub fn now(clock: usize) -> Timestamp {
    let off = CLOCKS[clock];
    Timestamp::from_millis(NOW.saturating_add_signed(off))
}

/// The entry that the primary of a term orders at a place: another one in every term, so that logs that part differ.
pub fn entry(term: Term, place: u64) -> StoredEntry {
    let number = term.get() * 100 + place;
    submit::entry(number, Timestamp::from_millis(BEGIN + number))
}

/// Places an entry at the end of a log that has a copy of it.
pub fn place(log: &LogDisk, entry: &StoredEntry) -> Placed {
    let extra = log.extra_hash(entry).ok().flatten().expect("the issuer of every entry is there");
    let ordered = OrderedEntry { index: log.len().next_index(), entry: entry.clone() };
    let leaf = ordered.leaf_hash(ct::entry::LogKind::Rfc6962);
    Placed { record: OrderRecord { name: entry.name(), extra }, leaf }
}

/// Entries with their issuer.
pub fn batch(entries: &[StoredEntry]) -> ct::wire::EntryBatch {
    ct::wire::EntryBatch { entries: entries.to_vec(), issuers: vec![submit::ISSUER.to_vec()] }
}

/// A log that consists of these entries.
pub fn log_of(entries: &[StoredEntry]) -> LogDisk {
    let mut log = LogDisk::default();
    log.keep(batch(entries));
    for entry in entries {
        let placed = place(&log, entry);
        let end = log.len();
        log.order(end, vec![placed]);
    }
    log
}

/// The entries of a log up to its end.
pub fn entries_of(log: &LogDisk) -> Vec<StoredEntry> {
    let copy = |placed: &Placed| log.copies.get(&placed.record.name).cloned();
    log.order.iter().filter_map(copy).collect()
}
