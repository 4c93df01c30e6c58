//! The log's key: P-256 with SHA-256 (RFC 6962 §2.1.4). Signatures are deterministic (RFC 6979), so that an SCT that
//! was lost and is signed again comes out the same, byte for byte, on any signer.

use crate::hash::{LogId, sha256};
use crate::sct::DigitallySigned;
use crate::sth::{Sth, TreeHead, VerifiedSth};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use std::fmt;

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a P-256 private key in PKCS#8.
    #[error("not a P-256 private key in PKCS#8 PEM: {0}")]
    Private(String),
    /// Not a P-256 SubjectPublicKeyInfo.
    #[error("not a P-256 SubjectPublicKeyInfo: {0}")]
    Public(String),
}

/// The log's public key, ready to verify.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    spki: Vec<u8>,
    point: Vec<u8>,
    id: LogId,
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.id)
    }
}

/// A signature that does not verify under the log's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}: the signature does not verify under the log's key")]
pub struct BadSignature(pub &'static str);

impl LogKey {
    /// From a DER SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let key = p256::PublicKey::from_public_key_der(spki).map_err(|e| KeyError::Public(e.to_string()))?;
        Ok(Self::from_public(&key))
    }

    fn from_public(key: &p256::PublicKey) -> Self {
        // A P-256 point always encodes.
        let spki = key.to_public_key_der().expect("a P-256 key has a DER form").into_vec();
        let point = key.to_sec1_bytes().to_vec();
        let id = LogId::new(sha256(&[&spki]));
        Self { spki, point, id }
    }

    /// DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// `H(SPKI)`.
    pub const fn log_id(&self) -> LogId {
        self.id
    }

    /// Verifies a signature over `message`. ring does this several times as fast as the crate that signs.
    pub fn verify(
        &self,
        what: &'static str,
        message: &[u8],
        signature: &DigitallySigned,
    ) -> Result<(), BadSignature> {
        ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, &self.point)
            .verify(message, signature.signature())
            .map_err(|_| BadSignature(what))
    }

    /// Verifies an STH: the only way to a [`VerifiedSth`].
    pub fn verify_sth(&self, sth: Sth) -> Result<VerifiedSth, BadSignature> {
        self.verify("STH", &sth.head.input(), &sth.tree_head_signature)?;
        Ok(VerifiedSth::new(sth))
    }
}

/// The log's private key. Only the signer holds one.
pub struct LogSigningKey {
    key: p256::ecdsa::SigningKey,
    public: LogKey,
}

impl fmt::Debug for LogSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSigningKey({})", self.public.id)
    }
}

impl LogSigningKey {
    /// From PKCS#8 PEM.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let secret = p256::SecretKey::from_pkcs8_pem(pem).map_err(|e| KeyError::Private(e.to_string()))?;
        Ok(Self::from_secret(&secret))
    }

    /// From the private scalar, 32 bytes.
    pub fn from_scalar(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = p256::SecretKey::from_slice(bytes).map_err(|e| KeyError::Private(e.to_string()))?;
        Ok(Self::from_secret(&secret))
    }

    fn from_secret(secret: &p256::SecretKey) -> Self {
        Self { key: p256::ecdsa::SigningKey::from(secret), public: LogKey::from_public(&secret.public_key()) }
    }

    /// The public half.
    pub const fn public(&self) -> &LogKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> DigitallySigned {
        let signature: p256::ecdsa::Signature = self.key.sign(message);
        // At most 72 bytes of DER, well under the limit.
        DigitallySigned::ecdsa(signature.to_der().as_bytes().to_vec()).expect("a P-256 signature is short")
    }

    /// Signs an encoded [`crate::entry::Leaf`]: the signature of its SCT.
    pub fn sign_leaf(&self, leaf_bytes: &[u8]) -> DigitallySigned {
        self.sign(leaf_bytes)
    }

    /// Signs a tree head. Whoever calls this has made the head durable first (docs/protocol.md, G6).
    pub fn sign_head(&self, head: TreeHead) -> VerifiedSth {
        VerifiedSth::new(Sth { head, tree_head_signature: self.sign(&head.input()) })
    }
}
