//! The certificate of a term: who is primary, who signs, who votes, and where the term starts; with the replies from
//! which every node can see that it had to be so (docs/protocol.md, T6–T8).

use super::change::{Change, ChangeError};
use super::stop::{Ballot, Choice, ChoiceError, SignedStopReply, counted, greatest};
use super::voters::{FormerVoter, RunId, Voters};
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
    /// What it changes, besides term and primary.
    pub change: Change,
    /// The only signer of STHs in this term.
    pub sth_signer: NodeName,
    /// That signer's node key.
    pub sth_signer_key: NodeKey,
    /// Who votes.
    pub voters: Voters,
    /// Who voted in earlier terms.
    pub former: Vec<FormerVoter>,
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
    /// Earlier ones that changed who votes or signs, and the one before each of those, oldest first: a node that missed them
    /// takes them in order. Each has its own signature, so this one's does not cover them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<EarlierChange>,
}

/// A certificate of an earlier term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierChange {
    /// What it says.
    pub body: TermBody,
    /// The repair key's signature.
    pub signature: NodeSignature,
}

impl From<EarlierChange> for TermCertificate {
    fn from(change: EarlierChange) -> Self {
        Self { body: change.body, signature: change.signature, changes: Vec::new() }
    }
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
    /// The configured operators' keys: one of them speaks where no majority can (docs/protocol.md, T16).
    pub operators: Vec<NodeKey>,
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
    /// The voters are not those in force with the one change that the certificate names.
    #[error("certificate: its voters are not those in force with the one change that it names")]
    VotersChanged,
    /// The change that it names cannot be made to the voters in force.
    #[error("certificate: {0}")]
    Change(#[from] ChangeError),
    /// It names another STH signer than the one in force, or than the one to whom it moves the right.
    #[error("certificate: STH signer {found} is not {expected}")]
    SthSignerChanged {
        /// The certificate's.
        found: NodeName,
        /// The one in force, or the one to whom the right moves.
        expected: NodeName,
    },
    /// The release is not the old signer's, or not for this run.
    #[error("certificate: the release is not that of {0} for this run")]
    Release(NodeName),
    /// The old signer signed more than the stopped nodes accepted: an assumption broke.
    #[error(
        "certificate: the old signer signed a head of size {signed} that the start head of size {start} does not contain"
    )]
    SignedBeyond {
        /// Size of its last head.
        signed: u64,
        /// Size of the start head.
        start: u64,
    },
    /// The term rises too far.
    #[error("certificate: term {found} is more than 2^20 above {current}")]
    TermStep {
        /// The certificate's term.
        found: Term,
        /// The term in force.
        current: Term,
    },
    /// It takes an operator's word, and nobody else's.
    #[error(
        "certificate: it goes on from frontends, and an operator's word for that is not in it, or not it alone"
    )]
    Word,
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
        Self { body, signature, changes: Vec::new() }
    }

    fn statement(body: &TermBody) -> Statement {
        let json =
            serde_json::to_vec(body).expect("a certificate has string keys only, so it has a JSON form");
        Statement::new("wolffish/term/v1").text(&json)
    }

    /// What the earlier ones that it carries say, oldest first, and then what it says itself.
    pub fn bodies(&self) -> impl DoubleEndedIterator<Item = &TermBody> {
        self.changes.iter().map(|change| &change.body).chain([&self.body])
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
            && body.former.is_empty()
            && body.change == Change::Nothing
            && self.changes.is_empty()
            && body.voters.iter().all(|voter| voter.joining_term == Term::ZERO);
        if founding { Ok(()) } else { Err(CertificateError::NotAFounding) }
    }

    /// Whether a reply to this run's Stop counts when this is the certificate in force. An accepted head of this very term
    /// counts only with a request of its primary: any voter could sign one in which it calls itself that (docs/protocol.md,
    /// T4).
    pub fn counts(&self, run: RunId, term: Term, stop: &SignedStopReply) -> bool {
        let accepted = &stop.reply.accepted;
        let by_primary =
            accepted.request.as_ref().is_some_and(|request| request.primary == self.body.primary);
        (accepted.term != self.body.term || by_primary) && self.ballot(run, term).counts(stop)
    }

    fn ballot(&self, run: RunId, term: Term) -> Ballot<'_> {
        let TermBody { log_id, voters, sth_signer, former, .. } = &self.body;
        Ballot { log_id: *log_id, run, term, voters, sth_signer, former }
    }

    /// Repair's choice when this is the certificate in force and `change` is to be made: from a majority of those who vote,
    /// and of those who will.
    ///
    /// # Errors
    /// Too few replies count, or they contradict each other, or the change cannot be made.
    pub fn choose(
        &self,
        run: RunId,
        term: Term,
        change: &Change,
        stops: &[SignedStopReply],
    ) -> Result<Choice, ChoiceError> {
        let voters = &self.body.voters;
        let after = change.voters(voters, term)?;
        let genuine: Vec<_> = stops.iter().filter(|stop| self.counts(run, term, stop)).cloned().collect();
        let counted = counted(&self.ballot(run, term), &genuine);
        let mut choice = greatest(voters, &counted)?;
        let stays = |node: &NodeName, state| after.find(node).is_some_and(|voter| voter.incarnation == state);
        let also = counted.iter().filter(|reply| stays(&reply.voter, reply.incarnation)).count();
        demand(also, &after, after.majority())?;
        if let Change::MoveSigner { release: None, .. } = change {
            // Of so many that one may lie, and those who were not stopped still make no quorum for the old signer.
            demand(counted.len(), voters, voters.len() + 2 - voters.majority())?;
        }
        choice.holders.retain(|node| after.find(node).is_some());
        Ok(choice)
    }

    /// What the certificate of the next term says, if it is made from these replies.
    ///
    /// # Errors
    /// The change cannot be made.
    pub fn successor(
        &self,
        run: RunId,
        term: Term,
        change: Change,
        (primary, start_head): (NodeName, LogHead),
        stops: Vec<SignedStopReply>,
    ) -> Result<TermBody, ChangeError> {
        let before = &self.body;
        let (sth_signer, sth_signer_key) = match &change {
            Change::MoveSigner { to, key, .. } => (to.clone(), *key),
            _ => (before.sth_signer.clone(), before.sth_signer_key),
        };
        Ok(TermBody {
            log_id: before.log_id,
            kind: before.kind,
            run,
            term,
            primary,
            start_head,
            voters: change.voters(&before.voters, term)?,
            former: change.former(&before.voters, &before.former),
            change,
            sth_signer,
            sth_signer_key,
            stops,
        })
    }

    /// Checks a certificate against the one in force, by making repair's choice again.
    pub fn check_successor(&self, trust: &Trust, current: &TermCertificate) -> Result<(), CertificateError> {
        self.check_signed(trust)?;
        let (body, before) = (&self.body, &current.body);
        if body.voters != body.change.voters(&before.voters, body.term)?
            || body.former != body.change.former(&before.voters, &before.former)
        {
            return Err(CertificateError::VotersChanged);
        }
        self.check_signer(before)?;
        if body.term.get() > current.term().get() + MAX_TERM_STEP {
            return Err(CertificateError::TermStep { found: body.term, current: current.term() });
        }
        if let Change::FromFrontends { word, .. } = &body.change {
            let given = word.as_ref().is_some_and(|word| word.is_of(&trust.operators, body));
            return if given && body.stops.is_empty() { Ok(()) } else { Err(CertificateError::Word) };
        }
        let choice = current.choose(body.run, body.term, &body.change, &body.stops)?;
        if choice.start != body.start_head {
            return Err(CertificateError::StartHead);
        }
        if !choice.holders.contains(&body.primary) {
            return Err(CertificateError::PrimaryLacksStart(body.primary.clone()));
        }
        Ok(())
    }

    /// The right to sign STHs stays where it is, or moves as the change says (docs/protocol.md, T14).
    fn check_signer(&self, before: &TermBody) -> Result<(), CertificateError> {
        let body = &self.body;
        let (signer, key) = match &body.change {
            Change::MoveSigner { to, key, .. } => (to, key),
            _ => (&before.sth_signer, &before.sth_signer_key),
        };
        if (&body.sth_signer, &body.sth_signer_key) != (signer, key) {
            let (found, expected) = (body.sth_signer.clone(), signer.clone());
            return Err(CertificateError::SthSignerChanged { found, expected });
        }
        let Change::MoveSigner { release: Some(release), .. } = &body.change else { return Ok(()) };
        let old = &before.sth_signer;
        if !release.is_of(body.log_id, body.run, body.term, old, &before.sth_signer_key) {
            return Err(CertificateError::Release(old.clone()));
        }
        let Some(last) = &release.release.last else { return Ok(()) };
        let (signed, start) = (&last.head, &body.start_head);
        let beyond = signed.tree_size > start.size
            || (signed.tree_size == start.size && signed.root_hash != start.root);
        if beyond {
            let (signed, start) = (signed.tree_size.get(), start.size.get());
            return Err(CertificateError::SignedBeyond { signed, start });
        }
        Ok(())
    }
}

fn demand(found: usize, voters: &Voters, majority: usize) -> Result<(), ChoiceError> {
    if found < majority {
        return Err(ChoiceError::TooFew { found, voters: voters.len(), majority });
    }
    Ok(())
}
