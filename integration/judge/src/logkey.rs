//! The log's key: its ID, and whether a DigitallySigned is by it (RFC 6962 §2.1.4).

use crate::cert::{PublicKey, SignatureAlgorithm};
use crate::error::{JudgeError, Result, shown};
use crate::merkle::{Hash, sha256};

/// A log's public key.
#[derive(Clone, Debug)]
pub struct LogKey {
    key: PublicKey,
    id: Hash,
}

const SHA256: u8 = 4;
const RSA: u8 = 1;
const ECDSA: u8 = 3;

impl LogKey {
    /// Reads the SubjectPublicKeyInfo. Only the kinds that RFC 6962 allows are accepted.
    pub fn from_spki(spki: &[u8]) -> Result<Self> {
        let key = PublicKey::from_spki(spki)?;
        if !matches!(key, PublicKey::P256(_) | PublicKey::Rsa(_)) {
            return Err(JudgeError::wrong("log key", "P-256 or RSA", "another kind"));
        }
        Ok(Self { key, id: sha256(spki) })
    }

    /// LogID (§3.2).
    pub fn id(&self) -> Hash {
        self.id
    }

    /// Checks a DigitallySigned to its last byte.
    pub fn verify(&self, field: &str, signed_data: &[u8], digitally_signed: &[u8]) -> Result<()> {
        let (algorithm, code) = match self.key {
            PublicKey::Rsa(_) => (SignatureAlgorithm::RsaSha256, RSA),
            _ => (SignatureAlgorithm::EcdsaSha256, ECDSA),
        };
        let [hash, signature, high, low, bytes @ ..] = digitally_signed else {
            return Err(JudgeError::wrong(field, "a DigitallySigned", shown(digitally_signed)));
        };
        if (*hash, *signature) != (SHA256, code) {
            return Err(JudgeError::wrong(
                format!("{field}: hash and signature algorithm"),
                format!("{SHA256} and {code}"),
                format!("{hash} and {signature}"),
            ));
        }
        let length = usize::from(*high) << 8 | usize::from(*low);
        if length != bytes.len() {
            return Err(JudgeError::wrong(format!("{field}: length"), length, bytes.len()));
        }
        self.key.verify(algorithm, signed_data, bytes).map_err(|_| {
            JudgeError::wrong(
                field,
                "a signature by the log's key over the RFC 6962 bytes",
                "one that does not verify",
            )
        })
    }
}
