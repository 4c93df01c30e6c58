//! Signatures of the log (RFC 6962 §2.1.4).

use judge::cert::{KeyKind, KeyPair};
use judge::merkle::{Hash, sha256};

use crate::setup::LogKeyKind;

const SHA256: u8 = 4;

/// A key that signs as a log does.
pub(crate) struct Signer {
    key: KeyPair,
    /// `SignatureAlgorithm` of RFC 5246.
    algorithm: u8,
}

impl Signer {
    pub(crate) fn new(kind: LogKeyKind) -> Self {
        match kind {
            LogKeyKind::P256 => Self::of(KeyKind::P256, 3),
            LogKeyKind::Rsa2048 => Self::of(KeyKind::RsaLeaf, 1),
        }
    }

    /// Another key of the same kind, for signatures that have the right form and are not the log's.
    pub(crate) fn stranger(kind: LogKeyKind) -> Self {
        match kind {
            LogKeyKind::P256 => Self::of(KeyKind::P256, 3),
            LogKeyKind::Rsa2048 => Self::of(KeyKind::RsaAuthority, 1),
        }
    }

    fn of(kind: KeyKind, algorithm: u8) -> Self {
        Self { key: KeyPair::generate(kind).expect("the system has random bytes"), algorithm }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        self.key.spki()
    }

    /// LogID (§3.2).
    pub(crate) fn id(&self) -> Hash {
        sha256(&self.spki())
    }

    /// A `DigitallySigned`.
    pub(crate) fn sign(&self, data: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(self.key.usual_algorithm(), data).expect("the algorithm fits the key");
        // At most 256 bytes for RSA-2048.
        let length = (signature.len() as u16).to_be_bytes();
        [&[SHA256, self.algorithm], length.as_slice(), &signature].concat()
    }
}
