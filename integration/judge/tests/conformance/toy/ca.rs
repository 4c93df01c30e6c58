//! A test CA such as a cluster hands out in its `up.json`.

use judge::cert::{Certificate, Extension, KeyKind, KeyPair, name};
use judge::pem;
use judge::time::{DAY, now_seconds};
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

/// Certificate, certificate as PEM, key as PEM.
pub fn new(kind: KeyKind) -> (Vec<u8>, String, String) {
    let key = KeyPair::generate(kind).unwrap();
    let subject = name("Toy test CA");
    let certificate = Certificate {
        serial: vec![1],
        issuer: subject.clone(),
        not_before: now_seconds() - DAY,
        not_after: now_seconds() + 3650 * DAY,
        subject,
        spki: key.spki(),
        extensions: vec![Extension::ca(), Extension::cert_sign(), Extension::subject_key(&key.spki())],
    };
    let certificate = certificate.sign(&key, key.usual_algorithm()).unwrap();
    let certificate_pem = pem::encode(&certificate, "CERTIFICATE");
    (certificate, certificate_pem, key_pem(&key))
}

fn key_pem(key: &KeyPair) -> String {
    let pem = match key {
        KeyPair::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::Ed25519(_) => unreachable!("no test CA has an Ed25519 key"),
    };
    pem.unwrap().to_string()
}
