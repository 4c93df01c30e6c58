//! Messages of signers.

use crate::hash::NodeHash;
use crate::index::{LeafIndex, TreeSize};
use crate::sct::DigitallySigned;
use crate::sth::Sth;
use crate::term::{Endorsement, Proposal};
use serde::{Deserialize, Serialize};

/// Header of SignSCT; the items are leaves, encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignSct {
    /// For each leaf: a proof that it is published, which lifts the clock bound.
    pub evidence: Vec<Option<Evidence>>,
}

/// Proof that a leaf is in the log already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// An STH of this log.
    pub sth: Sth,
    /// The leaf's place.
    pub index: LeafIndex,
    /// Inclusion proof.
    pub path: Vec<NodeHash>,
}

/// What became of one leaf of a SignSCT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum SctReply {
    /// Signed.
    Signed {
        /// The signature.
        sct: DigitallySigned,
    },
    /// Not signed.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A proof that one tree extends another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// Size of the smaller tree.
    pub from: TreeSize,
    /// Nodes, in the order of RFC 6962 §2.1.2.
    pub path: Vec<NodeHash>,
}

/// SignSTH (docs/protocol.md, G1–G12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignSth {
    /// What to sign.
    pub proposal: Proposal,
    /// Who endorsed it.
    pub endorsements: Vec<Endorsement>,
    /// The newest STH that the primary knows, and proof that it extends the signer's last head, for a signer that is
    /// behind.
    pub newest: Option<(Sth, Consistency)>,
    /// Proof that the proposal extends the signer's last head (after it advanced over `newest`).
    pub consistency: Consistency,
    /// Proofs that the proposal extends the heads of which the signer asked for one
    /// ([`Refusal::MustContain`](super::Refusal::MustContain)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<Consistency>,
}

/// Answer to SignSTH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedSth {
    /// The signed head.
    pub sth: Sth,
}
