//! The certificate of a term: who is primary, who signs, who votes, and where the term starts; with the replies from
//! which every node can see that it had to be so (docs/protocol.md, T6–T8).

use super::stop::{Choice, ChoiceError, SignedStopReply, choose};
use super::voters::{RunId, Voters};
use crate::entry::LogKind;
use crate::hash::LogId;
use crate::index::Term;
use crate::limits::MAX_TERM_STEP;
use crate::names::NodeName;
use crate::node_key::{NodeKey, NodeSignature, NodeSigningKey, Statement};
use crate::order::LogHead;
use serde::{Deserialize, Serialize};

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermBody {
    /// The log.
    pub log_id: LogId,
    /// How its leaves are made.
    pub kind: LogKind,
    /// The run of repair that made it.
    pub run: RunId,
    /// The term that it installs.
    pub term: Term,
    /// The primary of the term.
    pub primary: NodeName,
    /// What every head of the term must contain.
    pub start_head: LogHead,
    /// The only signer of STHs in this term.
    pub sth_signer: NodeName,
    /// Who votes.
    pub voters: Voters,
    /// The stop replies that made repair choose `start_head`; none in the first term.
    pub stops: Vec<SignedStopReply>,
}

/// A term's certificate, under the signature of the repair key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermCertificate {
    /// What it says.
    pub body: TermBody,
    /// The repair key's signature.
    pub signature: NodeSignature,
}

/// What a node believes without a certificate: its log, and the key of repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The log.
    pub log_id: LogId,
    /// How its leaves are made.
    pub kind: LogKind,
    /// The configured repair key.
    pub repair_key: NodeKey,
}

/// Why a certificate installs nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// For another log, or another kind of log.
    #[error("certificate: it is for log {0}, or for another kind of log")]
    OtherLog(LogId),
    /// The signature is not the repair key's.
    #[error("certificate: the signature is not the repair key's")]
    Signature,
    /// The primary is no voter.
    #[error("certificate: primary {0} is no voter")]
    PrimaryNoVoter(NodeName),
    /// The first term does not begin with an empty log and founding voters.
    #[error("certificate: the first term begins with an empty log, founding voters and no stop replies")]
    NotAFounding,
    /// The voters are not those of the certificate in force.
    #[error("certificate: its voters are not those in force")]
    VotersChanged,
    /// The right to sign STHs would pass to another signer, without proof that the old one gave it up.
    #[error(
        "certificate: STH signer {found} is not {current}, and nothing shows that the right was given up"
    )]
    SthSignerChanged {
        /// The certificate's.
        found: NodeName,
        /// The one in force.
        current: NodeName,
    },
    /// The term rises too far.
    #[error("certificate: term {found} is more than 2^20 above {current}")]
    TermStep {
        /// The certificate's term.
        found: Term,
        /// The term in force.
        current: Term,
    },
    /// The replies do not lead to a choice.
    #[error("certificate: {0}")]
    Choice(#[from] ChoiceError),
    /// The replies lead to another start head.
    #[error("certificate: the stop replies lead to another start head")]
    StartHead,
    /// The primary does not hold the start head.
    #[error("certificate: primary {0} does not hold the start head")]
    PrimaryLacksStart(NodeName),
    /// Another certificate of this very term is in force: an alarm.
    #[error("certificate: a different certificate of term {0} is in force")]
    Twin(Term),
}

impl TermCertificate {
    /// Signs a certificate with the repair key.
    pub fn sign(body: TermBody, key: &NodeSigningKey) -> Self {
        let signature = key.sign(&Self::statement(&body));
        Self { body, signature }
    }

    fn statement(body: &TermBody) -> Statement {
        let json =
            serde_json::to_vec(body).expect("a certificate has string keys only, so it has a JSON form");
        Statement::new("wolffish/term/v1").text(&json)
    }

    /// The term.
    pub const fn term(&self) -> Term {
        self.body.term
    }

    /// Checks that it is of this log, under the repair key's signature, and names a voter as primary: what a node asks of
    /// the certificate on its own disk, which it checked in full when it adopted it.
    pub fn check_signed(&self, trust: &Trust) -> Result<(), CertificateError> {
        let body = &self.body;
        if body.log_id != trust.log_id || body.kind != trust.kind {
            return Err(CertificateError::OtherLog(body.log_id));
        }
        if !trust.repair_key.verifies(&Self::statement(body), &self.signature) {
            return Err(CertificateError::Signature);
        }
        if body.voters.find(&body.primary).is_none() {
            return Err(CertificateError::PrimaryNoVoter(body.primary.clone()));
        }
        Ok(())
    }

    /// Checks the certificate with which a log begins, as `init` makes it.
    pub fn check_founding(&self, trust: &Trust) -> Result<(), CertificateError> {
        self.check_signed(trust)?;
        let body = &self.body;
        let founding = body.term == Term::FIRST
            && body.start_head == LogHead::EMPTY
            && body.stops.is_empty()
            && body.voters.iter().all(|voter| voter.joining_term == Term::ZERO);
        if founding { Ok(()) } else { Err(CertificateError::NotAFounding) }
    }

    /// Repair's choice when this is the certificate in force. An accepted head of this very term counts only with a request
    /// of its primary: any voter could sign one in which it calls itself that (docs/protocol.md, T4).
    pub fn choose(&self, run: RunId, term: Term, stops: &[SignedStopReply]) -> Result<Choice, ChoiceError> {
        let body = &self.body;
        let is_genuine = |stop: &&SignedStopReply| {
            let accepted = &stop.reply.accepted;
            let by_primary = accepted.request.as_ref().is_some_and(|request| request.primary == body.primary);
            accepted.term != body.term || by_primary
        };
        let genuine: Vec<_> = stops.iter().filter(is_genuine).cloned().collect();
        choose(body.log_id, run, term, &body.voters, &genuine)
    }

    /// Checks a certificate against the one in force, by making repair's choice again.
    pub fn check_successor(&self, trust: &Trust, current: &TermCertificate) -> Result<(), CertificateError> {
        self.check_signed(trust)?;
        let (body, voters) = (&self.body, &current.body.voters);
        if body.voters != *voters {
            return Err(CertificateError::VotersChanged);
        }
        if body.sth_signer != current.body.sth_signer {
            let (found, current) = (body.sth_signer.clone(), current.body.sth_signer.clone());
            return Err(CertificateError::SthSignerChanged { found, current });
        }
        if body.term.get() > current.term().get() + MAX_TERM_STEP {
            return Err(CertificateError::TermStep { found: body.term, current: current.term() });
        }
        let choice = current.choose(body.run, body.term, &body.stops)?;
        if choice.start != body.start_head {
            return Err(CertificateError::StartHead);
        }
        if !choice.holders.contains(&body.primary) {
            return Err(CertificateError::PrimaryLacksStart(body.primary.clone()));
        }
        Ok(())
    }
}
