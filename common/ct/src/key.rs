//! The log's key (RFC 6962 §2.1.4). Our logs sign with P-256 and SHA-256; signatures are deterministic (RFC 6979), so that an
//! SCT that was lost and is signed again comes out the same, byte for byte, on any signer. Other logs may sign with RSA: that
//! is verified here, never made.

mod signing;
mod spki;
#[cfg(test)]
mod tests;

use crate::entry::SignedEntry;
use crate::hash::{LogId, sha256};
use crate::sct::{DigitallySigned, Sct, SignatureAlgorithm};
use crate::sth::{Sth, VerifiedSth};
use crate::tls::TooLong;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use spki::Numbers;
use std::fmt;

pub use signing::LogSigningKey;
pub use spki::{KeyAlgorithm, KeyError, MIN_LOG_RSA_BITS};

/// The log's public key, ready to verify.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    spki: Vec<u8>,
    numbers: Numbers,
    id: LogId,
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.id)
    }
}

/// A signature that is not one of the log's key over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {fault}")]
pub struct BadSignature {
    /// What is signed.
    pub what: &'static str,
    /// What is wrong.
    pub fault: SignatureFault,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// It does not verify.
    #[error("the signature does not verify under the log's key")]
    Wrong,
    /// The log's key cannot have made it.
    #[error("the signature is made with {found}, the log's key is {key}")]
    Algorithm {
        /// What the signature says of itself.
        found: SignatureAlgorithm,
        /// The kind of the key.
        key: KeyAlgorithm,
    },
}

/// Why an SCT is not a promise of this log for that entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SctError {
    /// It names another log.
    #[error("SCT: of the log {found}, this is the log {expected}")]
    OtherLog {
        /// The log that it names.
        found: LogId,
        /// The log whose key was tried.
        expected: LogId,
    },
    /// No leaf can be as long.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Its signature is wrong.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}

impl LogKey {
    /// From a DER SubjectPublicKeyInfo: P-256, uncompressed, or RSA of at least [`MIN_LOG_RSA_BITS`]. Only the one usual
    /// encoding is taken, for the log's ID is a hash of it.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::new(spki::read(spki)?, spki.to_vec()))
    }

    fn from_p256(key: &p256::PublicKey) -> Self {
        Self::new(spki::p256_numbers(key), spki::p256_spki(key))
    }

    fn new(numbers: Numbers, spki: Vec<u8>) -> Self {
        let id = LogId::new(sha256(&[&spki]));
        Self { spki, numbers, id }
    }

    /// DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// `H(SPKI)`.
    pub const fn log_id(&self) -> LogId {
        self.id
    }

    /// The kind of key.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.numbers.algorithm()
    }

    /// Verifies a signature over `message`. For P-256, ring does this several times as fast as the crate that signs.
    pub fn verify(
        &self,
        what: &'static str,
        message: &[u8],
        signature: &DigitallySigned,
    ) -> Result<(), BadSignature> {
        let (found, key) = (signature.algorithm(), self.algorithm());
        if found != key.signature() {
            return Err(BadSignature { what, fault: SignatureFault::Algorithm { found, key } });
        }
        let verified = match &self.numbers {
            Numbers::P256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature.signature())
            }
            Numbers::Rsa { modulus, exponent, .. } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature.signature()),
        };
        verified.map_err(|_| BadSignature { what, fault: SignatureFault::Wrong })
    }

    /// Verifies an STH: the only way to a [`VerifiedSth`].
    pub fn verify_sth(&self, sth: Sth) -> Result<VerifiedSth, BadSignature> {
        self.verify("STH", &sth.head.input(), &sth.tree_head_signature)?;
        Ok(VerifiedSth::new(sth))
    }

    /// Verifies an SCT (RFC 6962 §3.2): that it names this log, and that this log signed it over `entry`, its timestamp and
    /// its extensions. Its version is 1, for no other can be read.
    pub fn verify_sct(&self, sct: &Sct, entry: &SignedEntry) -> Result<(), SctError> {
        if sct.log_id != self.id {
            return Err(SctError::OtherLog { found: sct.log_id, expected: self.id });
        }
        let leaf = sct.leaf(entry.clone()).encode()?;
        Ok(self.verify("SCT", &leaf, &sct.signature)?)
    }
}
