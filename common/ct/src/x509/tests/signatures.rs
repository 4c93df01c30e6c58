//! Signatures that OpenSSL made, with every key and hash.

use super::fixtures::certificate;
use super::forge::{Draft, Party, sign};
use crate::x509::der::{BIT_STRING, INTEGER, OBJECT_ID, SEQUENCE, wrap};
use crate::x509::public_key::PublicKey;
use crate::x509::{Certificate, SignatureError, oid, verify_issued};

fn verdict(child: &str, issuer: &str) -> Result<(), SignatureError> {
    verify_issued(&certificate(child), &certificate(issuer))
}

const SUPPORTED: &[(&str, &[&str])] = &[
    ("rsa2048", &["rsa2048", "rsa2048_sha1", "rsa2048_sha256", "rsa2048_sha384", "rsa2048_sha512"]),
    ("rsa2048", &["pss_sha256", "pss_sha384", "pss_sha512", "pss_sha256_salt20"]),
    ("rsa_pss", &["rsa_pss", "rsa_pss_sha256"]),
    ("rsa1024", &["rsa1024", "rsa1024_sha1", "rsa1024_sha256", "rsa1024_sha512"]),
    ("rsa4096", &["rsa4096", "rsa4096_sha256"]),
    ("rsa8192", &["rsa8192", "rsa8192_sha256", "rsa8192_sha1"]),
    ("sha1_root", &["sha1_root", "sha1_root_leaf"]),
    ("p256", &["p256", "p256_sha1", "p256_sha256", "p256_sha384", "p256_sha512", "negative_serial"]),
    ("p384", &["p384", "p384_sha256", "p384_sha384", "p384_sha512"]),
    ("p521", &["p521", "p521_sha1", "p521_sha256", "p521_sha384", "p521_sha512"]),
    ("p256_compressed", &["p256_compressed", "p256_compressed_sha256"]),
    ("ed25519", &["ed25519", "ed25519_leaf"]),
    ("v1_root", &["v1_root", "v1_root_leaf"]),
    ("psc", &["precert_by_psc", "precert_noaki_by_psc"]),
];

#[test]
fn signatures_of_every_supported_kind_verify() {
    for (issuer, children) in SUPPORTED {
        for child in *children {
            assert_eq!(verdict(child, issuer), Ok(()), "{child} by {issuer}");
        }
    }
}

#[test]
fn a_changed_byte_is_found_in_every_supported_kind() {
    for (issuer, children) in SUPPORTED {
        for child in *children {
            let mut der = certificate(child).der().to_vec();
            *der.last_mut().unwrap() ^= 1;
            let changed = Certificate::parse(der).unwrap();
            assert_eq!(verify_issued(&changed, &certificate(issuer)), Err(SignatureError::Wrong), "{child}");
        }
    }
}

#[test]
fn another_key_of_the_same_kind_does_not_verify() {
    assert_eq!(verdict("rsa4096_sha256", "rsa2048"), Err(SignatureError::Wrong));
    assert_eq!(verdict("p256_sha256", "v1_root"), Ok(()), "the fixtures share this key");
    assert_eq!(verdict("p256_sha256", "psc"), Err(SignatureError::Wrong));
    assert_eq!(verdict("pss_sha256", "rsa_pss"), Err(SignatureError::Wrong));
}

#[test]
fn what_cannot_be_checked_is_named() {
    let unsupported = |child, issuer| match verdict(child, issuer) {
        Err(SignatureError::UnsupportedAlgorithm { algorithm }) => algorithm,
        other => panic!("{child}: {other:?}"),
    };
    assert_eq!(unsupported("rsa2048_md5", "rsa2048"), "1.2.840.113549.1.1.4");
    assert_eq!(unsupported("rsa2048_sha224", "rsa2048"), "1.2.840.113549.1.1.14");
    assert_eq!(unsupported("ed448_leaf", "ed448"), "1.3.101.113");
    assert!(unsupported("pss_sha1", "rsa2048").starts_with("RSA-PSS"));
    assert!(unsupported("pss_sha256_mgf512", "rsa2048").starts_with("RSA-PSS"));
    let curve = SignatureError::UnsupportedKey { algorithm: "curve 1.3.132.0.10".to_owned() };
    assert_eq!(verdict("k256_sha256", "k256"), Err(curve));
    let small = SignatureError::RsaModulus { bits: 1024, least: 2048 };
    assert_eq!(verdict("rsa1024_sha384", "rsa1024"), Err(small));
    assert!(matches!(verdict("p384_sha1", "p384"), Err(SignatureError::Mismatch { key: "P-384", .. })));
}

