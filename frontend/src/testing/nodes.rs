//! Storage nodes and signers in memory, which fail when they are told to.

use super::log_key;
use crate::submit::{Calling, Network};
use bytes::Bytes;
use ct::entry::StoredEntry;
use ct::hash::{Base64, Fingerprint, Name, sha256};
use ct::merkle::verify;
use ct::names::NodeName;
use ct::wire::signer::{SctReply, SignSct};
use ct::wire::storage::{PutHeader, PutReply, SctItem};
use ct::wire::{Bulk, Done, EntryBatch};
use node::deadline::Deadline;
use node::message::Method;
use node::rpc_client::CallError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

/// How a node fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// It is not there.
    Down,
    /// It never answers.
    Hanging,
    /// It has too much to do.
    Full,
    /// It signs with another key.
    Forging,
}

#[derive(Debug, Default)]
struct State {
    failing: BTreeMap<NodeName, Failing>,
    entries: BTreeMap<NodeName, Vec<StoredEntry>>,
    issuers: BTreeMap<NodeName, BTreeSet<Fingerprint>>,
    scts: BTreeMap<NodeName, Vec<Name>>,
    calls: BTreeMap<(NodeName, Method), u64>,
    slow: Duration,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct FakeNodes(Mutex<State>);

impl FakeNodes {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
    /// A node fails from now on, or no longer.
    pub(crate) fn fail(&self, name: &str, how: Option<Failing>) {
        let name = super::node(name);
        match how {
            Some(how) => self.state().failing.insert(name, how),
            None => self.state().failing.remove(&name),
        };
    }
    /// Every call takes so long.
    pub(crate) fn slow_down(&self, span: Duration) {
        self.state().slow = span;
    }
    /// A storage node has this entry already.
    pub(crate) fn put(&self, name: &str, entry: StoredEntry) {
        self.state().entries.entry(super::node(name)).or_default().push(entry);
    }
    /// What a storage node has.
    pub(crate) fn entries(&self, name: &str) -> Vec<StoredEntry> {
        self.state().entries.get(&super::node(name)).cloned().unwrap_or_default()
    }
    /// Of which entries a storage node knows the SCT.
    pub(crate) fn scts(&self, name: &str) -> Vec<Name> {
        self.state().scts.get(&super::node(name)).cloned().unwrap_or_default()
    }
    /// A storage node has lost its issuers.
    pub(crate) fn forget_issuers(&self, name: &str) {
        self.state().issuers.remove(&super::node(name));
    }
    /// How often a node was called.
    pub(crate) fn calls(&self, name: &str, method: Method) -> u64 {
        self.state().calls.get(&(super::node(name), method)).copied().unwrap_or_default()
    }

    fn answer(&self, peer: &NodeName, method: Method, body: &[u8], forging: bool) -> Vec<u8> {
        match method {
            Method::SendEntry => self.store(peer, body),
            Method::SignSCT => sign(body, forging),
            Method::SendSCT => {
                let items: Vec<SctItem> = serde_json::from_slice(body).unwrap();
                self.state().scts.entry(peer.clone()).or_default().extend(items.iter().map(|item| item.name));
                serde_json::to_vec(&Done {}).unwrap()
            }
            Method::Status => b"{}".to_vec(),
            other => panic!("a frontend does not call {other}"),
        }
    }

    fn store(&self, peer: &NodeName, body: &[u8]) -> Vec<u8> {
        let message = Bulk::<PutHeader>::decode(body).unwrap();
        assert_eq!(message.header.storage_quorum, 2);
        let batch = EntryBatch::from_items(&message.items).unwrap();
        let mut state = self.state();
        let issuers = state.issuers.entry(peer.clone()).or_default();
        issuers.extend(batch.issuers.iter().map(|der| Fingerprint::new(sha256(&[der]))));
        let issuers = issuers.clone();
        let list = state.entries.entry(peer.clone()).or_default();
        let put = |entry: &StoredEntry| {
            let lacks: Vec<_> =
                entry.chain().iter().filter(|issuer| !issuers.contains(*issuer)).copied().collect();
            if !lacks.is_empty() {
                return PutReply::NeedIssuers { issuers: lacks };
            }
            if !list.iter().any(|other| other.name() == entry.name()) {
                list.push(entry.clone());
            }
            let same = list.iter().filter(|other| other.identity() == entry.identity());
            let oldest = same.min_by_key(|other| (other.timestamp(), other.name())).unwrap();
            let other = (oldest.name() != entry.name()).then(|| Base64(oldest.encode().unwrap()));
            PutReply::Stored { oldest: other }
        };
        serde_json::to_vec(&batch.entries.iter().map(put).collect::<Vec<_>>()).unwrap()
    }
}

fn sign(body: &[u8], forging: bool) -> Vec<u8> {
    let message = Bulk::<SignSct>::decode(body).unwrap();
    let key = if forging { ct::key::LogSigningKey::from_scalar(&[8; 32]).unwrap() } else { log_key() };
    let sign = |(leaf, evidence): (&Vec<u8>, &Option<ct::wire::signer::Evidence>)| {
        if let Some(evidence) = evidence {
            let (hash, head) = (ct::merkle::leaf_hash(leaf), &evidence.sth.head);
            verify::inclusion(hash, evidence.index, head.tree_size, &evidence.path, head.root_hash).unwrap();
        }
        SctReply::Signed { sct: key.sign_leaf(leaf) }
    };
    let replies: Vec<_> = message.items.iter().zip(&message.header.evidence).map(sign).collect();
    serde_json::to_vec(&replies).unwrap()
}

impl Network for FakeNodes {
    fn call<'a>(
        &'a self,
        peer: &'a NodeName,
        method: Method,
        body: Bytes,
        deadline: Deadline,
    ) -> Calling<'a> {
        Box::pin(async move {
            let (failing, slow) = {
                let mut state = self.state();
                *state.calls.entry((peer.clone(), method)).or_default() += 1;
                (state.failing.get(peer).copied(), state.slow)
            };
            tokio::time::sleep(slow).await;
            match failing {
                Some(Failing::Down) => Err(CallError::Unreachable("down".to_owned())),
                Some(Failing::Hanging) => {
                    tokio::time::sleep(deadline.remaining()).await;
                    Err(CallError::Timeout)
                }
                Some(Failing::Full) if method == Method::SendEntry => {
                    Err(CallError::Overloaded { retry_after: Duration::from_secs(60) })
                }
                how => Ok(self.answer(peer, method, &body, how == Some(Failing::Forging)).into()),
            }
        })
    }
}
