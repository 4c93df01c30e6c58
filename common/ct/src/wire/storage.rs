//! Messages of storage nodes.

use crate::hash::{Base64, Fingerprint, Name};
use crate::index::{Position, Term};
use crate::sct::DigitallySigned;
use crate::sth::Sth;
use crate::term::Incarnation;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Header of SendEntry to a storage node; the items are an [`crate::wire::EntryBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutHeader {
    /// The quorum k that the caller counts with; a node with another answers 409.
    pub storage_quorum: usize,
}

/// What became of one entry of a SendEntry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum PutReply {
    /// On disk, durably.
    Stored {
        /// The oldest unmerged entry of the same identity, encoded, if it is another one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        oldest: Option<Base64>,
    },
    /// Not stored: these issuers are not held here. Send the entry again with them.
    NeedIssuers {
        /// Which.
        issuers: Vec<Fingerprint>,
    },
    /// Not stored.
    Refused {
        /// Why.
        reason: String,
    },
}

/// One item of SendSCT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SctItem {
    /// The entry.
    pub name: Name,
    /// The signature of its SCT.
    pub sct: DigitallySigned,
}

/// A place in the list of one incarnation of a storage node (docs/protocol.md, S4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Which list.
    pub incarnation: Incarnation,
    /// The next position to read.
    pub position: Position,
}

/// FetchNewEntries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// The caller's term.
    pub term: Term,
    /// Where to read on; none: from `start`, or from the first retained position if `retained` is set.
    pub cursor: Option<Cursor>,
    /// Whether what lies below `start` is wanted too.
    pub retained: bool,
    /// If there is nothing new, wait this long for it (milliseconds, bounded by the callee).
    pub wait_ms: u64,
}

/// One line of a storage node's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListItem {
    /// The entry.
    pub name: Name,
    /// Its timestamp.
    pub timestamp: Timestamp,
}

/// Whether a storage node's list has all that the node ever acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// It has.
    Whole,
    /// The list was lost, and is filled from other storage nodes (docs/protocol.md, Z3).
    Recovering,
}

/// Answer to FetchNewEntries: durable entries only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that the node acknowledged.
    pub completeness: Completeness,
    /// First unpublished position.
    pub start: Position,
    /// Position of the first item.
    pub first: Position,
    /// The items.
    pub list: Vec<ListItem>,
    /// End of the durable list.
    pub end: Position,
    /// The node's clock when it answered: everything that it acknowledged before is in the list up to `end`.
    pub at: Timestamp,
}

/// GetEntry: entries by place and name; issuers by fingerprint. The answer is an [`crate::wire::EntryBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetEntry {
    /// Which list.
    pub incarnation: Incarnation,
    /// Which entries: one whose name is not at its position is left out.
    pub entries: Vec<(Position, Name)>,
    /// Which issuers.
    pub issuers: Vec<Fingerprint>,
}

/// SendSTH to a storage node: everything before `start` is published under this STH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveStart {
    /// The caller's term.
    pub term: Term,
    /// The STH.
    pub sth: Sth,
    /// Which list.
    pub incarnation: Incarnation,
    /// The first unpublished position.
    pub start: Position,
}