#[test]
fn a_key_of_another_kind_is_named() {
    for (child, issuer, key) in [
        ("p256_sha256", "rsa2048", "RSA"),
        ("rsa2048_sha256", "p256", "P-256"),
        ("rsa2048_sha256", "ed25519", "Ed25519"),
        ("ed25519_leaf", "p521", "P-521"),
        ("rsa2048_sha256", "rsa_pss", "RSA-PSS"),
        ("pss_sha256", "p384", "P-384"),
    ] {
        match verdict(child, issuer) {
            Err(SignatureError::Mismatch { key: found, .. }) => assert_eq!(found, key),
            other => panic!("{child} by {issuer}: {other:?}"),
        }
    }
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = wrap(SEQUENCE, &[&wrap(INTEGER, &[modulus]), &wrap(INTEGER, &[exponent])]);
    let algorithm = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid::RSA])]);
    wrap(SEQUENCE, &[&algorithm, &wrap(BIT_STRING, &[&[0], &key])])
}

#[test]
fn rsa_keys_are_bounded() {
    let modulus = |bits: usize| {
        let mut bytes = vec![0xff; bits / 8 + 1];
        bytes[0] = ((1u16 << (bits % 8)) - 1) as u8;
        bytes
    };
    let parse = |modulus: &[u8], exponent: &[u8]| PublicKey::parse(&rsa_spki(modulus, exponent)).map(|_| ());
    let too = |bits| Err(SignatureError::RsaModulus { bits, least: 1024 });
    assert_eq!(parse(&modulus(1023), &[3]), too(1023));
    assert_eq!(parse(&modulus(1024), &[3]), Ok(()));
    assert_eq!(parse(&modulus(8192), &[3]), Ok(()));
    assert_eq!(parse(&modulus(8193), &[3]), too(8193));
    assert_eq!(parse(&modulus(2048), &[1, 0xff, 0xff, 0xff, 0xff]), Ok(()));
    let error = Err(SignatureError::RsaExponent { bits: 34 });
    assert_eq!(parse(&modulus(2048), &[2, 0, 0, 0, 0]), error);
    for broken in [&[][..], &[0], &[0x80], &[0xff; 256]] {
        assert!(matches!(parse(broken, &[3]), Err(SignatureError::Key(_))));
        assert!(matches!(parse(&modulus(2048), broken), Err(SignatureError::Key(_))));
    }
}

#[test]
fn a_key_that_is_no_point_verifies_nothing() {
    let ca = Party::new("ca");
    let leaf = Certificate::parse(Draft::leaf(&Party::new("leaf")).issued_by(&ca)).unwrap();
    let root_der = ca.root();
    let at = root_der.windows(3).position(|bytes| bytes == b"\x42\x00\x04").unwrap() + 3;
    let mut changed = root_der.clone();
    changed[at] ^= 1;
    let changed = Certificate::parse(changed).unwrap();
    assert_eq!(verify_issued(&leaf, &changed), Err(SignatureError::Wrong));
    verify_issued(&leaf, &Certificate::parse(root_der).unwrap()).unwrap();
}

#[test]
fn an_unknown_signature_algorithm_still_reads() {
    let ca = Party::new("ca");
    let tbs = Draft::leaf(&Party::new("leaf")).tbs(&ca);
    let unknown = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[b"\x2a\x03"])]);
    let at = tbs.windows(oid::ECDSA_SHA256.len()).position(|bytes| bytes == oid::ECDSA_SHA256).unwrap();
    let mut tbs_unknown = tbs.clone();
    tbs_unknown[at + 7] = 0x7f;
    let mut outer = super::forge::algorithm();
    *outer.last_mut().unwrap() = 0x7f;
    let leaf = Certificate::parse(sign(&tbs_unknown, &ca, Some(&outer))).unwrap();
    let root = Certificate::parse(ca.root()).unwrap();
    let algorithm = "1.2.840.10045.4.3.127".to_owned();
    assert_eq!(verify_issued(&leaf, &root), Err(SignatureError::UnsupportedAlgorithm { algorithm }));
    let leaf = Certificate::parse(sign(&tbs, &ca, Some(&unknown))).unwrap();
    assert_eq!(verify_issued(&leaf, &root), Err(SignatureError::AlgorithmsDiffer));
}
