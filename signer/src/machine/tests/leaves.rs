//! Which leaves are signed.

use super::fixture::{NOW, log_key, machine};
use crate::machine::{LeafFault, Machine};
use ct::entry::{Leaf, SignedEntry};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::leaf_hash;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use ct::wire::signer::Evidence;
use std::time::Duration;

fn leaf(timestamp: Timestamp) -> Leaf {
    Leaf::plain(timestamp, SignedEntry::X509 { certificate: vec![1, 2, 3] })
}

fn check(leaf: &Leaf, evidence: Option<&Evidence>) -> Result<(), LeafFault> {
    let machine: Machine = machine(None);
    machine.may_sign_leaf(NOW, &leaf.encode().unwrap(), evidence)
}

#[test]
fn a_leaf_of_now_is_signed_even_without_memory() {
    check(&leaf(NOW), None).unwrap();
    check(&leaf(NOW.plus(Duration::from_secs(1))), None).unwrap();
    check(&leaf(NOW.minus(Duration::from_secs(600))), None).unwrap();
}

#[test]
fn a_leaf_of_another_time_is_not() {
    for timestamp in [NOW.plus(Duration::from_millis(1001)), NOW.minus(Duration::from_millis(600_001))] {
        assert!(matches!(check(&leaf(timestamp), None), Err(LeafFault::Clock(_))));
    }
}

#[test]
fn extensions_and_garbage_are_not_signed() {
    let extended = Leaf { extensions: vec![1], ..leaf(NOW) };
    assert!(matches!(check(&extended, None), Err(LeafFault::Extensions(1))));
    let garbage = machine(None).may_sign_leaf(NOW, b"\0\x01garbage", None);
    assert!(matches!(garbage, Err(LeafFault::Decode(_))));
    // A tree head is no leaf: its second byte tells them apart.
    let head = TreeHead { timestamp: NOW, tree_size: TreeSize::ZERO, root_hash: ct::merkle::EMPTY_ROOT };
    assert!(matches!(machine(None).may_sign_leaf(NOW, &head.input(), None), Err(LeafFault::Decode(_))));
}

#[test]
fn a_published_leaf_is_signed_at_any_time_with_proof() {
    let old = leaf(NOW.minus(Duration::from_secs(86_400)));
    let hash = leaf_hash(&old.encode().unwrap());
    let root_hash = ct::hash::NodeHash::from(hash).into();
    let head = TreeHead { timestamp: NOW, tree_size: TreeSize::new(1).unwrap(), root_hash };
    let sth = log_key().sign_head(head).sth().clone();
    let evidence = Evidence { sth, index: LeafIndex::ZERO, path: Vec::new() };
    check(&old, Some(&evidence)).unwrap();
    assert!(matches!(check(&leaf(NOW), Some(&evidence)), Err(LeafFault::Proof(_))));
    let mut forged = evidence;
    forged.sth.head.tree_size = TreeSize::new(2).unwrap();
    assert!(matches!(check(&old, Some(&forged)), Err(LeafFault::Signature(_))));
}
