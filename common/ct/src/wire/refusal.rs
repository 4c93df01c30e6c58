//! Refusals: what a node answers (status 409) when it understood a call and will not do it.

use crate::hash::Name;
use crate::index::{Term, TreeSize};
use crate::order::LogHead;
use crate::sth::TreeHead;
use crate::term::{Incarnation, TermCertificate};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a node refuses. The caller can act on each of them without reading prose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum Refusal {
    /// The caller's term is over, or it is not the term's primary; here is the newest certificate.
    #[error("term: over, or another is its primary; term {} is in force", certificate.term())]
    TermOver {
        /// It proves itself.
        certificate: Box<TermCertificate>,
    },
    /// The caller's term is not known here: SetPrimary first.
    #[error("term: unknown here, where {known} is in force")]
    TermUnknown {
        /// The term in force here.
        known: Term,
    },
    /// The node was stopped for a later term.
    #[error("stopped for term {term}")]
    Stopped {
        /// The term that is to come.
        term: Term,
    },
    /// This node has no vote: its state was lost and made anew, or it never voted (docs/protocol.md, Z1).
    #[error("recovering: this node has no vote in term {term}")]
    Recovering {
        /// The term in force.
        term: Term,
    },
    /// Another incarnation of the list or node is meant.
    #[error("incarnation: this is {actual}")]
    OtherIncarnation {
        /// The one that is here.
        actual: Incarnation,
    },
    /// The list ends before the cursor: it was rolled back.
    #[error("cursor: position {cursor} lies beyond the end {end} of the list")]
    BeyondEnd {
        /// Asked for.
        cursor: u64,
        /// End of the list.
        end: u64,
    },
    /// `start` lies above what is held.
    #[error("start: above what is held here, {held}")]
    Gap {
        /// The largest start that would do.
        held: TreeSize,
    },
    /// The roots at `start` differ.
    #[error("start: the roots at {at} differ")]
    Diverged {
        /// Where.
        at: TreeSize,
    },
    /// The head does not contain the term's start head, or the accepted head of the same term, or is smaller.
    #[error("head: does not contain the head of size {} that this node must keep", must.size)]
    NotContaining {
        /// The head that it should contain.
        must: LogHead,
    },
    /// The time is not above a floor.
    #[error("timestamp: must be above {floor}")]
    NotLater {
        /// The floor.
        floor: Timestamp,
    },
    /// The time is off this node's clock.
    #[error("timestamp: {reason}")]
    OffClock {
        /// How far.
        reason: String,
    },
    /// Entries below the head are not held.
    #[error("entries: {count} are missing")]
    Missing {
        /// How many.
        count: u64,
    },
    /// A copy on this node's disk is bad; it was thrown away.
    #[error("entries: the copy of {name} on disk is bad: {reason}")]
    BadCopy {
        /// Which.
        name: Name,
        /// What is wrong.
        reason: String,
    },
    /// The roots recomputed here differ from the request's.
    #[error("head: recomputed here, the head of size {} has other roots", computed.size)]
    Differs {
        /// What was computed here.
        computed: LogHead,
    },
    /// A signature, quorum or proof in the request is not good.
    #[error("{reason}")]
    Unproven {
        /// Which, and why.
        reason: String,
    },
    /// The signer goes on from another head: prove consistency from there.
    #[error("proof: must begin at size {}", last.tree_size)]
    WrongBase {
        /// The signer's last head.
        last: TreeHead,
    },
    /// Another signer may yet sign heads of these sizes: prove that the proposal extends them.
    #[error(
        "contains: a proof from each of the sizes {sizes:?} is wanted, of which another signer may yet sign a head"
    )]
    MustContain {
        /// Which.
        sizes: Vec<TreeSize>,
    },
    /// The signer signs no STH until a person acts.
    #[error("halted: {reason}")]
    Halted {
        /// Why.
        reason: String,
    },
    /// The STH is behind the one that is held.
    #[error("STH: behind the one held here, of size {}", held.tree_size)]
    SthBehind {
        /// The one that is held.
        held: TreeHead,
    },
}

impl Refusal {
    /// Its name in metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Refusal::TermOver { .. } => "term_over",
            Refusal::TermUnknown { .. } => "term_unknown",
            Refusal::Stopped { .. } => "stopped",
            Refusal::Recovering { .. } => "recovering",
            Refusal::OtherIncarnation { .. } => "other_incarnation",
            Refusal::BeyondEnd { .. } => "beyond_end",
            Refusal::Gap { .. } => "gap",
            Refusal::Diverged { .. } => "diverged",
            Refusal::NotContaining { .. } => "not_containing",
            Refusal::NotLater { .. } => "not_later",
            Refusal::OffClock { .. } => "off_clock",
            Refusal::Missing { .. } => "missing",
            Refusal::BadCopy { .. } => "bad_copy",
            Refusal::Differs { .. } => "differs",
            Refusal::Unproven { .. } => "unproven",
            Refusal::WrongBase { .. } => "wrong_base",
            Refusal::MustContain { .. } => "must_contain",
            Refusal::Halted { .. } => "halted",
            Refusal::SthBehind { .. } => "sth_behind",
        }
    }
}
