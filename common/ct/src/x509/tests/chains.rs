//! Chains that are logged.

use super::fixtures;
use super::forge::{
    DEFAULT_NOT_AFTER_MILLIS, Draft, Party, accept, extension, hierarchy, judge, name, window,
};
use crate::entry::{Leaf, SignedEntry, StoredEntry};
use crate::hash::Fingerprint;
use crate::limits::MAX_CHAIN_LEN;
use crate::time::Timestamp;
use crate::x509::{Admission, ChainError, Endpoint, NoCache, VerifiedCache, VerifiedIssuers, oid, validate};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::cell::RefCell;

#[test]
fn a_whole_chain_becomes_an_entry_that_can_be_stored() {
    let h = hierarchy();
    let good = judge(&[&h.leaf_der, &h.intermediate_der, &h.root_der], Endpoint::AddChain, &h.roots).unwrap();
    assert_eq!(good.entry(), &SignedEntry::X509 { certificate: h.leaf_der.clone() });
    assert_eq!(good.precertificate(), None);
    assert_eq!(good.leaf_certificate().der(), h.leaf_der);
    assert_eq!(good.not_after().millis(), DEFAULT_NOT_AFTER_MILLIS);
    assert_eq!(good.not_before().millis(), 1_798_761_600_000);
    assert_eq!(good.identity(), good.entry().identity().unwrap());
    let parts = good.into_parts();
    let chain: Vec<Fingerprint> = parts.issuers.iter().map(|issuer| issuer.fingerprint()).collect();
    let leaf = Leaf::plain(Timestamp::from_millis(1), parts.entry);
    StoredEntry::new(&leaf, parts.precertificate, chain).unwrap();
}

#[test]
fn a_root_left_out_is_appended() {
    let h = hierarchy();
    let with = judge(&[&h.leaf_der, &h.intermediate_der, &h.root_der], Endpoint::AddChain, &h.roots).unwrap();
    let without = judge(&[&h.leaf_der, &h.intermediate_der], Endpoint::AddChain, &h.roots).unwrap();
    assert_eq!(with, without);
    assert_eq!(without.issuers()[1].der(), h.root_der);
}

#[test]
fn a_leaf_alone_under_a_root_is_a_chain() {
    let root = Party::new("root");
    let root_der = root.root();
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&root);
    let good = judge(&[&leaf], Endpoint::AddChain, &accept(&[&root_der])).unwrap();
    assert_eq!(good.issuers().len(), 1);
    assert_eq!(good.issuers()[0].der(), root_der);
}

#[test]
fn an_accepted_root_alone_is_a_chain_without_issuers() {
    let h = hierarchy();
    let good = judge(&[&h.root_der], Endpoint::AddChain, &h.roots).unwrap();
    assert!(good.issuers().is_empty());
    // An accepted root need not be self-signed.
    let roots = accept(&[&h.intermediate_der]);
    let good = judge(&[&h.leaf_der], Endpoint::AddChain, &roots).unwrap();
    assert_eq!(good.issuers()[0].der(), h.intermediate_der);
    assert!(judge(&[&h.intermediate_der], Endpoint::AddChain, &roots).unwrap().issuers().is_empty());
}

#[test]
fn an_accepted_root_may_stand_below_another() {
    let h = hierarchy();
    let roots = accept(&[&h.intermediate_der, &h.root_der]);
    let good = judge(&[&h.leaf_der, &h.intermediate_der, &h.root_der], Endpoint::AddChain, &roots).unwrap();
    assert_eq!(good.issuers().len(), 2);
    let short = judge(&[&h.leaf_der, &h.intermediate_der], Endpoint::AddChain, &roots).unwrap();
    assert_eq!(short.issuers().len(), 1, "the last certificate is a root, nothing is appended");
}

#[test]
fn of_two_accepted_roots_with_one_name_the_one_with_the_key_is_found() {
    let first = Party::new("root");
    let second = first.rekeyed();
    let (first_der, second_der) = (first.root(), second.root());
    for order in [[&first_der, &second_der], [&second_der, &first_der]] {
        let roots = accept(&[order[0], order[1]]);
        for (party, der) in [(&first, &first_der), (&second, &second_der)] {
            let leaf = Draft::leaf(&Party::new("leaf")).issued_by(party);
            let good = judge(&[&leaf], Endpoint::AddChain, &roots).unwrap();
            assert_eq!(good.issuers()[0].der(), der);
        }
    }
}

#[test]
fn a_cross_certificate_takes_the_path_that_was_submitted() {
    let h = hierarchy();
    let other = Party::new("other root");
    let cross = Draft::ca(&h.intermediate).issued_by(&other);
    let other_der = other.root();
    let roots = accept(&[&h.root_der, &other_der]);
    let good = judge(&[&h.leaf_der, &cross], Endpoint::AddChain, &roots).unwrap();
    assert_eq!(good.issuers()[1].der(), other_der);
    let good = judge(&[&h.leaf_der, &h.intermediate_der], Endpoint::AddChain, &roots).unwrap();
    assert_eq!(good.issuers()[1].der(), h.root_der);
}

