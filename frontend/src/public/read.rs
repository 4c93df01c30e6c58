//! The reading half of the API (RFC 6962 §4.3–4.8): every answer comes from this node's own copy.
//!
//! Proofs are made where the request is: they take some ten microseconds, from pages that are in memory nearly always.
//! get-entries reads megabytes and may decompress them: that is done on threads of its own.

use super::fault::Fault;
use super::json::{consistency_body, entries_body, entry_and_proof_body, proof_body};
use super::query::Query;
use super::request::{Consistency, Entries, EntryAndProof, ProofByHash};
use super::respond::{Answer, Caching, json};
use crate::heads::Heads;
use crate::log::LogState;
use bytes::Bytes;
use ct::entry::LogKind;
use ct::hash::{LeafHash, Name};
use ct::index::{LeafIndex, TreeSize};
use node::tasks::Tasks;
use std::sync::Arc;
use std::time::Duration;
use store::log::{Reader, Served};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of entries after which a get-entries answer ends, however many were asked for: of usual entries the limit by
/// number is reached long before.
const MAX_ENTRY_BYTES: usize = 16 << 20;

/// Entries that are read at a time, so that large ones cannot pile up before they are counted. A compressed block has as
/// many.
const STEP: usize = 64;

/// get-entries answers in memory at a time. One has some 5 MB; it is held until its client has it.
const MAX_ENTRY_ANSWERS: usize = 32;

/// How long a get-entries request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Answers reads.
pub(crate) struct Reads {
    tasks: Tasks,
    turns: Arc<Semaphore>,
}

/// The largest tree for which there are proofs. Without a shown STH there is no log to ask yet.
fn held(heads: &Heads) -> Result<u64, Fault> {
    heads.published.as_ref().ok_or(Fault::NoSth)?;
    Ok(heads.held_size().get())
}

fn size(number: u64, held: u64) -> Option<TreeSize> {
    if number > held { None } else { TreeSize::new(number).ok() }
}

fn index(number: u64) -> Option<LeafIndex> {
    LeafIndex::new(number).ok()
}

/// The name of the entry that has this leaf hash.
fn name_of(kind: LogKind, leaf: LeafHash) -> Name {
    match kind {
        LogKind::Rfc6962 => Name::new(*leaf.as_bytes()),
    }
}

impl Reads {
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self { tasks, turns: Arc::new(Semaphore::new(MAX_ENTRY_ANSWERS)) }
    }

    /// get-sth: the body was made when the STH was published.
    pub(crate) fn sth(log: &LogState) -> Result<Answer, Fault> {
        let heads = log.heads.get();
        let shown = heads.published.as_ref().ok_or(Fault::NoSth)?;
        Ok(json(shown.body.clone(), Caching::Fresh))
    }

    /// get-sth-consistency. From the empty tree to whatever there is nothing to prove, and nobody is asked.
    pub(crate) fn consistency(log: &LogState, query: &Query) -> Result<Answer, Fault> {
        let Consistency { first, second } = Consistency::parse(query)?;
        if first == 0 {
            return Ok(json(consistency_body(&[]), Caching::Lasting));
        }
        let held = held(&log.heads.get())?;
        let beyond = || Fault::BeyondTree { needed: second, purpose: "for proof", size: held };
        let (first, second) = (size(first, held).ok_or_else(beyond)?, size(second, held).ok_or_else(beyond)?);
        let path = log.reader.consistency(first, second)?;
        Ok(json(consistency_body(&path), Caching::Lasting))
    }

    /// get-proof-by-hash, for any size up to what is held, whether or not there ever was an STH of that size.
    pub(crate) fn proof(log: &LogState, query: &Query) -> Result<Answer, Fault> {
        let ProofByHash { hash, tree_size } = ProofByHash::parse(query)?;
        let held = held(&log.heads.get())?;
        let asked = size(tree_size, held).ok_or(Fault::NoSuchTree { asked: tree_size, size: held })?;
        let name = name_of(log.facts.kind(), hash);
        let index = log.reader.index_of(&name, asked)?.ok_or(Fault::NoSuchLeaf { tree_size })?;
        let path = log.reader.inclusion(index, asked)?;
        Ok(json(proof_body(index, &path), Caching::Lasting))
    }

    /// get-entry-and-proof.
    pub(crate) fn entry_and_proof(log: &LogState, query: &Query) -> Result<Answer, Fault> {
        let EntryAndProof { leaf_index, tree_size } = EntryAndProof::parse(query)?;
        let held = held(&log.heads.get())?;
        let beyond = || Fault::BeyondTree { needed: tree_size, purpose: "for proof", size: held };
        let asked = size(tree_size, held).ok_or_else(beyond)?;
        let index = index(leaf_index).ok_or_else(beyond)?;
        let served = log.reader.range(index, 1, asked)?;
        let entry =
            served.first().ok_or_else(|| Fault::Ours(format!("no entry at {index} below {asked}")))?;
        let path = log.reader.inclusion(index, asked)?;
        Ok(json(entry_and_proof_body(entry, &path), Caching::Lasting))
    }

    /// get-entries, as far as the shown STH goes.
    pub(crate) async fn entries(&self, log: &LogState, query: &Query) -> Result<Answer, Fault> {
        let asked = Entries::parse(query)?;
        let shown = log.heads.get().published.as_ref().ok_or(Fault::NoSth)?.sth.head.tree_size;
        let start = index(asked.start).filter(|start| shown.contains(*start));
        let start = start.ok_or(Fault::BeyondTree {
            needed: asked.start + 1,
            purpose: "to get leaves",
            size: shown.get(),
        })?;
        let wanted =
            asked.coerced(log.facts.get_entries_limit(), log.facts.align_get_entries()).count() as usize;
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(Fault::Busy)?;
        let reader = log.reader.clone();
        let read = move || -> Result<(Bytes, usize), Fault> {
            let entries = read_entries(&reader, start, wanted, shown)?;
            Ok((held_until_sent(entries_body(&entries), turn), entries.len()))
        };
        let read = self.tasks.blocking("get-entries", read).await;
        let (body, found) = read.map_err(|panicked| Fault::Ours(panicked.to_string()))??;
        Ok(json(body, if found < wanted { Caching::Partial } else { Caching::Lasting }))
    }
}

/// At least one entry, and as many as are there and fit.
fn read_entries(
    reader: &Reader,
    start: LeafIndex,
    wanted: usize,
    size: TreeSize,
) -> Result<Vec<Served>, store::StoreError> {
    let mut entries: Vec<Served> = Vec::with_capacity(wanted);
    let (mut at, mut bytes) = (start, 0);
    while entries.len() < wanted && size.contains(at) && bytes < MAX_ENTRY_BYTES {
        let step = reader.range(at, STEP.min(wanted - entries.len()), size)?;
        if step.is_empty() {
            break;
        }
        at = at.plus(step.len() as u64);
        bytes += step.iter().map(|entry| entry.leaf.len() + entry.extra.len()).sum::<usize>();
        entries.extend(step);
    }
    Ok(entries)
}

/// The body, which keeps its turn until the last byte is on its way: clients that read slowly must not fill the memory.
fn held_until_sent(body: Vec<u8>, turn: OwnedSemaphorePermit) -> Bytes {
    struct Held {
        body: Vec<u8>,
        _turn: OwnedSemaphorePermit,
    }
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.body
        }
    }
    Bytes::from_owner(Held { body, _turn: turn })
}
