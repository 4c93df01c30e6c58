//! What every node of every role knows about terms: the newest certificate, and how a caller stands to it.

use super::certificate::{CertificateError, EarlierChange, TermCertificate, Trust};
use super::change::Change;
use super::voters::Incarnation;
use crate::index::Term;
use crate::names::NodeName;

/// Changes that are passed on with a certificate, so that it fits a message. A node that missed more is made anew.
pub const MAX_CHANGES: usize = 64;

/// Keeps the newest certificate (docs/protocol.md, T9).
#[derive(Debug, Clone)]
pub struct Guard {
    trust: Trust,
    newest: TermCertificate,
}

/// How a caller that claims to be a term's primary stands to the newest certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the primary of the term in force.
    Primary,
    /// Its term is over, or names another primary: it is refused, and shown the certificate.
    Refused,
    /// Its term is not known here yet: it is asked for the certificate.
    Unknown,
}

impl Guard {
    /// From the newest certificate on disk, which was checked before it was written.
    pub const fn new(trust: Trust, newest: TermCertificate) -> Self {
        Self { trust, newest }
    }
    /// The newest certificate.
    pub const fn certificate(&self) -> &TermCertificate {
        &self.newest
    }
    /// Its term.
    pub const fn term(&self) -> Term {
        self.newest.term()
    }
    /// What is believed without a certificate.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }
    /// How `caller`, claiming `term`, stands.
    pub fn standing(&self, caller: &NodeName, term: Term) -> Standing {
        if term > self.term() {
            Standing::Unknown
        } else if term == self.term() && *caller == self.newest.body.primary {
            Standing::Primary
        } else {
            Standing::Refused
        }
    }

    /// Whether a merge node of this name, with this state, votes. One that does not endorses nothing and is no primary: its
    /// state was lost, or it was never asked (docs/protocol.md, Z1).
    pub fn votes(&self, node: &NodeName, incarnation: Incarnation) -> bool {
        self.newest.body.voters.find(node).is_some_and(|voter| voter.incarnation == incarnation)
    }

    /// Whether a certificate is to be adopted: `Some` of the guard to go on with if it is newer and proves itself, `None`
    /// if it is the one in force or an older one. Changes that were missed are taken first, in order (docs/protocol.md,
    /// T13).
    pub fn adopt(&self, certificate: TermCertificate) -> Result<Option<Guard>, CertificateError> {
        if certificate.term() < self.term() || certificate.body == self.newest.body {
            return Ok(None);
        }
        let (mut guard, last) = (self.clone(), certificate.term());
        for change in certificate.changes.clone() {
            if change.body.term > guard.term() && change.body.term < last {
                guard = guard.step(change.into())?;
            }
        }
        let adopted = guard.step(certificate)?;
        if adopted.term() == self.term() {
            return Err(CertificateError::Twin(self.term()));
        }
        Ok(Some(adopted))
    }

    /// The certificate in force may be one that never had a quorum, while another was made from the one before it: the stop
    /// replies of that one show that a majority had not adopted the change, and never will act on it (docs/protocol.md, T15).
    /// Not so where the voters were replaced by an operator's word: old and new majorities need not meet, and the word itself
    /// carries no stop replies (T16).
    fn step(&self, certificate: TermCertificate) -> Result<Guard, CertificateError> {
        let refused = match certificate.check_successor(&self.trust, &self.newest) {
            Ok(()) => return Ok(self.follow(&self.newest, certificate)),
            Err(refused) => refused,
        };
        if matches!(certificate.body.change, Change::FromFrontends { .. }) {
            return Err(refused);
        }
        let mut earlier = self.newest.changes.clone();
        let mut let_go = self.newest.body.change.clone();
        while let Some(EarlierChange { body, signature }) = earlier.pop() {
            if matches!(let_go, Change::FromFrontends { .. }) {
                break;
            }
            let_go = body.change.clone();
            let before = TermCertificate { body, signature, changes: earlier.clone() };
            if certificate.check_successor(&self.trust, &before).is_ok() {
                return Ok(self.follow(&before, certificate));
            }
        }
        Err(refused)
    }

    fn follow(&self, before: &TermCertificate, mut certificate: TermCertificate) -> Guard {
        let TermCertificate { body, signature, changes } = before.clone();
        certificate.changes = changes;
        if body.change.is_something() || certificate.body.change.is_something() {
            certificate.changes.push(EarlierChange { body, signature });
        }
        let forget = certificate.changes.len().saturating_sub(MAX_CHANGES);
        certificate.changes.drain(..forget);
        Self { trust: self.trust.clone(), newest: certificate }
    }
}
