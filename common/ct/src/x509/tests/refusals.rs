//! Chains that are not logged, and the reasons given.

use super::forge::{Draft, Party, accept, hierarchy, judge, name};
use crate::x509::{ChainError, Endpoint, RootFault, Roots, SignatureError};

fn refusal(chain: &[&[u8]], roots: &Roots) -> ChainError {
    let refused = judge(chain, Endpoint::AddChain, roots).unwrap_err();
    assert!(refused.to_string().starts_with("chain"), "{refused}");
    assert!(refused.label().len() <= 24);
    refused
}

#[test]
fn an_empty_chain_is_refused() {
    assert_eq!(refusal(&[], &hierarchy().roots), ChainError::Empty);
}

#[test]
fn a_flipped_signature_bit_is_refused_at_each_certificate() {
    let h = hierarchy();
    let flip = |der: &[u8]| {
        let mut flipped = der.to_vec();
        *flipped.last_mut().unwrap() ^= 1;
        flipped
    };
    let (leaf, intermediate) = (flip(&h.leaf_der), flip(&h.intermediate_der));
    let wrong = SignatureError::Wrong;
    let error = refusal(&[&leaf, &h.intermediate_der, &h.root_der], &h.roots);
    assert_eq!(error, ChainError::Signature { index: 0, error: wrong.clone() });
    assert_eq!(error.to_string(), "chain[0]: the signature does not verify with the issuer's key");
    let error = refusal(&[&h.leaf_der, &intermediate, &h.root_der], &h.roots);
    assert_eq!(error, ChainError::Signature { index: 1, error: wrong.clone() });
    let error = refusal(&[&h.leaf_der, &intermediate], &h.roots);
    let fault = RootFault::Signature(wrong);
    assert_eq!(error, ChainError::NotIssuedByRoot { index: 1, tried: 1, fault });
    // A root is matched as a whole certificate: with a bit flipped it is another, under its own name and key.
    let error = refusal(&[&h.leaf_der, &h.intermediate_der, &flip(&h.root_der)], &h.roots);
    assert!(matches!(
        error,
        ChainError::NotIssuedByRoot { index: 2, fault: RootFault::Loop { index: 2 }, .. }
    ));
}

#[test]
fn a_changed_bit_anywhere_in_a_leaf_is_refused() {
    let h = hierarchy();
    for at in 0..h.leaf_der.len() {
        let mut changed = h.leaf_der.clone();
        changed[at] ^= 0x10;
        refusal(&[&changed, &h.intermediate_der], &h.roots);
    }
}

#[test]
fn a_shuffled_chain_is_refused() {
    let h = hierarchy();
    let (leaf, intermediate, root) = (&h.leaf_der[..], &h.intermediate_der[..], &h.root_der[..]);
    assert_eq!(refusal(&[leaf, root, intermediate], &h.roots), ChainError::NotIssuedByNext { index: 0 });
    assert_eq!(refusal(&[intermediate, leaf, root], &h.roots), ChainError::NotIssuedByNext { index: 0 });
    assert_eq!(refusal(&[root, intermediate, leaf], &h.roots), ChainError::NotIssuedByNext { index: 0 });
}

#[test]
fn a_certificate_that_is_there_twice_is_refused() {
    let h = hierarchy();
    let (leaf, intermediate, root) = (&h.leaf_der[..], &h.intermediate_der[..], &h.root_der[..]);
    for (chain, first, second) in [
        (vec![leaf, leaf, intermediate, root], 0, 1),
        (vec![leaf, intermediate, intermediate, root], 1, 2),
        (vec![leaf, intermediate, root, root], 2, 3),
        (vec![leaf, intermediate, root, leaf], 0, 3),
        (vec![root, root], 0, 1),
    ] {
        assert_eq!(refusal(&chain, &h.roots), ChainError::Duplicate { first, second });
    }
}

#[test]
fn a_certificate_too_many_is_refused() {
    let h = hierarchy();
    let extra = Party::new("extra").root();
    let (leaf, intermediate, root) = (&h.leaf_der[..], &h.intermediate_der[..], &h.root_der[..]);
    let not_next = |index| ChainError::NotIssuedByNext { index };
    assert_eq!(refusal(&[leaf, intermediate, root, &extra], &h.roots), not_next(2));
    assert_eq!(refusal(&[leaf, intermediate, &extra], &h.roots), not_next(1));
    assert_eq!(refusal(&[leaf, &extra, intermediate, root], &h.roots), not_next(0));
}

#[test]
fn a_missing_intermediate_is_refused() {
    let h = hierarchy();
    assert_eq!(refusal(&[&h.leaf_der, &h.root_der], &h.roots), ChainError::NotIssuedByNext { index: 0 });
    assert_eq!(refusal(&[&h.leaf_der], &h.roots), ChainError::UnknownRoot { index: 0 });
}

