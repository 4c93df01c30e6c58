//! Signed tree heads (RFC 6962 §3.5).

use crate::hash::RootHash;
use crate::index::TreeSize;
use crate::sct::DigitallySigned;
use crate::time::Timestamp;
use crate::tls::{DecodeError, Reader, put_uint};
use serde::{Deserialize, Serialize};

/// Length of the signed form of a tree head.
pub const STH_INPUT_LEN: usize = 50;

/// A tree head with the time at which it is to be signed: the input of an STH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TreeHead {
    /// Time of signing.
    pub timestamp: Timestamp,
    /// Entries in the tree.
    pub tree_size: TreeSize,
    /// Root of the tree.
    pub root_hash: RootHash,
}

impl TreeHead {
    /// `version 0 ‖ tree_hash 1 ‖ timestamp ‖ tree_size ‖ root`: the exact bytes that endorsers and signer sign.
    pub fn input(&self) -> [u8; STH_INPUT_LEN] {
        let mut out = Vec::with_capacity(STH_INPUT_LEN);
        out.extend_from_slice(&[0, 1]);
        put_uint(&mut out, 8, self.timestamp.millis());
        put_uint(&mut out, 8, self.tree_size.get());
        out.extend_from_slice(self.root_hash.as_ref());
        let mut input = [0; STH_INPUT_LEN];
        input.copy_from_slice(&out);
        input
    }

    /// Reads back what [`TreeHead::input`] wrote.
    pub fn from_input(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        for (field, only) in [("version", 0), ("signature_type", 1)] {
            let found = reader.uint(field, 1)?;
            if found != only {
                return Err(reader.refuse(field, 1, found));
            }
        }
        let timestamp = Timestamp::from_millis(reader.uint("timestamp", 8)?);
        let size = reader.uint("tree_size", 8)?;
        let tree_size = TreeSize::new(size).map_err(|_| reader.refuse("tree_size", 8, size))?;
        let root_hash = RootHash::new(reader.array("sha256_root_hash")?);
        reader.finish("TreeHeadSignature input")?;
        Ok(Self { timestamp, tree_size, root_hash })
    }
}

/// A tree head under the log's signature. Holding one does not mean that the signature is good: that is [`VerifiedSth`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sth {
    /// What is signed.
    #[serde(flatten)]
    pub head: TreeHead,
    /// The log's signature over [`TreeHead::input`].
    pub tree_head_signature: DigitallySigned,
}

/// An STH whose signature was verified under the log's key. Only [`crate::key::LogKey::verify_sth`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSth(Sth);

impl VerifiedSth {
    pub(crate) const fn new(sth: Sth) -> Self {
        Self(sth)
    }
    /// The tree head.
    pub const fn head(&self) -> &TreeHead {
        &self.0.head
    }
    /// The STH, to be sent on.
    pub const fn sth(&self) -> &Sth {
        &self.0
    }
}
