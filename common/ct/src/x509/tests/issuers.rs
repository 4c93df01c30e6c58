//! Who may issue.

use super::forge::{Draft, Party, accept, basic_constraints, extension, hierarchy, judge};
use crate::x509::{CaClaim, ChainError, Endpoint, IssuerFault, RootFault, SignatureError, oid};

const SIGNS_CERTIFICATES: &[u8] = b"\x03\x02\x02\x04";
const SIGNS_NOTHING_LISTED: &[u8] = b"\x03\x02\x07\x00";
const SIGNS_DATA: &[u8] = b"\x03\x02\x07\x80";

/// What becomes of a leaf under an intermediate with these extensions.
fn under(extensions: &[Vec<u8>]) -> Result<(), ChainError> {
    let h = hierarchy();
    let intermediate = Draft::ca(&h.intermediate).extensions(extensions).issued_by(&h.root);
    judge(&[&h.leaf_der, &intermediate], Endpoint::AddChain, &h.roots).map(drop)
}

fn not_ca(claim: CaClaim) -> Result<(), ChainError> {
    Err(ChainError::Issuer { index: 1, fault: IssuerFault::NotCa { claim } })
}

#[test]
fn an_intermediate_must_say_that_it_is_a_ca() {
    let good = basic_constraints(true);
    let other = extension(b"\x2a\x03", false, b"");
    assert_eq!(under(std::slice::from_ref(&good)), Ok(()));
    assert_eq!(under(&[other]), not_ca(CaClaim::Absent));
    assert_eq!(under(&[]), not_ca(CaClaim::Absent));
    assert_eq!(under(&[basic_constraints(false)]), not_ca(CaClaim::NotCa));
    assert_eq!(under(&[good.clone(), good]), not_ca(CaClaim::Unclear));
    for junk in [&b"junk"[..], b"", b"\x30\x03\x01\x01", b"\x30\x02\x01\x00", b"\x30\x00\x00"] {
        assert_eq!(under(&[extension(oid::BASIC_CONSTRAINTS, true, junk)]), not_ca(CaClaim::Unclear));
    }
}

#[test]
fn path_lengths_count_for_nothing() {
    let none_below = b"\x30\x06\x01\x01\xff\x02\x01\x00";
    let h = hierarchy();
    let root = Draft::ca(&h.root).extensions(&[extension(oid::BASIC_CONSTRAINTS, true, none_below)]);
    let root_der = root.issued_by(&h.root);
    judge(&[&h.leaf_der, &h.intermediate_der], Endpoint::AddChain, &accept(&[&root_der])).unwrap();
}

#[test]
fn a_key_usage_without_cert_sign_forbids_issuing() {
    let usage = |value: &[u8]| extension(oid::KEY_USAGE, true, value);
    let with = |usages: &[Vec<u8>]| under(&[&[basic_constraints(true)], usages].concat());
    let forbidden = Err(ChainError::Issuer { index: 1, fault: IssuerFault::KeyUsage });
    assert_eq!(with(&[usage(SIGNS_CERTIFICATES)]), Ok(()));
    assert_eq!(with(&[usage(SIGNS_NOTHING_LISTED)]), Ok(()));
    assert_eq!(with(&[usage(SIGNS_DATA)]), forbidden);
    assert_eq!(with(&[usage(b"junk")]), forbidden);
    assert_eq!(with(&[usage(b"")]), forbidden);
    assert_eq!(with(&[usage(SIGNS_CERTIFICATES), usage(SIGNS_DATA)]), forbidden);
}

#[test]
fn only_a_root_may_be_of_version_one() {
    let h = hierarchy();
    let intermediate = Draft::ca(&h.intermediate).version_one().issued_by(&h.root);
    let refused = judge(&[&h.leaf_der, &intermediate], Endpoint::AddChain, &h.roots);
    assert_eq!(refused.map(drop), not_ca(CaClaim::Absent));
    judge(&[&h.leaf_der, &intermediate], Endpoint::AddChain, &accept(&[&intermediate])).unwrap();
}

#[test]
fn a_root_of_version_three_must_say_that_it_is_a_ca() {
    let root = Party::new("root");
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&root);
    let plain = Draft::ca(&root).extensions(&[]).issued_by(&root);
    let roots = accept(&[&plain]);
    let fault = IssuerFault::NotCa { claim: CaClaim::Absent };
    let refused = judge(&[&leaf, &plain], Endpoint::AddChain, &roots).unwrap_err();
    assert_eq!(refused, ChainError::Issuer { index: 1, fault });
    let refused = judge(&[&leaf], Endpoint::AddChain, &roots).unwrap_err();
    assert_eq!(refused, ChainError::NotIssuedByRoot { index: 0, tried: 1, fault: RootFault::Issuer(fault) });
    // As an entry, it is as good as any other.
    judge(&[&plain], Endpoint::AddChain, &roots).unwrap();
}

#[test]
fn algorithms_that_differ_inside_and_outside_are_refused() {
    let h = hierarchy();
    let mut draft = Draft::leaf(&Party::new("leaf"));
    draft.outer_algorithm = Some(b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03".to_vec());
    let leaf = draft.issued_by(&h.intermediate);
    let refused = judge(&[&leaf, &h.intermediate_der], Endpoint::AddChain, &h.roots).unwrap_err();
    assert_eq!(refused, ChainError::Signature { index: 0, error: SignatureError::AlgorithmsDiffer });
    assert_eq!(refused.label(), "signature_unsupported");
}