#[test]
fn an_unknown_root_is_refused() {
    let h = hierarchy();
    let stranger = Party::new("stranger").root();
    let roots = accept(&[&stranger]);
    let chain = [&h.leaf_der[..], &h.intermediate_der, &h.root_der];
    assert_eq!(refusal(&chain, &roots), ChainError::UnknownRoot { index: 2 });
    assert_eq!(refusal(&chain[..2], &roots), ChainError::UnknownRoot { index: 1 });
    assert_eq!(refusal(&chain[2..], &roots), ChainError::UnknownRoot { index: 0 });
    assert_eq!(refusal(&chain, &Roots::new()), ChainError::UnknownRoot { index: 2 });
    // The right name with another key is no better.
    let namesake = h.root.rekeyed().root();
    let error = refusal(&chain[..2], &accept(&[&namesake]));
    assert!(matches!(error, ChainError::NotIssuedByRoot { index: 1, tried: 1, .. }), "{error}");
}

#[test]
fn an_issuer_name_that_differs_in_one_byte_is_refused() {
    let h = hierarchy();
    let mut draft = Draft::leaf(&Party::new("leaf"));
    draft.issuer_name = Some(name("intermediatE"));
    let leaf = draft.issued_by(&h.intermediate);
    let error = refusal(&[&leaf, &h.intermediate_der, &h.root_der], &h.roots);
    assert_eq!(error, ChainError::NotIssuedByNext { index: 0 });
    // Also where the name means the same: a PrintableString in place of a UTF8String.
    let mut printable = name("intermediate");
    let at = printable.iter().rposition(|byte| *byte == 0x0c).unwrap();
    printable[at] = 0x13;
    draft.issuer_name = Some(printable);
    let leaf = draft.issued_by(&h.intermediate);
    let error = refusal(&[&leaf, &h.intermediate_der, &h.root_der], &h.roots);
    assert_eq!(error, ChainError::NotIssuedByNext { index: 0 });
}

#[test]
fn loops_are_refused() {
    let (a, b, root) = (Party::new("a"), Party::new("b"), Party::new("root"));
    let root_der = root.root();
    let roots = accept(&[&root_der]);
    let a_by_b = Draft::ca(&a).issued_by(&b);
    let b_by_a = Draft::ca(&b).issued_by(&a);
    let a_by_root = Draft::ca(&a).issued_by(&root);
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&a);
    let error = refusal(&[&leaf, &a_by_b, &b_by_a, &a_by_root, &root_der], &roots);
    assert_eq!(error, ChainError::Loop { first: 1, second: 3 });
    let error = refusal(&[&leaf, &a_by_b, &b_by_a, &a_by_b], &roots);
    assert_eq!(error, ChainError::Duplicate { first: 1, second: 3 });
    let error = refusal(&[&leaf, &a_by_b, &b_by_a], &roots);
    assert_eq!(error, ChainError::UnknownRoot { index: 2 });
    // A path that returns to the root that would be appended.
    let root_by_a = Draft::ca(&root).issued_by(&a);
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&root);
    let error = refusal(&[&leaf, &root_by_a, &a_by_root], &roots);
    assert!(matches!(error, ChainError::NotIssuedByRoot { fault: RootFault::Loop { index: 1 }, .. }));
}

#[test]
fn a_self_signed_root_below_another_certificate_is_refused() {
    let h = hierarchy();
    let other = Party::new("other");
    let cross = Draft::ca(&h.root).issued_by(&other);
    let other_der = other.root();
    let roots = accept(&[&h.root_der, &other_der]);
    // The cross-certificate has the self-signed root's name, and its key made the root's signature.
    let error = refusal(&[&h.leaf_der, &h.intermediate_der, &h.root_der, &cross, &other_der], &roots);
    assert_eq!(error, ChainError::Loop { first: 2, second: 3 });
    // Without the self-signed one, the path is straight.
    judge(&[&h.leaf_der, &h.intermediate_der, &cross, &other_der], Endpoint::AddChain, &roots).unwrap();
}

#[test]
fn what_is_no_certificate_is_refused_with_its_place() {
    let h = hierarchy();
    let trailing = [&h.intermediate_der[..], &[0]].concat();
    let error = refusal(&[&h.leaf_der, &trailing], &h.roots);
    assert!(matches!(error, ChainError::Parse { index: 1, .. }));
    assert_eq!(
        error.to_string(),
        format!("chain[1]: Certificate: 1 bytes follow at offset {}", h.intermediate_der.len())
    );
    for junk in [&b""[..], b"junk", b"\x30\x00", &h.leaf_der[..100]] {
        assert!(matches!(refusal(&[junk], &h.roots), ChainError::Parse { index: 0, .. }));
    }
}

#[test]
fn reading_comes_before_all_other_faults() {
    let h = hierarchy();
    let error = refusal(&[&h.root_der, &h.leaf_der, b"junk"], &h.roots);
    assert!(matches!(error, ChainError::Parse { index: 2, .. }), "{error}");
}
