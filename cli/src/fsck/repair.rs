//! The right bytes, from peers: asked for as an operator, compared with the signed tree, and only then written.

use super::find::{Kind, Store};
use super::look::{LogReport, Report};
use crate::failure::Failure;
use crate::status::operator_client;
use bytes::Bytes;
use config::Cluster;
use ct::entry::{StoredEntry, extra_data, extra_hash};
use ct::hash::{Fingerprint, Name, sha256};
use ct::index::LeafIndex;
use ct::key::LogKey;
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::{LogName, NodeName, Role};
use ct::order::OrderRecord;
use ct::wire::tree::GetEntry;
use ct::wire::{Bulk, Done, EntryBatch};
use node::deadline::Deadline;
use node::message::Method;
use node::rpc_client::Client;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use store::log::{ClosedLog, Damage, StoreOptions, Writer, make_openable};
use store::{Place, StoreError};
use tokio::task::block_in_place;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most entries that one run mends; they are in memory together. Run again, it goes on.
const MOST: usize = 100_000;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Io(error.to_string())
    }
}

/// The nodes that have what others lost.
pub struct Peers {
    pub(super) client: Client,
    pub(super) cluster: Cluster,
    /// Merge nodes and frontends.
    pub(super) nodes: Vec<NodeName>,
    pub(super) waits: Waits,
}

/// Whether a storage list may be made anew that will have to wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// It may: a person says so.
    Maybe,
    /// Not so.
    Never,
}

/// What is known of the log that is mended.
struct Damaged<'a> {
    store: &'a Store,
    log: &'a LogName,
    key: &'a LogKey,
    report: &'a LogReport,
}

/// What peers sent, compared.
#[derive(Default)]
struct Good {
    entries: BTreeMap<LeafIndex, StoredEntry>,
    issuers: BTreeMap<Fingerprint, Vec<u8>>,
}

impl Peers {
    /// The nodes of the cluster, called with the operator's key in that state directory.
    pub fn new(cluster: Cluster, operator_state: &Path, waits: Waits) -> Result<Self, Failure> {
        let (client, nodes) = operator_client(&cluster, operator_state)?;
        let has_log = |role: &Role| matches!(role, Role::Merge | Role::Frontend);
        let nodes = nodes.into_iter().filter(|(_, role)| has_log(role)).map(|(node, _)| node).collect();
        Ok(Self { client, cluster, nodes, waits })
    }

    /// Mends what was found in one directory. Answers what was done; a failure if it cannot be mended.
    pub async fn mend(&self, found: &Report) -> Result<String, Failure> {
        let Report { store, findings, log: report } = found;
        let name = store.name();
        let refuse = |why: &str| Failure::Check(format!("{name} cannot be repaired: {why}"));
        if let (Some(Role::Storage), Some(node), Some(log)) = (store.role, &store.node, &store.log) {
            let unknown = || refuse("it is of a log that is not in the configuration");
            let log = self.cluster.log(log).ok_or_else(unknown)?;
            return self.make_anew(store, node, log).await;
        }
        if let Some(log) = store.log.as_ref().filter(|log| self.cluster.log(log).is_none()) {
            return Err(refuse(&format!(
                "{log} is read-only: import it again, or copy that of another frontend"
            )));
        }
        if store.kind != Kind::Log {
            return Err(refuse("what a signer signed last is known to nobody else, see docs/operating.md"));
        }
        let (Some(log), Some(key), Some(report)) = (&store.log, &store.key, report) else {
            return Err(refuse("its database, or its log's key, is missing"));
        };
        let proven = |row: &str| {
            let index = row.parse::<u64>().ok().and_then(|index| LeafIndex::new(index).ok());
            index.is_some_and(|index| report.damage.order.contains_key(&index))
        };
        let of_order = |place: &Place| match place {
            Place::Row { table: "orders", row } => !proven(row),
            Place::Row { table, .. } => ["meta", "integrity_check", "state", "late_scts"].contains(table),
            Place::Byte(_) | Place::File => false,
        };
        if let Some(finding) = findings.iter().find(|finding| of_order(&finding.place)) {
            return Err(refuse(&format!("what everything is compared with is damaged itself: {finding}")));
        }
        let damaged = Damaged { store, log, key, report };
        let good = self.fetch(&damaged).await?;
        block_in_place(|| write(&damaged, &good))
    }

