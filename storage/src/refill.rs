//! A list that was lost is filled again from the other storage nodes. Until the lists of S − k + 1 of them were copied, no
//! merge counts on having read this one (docs/protocol.md, Z3); unless a person has accepted that some of it is lost (Z7).

use crate::machine::{Put, View};
use crate::queue::{Job, Queue};
use crate::state::Sources;
use ct::hash::{Fingerprint, Name};
use ct::index::{Position, Term};
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::{LogName, NodeName, Role};
use ct::term::Incarnation;
use ct::wire::storage::{Completeness, Cursor, Fetch, Fetched, GetEntry};
use ct::wire::{Bulk, Done, EntryBatch};
use node::deadline::Deadline;
use node::host::Host;
use node::message::Method;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);
/// Pause after a round in which somebody was missing.
const AGAIN: Duration = Duration::from_secs(1);

/// Why a node's list could not be copied to its end.
#[derive(Debug, thiserror::Error)]
enum CopyFault {
    #[error("{0}")]
    Call(String),
    #[error("it is recovering itself")]
    Recovering,
    #[error("it gives neither all of its entries nor their issuers")]
    Incomplete,
    #[error("this node is stopping")]
    Stopping,
}

/// Fills a list for as long as it is recovering.
pub(crate) struct Refill {
    pub(crate) host: Host,
    pub(crate) log: LogName,
    pub(crate) view: watch::Receiver<View>,
    pub(crate) queue: Queue,
    pub(crate) sources: Sources,
    /// The list for which that is so.
    pub(crate) accepted_for: Incarnation,
}

impl Refill {
    /// Works until the node stops; a list may be lost again.
    pub(crate) async fn run(mut self) {
        let shutdown = self.host.shutdown();
        loop {
            let recovering = self.view.wait_for(|view| view.is_recovering());
            let recovering = shutdown.run_until_cancelled(recovering).await.map(|view| view.is_ok());
            if recovering != Some(true) {
                return;
            }
            if shutdown.run_until_cancelled(self.fill()).await.is_none() {
                return;
            }
        }
    }

    async fn fill(&self) {
        let (me, cluster) = (self.host.me().name(), self.host.cluster());
        let others: Vec<NodeName> = cluster
            .nodes_of(Role::Storage)
            .map(|node| node.name().clone())
            .filter(|node| node != me)
            .collect();
        let needed = cluster.quorum().meeting();
        let (mut copied, mut names) = (BTreeSet::new(), HashSet::new());
        let filled = self.view.borrow().incarnation;
        // What was accepted was the loss of the list with which this node started.
        let same = filled == self.accepted_for;
        tracing::warn!(log = %self.log, needed, "the list was lost: it is filled from other storage nodes");
        loop {
            let mut recovering = 0;
            for node in others.iter().filter(|node| !copied.contains(*node)).cloned().collect::<Vec<_>>() {
                let copy = self.copy(&node, &mut names).await;
                recovering += usize::from(matches!(copy, Err(CopyFault::Recovering)));
                match copy {
                    Ok(()) => {
                        tracing::info!(log = %self.log, %node, "its list is copied");
                        copied.insert(node);
                    }
                    Err(fault) => {
                        tracing::warn!(log = %self.log, %node, %fault, "its list is not copied yet")
                    }
                }
            }
            let enough = match self.sources {
                // Whoever is silent may be whole.
                Sources::WhateverIsWhole if same => copied.len() + recovering == others.len(),
                Sources::WhateverIsWhole | Sources::Enough => copied.len() >= needed,
            };
            if enough && self.ask(|reply| Job::Whole { filled, reply }).await.is_ok() {
                tracing::warn!(log = %self.log, entries = names.len(), "the list is whole again");
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Copies the whole retained list of a node.
    async fn copy(&self, node: &NodeName, names: &mut HashSet<Name>) -> Result<(), CopyFault> {
        let mut cursor = None;
        loop {
            let fetch = Fetch { term: Term::ZERO, cursor, retained: true, wait_ms: 0 };
            let fetched: Fetched = self.json(node, Method::FetchNewEntries, &fetch).await?;
            if fetched.completeness == Completeness::Recovering {
                return Err(CopyFault::Recovering);
            }
            let items = fetched.list.iter().enumerate();
            let items = items.map(|(at, item)| (fetched.first.plus(at as u64), item.name));
            let wanted: Vec<_> = items.filter(|(_, name)| !names.contains(name)).collect();
            for part in wanted.chunks(MAX_BATCH_ENTRIES) {
                self.copy_entries(node, &fetched, part, names).await?;
            }
            let next = fetched.first.plus(fetched.list.len() as u64);
            if next >= fetched.end {
                return Ok(());
            }
            cursor = Some(Cursor { incarnation: fetched.incarnation, position: next });
        }
    }

    /// Copies these entries; an answer has room for so much, so there may have to be several.
    async fn copy_entries(
        &self,
        node: &NodeName,
        from: &Fetched,
        entries: &[(Position, Name)],
        names: &mut HashSet<Name>,
    ) -> Result<(), CopyFault> {
        let (mut left, mut issuers) = (entries.to_vec(), Vec::new());
        while !left.is_empty() {
            let get =
                GetEntry { incarnation: from.incarnation, entries: left.clone(), issuers: issuers.clone() };
            let body = self.call(node, Method::GetEntry, &get).await?;
            let batch = Bulk::<Done>::decode(&body).map_err(|error| CopyFault::Call(error.to_string()))?;
            let batch =
                EntryBatch::from_items(&batch.items).map_err(|error| CopyFault::Call(error.to_string()))?;
            let brought: Vec<Name> = batch.entries.iter().map(|entry| entry.name()).collect();
            let puts = self.ask(|reply| Job::Copy { batch, reply }).await?;
            let (done, lacking) = outcome(&brought, puts);
            // Without an entry more or an issuer to ask for, the next answer would be the same.
            if done.is_empty() && lacking.iter().all(|issuer| issuers.contains(issuer)) {
                return Err(CopyFault::Incomplete);
            }
            left.retain(|(_, name)| !done.contains(name));
            names.extend(done);
            issuers = lacking;
        }
        Ok(())
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, CopyFault> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(job(reply), 0).map_err(|fault| CopyFault::Call(fault.to_string()))?;
        answer.await.map_err(|_| CopyFault::Stopping)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        node: &NodeName,
        method: Method,
        message: &impl serde::Serialize,
    ) -> Result<T, CopyFault> {
        let body = self.call(node, method, message).await?;
        serde_json::from_slice(&body).map_err(|error| CopyFault::Call(error.to_string()))
    }

    async fn call(
        &self,
        node: &NodeName,
        method: Method,
        message: &impl serde::Serialize,
    ) -> Result<bytes::Bytes, CopyFault> {
        let body = serde_json::to_vec(message).map_err(|error| CopyFault::Call(error.to_string()))?;
        let answer = self.host.client().call(node, &self.log, method, body.into(), Deadline::after(CALL));
        answer.await.map_err(|error| CopyFault::Call(error.to_string()))
    }
}

/// Which entries are stored now, and which issuers the others wait for.
fn outcome(brought: &[Name], puts: Vec<Put>) -> (HashSet<Name>, Vec<Fingerprint>) {
    let (mut done, mut lacking) = (HashSet::new(), BTreeSet::new());
    for (name, put) in brought.iter().zip(puts) {
        match put {
            Put::Stored(_) => drop(done.insert(*name)),
            Put::NeedIssuers(issuers) => lacking.extend(issuers),
            // Copying has no bounds that it could pass.
            Put::Refused(_) => {}
        }
    }
    (done, lacking.into_iter().collect())
}
