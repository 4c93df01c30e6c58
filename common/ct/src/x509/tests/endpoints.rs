//! Precertificates at both endpoints, with good and with broken poison.

use super::fixtures;
use super::forge::{Draft, Party, accept, extension, hierarchy, judge, key_id, poison, precert_signing};
use crate::entry::SignedEntry;
use crate::hash::{IssuerKeyHash, sha256};
use crate::x509::{Admission, ChainError, Endpoint, NoCache, PrecertError, oid, validate};
use rcgen::PublicKeyData;

fn key_hash(party: &Party) -> IssuerKeyHash {
    IssuerKeyHash::new(sha256(&[&party.key.subject_public_key_info()]))
}

#[test]
fn a_precertificate_becomes_an_entry_with_its_issuers_key() {
    let h = hierarchy();
    let draft = Draft::leaf(&Party::new("leaf"));
    let precert = draft.clone().with(poison()).issued_by(&h.intermediate);
    for chain in [vec![&precert[..], &h.intermediate_der, &h.root_der], vec![&precert, &h.intermediate_der]] {
        let good = judge(&chain, Endpoint::AddPreChain, &h.roots).unwrap();
        let expected = SignedEntry::Precert {
            issuer_key_hash: key_hash(&h.intermediate),
            tbs_certificate: draft.tbs(&h.intermediate),
        };
        assert_eq!(good.entry(), &expected);
        assert_eq!(good.precertificate(), Some(&precert[..]));
        assert_eq!(good.into_parts().precertificate.unwrap(), precert);
    }
}

#[test]
fn under_a_root_that_was_left_out_the_key_is_the_roots() {
    let root = Party::new("root");
    let root_der = root.root();
    let precert = Draft::leaf(&Party::new("leaf")).with(poison()).issued_by(&root);
    let good = judge(&[&precert], Endpoint::AddPreChain, &accept(&[&root_der])).unwrap();
    let SignedEntry::Precert { issuer_key_hash, .. } = good.entry() else { panic!("no precert entry") };
    assert_eq!(*issuer_key_hash, key_hash(&root));
}

#[test]
fn a_chain_at_the_wrong_endpoint_is_refused() {
    let h = hierarchy();
    let precert = Draft::leaf(&Party::new("leaf")).with(poison()).issued_by(&h.intermediate);
    let refused = judge(&[&precert, &h.intermediate_der], Endpoint::AddChain, &h.roots);
    assert_eq!(refused.unwrap_err(), ChainError::PrecertAtAddChain);
    let refused = judge(&[&h.leaf_der, &h.intermediate_der], Endpoint::AddPreChain, &h.roots);
    assert_eq!(refused.unwrap_err(), ChainError::FinalAtAddPreChain);
}

#[test]
fn broken_poison_is_refused_at_both_endpoints() {
    let h = hierarchy();
    let cases = [
        (vec![extension(oid::POISON, false, &[5, 0])], PrecertError::PoisonNotCritical),
        (vec![extension(oid::POISON, true, &[])], PrecertError::PoisonValue { len: 0 }),
        (vec![extension(oid::POISON, true, &[5, 0, 0])], PrecertError::PoisonValue { len: 3 }),
        (vec![extension(oid::POISON, true, &[2, 1, 0])], PrecertError::PoisonValue { len: 3 }),
        (vec![poison(), poison()], PrecertError::PoisonRepeated { found: 2 }),
        (vec![poison(), extension(oid::POISON, false, &[])], PrecertError::PoisonRepeated { found: 2 }),
    ];
    for (extensions, expected) in cases {
        let mut draft = Draft::leaf(&Party::new("leaf"));
        draft.extensions.extend(extensions);
        let der = draft.issued_by(&h.intermediate);
        for endpoint in [Endpoint::AddChain, Endpoint::AddPreChain] {
            let refused = judge(&[&der, &h.intermediate_der], endpoint, &h.roots).unwrap_err();
            assert_eq!(refused, ChainError::Precert(expected));
            assert!(refused.to_string().starts_with("chain[0]: "));
        }
    }
}

#[test]
fn broken_poison_of_openssl_is_refused_at_both_endpoints() {
    let roots = fixtures::roots(&["p256"]);
    let admission = Admission { roots: &roots, window: None };
    for (name, expected) in [
        ("poison_plain", PrecertError::PoisonNotCritical),
        ("poison_value", PrecertError::PoisonValue { len: 3 }),
    ] {
        for endpoint in [Endpoint::AddChain, Endpoint::AddPreChain] {
            let refused = validate(&fixtures::chain(&[name]), endpoint, &admission, &NoCache);
            assert_eq!(refused.unwrap_err(), ChainError::Precert(expected), "{name}");
        }
    }
    let only = validate(&fixtures::chain(&["poison_only"]), Endpoint::AddPreChain, &admission, &NoCache);
    assert_eq!(only.unwrap_err(), ChainError::Precert(PrecertError::NoExtensionLeft { what: "poison" }));
}

