//! How a merge node stands, for Status and metrics.

use crate::machine::{Machine, Settings};
use ct::index::{Term, TreeSize};
use ct::names::NodeName;
use ct::term::TermCertificate;
use ct::time::Timestamp;
use ct::wire::status::Detail;

/// A look at a machine between two steps.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Term in force.
    pub term: Term,
    /// Its primary.
    pub primary: NodeName,
    /// The newest certificate.
    pub certificate: TermCertificate,
    /// What Status shows of a merge node.
    pub detail: Detail,
    /// Time of the newest STH.
    pub sth_time: Option<Timestamp>,
    /// Size of the newest STH.
    pub sth_size: Option<TreeSize>,
    /// Entries collected and not yet ordered.
    pub pooled: usize,
}

impl Snapshot {
    pub(crate) fn of(machine: &Machine, settings: &Settings, len: TreeSize) -> Self {
        let (body, primary) = (&machine.guard().certificate().body, machine.primary());
        let newest = machine.newest_sth();
        let waiting = primary.and_then(crate::primary::Primary::waiting);
        let detail = Detail::Merge {
            incarnation: machine.incarnation(),
            voting: machine.voting(),
            len,
            accepted_term: machine.accepted().term,
            accepted: machine.accepted().head,
            newest_sth: newest.map(|sth| sth.sth().clone()),
            stopped: machine.stopped().map(|stopped| stopped.term),
            waiting: waiting.as_ref().map(|(_, text)| text.clone()),
            waits_for: waiting.map(|(whom, _)| whom),
            polled_through: primary.map(|primary| primary.polled_through(settings)),
        };
        Self {
            term: body.term,
            primary: body.primary.clone(),
            certificate: machine.guard().certificate().clone(),
            detail,
            sth_time: newest.map(|sth| sth.head().timestamp),
            sth_size: newest.map(|sth| sth.head().tree_size),
            pooled: primary.map_or(0, crate::primary::Primary::pooled),
        }
    }
}
