//! From a validated chain to a promise: which entry is promised, and when (docs/protocol.md, S1–S3).
//!
//! The entry goes to all storage nodes and to a signer at the same time. The promise is made when k storage nodes have
//! made this very entry durable and a signature for exactly this leaf is in. If storage shows an older unmerged entry of
//! the same certificate, that one is promised instead, under the same conditions: so two frontends that race give the
//! same SCT, and neither waits for the other.

use ct::entry::{Leaf, StoredEntry};
use ct::hash::Name;
use ct::names::NodeName;
use ct::sct::DigitallySigned;
use ct::time::{ClockBound, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What happens to a submission under way.
#[derive(Debug)]
pub enum Event {
    /// A storage node has an entry, durably; and perhaps an older one of the same identity.
    Stored(NodeName, Name, Option<Box<StoredEntry>>),
    /// A storage node does not have it, and will not.
    NotStored(NodeName, Name, String),
    /// The signature for an entry's leaf.
    Signed(Name, DigitallySigned),
    /// No signer signs it.
    NotSigned(Name, String),
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Send the entry to every storage node.
    Store(Box<StoredEntry>),
    /// Have its leaf signed.
    Sign(Box<StoredEntry>),
    /// The promise: answer with the SCT of this entry.
    Promise(Box<StoredEntry>, DigitallySigned),
    /// No promise can be made.
    Fail(Unable),
}

/// Why no promise can be made now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// Too few storage nodes.
    #[error("{stored} of the {needed} storage nodes that it takes stored the entry: {reason}")]
    Storage {
        /// How many stored it.
        stored: usize,
        /// How many it takes.
        needed: usize,
        /// What the last failure said.
        reason: String,
    },
    /// No signer.
    #[error("no signer signs: {0}")]
    Signer(String),
}

/// One entry on its way to a promise.
#[derive(Debug)]
struct Bid {
    entry: StoredEntry,
    stored: BTreeSet<NodeName>,
    not_stored: BTreeSet<NodeName>,
    signature: Option<Result<DigitallySigned, String>>,
}

impl Bid {
    fn new(entry: StoredEntry) -> Self {
        Self { entry, stored: BTreeSet::new(), not_stored: BTreeSet::new(), signature: None }
    }
}

/// A submission under way.
#[derive(Debug)]
pub struct Promise {
    storage: usize,
    quorum: usize,
    clock: ClockBound,
    own: Bid,
    adopted: Option<Bid>,
    older: BTreeMap<(Timestamp, Name), StoredEntry>,
    reason: String,
    over: bool,
}

impl Promise {
    /// Begins with an entry of this frontend's own making, `storage` nodes and a quorum of `quorum` of them.
    pub fn begin(own: StoredEntry, storage: usize, quorum: usize, clock: ClockBound) -> (Self, Vec<Act>) {
        let acts = vec![Act::Store(Box::new(own.clone())), Act::Sign(Box::new(own.clone()))];
        let (adopted, older, reason) = (None, BTreeMap::new(), String::new());
        (Self { storage, quorum, clock, own: Bid::new(own), adopted, older, reason, over: false }, acts)
    }

    /// Takes in one event. After a promise or a failure nothing is done any more.
    pub fn step(&mut self, now: Timestamp, event: Event) -> Vec<Act> {
        if self.over {
            return Vec::new();
        }
        match event {
            Event::Stored(node, name, older) => {
                if let Some(older) = older {
                    self.consider(now, *older);
                }
                if let Some(bid) = self.bid(name) {
                    bid.stored.insert(node);
                }
            }
            Event::NotStored(node, name, reason) => {
                self.reason = reason;
                if let Some(bid) = self.bid(name) {
                    bid.not_stored.insert(node);
                }
            }
            Event::Signed(name, signature) => {
                if let Some(bid) = self.bid(name) {
                    bid.signature = Some(Ok(signature));
                }
            }
            Event::NotSigned(name, reason) => {
                if let Some(bid) = self.bid(name) {
                    bid.signature = Some(Err(reason));
                }
            }
        }
        self.go_on()
    }

    fn bid(&mut self, name: Name) -> Option<&mut Bid> {
        if self.own.entry.name() == name {
            return Some(&mut self.own);
        }
        self.adopted.as_mut().filter(|bid| bid.entry.name() == name)
    }

    /// An older entry is adopted only if it comes out the same when it is made again from this submission, lies before
    /// our own in the order, and is young enough that a signer will still sign it.
    fn consider(&mut self, now: Timestamp, older: StoredEntry) {
        let again = Leaf::plain(older.timestamp(), self.own.entry.leaf().entry);
        let same = again.encode().is_ok_and(|bytes| bytes == older.leaf_bytes());
        let young = older.timestamp() >= now.minus(self.clock.behind / 2);
        let key = (older.timestamp(), older.name());
        if same && young && key < (self.own.entry.timestamp(), self.own.entry.name()) {
            self.older.insert(key, older);
        }
    }

    fn is_ready(&self, bid: &Bid) -> Option<DigitallySigned> {
        match &bid.signature {
            Some(Ok(signature)) if bid.stored.len() >= self.quorum => Some(signature.clone()),
            _ => None,
        }
    }

    fn is_lost(&self, bid: &Bid) -> Option<Unable> {
        if self.storage - bid.not_stored.len() < self.quorum {
            let (stored, needed) = (bid.stored.len(), self.quorum);
            return Some(Unable::Storage { stored, needed, reason: self.reason.clone() });
        }
        match &bid.signature {
            Some(Err(reason)) => Some(Unable::Signer(reason.clone())),
            _ => None,
        }
    }

    fn go_on(&mut self) -> Vec<Act> {
        if let Some(adopted) = &self.adopted {
            if let Some(signature) = self.is_ready(adopted) {
                self.over = true;
                return vec![Act::Promise(Box::new(adopted.entry.clone()), signature)];
            }
            if self.is_lost(adopted).is_none() {
                return Vec::new();
            }
            // The adopted entry cannot be had: go on with our own.
            self.adopted = None;
            self.older.clear();
        }
        if self.own.stored.len() >= self.quorum
            && let Some((_, entry)) = self.older.pop_first()
        {
            self.adopted = Some(Bid::new(entry.clone()));
            return vec![Act::Store(Box::new(entry.clone())), Act::Sign(Box::new(entry))];
        }
        if let Some(signature) = self.is_ready(&self.own) {
            self.over = true;
            return vec![Act::Promise(Box::new(self.own.entry.clone()), signature)];
        }
        if let Some(unable) = self.is_lost(&self.own) {
            self.over = true;
            return vec![Act::Fail(unable)];
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
