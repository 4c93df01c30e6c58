//! A storage node's list and state: what is whole of them goes into new ones, which the node fills from other storage nodes
//! when it starts (docs/protocol.md, D5).

use super::find::{Kind, Store};
use super::repair::{Peers, Waits};
use crate::ask::{newest_certificate, other_lists};
use crate::failure::Failure;
use config::Log;
use ct::hash::{Fingerprint, sha256};
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::NodeName;
use ct::term::Incarnation;
use ct::wire::storage::Completeness;
use ct::wire::tree::GetEntry;
use node::entropy::random;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use storage::StorageError;
use storage::salvage::{Damaged, Replaced};
use store::list::Salvaged;
use tokio::task::block_in_place;

impl Store {
    /// The directory of the log that this is part of.
    pub fn log_dir(&self) -> PathBuf {
        match self.kind {
            Kind::List => self.dir.parent().map_or_else(PathBuf::new, Path::to_owned),
            Kind::Log | Kind::State => self.dir.clone(),
        }
    }
}

impl Peers {
    /// Makes list and state of this log anew. Answers what was done.
    pub async fn make_anew(&self, store: &Store, node: &NodeName, log: &Log) -> Result<String, Failure> {
        let (name, dir) = (store.name(), store.log_dir());
        let failed = |error: StorageError| Failure::Io(format!("{name}: {error}"));
        let damaged = block_in_place(|| Damaged::open(&dir)).map_err(failed)?;
        if !damaged.is_recovering() {
            self.enough_are_whole(&name, node, log).await?;
        }
        let (lacking, own) = block_in_place(|| (damaged.lacking(), damaged.certificate()));
        let certificates = self.issuers(node, log, lacking).await;
        let certificate = newest_certificate(&self.client, &self.cluster, log, node, own).await?;
        let incarnation = Incarnation::new(random());
        let Replaced { salvaged, kept } =
            block_in_place(|| damaged.replace(&certificate, incarnation, &certificates)).map_err(failed)?;
        let Salvaged { entries, lost, without_issuer } = salvaged;
        let kept = kept.display();
        Ok(format!(
            "{name}: {entries} whole entries are in a new list; {lost} places were damaged, and {without_issuer} entries lack an \
             issuer that nobody gave; it copies from other storage nodes when it starts. The damaged files are kept in {kept}"
        ))
    }

    /// A list that counts as lost is filled from S − k + 1 others that are whole: with fewer it would wait for ever, and each
    /// one that is made anew makes it fewer for the rest.
    async fn enough_are_whole(&self, name: &str, node: &NodeName, log: &Log) -> Result<(), Failure> {
        let lists = other_lists(&self.client, &self.cluster, log.name(), node).await;
        let whole = lists.iter().filter(|(_, list)| *list == Ok(Completeness::Whole)).count();
        let (count, needed) = (lists.len(), self.cluster.quorum().meeting());
        if self.waits == Waits::Maybe || whole >= needed {
            return Ok(());
        }
        let why = if needed > count {
            format!("a promise takes one list, so {count} others cannot make good for it")
        } else {
            format!(
                "{whole} other storage nodes run and are whole, and it is filled from {needed}; start them"
            )
        };
        Err(Failure::Check(format!("{name} is not repaired: {why}, or say --wait-for-lists")))
    }

    /// The issuers of whole entries that are damaged, as far as any merge node or frontend has them.
    async fn issuers(&self, me: &NodeName, log: &Log, mut wanted: BTreeSet<Fingerprint>) -> Vec<Vec<u8>> {
        let mut found = BTreeMap::new();
        for node in self.nodes.iter().filter(|node| *node != me) {
            while !wanted.is_empty() {
                let issuers = wanted.iter().take(MAX_BATCH_ENTRIES).copied().collect();
                let batch = match self.ask(node, log.name(), GetEntry { entries: Vec::new(), issuers }).await
                {
                    Ok(batch) => batch,
                    Err(error) => {
                        eprintln!("{node}: {error}");
                        break;
                    }
                };
                let before = wanted.len();
                for der in batch.issuers {
                    let fingerprint = Fingerprint::new(sha256(&[&der]));
                    if wanted.remove(&fingerprint) {
                        found.insert(fingerprint, der);
                    }
                }
                if wanted.len() == before {
                    break;
                }
            }
        }
        found.into_values().collect()
    }
}
