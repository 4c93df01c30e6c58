//! Node keys: Ed25519. The same key speaks TLS and signs statements of the cluster, so every kind of statement begins
//! with a context string of its own (docs/protocol.md, N3).

use crate::bytes_newtype;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use std::fmt;

bytes_newtype!(
    /// An Ed25519 public key (RFC 8032): what a node is recognised by.
    NodeKey, 32
);
bytes_newtype!(
    /// An Ed25519 signature.
    NodeSignature, 64
);

/// A statement that a node signs: bytes that begin with the statement's own context string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(Vec<u8>);

impl Statement {
    /// Begins a statement of the kind that `context` names; the caller appends its fields in a form that can be read in
    /// one way only.
    pub fn new(context: &'static str) -> Self {
        let mut bytes = vec![context.len() as u8];
        bytes.extend_from_slice(context.as_bytes());
        Self(bytes)
    }
    /// Appends a field of fixed length.
    #[must_use]
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    /// Appends an integer.
    #[must_use]
    pub fn number(self, value: u64) -> Self {
        self.fixed(&value.to_be_bytes())
    }
    /// Appends a field of any length, behind that length.
    #[must_use]
    pub fn text(self, bytes: &[u8]) -> Self {
        self.number(bytes.len() as u64).fixed(bytes)
    }
    /// What is signed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl NodeKey {
    /// Whether `signature` is this key's over `statement`.
    pub fn verifies(&self, statement: &Statement, signature: &NodeSignature) -> bool {
        VerifyingKey::from_bytes(self.as_bytes()).is_ok_and(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
            key.verify_strict(statement.bytes(), &signature).is_ok()
        })
    }
}

/// A node's private key.
#[derive(Clone)]
pub struct NodeSigningKey(SigningKey);

impl fmt::Debug for NodeSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeSigningKey({})", self.public())
    }
}

impl NodeSigningKey {
    /// From the 32 secret bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The public half.
    pub fn public(&self) -> NodeKey {
        NodeKey::new(self.0.verifying_key().to_bytes())
    }
    /// Signs a statement.
    pub fn sign(&self, statement: &Statement) -> NodeSignature {
        NodeSignature::new(self.0.sign(statement.bytes()).to_bytes())
    }
}
