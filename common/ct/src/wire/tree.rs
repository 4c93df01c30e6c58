//! Messages by which a primary brings copies of the log up to date: merge nodes and frontends.

use crate::hash::{Fingerprint, InternalRoot, Name, RootHash};
use crate::index::{LeafIndex, Term, TreeSize};
use crate::order::LogHead;
use crate::sth::Sth;
use crate::term::SignedProposal;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrentPosition {
    /// The caller's term.
    pub term: Term,
}

/// A merge node's answer to CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergePosition {
    /// Term of the accepted head.
    pub accepted_term: Term,
    /// The accepted head.
    pub accepted: LogHead,
}

/// A frontend's answer to CurrentPosition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontendPosition {
    /// The largest verified tree that it holds.
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
