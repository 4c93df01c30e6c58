//! Two trees where there should be one.

use judge::api::{Api, Sth};
use judge::merkle::{leaf_hash, root, verify_consistency, verify_inclusion};
use liar::{Endpoint, Liar, Lie, Setup};

use super::{api, api_at};

/// Entries, roots and proofs fit each other.
fn assert_sound(api: &Api, head: &Sth) {
    let entries = api.entries(0, head.tree_size - 1).unwrap();
    let hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(&entry.leaf_input)).collect();
    assert_eq!(root(&hashes), head.root);
    let proof = api.proof(&hashes[7], head.tree_size).unwrap();
    verify_inclusion(7, head.tree_size, &hashes[7], &proof.audit_path, &head.root).unwrap();
    let older = root(&hashes[..8]);
    let proof = api.consistency(8, head.tree_size).unwrap();
    verify_consistency(8, head.tree_size, &older, &head.root, &proof).unwrap();
}

fn two_frontends() -> Liar {
    Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() })
}

#[test]
fn two_frontends_show_two_trees_of_one_size_and_date() {
    let liar = two_frontends();
    let (one, other) = (api_at(liar.frontend(0)), api_at(liar.frontend(1)));
    assert_eq!(one.sth().unwrap(), other.sth().unwrap());

    liar.fork_at(6);
    assert_eq!(one.sth().unwrap(), other.sth().unwrap());
    liar.frontend(1).tell(Lie::Fork);
    let (trunk, fork) = (one.sth().unwrap(), other.sth().unwrap());
    assert_eq!((trunk.tree_size, trunk.timestamp), (fork.tree_size, fork.timestamp));
    assert_ne!(trunk.root, fork.root);
    assert_eq!(one.entries(0, 5).unwrap(), other.entries(0, 5).unwrap());
    assert_ne!(one.entries(6, 6).unwrap(), other.entries(6, 6).unwrap());
    assert_sound(&one, &trunk);
    assert_sound(&other, &fork);
    assert_eq!(liar.fork_head().root, fork.root);
}

#[test]
fn a_later_head_need_not_extend_the_earlier_one() {
    let liar = Liar::with_entries(10);
    let api = api(&liar);
    let first = api.sth().unwrap();
    liar.fork_at(6);
    liar.append(10);
    liar.publish();
    liar.tell(Lie::Fork);
    let second = api.sth().unwrap();
    assert_eq!(second.tree_size, 20);
    assert!(second.timestamp > first.timestamp);
    assert_sound(&api, &second);

    // The proof leads to the second root, but from another first one.
    let proof = api.consistency(10, 20).unwrap();
    let hashes: Vec<_> =
        api.entries(0, 9).unwrap().iter().map(|entry| leaf_hash(&entry.leaf_input)).collect();
    assert_ne!(root(&hashes), first.root);
    verify_consistency(10, 20, &root(&hashes), &second.root, &proof).unwrap();

    // Unless the log does not even try.
    liar.tell(Lie::ForkJunkProof);
    let junk = api.consistency(10, 20).unwrap();
    assert_eq!(junk.len(), proof.len());
    assert!(junk.iter().zip(&proof).all(|(junk, node)| junk != node));
}

#[test]
fn a_fork_at_the_tip_parts_with_the_next_entry() {
    let liar = Liar::with_entries(10);
    liar.fork_at(10);
    assert_eq!(liar.fork_head(), liar.head());
    liar.append(1);
    let trunk = liar.publish();
    let fork = liar.fork_head();
    assert_eq!((fork.size, fork.timestamp), (trunk.size, trunk.timestamp));
    assert_ne!(fork.root, trunk.root);
}

#[test]
fn one_frontend_stays_where_it_is_while_the_other_follows_the_fork() {
    let liar = two_frontends();
    let (one, other) = (api_at(liar.frontend(0)), api_at(liar.frontend(1)));
    let before = one.sth().unwrap();
    liar.frontend(0).serve_frozen();
    liar.fork_at(6);
    liar.append(10);
    liar.publish();
    liar.frontend(1).tell(Lie::Fork);
    assert_eq!(one.sth().unwrap(), before);
    assert_sound(&one, &before);
    assert!(one.entries(10, 10).is_err());
    let fork = other.sth().unwrap();
    assert_eq!(fork.tree_size, 20);
    assert_sound(&other, &fork);

    // What is frozen is what is shown.
    liar.frontend(1).serve_frozen();
    liar.append(1);
    liar.publish();
    assert_eq!(other.sth().unwrap(), fork);
    assert_sound(&other, &fork);
}

#[test]
fn one_url_shows_both_by_turns() {
    let liar = Liar::with_entries(10);
    let api = api(&liar);
    liar.tell(Lie::ForkAlternates);
    // Whoever begins with entries is shown the trunk.
    assert_eq!(leaf_hash(&api.entries(0, 0).unwrap()[0].leaf_input), liar.entry(0).leaf_hash());
    let mut roots = Vec::new();
    for _ in 0..4 {
        let head = api.sth().unwrap();
        assert_sound(&api, &head);
        roots.push(head.root);
    }
    let (trunk, fork) = (liar.head().root, liar.fork_head().root);
    assert_eq!(roots, [trunk, fork, trunk, fork]);
}

#[test]
fn a_lie_can_be_told_at_one_endpoint_only() {
    let liar = Liar::with_entries(10);
    let api = api(&liar);
    liar.tell_at(Endpoint::GetEntryAndProof, Lie::EntryTampered(3));
    let (wrong, _) = api.entry_and_proof(3, 10).unwrap();
    let right = api.entries(3, 3).unwrap().remove(0);
    assert_eq!(right.leaf_input, liar.entry(3).leaf_input);
    assert_ne!(wrong.leaf_input, right.leaf_input);
    liar.be_honest();
    assert_eq!(api.entry_and_proof(3, 10).unwrap().0, right);
}
