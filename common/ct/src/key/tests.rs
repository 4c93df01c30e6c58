use super::{KeyAlgorithm, KeyError, LogKey, LogSigningKey, SctError, SignatureFault};
use crate::entry::SignedEntry;
use crate::hash::{LogId, RootHash, sha256};
use crate::index::TreeSize;
use crate::sct::{DigitallySigned, Sct, SignatureAlgorithm};
use crate::sth::{Sth, TreeHead};
use crate::time::Timestamp;
use crate::x509::der::{BIT_STRING, INTEGER, OBJECT_ID, SEQUENCE, wrap};
use crate::x509::oid;
use crate::x509::tests::fixtures::{certificate, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

fn key_of(fixture: &str) -> Result<LogKey, KeyError> {
    LogKey::from_spki(certificate(fixture).spki())
}

/// What a log with the RSA key among the fixtures would sign.
fn rsa_sign(message: &[u8]) -> DigitallySigned {
    let pem = text("rsa2048.key");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    DigitallySigned::rsa(signature).unwrap()
}

fn p256() -> LogSigningKey {
    LogSigningKey::from_scalar(&[3; 32]).unwrap()
}

#[test]
fn the_two_kinds_of_rfc_6962_are_keys_of_logs() {
    for (fixture, algorithm, text) in [
        ("p256", KeyAlgorithm::P256, "P-256"),
        ("rsa2048", KeyAlgorithm::Rsa { bits: 2048 }, "RSA with 2048 bits"),
        ("rsa4096", KeyAlgorithm::Rsa { bits: 4096 }, "RSA with 4096 bits"),
        ("rsa8192", KeyAlgorithm::Rsa { bits: 8192 }, "RSA with 8192 bits"),
    ] {
        let (key, spki) = (key_of(fixture).unwrap(), certificate(fixture).spki().to_vec());
        assert_eq!((key.algorithm(), key.algorithm().to_string().as_str()), (algorithm, text));
        assert_eq!((key.spki(), key.log_id()), (spki.as_slice(), LogId::new(sha256(&[&spki]))));
    }
}

#[test]
fn a_key_that_no_log_may_have_is_named() {
    assert_eq!(key_of("rsa1024"), Err(KeyError::RsaModulus { bits: 1024 }));
    assert_eq!(
        key_of("rsa1024").unwrap_err().to_string(),
        "RSA modulus of 1024 bits, the limits are 2048 and 8192"
    );
    for (fixture, kind) in
        [("p384", "P-384"), ("p521", "P-521"), ("ed25519", "Ed25519"), ("rsa_pss", "RSA-PSS")]
    {
        let error = key_of(fixture).unwrap_err();
        assert_eq!(error, KeyError::Unsupported { algorithm: kind.to_owned() }, "{fixture}");
        assert!(error.to_string().contains("P-256 or RSA"));
    }
    assert!(
        matches!(key_of("k256"), Err(KeyError::Unsupported { algorithm }) if algorithm.contains("1.3.132"))
    );
    let compressed = KeyError::Encoding { algorithm: KeyAlgorithm::P256 };
    assert_eq!(key_of("p256_compressed"), Err(compressed));
    let mut off_curve = certificate("p256").spki().to_vec();
    *off_curve.last_mut().unwrap() ^= 1;
    assert_eq!(LogKey::from_spki(&off_curve), Err(KeyError::Point { len: 65 }));
    assert!(matches!(LogKey::from_spki(b"text"), Err(KeyError::Der(_))));
}

fn rsa_spki(null: &[u8], modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = wrap(SEQUENCE, &[&wrap(INTEGER, &[modulus]), &wrap(INTEGER, &[exponent])]);
    let algorithm = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid::RSA]), null]);
    wrap(SEQUENCE, &[&algorithm, &wrap(BIT_STRING, &[&[0], &key])])
}

#[test]
fn an_rsa_key_has_one_encoding_and_odd_numbers() {
    let modulus = [&[0][..], &[0xff; 256]].concat();
    let read = |null: &[u8], modulus: &[u8], exponent: &[u8]| {
        LogKey::from_spki(&rsa_spki(null, modulus, exponent)).map(|_| ())
    };
    let null = [5, 0];
    assert_eq!(read(&null, &modulus, &[1, 0, 1]), Ok(()));
    let short = [&[0x7f][..], &[0xff; 255]].concat();
    assert_eq!(read(&null, &short, &[3]), Err(KeyError::RsaModulus { bits: 2047 }));
    let unusual = Err(KeyError::Encoding { algorithm: KeyAlgorithm::Rsa { bits: 2048 } });
    assert_eq!(read(&[], &modulus, &[1, 0, 1]), unusual);
    assert_eq!(read(&null, &[&[0], modulus.as_slice()].concat(), &[1, 0, 1]), unusual);
    assert_eq!(read(&null, &modulus, &[0, 3]), unusual);
    let trailing = [rsa_spki(&null, &modulus, &[3]).as_slice(), &[0]].concat();
    assert_eq!(LogKey::from_spki(&trailing).map(|_| ()), unusual);
    let mut even = modulus.clone();
    even[256] = 0xfe;
    assert_eq!(read(&null, &even, &[3]), Err(KeyError::RsaNumber { field: "modulus" }));
    for exponent in [1, 2] {
        assert_eq!(read(&null, &modulus, &[exponent]), Err(KeyError::RsaNumber { field: "exponent" }));
    }
    assert_eq!(read(&null, &modulus, &[4, 0, 0, 0, 1]), Err(KeyError::RsaExponent { bits: 35 }));
}

