//! A test CA such as a cluster hands out in its `up.json`.

use judge::cert::{Certificate, Extension, KeyKind, KeyPair, name};
use judge::pem;
use judge::time::{DAY, now_seconds};
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

/// A root that the log accepts, with its key.
pub(crate) struct TestCa {
    pub(crate) certificate: Vec<u8>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl TestCa {
    pub(crate) fn new(kind: KeyKind) -> Self {
        let key = KeyPair::generate(kind).expect("the system has random bytes");
        let subject = name("Liar test CA");
        let certificate = Certificate {
            serial: vec![1],
            issuer: subject.clone(),
            not_before: now_seconds() - DAY,
            not_after: now_seconds() + 3650 * DAY,
            subject,
            spki: key.spki(),
            extensions: vec![Extension::ca(), Extension::cert_sign(), Extension::subject_key(&key.spki())],
        };
        let certificate = certificate.sign(&key, key.usual_algorithm()).expect("the algorithm fits the key");
        let certificate_pem = pem::encode(&certificate, "CERTIFICATE");
        Self { certificate, certificate_pem, key_pem: key_pem(&key) }
    }
}

fn key_pem(key: &KeyPair) -> String {
    let pem = match key {
        KeyPair::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
        KeyPair::Ed25519(_) => unreachable!("Setup::ca_key excludes Ed25519, which few logs accept"),
    };
    pem.expect("a key just made can be written").to_string()
}
