//! A log with two selves, and what is said of it.

mod files;
mod heads;
mod promises;

use super::{BrokenPromise, Case, Doubt, Evidence, Fork, Served, TreeHeads, Verdict};
use crate::Log;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::{NodeHash, RootHash};
use ct::index::TreeSize;
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::merkle::plan::{self, NodeId, Plan};
use ct::merkle::{leaf_hash, node_hash};
use ct::sct::Sct;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use std::convert::Infallible;
use std::time::Duration;

const START: u64 = 1_700_000_000_000;

fn key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[7; 32]).unwrap()
}

fn log() -> Log {
    let url = crate::log::base_url("https://ct.example/2027h1").unwrap();
    Log::new("Example 2027h1".to_owned(), vec![url], key().public().clone()).unwrap()
}

/// The leaves of a log; from `fork` on, those of its other self.
fn leaves(count: u64, fork: u64) -> Vec<NodeHash> {
    let bytes = |n: u64| [n.to_be_bytes(), u64::from(n >= fork).to_be_bytes()].concat();
    (0..count).map(|n| leaf_hash(&bytes(n)).into()).collect()
}

fn root(leaves: &[NodeHash]) -> RootHash {
    let mut tree = Compact::empty();
    leaves.iter().for_each(|leaf| tree.append(*leaf));
    tree.root()
}

fn finish(plan: &Plan, leaves: &[NodeHash]) -> Vec<NodeHash> {
    fn node(id: NodeId, leaves: &[NodeHash]) -> NodeHash {
        match id.level {
            0 => leaves[id.index as usize],
            _ => {
                let half = |index| node(NodeId { level: id.level - 1, index }, leaves);
                node_hash(&half(2 * id.index), &half(2 * id.index + 1))
            }
        }
    }
    plan.finish(|id| Ok::<_, Infallible>(node(id, leaves))).unwrap()
}

fn path(first: u64, leaves: &[NodeHash]) -> Vec<NodeHash> {
    let sizes = (TreeSize::new(first).unwrap(), TreeSize::of(leaves.len()));
    finish(&plan::consistency(sizes.0, sizes.1).unwrap(), leaves)
}

/// The head of these leaves, signed `after` milliseconds after the start.
fn served(leaves: &[NodeHash], after: u64) -> Served {
    let timestamp = Timestamp::from_millis(START + after);
    let head = TreeHead { timestamp, tree_size: TreeSize::of(leaves.len()), root_hash: root(leaves) };
    let sth = key().sign_head(head).sth().clone();
    Served { sth, url: "https://ct.example/2027h1/".to_owned(), received: timestamp }
}

fn heads(first: Served, second: Served, consistency: Option<Vec<NodeHash>>) -> Evidence {
    let seen = Timestamp::from_millis(START + 1_000_000);
    Evidence::of_heads(log(), seen, TreeHeads { first, second, consistency })
}

/// What the file of this evidence says, judged by whoever reads it; the order of the two heads does not matter.
fn verdict(evidence: &Evidence) -> Verdict {
    let read = Evidence::from_json(&evidence.to_json().unwrap()).unwrap();
    assert_eq!(read, *evidence);
    if let Case::TreeHeads(TreeHeads { first, second, consistency }) = &read.case {
        let turned = heads(second.clone(), first.clone(), consistency.clone()).verdict();
        assert_eq!(turned.name(), read.verdict().name());
    }
    read.verdict()
}

const NEVER: u64 = u64::MAX;

fn promise(mmd: u64, later: Served) -> (Evidence, BrokenPromise) {
    let entry = SignedEntry::X509 { certificate: vec![0x30, 3, 2, 1, 5] };
    let leaf_input = Leaf::plain(Timestamp::from_millis(START), entry).encode().unwrap();
    let sct = Sct {
        log_id: key().public().log_id(),
        timestamp: Timestamp::from_millis(START),
        extensions: Vec::new(),
        signature: key().sign_leaf(&leaf_input),
    };
    let answer = "404 Not Found: unknown leaf hash".to_owned();
    let promise = BrokenPromise { sct, leaf_input, mmd: Duration::from_secs(mmd), later, answer };
    let seen = Timestamp::from_millis(START + 1);
    (Evidence::of_promise(log(), seen, promise.clone()), promise)
}
