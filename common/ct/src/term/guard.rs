//! What every node of every role knows about terms: the newest certificate, and how a caller stands to it.

use super::certificate::{CertificateError, TermCertificate, Trust};
use crate::index::Term;
use crate::names::NodeName;

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

    /// Whether a certificate is to be adopted: `Some` of the guard to go on with if it is newer and proves itself, `None`
    /// if it is the one in force or an older one.
    pub fn adopt(&self, certificate: TermCertificate) -> Result<Option<Guard>, CertificateError> {
        if certificate.term() < self.term() || certificate == self.newest {
            return Ok(None);
        }
        certificate.check_successor(&self.trust, &self.newest)?;
        if certificate.term() == self.term() {
            return Err(CertificateError::Twin(self.term()));
        }
        Ok(Some(Self { trust: self.trust.clone(), newest: certificate }))
    }
}
