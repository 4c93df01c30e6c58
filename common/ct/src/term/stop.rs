//! What a stopped merge node tells repair, and what repair chooses from it. The choice is a pure function, so that every
//! node can make it again and believe nobody (docs/protocol.md, R1–R4).

use super::change::ChangeError;
use super::endorse::SignedProposal;
use super::voters::{FormerVoter, Incarnation, RunId, Voters};
use crate::hash::{LogId, VotersHash};
use crate::index::Term;
use crate::names::NodeName;
use crate::node_key::{NodeSignature, NodeSigningKey, Statement};
use crate::order::LogHead;
use crate::sth::Sth;
use serde::{Deserialize, Serialize};

/// The head that a merge node endorsed last: its only durable claim about the tree (docs/protocol.md, M1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedHead {
    /// The term of the primary that had it endorsed; zero before the first.
    pub term: Term,
    /// Size and both roots.
    pub head: LogHead,
    /// The request that made it; none before the first.
    pub request: Option<SignedProposal>,
}

impl AcceptedHead {
    /// Nothing endorsed yet.
    pub const NONE: Self = Self { term: Term::ZERO, head: LogHead::EMPTY, request: None };

    /// Whether the claim is backed by the request that it names, signed by one who votes or voted.
    pub fn is_backed(&self, log_id: LogId, voters: &Voters, former: &[FormerVoter]) -> bool {
        match &self.request {
            None => *self == Self::NONE,
            Some(request) => {
                request.proposal.log_id == log_id
                    && request.proposal.term == self.term
                    && request.proposal.log_head() == self.head
                    && (request.is_signed(voters)
                        || former.iter().any(|one| request.is_signed_by(&one.name, &one.key)))
            }
        }
    }
}

/// A merge node's answer to Stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopReply {
    /// The log.
    pub log_id: LogId,
    /// The run of repair that stopped it.
    pub run: RunId,
    /// The term that the run will install.
    pub term: Term,
    /// Who answers.
    pub voter: NodeName,
    /// Which state of it.
    pub incarnation: Incarnation,
    /// The term in force where it answers.
    pub in_force: Term,
    /// Who votes in that term.
    pub voters: VotersHash,
    /// Who signs STHs in that term.
    pub sth_signer: NodeName,
    /// What it endorsed last.
    pub accepted: AcceptedHead,
    /// The newest STH it knows.
    pub newest_sth: Option<Sth>,
}

impl StopReply {
    /// What is signed: the reply in its JSON form, whose fields stand in a fixed order.
    fn statement(&self) -> Statement {
        let json =
            serde_json::to_vec(self).expect("a stop reply has string keys only, so it has a JSON form");
        Statement::new("wolffish/stop-reply/v1").text(&json)
    }

    /// Signs the reply.
    pub fn sign(self, key: &NodeSigningKey) -> SignedStopReply {
        let signature = key.sign(&self.statement());
        SignedStopReply { reply: self, signature }
    }
}

/// A stop reply under its voter's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStopReply {
    /// The reply.
    pub reply: StopReply,
    /// The voter's signature.
    pub signature: NodeSignature,
}

/// Who may answer a Stop, and which Stop.
#[derive(Debug, Clone, Copy)]
pub struct Ballot<'a> {
    /// The log.
    pub log_id: LogId,
    /// The run of repair.
    pub run: RunId,
    /// The term that it will install.
    pub term: Term,
    /// Who votes until then.
    pub voters: &'a Voters,
    /// Who signs STHs until then.
    pub sth_signer: &'a NodeName,
    /// Who voted before: their requests still back what was accepted of them.
    pub former: &'a [FormerVoter],
}

impl Ballot<'_> {
    /// Whether a reply counts: from a voter in its present state, signed, backed, not from a node that joined later than what
    /// it claims, and given where these voters and this signer were in force (docs/protocol.md, R2, T15).
    pub fn counts(&self, signed: &SignedStopReply) -> bool {
        let reply = &signed.reply;
        self.voters.find(&reply.voter).is_some_and(|voter| {
            (reply.log_id, reply.run, reply.term, reply.incarnation)
                == (self.log_id, self.run, self.term, voter.incarnation)
                && reply.voters == self.voters.hash()
                && reply.sth_signer == *self.sth_signer
                && reply.accepted.term >= voter.joining_term
                && reply.accepted.term < self.term
                && reply.accepted.is_backed(self.log_id, self.voters, self.former)
                && voter.key.verifies(&reply.statement(), &signed.signature)
        })
    }
}

/// What repair continues from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The greatest accepted head: the start head of the new term.
    pub start: LogHead,
    /// Who holds it, by name: one of them becomes primary.
    pub holders: Vec<NodeName>,
}

/// Why nothing can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Too few replies that count.
    #[error("stop replies: {found} of {voters} voters count, a majority is {majority}")]
    TooFew {
        /// Replies that count.
        found: usize,
        /// Voters.
        voters: usize,
        /// How many it takes.
        majority: usize,
    },
    /// Two heads of one term and one size: somebody lied, or an assumption broke. Never chosen between.
    #[error("{0} and {1} accepted different heads of one term and size")]
    Conflict(NodeName, NodeName),
    /// What the certificate is to change cannot be changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// The replies that count, one of each voter.
pub(super) fn counted<'a>(ballot: &Ballot<'_>, replies: &'a [SignedStopReply]) -> Vec<&'a StopReply> {
    let mut counted: Vec<&StopReply> = Vec::new();
    for signed in replies.iter().filter(|signed| ballot.counts(signed)) {
        if counted.iter().all(|other| other.voter != signed.reply.voter) {
            counted.push(&signed.reply);
        }
    }
    counted
}

/// Chooses the greatest accepted head, by accepted term, then by size, of replies that count.
pub(super) fn greatest(voters: &Voters, counted: &[&StopReply]) -> Result<Choice, ChoiceError> {
    let key = |reply: &StopReply| (reply.accepted.term, reply.accepted.head.size);
    let (found, majority) = (counted.len(), voters.majority());
    let Some(best) = counted.iter().copied().max_by_key(|reply| key(reply)).filter(|_| found >= majority)
    else {
        return Err(ChoiceError::TooFew { found, voters: voters.len(), majority });
    };
    let conflict = |reply: &&&StopReply| key(reply) == key(best) && reply.accepted.head != best.accepted.head;
    if let Some(other) = counted.iter().find(conflict) {
        return Err(ChoiceError::Conflict(best.voter.clone(), other.voter.clone()));
    }
    let holders = counted.iter().filter(|reply| reply.accepted.head == best.accepted.head);
    let mut holders: Vec<_> = holders.map(|reply| reply.voter.clone()).collect();
    holders.sort();
    Ok(Choice { start: best.accepted.head, holders })
}
