//! Two tree heads.

use super::*;
use ct::index::LeafIndex;
use ct::merkle::verify::{ProofError, path_from_inclusion};

#[test]
fn two_roots_of_one_size_are_a_fork() {
    let (one, other) = (leaves(5, NEVER), leaves(5, 3));
    for after in [0, 10] {
        let found = verdict(&heads(served(&one, 0), served(&other, after), None));
        let roots = [root(&one), root(&other)];
        match found {
            Verdict::Fork(Fork::SameSize { size, roots: shown }) => {
                assert_eq!(size, TreeSize::of(5));
                assert!(shown == roots || shown == [roots[1], roots[0]]);
            }
            other => panic!("{other}"),
        }
        assert!(found.is_proven() && found.to_string().contains("two signed trees of 5 entries"));
    }
    // A tree without entries has one root, whatever is signed.
    let mut empty = served(&[], 0);
    let head = TreeHead { root_hash: root(&one), ..empty.sth.head };
    empty.sth = key().sign_head(head).sth().clone();
    assert!(matches!(verdict(&heads(empty, served(&one, 5), None)), Verdict::Fork(Fork::OtherPrefix { .. })));
}

#[test]
fn a_path_proves_a_fork_between_two_sizes() {
    let other = leaves(11, 2);
    for first in 3..11 {
        let honest = leaves(first, NEVER);
        let evidence = |path| heads(served(&honest, 0), served(&other, 10), Some(path));
        let found = verdict(&evidence(path(first, &other)));
        // Of a tree whose size is a power of two the proof says nothing, but that of its last entry does.
        let silent = first.is_power_of_two();
        assert_eq!(found.name(), if silent { "not-proven" } else { "fork" }, "{first}: {found}");
        let last = first - 1;
        let size = TreeSize::of(other.len());
        let inclusion = finish(&plan::inclusion(LeafIndex::new(last).unwrap(), size).unwrap(), &other);
        let leaf = (*other[last as usize].as_bytes()).into();
        let path = path_from_inclusion(leaf, TreeSize::new(first).unwrap(), &inclusion).unwrap();
        let computed = root(&other[..first as usize]);
        let (first, second) = (TreeSize::new(first).unwrap(), size);
        let fork = Fork::OtherPrefix { first, root: root(&honest), second, computed };
        assert_eq!(verdict(&evidence(path)), Verdict::Fork(fork));
    }
}

#[test]
fn a_tree_that_shrinks_or_stands_twice_in_one_moment() {
    let all = leaves(9, NEVER);
    for (before, after) in [(0, 10), (10, 10)] {
        let (large, small) = (served(&all, before), served(&all[..4], after));
        for path in [None, Some(path(4, &all)), Some(Vec::new())] {
            let found = verdict(&heads(large.clone(), small.clone(), path));
            let shrunk = Verdict::Shrunk { before: large.sth.head, after: small.sth.head };
            assert_eq!(found, shrunk);
        }
        let other = served(&leaves(5, 2), after);
        let forked = verdict(&heads(large, other, Some(path(5, &all))));
        assert_eq!(forked.name(), "fork", "the graver charge: {forked}");
    }
}

#[test]
fn honest_and_unclear_heads_prove_nothing() {
    let all = leaves(9, NEVER);
    let (small, large) = (served(&all[..5], 0), served(&all, 10));
    let doubt = |evidence: &Evidence| match verdict(evidence) {
        Verdict::NotProven(doubt) => doubt,
        other => panic!("{other}"),
    };
    let evidence = |path| heads(small.clone(), large.clone(), path);
    assert_eq!(doubt(&evidence(Some(path(5, &all)))), Doubt::Consistent);
    assert_eq!(doubt(&evidence(None)), Doubt::NoPath);
    assert!(matches!(doubt(&evidence(Some(path(7, &all)))), Doubt::BadPath(ProofError::Root { .. })));
    assert!(matches!(doubt(&evidence(Some(Vec::new()))), Doubt::BadPath(ProofError::Length { .. })));
    assert_eq!(doubt(&heads(large.clone(), served(&all, 99), None)), Doubt::Consistent, "signed anew");
    assert_eq!(doubt(&heads(served(&[], 0), large.clone(), None)), Doubt::Consistent);
    // What another signed, or what was changed, is no evidence against this log.
    let mut forged = served(&leaves(9, 2), 10);
    let stranger = LogSigningKey::from_scalar(&[8; 32]).unwrap();
    forged.sth = stranger.sign_head(forged.sth.head).sth().clone();
    assert!(matches!(doubt(&heads(large.clone(), forged, None)), Doubt::TreeHead { which: "second", .. }));
    let mut changed = large.clone();
    changed.sth.head.root_hash = root(&leaves(9, 2));
    assert!(matches!(doubt(&heads(changed, large, None)), Doubt::TreeHead { which: "first", .. }));
}