#[test]
fn a_root_may_certify_its_next_key_under_its_own_name() {
    let old = Party::new("root");
    let new = old.rekeyed();
    let new_with_old = Draft::ca(&new).issued_by(&old);
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&new);
    let old_der = old.root();
    let good = judge(&[&leaf, &new_with_old, &old_der], Endpoint::AddChain, &accept(&[&old_der])).unwrap();
    assert_eq!(good.issuers().len(), 2);
}

#[test]
fn what_a_log_does_not_police_is_logged() {
    let h = hierarchy();
    let leaf = Party::new("leaf");
    let unknown = extension(b"\x2a\x03\x04", true, b"no structure");
    let drafts = [
        Draft::leaf(&leaf).not_after("20010101000000Z"),
        Draft::leaf(&leaf).not_after("19500101000000Z"),
        Draft::leaf(&leaf).with(unknown.clone()),
        Draft::leaf(&leaf).with(unknown.clone()).with(unknown),
        Draft::leaf(&leaf).with(extension(oid::EXTENDED_KEY_USAGE, true, b"broken")),
        Draft::leaf(&leaf).with(extension(oid::KEY_USAGE, true, b"broken")),
        Draft::leaf(&leaf).version_one(),
        Draft { serial: vec![0xb3], ..Draft::leaf(&leaf) },
        Draft::ca(&leaf),
    ];
    for (case, draft) in drafts.iter().enumerate() {
        let der = draft.issued_by(&h.intermediate);
        let judged = judge(&[&der, &h.intermediate_der], Endpoint::AddChain, &h.roots);
        assert!(judged.is_ok(), "case {case}: {judged:?}");
    }
}

#[test]
fn the_window_takes_its_start_and_not_its_end() {
    let h = hierarchy();
    let chain = [h.leaf_der.clone(), h.intermediate_der.clone()];
    let at = DEFAULT_NOT_AFTER_MILLIS;
    let judged = |start, end| {
        let admission = Admission { roots: &h.roots, window: Some(window(start, end)) };
        validate(&chain, Endpoint::AddChain, &admission, &NoCache)
    };
    assert!(judged(at, at + 1).is_ok());
    assert!(judged(at - 1000, at + 1000).is_ok());
    let early = judged(at + 1000, at + 2000).unwrap_err();
    assert!(matches!(early, ChainError::OutsideWindow { .. }), "{early}");
    assert!(matches!(judged(at - 1000, at).unwrap_err(), ChainError::OutsideWindow { .. }));
    assert!(matches!(judged(at - 1000, at - 999).unwrap_err(), ChainError::OutsideWindow { .. }));
}

#[test]
fn the_longest_chain_is_taken_and_a_longer_one_is_not() {
    let root = Party::new("root");
    let root_der = root.root();
    let mut parties = vec![root];
    let mut chain = vec![];
    for i in 0..MAX_CHAIN_LEN {
        let party = Party::new(&format!("ca {i}"));
        chain.insert(0, Draft::ca(&party).issued_by(parties.last().unwrap()));
        parties.push(party);
    }
    let roots = accept(&[&root_der]);
    let ders: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let good = judge(&ders, Endpoint::AddChain, &roots).unwrap();
    assert_eq!(good.issuers().len(), MAX_CHAIN_LEN, "as many as an entry holds");
    let mut longer = ders.clone();
    longer.push(&root_der);
    let refused = judge(&longer, Endpoint::AddChain, &roots).unwrap_err();
    assert_eq!(refused, ChainError::TooMany { found: MAX_CHAIN_LEN + 1 });
}

#[test]
fn sha1_is_taken_all_the_way_up() {
    let roots = fixtures::roots(&["sha1_root"]);
    let admission = Admission { roots: &roots, window: None };
    for names in [&["sha1_root_leaf", "sha1_root"][..], &["sha1_root_leaf"], &["sha1_root"]] {
        validate(&fixtures::chain(names), Endpoint::AddChain, &admission, &NoCache).unwrap();
    }
}

#[test]
fn a_root_of_version_one_issues() {
    let roots = fixtures::roots(&["v1_root"]);
    let admission = Admission { roots: &roots, window: None };
    for names in [&["v1_root_leaf", "v1_root"][..], &["v1_root_leaf"]] {
        validate(&fixtures::chain(names), Endpoint::AddChain, &admission, &NoCache).unwrap();
    }
}