#[test]
fn a_poisoned_root_is_refused() {
    let root = Party::new("root");
    let der = Draft::ca(&root).with(poison()).issued_by(&root);
    let roots = accept(&[&der]);
    assert_eq!(judge(&[&der], Endpoint::AddPreChain, &roots).unwrap_err(), ChainError::PrecertIsRoot);
    assert_eq!(judge(&[&der], Endpoint::AddChain, &roots).unwrap_err(), ChainError::PrecertAtAddChain);
}

#[test]
fn a_signing_certificate_gives_way_to_the_ca_behind_it() {
    let h = hierarchy();
    let signer = Party::new("precert signer");
    let signer_draft = Draft::ca(&signer).with(precert_signing()).with(key_id(7));
    let signer_der = signer_draft.issued_by(&h.intermediate);
    let draft = Draft::leaf(&Party::new("leaf"));
    let precert = draft.clone().with(key_id(1)).with(poison()).issued_by(&signer);
    let chain = [&precert[..], &signer_der, &h.intermediate_der, &h.root_der];
    let expected = SignedEntry::Precert {
        issuer_key_hash: key_hash(&h.intermediate),
        tbs_certificate: draft.with(key_id(7)).tbs(&h.intermediate),
    };
    for chain in [&chain[..], &chain[..3]] {
        let good = judge(chain, Endpoint::AddPreChain, &h.roots).unwrap();
        assert_eq!(good.entry(), &expected);
        assert_eq!(good.issuers().len(), 3);
    }
}

#[test]
fn a_signing_certificate_under_a_root_left_out_gives_way_to_the_root() {
    let root = Party::new("root");
    let root_der = root.root();
    let signer = Party::new("precert signer");
    let signer_der = Draft::ca(&signer).with(precert_signing()).issued_by(&root);
    let precert = Draft::leaf(&Party::new("leaf")).with(poison()).issued_by(&signer);
    let good = judge(&[&precert, &signer_der], Endpoint::AddPreChain, &accept(&[&root_der])).unwrap();
    let SignedEntry::Precert { issuer_key_hash, .. } = good.entry() else { panic!("no precert entry") };
    assert_eq!(*issuer_key_hash, key_hash(&root));
}

#[test]
fn a_signing_certificate_without_an_issuer_is_refused() {
    let root = Party::new("root");
    let signer = Party::new("precert signer");
    let signer_der = Draft::ca(&signer).with(precert_signing()).issued_by(&root);
    let precert = Draft::leaf(&Party::new("leaf")).with(poison()).issued_by(&signer);
    let roots = accept(&[&signer_der]);
    for chain in [&[&precert[..], &signer_der][..], &[&precert]] {
        let refused = judge(chain, Endpoint::AddPreChain, &roots).unwrap_err();
        assert_eq!(refused, ChainError::SignerWithoutIssuer);
    }
}

#[test]
fn a_signing_certificate_that_is_no_ca_is_refused() {
    let h = hierarchy();
    let signer = Party::new("precert signer");
    let signer_der = Draft::leaf(&signer).with(precert_signing()).issued_by(&h.root);
    let precert = Draft::leaf(&Party::new("leaf")).with(poison()).issued_by(&signer);
    let refused = judge(&[&precert, &signer_der], Endpoint::AddPreChain, &h.roots).unwrap_err();
    assert!(matches!(refused, ChainError::Issuer { index: 1, .. }));
}

#[test]
fn openssls_precertificates_come_out_as_its_final_certificates() {
    let roots = fixtures::roots(&["p256"]);
    let admission = Admission { roots: &roots, window: None };
    let judged = |names: &[&str], endpoint| validate(&fixtures::chain(names), endpoint, &admission, &NoCache);
    let direct = judged(&["precert"], Endpoint::AddPreChain).unwrap();
    let by_signer = judged(&["precert_by_psc", "psc"], Endpoint::AddPreChain).unwrap();
    assert_eq!(direct.entry(), by_signer.entry(), "one final certificate, two ways to announce it");
    assert_eq!(direct.identity(), by_signer.identity());
    let last = judged(&["final"], Endpoint::AddChain).unwrap();
    assert_ne!(direct.identity(), last.identity());
}
