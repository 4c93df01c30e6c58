//! Status: what an SRE, the status page and repair read of a node.

use crate::index::{Position, Term, TreeSize};
use crate::names::{LogName, NodeName, Role};
use crate::order::LogHead;
use crate::sth::Sth;
use crate::term::Incarnation;
use crate::time::Timestamp;
use crate::wire::storage::Completeness;
use crate::wire::tree::Voting;
use serde::{Deserialize, Serialize};

/// A node's view of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Who answers.
    pub node: NodeName,
    /// Its role.
    pub role: Role,
    /// Of which log.
    pub log: LogName,
    /// The node's clock.
    pub now: Timestamp,
    /// Term in force.
    pub term: Term,
    /// Primary of that term.
    pub primary: NodeName,
    /// Hash of its configuration file.
    pub config_hash: String,
    /// Reasons why it is not fit to serve.
    pub not_ready: Vec<String>,
    /// How far it has read again what it keeps of the log; none: it does not, or has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrub: Option<Scrub>,
    /// What only nodes of its role have.
    pub detail: Detail,
}

/// How the scrub of a log stands at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrub {
    /// When the last complete pass ended; none: there was none.
    pub completed: Option<Timestamp>,
    /// What the last pass found, or the one under way.
    pub findings: u64,
}

/// A frontend's view of a read-only log, which has no term, no primary, and no node of another role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadOnlyStatus {
    /// Who answers.
    pub node: NodeName,
    /// Of which log.
    pub log: LogName,
    /// The node's clock.
    pub now: Timestamp,
    /// Hash of its configuration file.
    pub config_hash: String,
    /// Reasons why it is not fit to serve.
    pub not_ready: Vec<String>,
    /// What get-sth shows, now and ever.
    pub published: Sth,
}

/// Whom a primary waits for. Another primary would wait for the same signer; not so for other merge nodes, which may only
/// be out of this one's reach, nor for what this one alone has ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitsFor {
    /// The signer does not answer, or refuses.
    Signer,
    /// Too few merge nodes can be reached.
    MergeNodes,
    /// Its log, or what it knows to be endorsed or signed, is of a time that its clock has not come to.
    Clock,
}

/// What only nodes of one role have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Detail {
    /// A frontend.
    Frontend {
        /// The newest STH whose tree is held: it may not be shown yet, and another frontend may show it.
        held: Option<Sth>,
        /// What get-sth shows.
        published: Option<Sth>,
        /// Why add-* is closed, if it is.
        closed: Option<String>,
    },
    /// A storage node.
    Storage {
        /// Which list.
        incarnation: Incarnation,
        /// Whether it has all that the node acknowledged.
        completeness: Completeness,
        /// First unpublished position.
        start: Position,
        /// End of the list.
        end: Position,
        /// Timestamp of the oldest unpublished entry.
        oldest_unpublished: Option<Timestamp>,
    },
    /// A signer.
    Signer {
        /// The last STH that it signed.
        last: Option<Sth>,
        /// Why it is halted, if it is.
        halted: Option<String>,
        /// SignSTH requests that it refused.
        refusals: u64,
        /// Up to which term it gave up the right to sign STHs, if it did.
        #[serde(default)]
        released: Option<Term>,
    },
    /// A merge node.
    Merge {
        /// Which state.
        incarnation: Incarnation,
        /// Whether it votes with that.
        voting: Voting,
        /// Entries in its log, unendorsed tail included.
        len: TreeSize,
        /// Term of its accepted head.
        accepted_term: Term,
        /// Its accepted head.
        accepted: LogHead,
        /// Newest STH that it knows.
        newest_sth: Option<Sth>,
        /// For which term to come it is stopped, if it is.
        stopped: Option<Term>,
        /// For what the primary waits, if it is one and waits.
        waiting: Option<String>,
        /// For whom.
        waits_for: Option<WaitsFor>,
        /// Up to when enough storage lists were read, if it is primary.
        polled_through: Option<Timestamp>,
    },
}

impl Detail {
    /// The signed tree heads that the node knows: what it shows, what it holds, what it signed. Signatures are the caller's to
    /// check.
    pub fn sths(&self) -> impl Iterator<Item = &Sth> {
        let (one, other) = match self {
            Detail::Frontend { held, published, .. } => (held.as_ref(), published.as_ref()),
            Detail::Signer { last, .. } => (last.as_ref(), None),
            Detail::Merge { newest_sth, .. } => (newest_sth.as_ref(), None),
            Detail::Storage { .. } => (None, None),
        };
        one.into_iter().chain(other)
    }
}
