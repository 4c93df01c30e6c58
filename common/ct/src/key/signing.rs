//! The log's private key.

use super::{KeyError, LogKey};
use crate::sct::DigitallySigned;
use crate::sth::{Sth, TreeHead, VerifiedSth};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use std::fmt;

/// The log's private key, P-256. Only the signer holds one.
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
        Self { key: p256::ecdsa::SigningKey::from(secret), public: LogKey::from_p256(&secret.public_key()) }
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