    /// Fetches entries, then the issuers that are damaged or that the entries need.
    async fn fetch(&self, damaged: &Damaged<'_>) -> Result<Good, Failure> {
        let store = damaged.store;
        let closed = ClosedLog::open(&store.dir, &StoreOptions::default())?;
        let mut wanted = wanted(damaged, &closed)?;
        let mut good = Good::default();
        let mut issuers = damaged.report.damage.issuers.clone();
        for node in self.nodes.iter().filter(|node| Some(*node) != store.node.as_ref()) {
            self.from(node, damaged, &closed, (&mut wanted, &mut issuers, &mut good)).await;
        }
        if let Some((index, record)) = wanted.first_key_value() {
            let (count, name) = (wanted.len(), record.name);
            let text =
                format!("{}: no peer has {count} entries, the first is {index} ({name})", store.name());
            return Err(Failure::Check(text));
        }
        if let Some(fingerprint) = issuers.first() {
            let count = issuers.len();
            let text = format!("{}: no peer has {count} issuers, the first is {fingerprint}", store.name());
            return Err(Failure::Check(text));
        }
        Ok(good)
    }

    /// Takes from one peer what it has. A peer that does not answer, or sends something else, is told and left.
    async fn from(
        &self,
        node: &NodeName,
        damaged: &Damaged<'_>,
        closed: &ClosedLog,
        (wanted, issuers, good): (
            &mut BTreeMap<LeafIndex, OrderRecord>,
            &mut BTreeSet<Fingerprint>,
            &mut Good,
        ),
    ) {
        while !wanted.is_empty() || !issuers.is_empty() {
            let entries: Vec<(LeafIndex, Name)> =
                wanted.iter().take(MAX_BATCH_ENTRIES).map(|(index, record)| (*index, record.name)).collect();
            let asked: Vec<Fingerprint> = issuers.iter().take(MAX_BATCH_ENTRIES).copied().collect();
            let batch = match self.ask(node, damaged.log, GetEntry { entries, issuers: asked }).await {
                Ok(batch) => batch,
                Err(error) => {
                    eprintln!("{node}: {error}");
                    return;
                }
            };
            let before = (wanted.len(), issuers.len(), good.issuers.len());
            for der in batch.issuers {
                let fingerprint = Fingerprint::new(sha256(&[&der]));
                issuers.remove(&fingerprint);
                good.issuers.insert(fingerprint, der);
            }
            for entry in batch.entries {
                let entry = with_good_sct(damaged.key, entry);
                let found: Vec<LeafIndex> = wanted
                    .iter()
                    .filter(|(_, record)| record.name == entry.name())
                    .map(|(index, _)| *index)
                    .collect();
                for index in found {
                    match compare(&entry, &wanted[&index], closed, good) {
                        Compared::Same => {
                            wanted.remove(&index);
                            good.entries.insert(index, entry.clone());
                        }
                        Compared::Lacks(missing) => issuers.extend(missing),
                        Compared::Other => eprintln!("{node}: entry {index} has other extra data there"),
                    }
                }
            }
            if before == (wanted.len(), issuers.len(), good.issuers.len()) {
                return;
            }
        }
    }

    pub(super) async fn ask(
        &self,
        node: &NodeName,
        log: &LogName,
        message: GetEntry,
    ) -> Result<EntryBatch, String> {
        let body = Bytes::from(serde_json::to_vec(&message).map_err(|error| error.to_string())?);
        let answer = self.client.call(node, log, Method::GetEntry, body, Deadline::after(PATIENCE)).await;
        let answer = Bulk::<Done>::decode(&answer.map_err(|error| error.to_string())?);
        EntryBatch::from_items(&answer.map_err(|error| error.to_string())?.items)
            .map_err(|error| error.to_string())
    }
}

