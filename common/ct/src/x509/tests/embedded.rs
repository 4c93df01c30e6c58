//! SCTs in certificates.

use super::fixtures::certificate;
use super::forge::{Draft, Party, extension, poison};
use crate::entry::SignedEntry;
use crate::key::LogSigningKey;
use crate::sct::{DigitallySigned, Sct, sct_list};
use crate::time::Timestamp;
use crate::tls::DecodeError;
use crate::x509::der::{DerError, OCTET_STRING, wrap};
use crate::x509::{
    Certificate, EmbeddedError, PrecertError, embedded_list, embedded_scts, oid, precert_tbs, verify_issued,
};

fn parse(der: Vec<u8>) -> Certificate {
    Certificate::parse(der).unwrap()
}

fn list_extension(list: &[u8]) -> Vec<u8> {
    extension(oid::SCT_LIST, false, &wrap(OCTET_STRING, &[list]))
}

fn promise(key: &LogSigningKey, entry: &SignedEntry) -> Vec<u8> {
    let mut sct = Sct {
        log_id: key.public().log_id(),
        timestamp: Timestamp::from_millis(1_800_000_000_000),
        extensions: Vec::new(),
        signature: DigitallySigned::ecdsa(vec![1]).unwrap(),
    };
    sct.signature = key.sign_leaf(&sct.leaf(entry.clone()).encode().unwrap());
    sct.encode().unwrap()
}

#[test]
fn a_promise_for_the_precertificate_holds_for_the_final_certificate() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let keys = [3, 4].map(|scalar| LogSigningKey::from_scalar(&[scalar; 32]).unwrap());
    let (root, before) = (parse(ca.root()), extension(b"\x2a\x03", true, b"other"));
    // The list stands where the poison stood, or elsewhere.
    for poison_first in [true, false] {
        let draft = Draft::leaf(&leaf).with(before.clone());
        let place = if poison_first { 0 } else { 2 };
        let mut precert = draft.clone();
        precert.extensions.insert(place, poison());
        let precert = parse(precert.issued_by(&ca));
        let tbs_certificate = precert_tbs(&precert, None).unwrap();
        let promised = SignedEntry::Precert { issuer_key_hash: root.issuer_key_hash(), tbs_certificate };
        let scts: Vec<Vec<u8>> = keys.iter().map(|key| promise(key, &promised)).collect();
        let list = sct_list(&scts).unwrap();

        let last = parse(draft.with(list_extension(&list)).issued_by(&ca));
        verify_issued(&last, &root).unwrap();
        assert_eq!(embedded_list(&last), Ok(Some(list.as_slice())));
        let (entry, found) = embedded_scts(&last, &root).unwrap();
        assert_eq!((&entry, found.len()), (&promised, 2));
        for (key, bytes) in keys.iter().zip(found) {
            key.public().verify_sct(&Sct::decode(bytes).unwrap(), &entry).unwrap();
        }
        // With the key of another issuer it is another entry.
        let other = parse(ca.rekeyed().root());
        let (entry, found) = embedded_scts(&last, &other).unwrap();
        assert!(keys[0].public().verify_sct(&Sct::decode(found[0]).unwrap(), &entry).is_err());
    }
}

#[test]
fn the_list_that_openssl_embedded_is_read() {
    let last = certificate("final");
    let (entry, scts) = embedded_scts(&last, &certificate("rsa2048")).unwrap();
    assert_eq!(scts, [[0, 1, 2, 3, 4, 5]]);
    assert_eq!(entry.body(), precert_tbs(&certificate("precert"), None).unwrap());
    assert_eq!(embedded_list(&last), Ok(Some(sct_list(&[scts[0].to_vec()]).unwrap().as_slice())));
    assert_eq!(embedded_list(&certificate("precert")), Ok(None));
}

#[test]
fn what_carries_no_good_list_is_refused_and_named() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let root = parse(ca.root());
    let draft = || Draft::leaf(&leaf);
    let read = |draft: Draft| {
        let certificate = parse(draft.issued_by(&ca));
        embedded_scts(&certificate, &root).map(|_| ()).unwrap_err()
    };
    let good = sct_list(&[vec![1]]).unwrap();
    let missing = EmbeddedError::Surgery(PrecertError::Missing { what: "SCT list" });
    assert_eq!(read(draft()), missing);
    let twice = draft().with(list_extension(&good)).with(list_extension(&good));
    assert_eq!(read(twice), EmbeddedError::Surgery(PrecertError::SctListRepeated { found: 2 }));
    assert_eq!(read(draft().with(list_extension(&good)).with(poison())), EmbeddedError::Precertificate);
    let bare = draft().with(extension(oid::SCT_LIST, false, &good));
    assert!(matches!(read(bare), EmbeddedError::Der(DerError::Tag { .. })));
    let trailing = [wrap(OCTET_STRING, &[&good]).as_slice(), &[0]].concat();
    let trailing = draft().with(extension(oid::SCT_LIST, false, &trailing));
    assert!(matches!(read(trailing), EmbeddedError::Der(DerError::Trailing { extra: 1, .. })));
    let empty = EmbeddedError::List(DecodeError::Value { field: "sct_list", at: 0, found: 0 });
    assert_eq!(read(draft().with(list_extension(&[0, 0]))), empty);
}
