//! A storage node's list and state: what is whole of them goes into new ones, which the node fills from other storage nodes
//! when it starts (docs/protocol.md, D5).

use super::find::{Kind, Store};
use super::repair::Peers;
use crate::ask::newest_certificate;
use crate::failure::Failure;
use config::Log;
use ct::hash::{Fingerprint, sha256};
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::NodeName;
use ct::term::Incarnation;
use ct::wire::tree::GetEntry;
use node::entropy::random;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use storage::StorageError;
use storage::salvage::{Damaged, aside};
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
        let (lacking, own) = block_in_place(|| (damaged.lacking(), damaged.certificate()));
        let certificates = self.issuers(node, log, lacking).await;
        let certificate = newest_certificate(&self.client, &self.cluster, log, node, own).await?;
        let incarnation = Incarnation::new(random());
        let salvaged =
            block_in_place(|| damaged.replace(&certificate, incarnation, &certificates)).map_err(failed)?;
        Ok(format!(
            "{name}: {} whole entries are in a new list, {} places were damaged; what was in them is copied from other storage \
             nodes when {node} starts. The damaged files are kept in {}",
            salvaged.entries,
            salvaged.lost,
            aside(&dir).display()
        ))
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