#[test]
fn certificates_of_rcgen_chain_whatever_their_keys() {
    let rsa = fixtures::text("rsa2048.key");
    let keys = || {
        [
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
            KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
            KeyPair::from_pem_and_sign_algo(&rsa, &rcgen::PKCS_RSA_SHA256).unwrap(),
            KeyPair::from_pem_and_sign_algo(&rsa, &rcgen::PKCS_RSA_SHA512).unwrap(),
        ]
    };
    for (root_key, leaf_key) in keys().into_iter().zip(keys()) {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&root_key).unwrap();
        let issuer = Issuer::new(params, root_key);
        let mut leaf = CertificateParams::new(vec!["leaf.example".to_owned()]).unwrap();
        leaf.distinguished_name.push(rcgen::DnType::CommonName, "leaf");
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        judge(&[leaf.der(), root.der()], Endpoint::AddChain, &accept(&[root.der()])).unwrap();
    }
}

/// Counts what it is asked and told.
#[derive(Default)]
struct Ledger {
    known: RefCell<Vec<(Fingerprint, Fingerprint)>>,
}

impl VerifiedIssuers for Ledger {
    fn is_known(&self, child: &Fingerprint, issuer: &Fingerprint) -> bool {
        self.known.borrow().contains(&(*child, *issuer))
    }
    fn remember(&self, child: Fingerprint, issuer: Fingerprint) {
        assert!(!self.is_known(&child, &issuer), "checked twice");
        self.known.borrow_mut().push((child, issuer));
    }
}

#[test]
fn issuers_are_remembered_once_and_leaves_never() {
    let h = hierarchy();
    let admission = Admission { roots: &h.roots, window: None };
    let ledger = Ledger::default();
    for chain in [
        vec![h.leaf_der.clone(), h.intermediate_der.clone()],
        vec![h.leaf_der.clone(), h.intermediate_der.clone(), h.root_der.clone()],
    ] {
        let good = validate(&chain, Endpoint::AddChain, &admission, &ledger).unwrap();
        let pair = (good.issuers()[0].fingerprint(), good.issuers()[1].fingerprint());
        assert_eq!(*ledger.known.borrow(), [pair]);
    }
}

#[test]
fn a_remembered_issuer_does_not_vouch_for_a_leaf_or_for_its_twin() {
    let h = hierarchy();
    let admission = Admission { roots: &h.roots, window: None };
    let cache = VerifiedCache::new();
    let chain = [h.leaf_der.clone(), h.intermediate_der.clone()];
    validate(&chain, Endpoint::AddChain, &admission, &cache).unwrap();
    assert_eq!(cache.len(), 1);
    let forged = Draft::leaf(&Party::new("leaf")).issued_by(&h.intermediate.rekeyed());
    let refused = validate(&[forged, h.intermediate_der.clone()], Endpoint::AddChain, &admission, &cache);
    assert!(matches!(refused.unwrap_err(), ChainError::Signature { index: 0, .. }));
    // The same name and key, signed by somebody else: another certificate, so nothing is known of it.
    let mut twin = Draft::ca(&h.intermediate).serial(2);
    twin.issuer_name = Some(name("root"));
    let twin = twin.issued_by(&h.intermediate);
    let refused = validate(&[h.leaf_der, twin], Endpoint::AddChain, &admission, &cache);
    assert!(matches!(refused.unwrap_err(), ChainError::NotIssuedByRoot { index: 1, tried: 1, .. }));
    assert_eq!(cache.len(), 1, "what was refused is not remembered");
}

#[test]
fn the_cache_forgets_the_oldest_pair_first() {
    use crate::x509::VERIFIED_CACHE_LEN;
    let cache = VerifiedCache::new();
    let numbered = |n: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        Fingerprint::new(bytes)
    };
    for n in 0..=VERIFIED_CACHE_LEN {
        cache.remember(numbered(n), numbered(0));
        cache.remember(numbered(n), numbered(0));
    }
    assert_eq!(cache.len(), VERIFIED_CACHE_LEN);
    assert!(!cache.is_known(&numbered(0), &numbered(0)));
    assert!(cache.is_known(&numbered(1), &numbered(0)));
    assert!(!cache.is_known(&numbered(0), &numbered(1)));
}

#[test]
fn one_key_under_two_names_is_no_loop() {
    let root = Party::new("root");
    let intermediate = Party { name: name("intermediate"), ..root.clone() };
    let root_der = root.root();
    let intermediate_der = Draft::ca(&intermediate).issued_by(&root);
    let leaf = Draft::leaf(&Party::new("leaf")).issued_by(&intermediate);
    let roots = accept(&[&root_der]);
    judge(&[&leaf, &intermediate_der, &root_der], Endpoint::AddChain, &roots).unwrap();
    judge(&[&leaf, &intermediate_der], Endpoint::AddChain, &roots).unwrap();
}