/// The order records of entries that are damaged. They, and rows that are wrong, must lie under the signed tree head: nothing
/// else proves a name.
fn wanted(damaged: &Damaged<'_>, closed: &ClosedLog) -> Result<BTreeMap<LeafIndex, OrderRecord>, Failure> {
    let name = damaged.store.name();
    let signed = damaged.report.signed.as_ref().map_or(0, |sth| sth.head.tree_size.get());
    let mut wanted = BTreeMap::new();
    let Damage { entries, order, .. } = &damaged.report.damage;
    for index in order.keys().chain(entries.iter().take(MOST)) {
        if index.get() >= signed {
            return Err(Failure::Check(format!(
                "{name}: entry {index} lies behind the signed tree head of {signed} entries that is kept here, so \
                 nothing proves what it was"
            )));
        }
        if order.contains_key(index) {
            continue;
        }
        let record = closed.record(*index)?;
        let record = record.ok_or_else(|| Failure::Check(format!("{name}: the order has no row {index}")))?;
        wanted.insert(*index, record);
    }
    Ok(wanted)
}

enum Compared {
    Same,
    /// Another chain.
    Other,
    /// Issuers are needed first.
    Lacks(Vec<Fingerprint>),
}

/// The name is that of the order, which leads to the signed root. The chain must be that of the order too.
fn compare(entry: &StoredEntry, record: &OrderRecord, closed: &ClosedLog, good: &Good) -> Compared {
    let (mut issuers, mut missing) = (Vec::new(), Vec::new());
    for fingerprint in entry.chain() {
        match good
            .issuers
            .get(fingerprint)
            .cloned()
            .or_else(|| closed.issuer(fingerprint).map(|der| der.to_vec()))
        {
            Some(der) => issuers.push(der),
            None => missing.push(*fingerprint),
        }
    }
    if !missing.is_empty() {
        return Compared::Lacks(missing);
    }
    let extra = extra_data(entry.precertificate(), &issuers).map(|data| extra_hash(&data));
    if extra.is_ok_and(|extra| extra == record.extra) { Compared::Same } else { Compared::Other }
}

/// An SCT that does not verify is not written; it can be made again.
fn with_good_sct(key: &LogKey, entry: StoredEntry) -> StoredEntry {
    match entry.sct() {
        Some(sct) if key.verify("SCT", entry.leaf_bytes(), sct).is_err() => {
            let precertificate = entry.precertificate().map(<[u8]>::to_vec);
            StoredEntry::new(&entry.leaf(), precertificate, entry.chain().to_vec()).unwrap_or(entry)
        }
        _ => entry,
    }
}

fn write(damaged: &Damaged<'_>, good: &Good) -> Result<String, Failure> {
    let (store, options) = (damaged.store, StoreOptions::default());
    let Damage { issuers, tiles, indexes, .. } = &damaged.report.damage;
    make_openable(&store.dir, &options, &damaged.report.damage)?;
    let mut writer = Writer::open(&store.dir, &options)?;
    let certificates: Vec<Vec<u8>> = good.issuers.values().cloned().collect();
    let bad: BTreeSet<Fingerprint> = issuers.iter().chain(good.issuers.keys()).copied().collect();
    writer.mend_issuers(&bad, &certificates)?;
    writer.mend_entries(&good.entries)?;
    tiles.iter().try_for_each(|tile| writer.mend_tile(*tile))?;
    if *indexes {
        writer.mend_indexes()?;
    }
    let (entries, issuers, rows) =
        (good.entries.len(), certificates.len(), damaged.report.damage.order.len());
    Ok(format!(
        "{}: {entries} entries and {issuers} issuers fetched and verified, {rows} rows of the order put right; checking again",
        store.name()
    ))
}
