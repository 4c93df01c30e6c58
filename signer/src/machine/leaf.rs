//! Which leaves may be signed. Nothing is remembered of them, so this is a plain function.

use super::Settings;
use ct::entry::Leaf;
use ct::key::BadSignature;
use ct::merkle::{leaf_hash, verify};
use ct::time::{OffClock, Timestamp};
use ct::tls::DecodeError;
use ct::wire::signer::Evidence;

/// Why a leaf is not signed.
#[derive(Debug, thiserror::Error)]
pub enum LeafFault {
    /// It does not decode.
    #[error("leaf: {0}")]
    Decode(#[from] DecodeError),
    /// It has extensions.
    #[error("extensions: {0} bytes, this kind of log has none")]
    Extensions(usize),
    /// Off this signer's clock.
    #[error(transparent)]
    Clock(#[from] OffClock),
    /// The STH in the evidence is not the log's.
    #[error("evidence: {0}")]
    Signature(#[from] BadSignature),
    /// The proof in the evidence proves nothing.
    #[error("evidence: {0}")]
    Proof(#[from] verify::ProofError),
}

impl LeafFault {
    /// Its name in metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            LeafFault::Decode(_) => "leaf",
            LeafFault::Extensions(_) => "extensions",
            LeafFault::Clock(_) => "off_clock",
            LeafFault::Signature(_) | LeafFault::Proof(_) => "evidence",
        }
    }
}

impl Settings {
    /// Whether a leaf may be signed: well formed, without extensions, and within the clock bound or proven to be in the
    /// log already (docs/protocol.md, G8).
    ///
    /// # Errors
    /// Why not.
    pub fn may_sign_leaf(
        &self,
        now: Timestamp,
        leaf: &[u8],
        evidence: Option<&Evidence>,
    ) -> Result<(), LeafFault> {
        let decoded = Leaf::decode(leaf)?;
        if !decoded.extensions.is_empty() {
            return Err(LeafFault::Extensions(decoded.extensions.len()));
        }
        let Some(Evidence { sth, index, path }) = evidence else {
            return Ok(self.clock.check(decoded.timestamp, now)?);
        };
        let verified = self.log_key.verify_sth(sth.clone())?;
        let head = verified.head();
        Ok(verify::inclusion(leaf_hash(leaf), *index, head.tree_size, path, head.root_hash)?)
    }
}