#[test]
fn openssl_signs_and_the_key_verifies() {
    for (signer, signed) in
        [("rsa2048", "rsa2048_sha256"), ("rsa4096", "rsa4096_sha256"), ("rsa8192", "rsa8192_sha256")]
    {
        let certificate = certificate(signed);
        let signature = DigitallySigned::rsa(certificate.signature().to_vec()).unwrap();
        let key = key_of(signer).unwrap();
        key.verify("certificate", certificate.tbs(), &signature).unwrap();
        let error = key.verify("certificate", &certificate.tbs()[1..], &signature).unwrap_err();
        assert_eq!((error.what, error.fault), ("certificate", SignatureFault::Wrong));
        assert!(key_of("rsa2048").unwrap() != key || signer == "rsa2048");
    }
    let sha512 = DigitallySigned::rsa(certificate("rsa2048_sha512").signature().to_vec()).unwrap();
    let key = key_of("rsa2048").unwrap();
    assert!(key.verify("certificate", certificate("rsa2048_sha512").tbs(), &sha512).is_err(), "SHA-256 only");
}

#[test]
fn a_tree_head_under_rsa_verifies() {
    let key = key_of("rsa2048").unwrap();
    let head = TreeHead {
        timestamp: Timestamp::from_millis(1_700_000_000_000),
        tree_size: TreeSize::of(5),
        root_hash: RootHash::new([5; 32]),
    };
    let sth = Sth { head, tree_head_signature: rsa_sign(&head.input()) };
    assert_eq!(key.verify_sth(sth.clone()).unwrap().sth(), &sth);
    let later = Sth { head: TreeHead { tree_size: TreeSize::of(6), ..head }, ..sth };
    assert_eq!(key.verify_sth(later).unwrap_err().fault, SignatureFault::Wrong);
}

#[test]
fn a_signature_that_the_key_cannot_have_made_is_named() {
    let (rsa, ec) = (key_of("rsa2048").unwrap(), p256());
    let (by_rsa, by_ec) = (rsa_sign(b"m"), ec.sign_leaf(b"m"));
    rsa.verify("SCT", b"m", &by_rsa).unwrap();
    ec.public().verify("SCT", b"m", &by_ec).unwrap();
    let error = rsa.verify("SCT", b"m", &by_ec).unwrap_err();
    let (found, key) = (SignatureAlgorithm::Ecdsa, KeyAlgorithm::Rsa { bits: 2048 });
    assert_eq!(error.fault, SignatureFault::Algorithm { found, key });
    assert_eq!(
        ec.public().verify("SCT", b"m", &by_rsa).unwrap_err().to_string(),
        "SCT: the signature is made with RSA, the log's key is P-256"
    );
    // The right bytes under the wrong label are no signature either.
    let mislabelled = DigitallySigned::rsa(by_ec.signature().to_vec()).unwrap();
    assert!(ec.public().verify("SCT", b"m", &mislabelled).is_err());
}

#[test]
fn an_sct_is_of_one_log_for_one_entry_and_one_time() {
    let key = p256();
    let entry = SignedEntry::X509 { certificate: vec![0x30, 3, 2, 1, 5] };
    let mut sct = Sct {
        log_id: key.public().log_id(),
        timestamp: Timestamp::from_millis(7),
        extensions: vec![1],
        signature: DigitallySigned::ecdsa(vec![1]).unwrap(),
    };
    sct.signature = key.sign_leaf(&sct.leaf(entry.clone()).encode().unwrap());
    key.public().verify_sct(&sct, &entry).unwrap();
    let refused = |sct: &Sct, entry: &SignedEntry| key.public().verify_sct(sct, entry).unwrap_err();
    let wrong = |error: SctError| match error {
        SctError::Signature(error) => assert_eq!(error.fault, SignatureFault::Wrong),
        other => panic!("{other:?}"),
    };
    wrong(refused(&sct, &SignedEntry::X509 { certificate: vec![0x30, 3, 2, 1, 6] }));
    let tbs =
        SignedEntry::Precert { issuer_key_hash: [0; 32].into(), tbs_certificate: entry.body().to_vec() };
    wrong(refused(&sct, &tbs));
    wrong(refused(&Sct { timestamp: Timestamp::from_millis(8), ..sct.clone() }, &entry));
    wrong(refused(&Sct { extensions: Vec::new(), ..sct.clone() }, &entry));
    let (found, expected) = (LogId::new([9; 32]), key.public().log_id());
    let other = Sct { log_id: found, ..sct };
    assert_eq!(refused(&other, &entry), SctError::OtherLog { found, expected });
}
