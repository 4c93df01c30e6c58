//! Messages by which a primary brings copies of the log up to date: merge nodes and frontends.

use crate::hash::{Fingerprint, InternalRoot, Name, NodeHash, RootHash};
use crate::index::{LeafIndex, Term, TreeSize};
use crate::order::LogHead;
use crate::sth::Sth;
use crate::term::{Endorsement, Proposal, SignedProposal};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrentPosition {
    /// The caller's term.
    pub term: Term,
}

/// Remind, to a merge node: its own endorsement, of which it says nothing when it is asked where it stands. If it does not
/// remember it, its state was put back from an older copy (docs/protocol.md, Z5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// What was endorsed.
    pub proposal: Proposal,
    /// By whom.
    pub endorsement: Endorsement,
}

/// Whether a merge node votes in the term in force, by the certificate that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voting {
    /// It does.
    Votes,
    /// Its state is not the one in the voter list: it is filled, and endorses nothing (docs/protocol.md, Z1).
    Recovering,
}

/// A merge node's answer to CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergePosition {
    /// Whether it votes.
    pub voting: Voting,
    /// Term of the accepted head.
    pub accepted_term: Term,
    /// The accepted head.
    pub accepted: LogHead,
}

/// A frontend's answer to CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontendPosition {
    /// The size of its verified tree, which may reach beyond `held_sth` while it catches up.
    pub held: TreeSize,
    /// The newest STH whose tree it holds.
    pub held_sth: Option<Sth>,
    /// The STH that get-sth shows.
    pub published: Option<Sth>,
}

/// Header of SendLog; the items are order records from `start` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendLog {
    /// The caller's term.
    pub term: Term,
    /// Index of the first record.
    pub start: TreeSize,
    /// The caller's public root at `start`.
    pub root: RootHash,
    /// The caller's internal root at `start`.
    pub internal_root: InternalRoot,
    /// The newest STH. A frontend stages at most its size.
    pub sth: Option<Sth>,
    /// To a frontend that has all below `start` and does not hold it yet: proof that the tree at `start` is a part of the
    /// STH's (docs/protocol.md, P7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Vec<NodeHash>>,
}

/// Answer to SendLog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Records are held or staged up to here.
    pub end: TreeSize,
}

/// MissingEntries. The answer is a bulk message whose items are names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingEntries {
    /// The caller's term.
    pub term: Term,
}

/// Header of SendEntry to a merge node or frontend; the items are an [`crate::wire::EntryBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendEntry {
    /// The caller's term.
    pub term: Term,
}

/// Answer to SendEntry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Issuers that are not held: their entries were not taken.
    pub need_issuers: Vec<Fingerprint>,
}

/// VerifyRoot. The answer is a [`crate::term::Endorsement`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRoot {
    /// What to endorse, signed by the primary.
    pub request: SignedProposal,
}

/// SendSTH to a frontend (show it) or a merge node (remember it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The caller's term.
    pub term: Term,
    /// The STH.
    pub sth: Sth,
    /// Up to when enough storage nodes' lists were read (docs/protocol.md, P3).
    pub polled_through: Timestamp,
}

/// GetEntry to a merge node or a frontend: entries by index and name; issuers by fingerprint. The answer is an
/// [`crate::wire::EntryBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetEntry {
    /// Which entries: one whose name is not at its index is left out.
    pub entries: Vec<(LeafIndex, Name)>,
    /// Which issuers.
    pub issuers: Vec<Fingerprint>,
}
