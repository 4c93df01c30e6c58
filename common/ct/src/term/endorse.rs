//! Proposals and endorsements: a primary's VerifyRoot request, and a merge node's vote for exactly those bytes.

use super::certificate::TermBody;
use super::voters::Voters;
use crate::entry::LogKind;
use crate::hash::{InternalRoot, LogId, VotersHash};
use crate::index::Term;
use crate::names::NodeName;
use crate::node_key::{NodeKey, NodeSignature, NodeSigningKey, Statement};
use crate::order::LogHead;
use crate::sth::TreeHead;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A tree head that a primary asks to have endorsed, and all that the endorsement binds it to (docs/protocol.md, T3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The log.
    pub log_id: LogId,
    /// How its leaves are made.
    pub kind: LogKind,
    /// Who may vote.
    pub voters: VotersHash,
    /// The primary's term.
    pub term: Term,
    /// The only signer that may sign this head.
    pub sth_signer: NodeName,
    /// What the log is asked to sign.
    pub head: TreeHead,
    /// Root over the order records below the head's size.
    pub internal_root: InternalRoot,
}

impl Proposal {
    /// What the primary of a term proposes for a head of its log, at a time.
    pub fn of(body: &TermBody, head: LogHead, timestamp: Timestamp) -> Self {
        Self {
            log_id: body.log_id,
            kind: body.kind,
            voters: body.voters.hash(),
            term: body.term,
            sth_signer: body.sth_signer.clone(),
            head: TreeHead { timestamp, tree_size: head.size, root_hash: head.root },
            internal_root: head.internal_root,
        }
    }

    fn fields(&self, statement: Statement) -> Statement {
        statement
            .fixed(self.log_id.as_ref())
            .fixed(&[self.kind.code()])
            .fixed(self.voters.as_ref())
            .number(self.term.get())
            .text(self.sth_signer.as_str().as_bytes())
            .fixed(self.internal_root.as_ref())
            .fixed(&self.head.input())
    }

    /// What an endorser signs.
    pub fn endorsement_statement(&self) -> Statement {
        self.fields(Statement::new("wolffish/endorse/v1"))
    }

    /// What the primary signs.
    pub fn request_statement(&self, primary: &NodeName) -> Statement {
        self.fields(Statement::new("wolffish/verify-root/v1").text(primary.as_str().as_bytes()))
    }

    /// Size and both roots.
    pub const fn log_head(&self) -> LogHead {
        LogHead { size: self.head.tree_size, root: self.head.root_hash, internal_root: self.internal_root }
    }

    /// The vote of the node that holds `key`.
    pub fn endorse(&self, voter: NodeName, key: &NodeSigningKey) -> Endorsement {
        Endorsement { voter, signature: key.sign(&self.endorsement_statement()) }
    }
}

/// A VerifyRoot request: the proposal under its primary's signature. It stays with the accepted head that it made, so
/// that a secondary cannot invent one (docs/protocol.md, T4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedProposal {
    /// The proposal.
    pub proposal: Proposal,
    /// Who proposes.
    pub primary: NodeName,
    /// Its signature.
    pub signature: NodeSignature,
}

impl SignedProposal {
    /// Signs a proposal as its primary.
    pub fn new(proposal: Proposal, primary: NodeName, key: &NodeSigningKey) -> Self {
        let signature = key.sign(&proposal.request_statement(&primary));
        Self { proposal, primary, signature }
    }

    /// Whether the primary that it names is a voter and signed it.
    pub fn is_signed(&self, voters: &Voters) -> bool {
        voters.find(&self.primary).is_some_and(|voter| self.is_signed_by(&voter.name, &voter.key))
    }

    /// Whether it is the request of this node.
    pub(super) fn is_signed_by(&self, name: &NodeName, key: &NodeKey) -> bool {
        self.primary == *name && key.verifies(&self.proposal.request_statement(name), &self.signature)
    }
}

/// A merge node's signature over a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// Who endorses.
    pub voter: NodeName,
    /// Its signature over [`Proposal::endorsement_statement`].
    pub signature: NodeSignature,
}

/// Why endorsements are no quorum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    /// The proposal names another voter list.
    #[error("voters: the proposal is bound to list {found}, the list in force is {expected}")]
    Voters {
        /// Bound to the proposal.
        found: VotersHash,
        /// In force.
        expected: VotersHash,
    },
    /// An endorser stands there twice.
    #[error("endorsements: {0} stands there twice")]
    Twice(NodeName),
    /// An endorser is no voter.
    #[error("endorsements: {0} is no voter")]
    Stranger(NodeName),
    /// A signature does not verify over exactly these bytes.
    #[error("endorsements: the signature of {0} does not verify over these bytes")]
    Signature(NodeName),
    /// Fewer than a majority.
    #[error("endorsements: {found} of {voters} voters, a majority is {majority}")]
    TooFew {
        /// Valid endorsements.
        found: usize,
        /// Voters.
        voters: usize,
        /// How many it takes.
        majority: usize,
    },
}

/// Demands a majority of distinct voters over exactly this proposal (docs/protocol.md, T5).
pub fn check_quorum(
    voters: &Voters,
    proposal: &Proposal,
    endorsements: &[Endorsement],
) -> Result<(), QuorumError> {
    if proposal.voters != voters.hash() {
        return Err(QuorumError::Voters { found: proposal.voters, expected: voters.hash() });
    }
    let statement = proposal.endorsement_statement();
    for (at, endorsement) in endorsements.iter().enumerate() {
        let name = &endorsement.voter;
        if endorsements[..at].iter().any(|other| other.voter == *name) {
            return Err(QuorumError::Twice(name.clone()));
        }
        let voter = voters.find(name).ok_or_else(|| QuorumError::Stranger(name.clone()))?;
        if !voter.key.verifies(&statement, &endorsement.signature) {
            return Err(QuorumError::Signature(name.clone()));
        }
    }
    let (found, majority) = (endorsements.len(), voters.majority());
    if found < majority {
        return Err(QuorumError::TooFew { found, voters: voters.len(), majority });
    }
    Ok(())
}
