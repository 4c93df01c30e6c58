//! What tests of this crate share: keys, entries, a primary that says what a primary would, and a lab with all of it.

pub(crate) mod certs;
pub(crate) mod foreign;
pub(crate) mod http;
pub(crate) mod lab;
pub(crate) mod nodes;

use ct::entry::{Leaf, LogKind, OrderedEntry, SignedEntry, StoredEntry, extra_hash};
use ct::hash::{Fingerprint, NodeHash, sha256};
use ct::index::{LeafIndex, Term, TreeSize};
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::merkle::plan::{self, NodeId};
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::order::{BothTrees, LogHead, OrderRecord};
use ct::sth::{Sth, TreeHead};
use ct::term::{Change, Incarnation, RunId, TermBody, TermCertificate, Trust, Voter, Voters};
use ct::time::Timestamp;
use ct::wire::EntryBatch;
use ct::wire::tree::{Publish, SendLog};

/// A moment of tests.
pub(crate) const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

pub(crate) fn node(name: &str) -> NodeName {
    name.parse().unwrap()
}

pub(crate) fn size(entries: u64) -> TreeSize {
    TreeSize::new(entries).unwrap()
}

/// The log's key.
pub(crate) fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[7; 32]).unwrap()
}

fn repair_key() -> NodeSigningKey {
    NodeSigningKey::from_seed(&[9; 32])
}

pub(crate) fn trust() -> Trust {
    let (log_id, kind) = (log_key().public().log_id(), LogKind::Rfc6962);
    Trust { log_id, kind, repair_key: repair_key().public(), operators: Vec::new() }
}

/// The certificate of the first term: `m1` is primary.
pub(crate) fn certificate() -> TermCertificate {
    let voter = |name: &str, seed| Voter {
        name: node(name),
        key: NodeSigningKey::from_seed(&[seed; 32]).public(),
        incarnation: Incarnation::new([seed; 16]),
        joining_term: Term::ZERO,
    };
    let body = TermBody {
        log_id: trust().log_id,
        kind: LogKind::Rfc6962,
        run: RunId::new([0; 16]),
        term: Term::FIRST,
        primary: node("m1"),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: node("s1"),
        sth_signer_key: ct::node_key::NodeSigningKey::from_seed(&[77; 32]).public(),
        voters: Voters::new(vec![voter("m1", 1), voter("m2", 2), voter("m3", 3)]).unwrap(),
        former: Vec::new(),
        stops: Vec::new(),
    };
    TermCertificate::sign(body, &repair_key())
}

/// The one issuer of all entries here.
pub(crate) const ISSUER: &[u8] = b"the issuer of entries in tests";

/// An entry, good enough for a tree: nobody parses its certificate.
pub(crate) fn entry(number: u64) -> StoredEntry {
    let certificate = format!("certificate {number}").into_bytes();
    let leaf = Leaf::plain(at(number), SignedEntry::X509 { certificate });
    StoredEntry::new(&leaf, None, vec![Fingerprint::new(sha256(&[ISSUER]))]).unwrap()
}

/// A primary, which says nothing but what it is asked to.
pub(crate) struct Primary {
    pub(crate) entries: Vec<StoredEntry>,
    pub(crate) records: Vec<OrderRecord>,
    trees: Vec<BothTrees>,
}

impl Primary {
    /// With so many entries.
    pub(crate) fn new(entries: u64) -> Self {
        Self::of((0..entries).map(entry).collect())
    }

    pub(crate) fn of(entries: Vec<StoredEntry>) -> Self {
        let mut primary = Self { entries: Vec::new(), records: Vec::new(), trees: vec![BothTrees::empty()] };
        entries.into_iter().for_each(|entry| primary.push(entry));
        primary
    }

    pub(crate) fn push(&mut self, entry: StoredEntry) {
        self.push_with(entry, ISSUER);
    }

    /// Adds an entry with this one issuer.
    pub(crate) fn push_with(&mut self, entry: StoredEntry, issuer: &[u8]) {
        let mut trees = self.trees.last().unwrap().clone();
        let record =
            OrderRecord { name: entry.name(), extra: extra_hash(&entry.extra_data(&[issuer]).unwrap()) };
        let index = trees.size().next_index();
        trees.append(&record, OrderedEntry { index, entry: entry.clone() }.leaf_hash(LogKind::Rfc6962));
        self.trees.push(trees);
        self.records.push(record);
        self.entries.push(entry);
    }

    pub(crate) fn head(&self, at: u64) -> LogHead {
        self.trees[at as usize].head()
    }

    /// The STH of a size, signed at a time.
    pub(crate) fn sth(&self, tree_size: u64, timestamp: Timestamp) -> Sth {
        let root_hash = self.head(tree_size).root;
        log_key().sign_head(TreeHead { timestamp, tree_size: size(tree_size), root_hash }).sth().clone()
    }

    /// Proof that the tree of one size is a part of the tree of another.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Vec<NodeHash> {
        let leaf = |index: usize| {
            let index_of = LeafIndex::new(index as u64).unwrap();
            OrderedEntry { index: index_of, entry: self.entries[index].clone() }.leaf_hash(LogKind::Rfc6962)
        };
        let node = |id: NodeId| {
            let begin = (id.index << id.level) as usize;
            let mut tree = Compact::empty();
            (begin..begin + (1 << id.level)).for_each(|index| tree.append(leaf(index).into()));
            Ok::<_, ()>(NodeHash::new(*tree.root().as_bytes()))
        };
        plan::consistency(size(from), size(to)).unwrap().finish(node).unwrap()
    }

    /// Everything from a place on, under an STH.
    pub(crate) fn send_log(&self, start: u64, sth: Option<Sth>) -> (SendLog, Vec<OrderRecord>) {
        let head = self.head(start);
        let (root, internal_root) = (head.root, head.internal_root);
        let header =
            SendLog { term: Term::FIRST, start: size(start), root, internal_root, sth, consistency: None };
        (header, self.records[start as usize..].to_vec())
    }

    /// Entries with their issuer.
    pub(crate) fn batch(&self, range: std::ops::Range<usize>) -> EntryBatch {
        EntryBatch { entries: self.entries[range].to_vec(), issuers: vec![ISSUER.to_vec()] }
    }

    pub(crate) fn publish(&self, sth: Sth, polled_through: Timestamp) -> Publish {
        Publish { term: Term::FIRST, sth, polled_through }
    }
}
