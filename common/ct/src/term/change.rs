//! What a certificate changes besides term and primary: one thing at most, so that any majority of the old voters meets any
//! majority of the new ones (docs/protocol.md, T7, T13, T14).

use super::release::SignedRelease;
use super::voters::{FormerVoter, Incarnation, Voter, Voters, VotersError};
use super::word::OperatorWord;
use crate::index::Term;
use crate::names::NodeName;
use crate::node_key::NodeKey;
use serde::{Deserialize, Serialize};

/// The one thing that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", deny_unknown_fields)]
pub enum Change {
    /// Neither who votes nor who signs.
    Nothing,
    /// A voter whose state was lost votes with a new one.
    Rejoin {
        /// Which.
        node: NodeName,
        /// Its new state.
        incarnation: Incarnation,
    },
    /// One more node votes.
    Join {
        /// Which.
        node: NodeName,
        /// Its key.
        key: NodeKey,
        /// Its state.
        incarnation: Incarnation,
    },
    /// A node votes no more.
    Leave {
        /// Which.
        node: NodeName,
    },
    /// The right to sign STHs moves.
    MoveSigner {
        /// To whom.
        to: NodeName,
        /// Its key.
        key: NodeKey,
        /// The old signer's last word; without it, so many voters were stopped that the old one finds no quorum any more.
        release: Option<Box<SignedRelease>>,
    },
    /// A majority of the voters lost their disks: these vote from now on, and what was published goes on by a person's word.
    FromFrontends {
        /// Who, with the states that they have; all join with this term.
        voters: Voters,
        /// The word; none before it is given.
        word: Option<Box<OperatorWord>>,
    },
}

/// Why a change cannot be made to a voter list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "not_possible")]
pub enum ChangeError {
    /// It does not vote.
    #[error("change: {node} is no voter")]
    NoVoter {
        /// Which.
        node: NodeName,
    },
    /// It votes with this very state.
    #[error("change: {node} votes with this state already")]
    SameState {
        /// Which.
        node: NodeName,
    },
    /// The list would not be one.
    #[error("change: {reason}")]
    List {
        /// Why.
        reason: String,
    },
}

impl From<VotersError> for ChangeError {
    fn from(error: VotersError) -> Self {
        Self::List { reason: error.to_string() }
    }
}

impl Change {
    /// Whether this changes who votes or who signs, so that nodes must hear of it in its place.
    pub const fn is_something(&self) -> bool {
        !matches!(self, Change::Nothing)
    }

    /// Who votes from `term` on.
    ///
    /// # Errors
    /// The change is none of this list.
    pub fn voters(&self, before: &Voters, term: Term) -> Result<Voters, ChangeError> {
        let known = |node: &NodeName| {
            before.find(node).cloned().ok_or_else(|| ChangeError::NoVoter { node: node.clone() })
        };
        let without =
            |node: &NodeName| before.iter().filter(|voter| voter.name != *node).cloned().collect::<Vec<_>>();
        match self {
            Change::Nothing | Change::MoveSigner { .. } => Ok(before.clone()),
            Change::Rejoin { node, incarnation } => {
                let old = known(node)?;
                if old.incarnation == *incarnation {
                    return Err(ChangeError::SameState { node: node.clone() });
                }
                let new = Voter { incarnation: *incarnation, joining_term: term, ..old };
                Ok(Voters::new([without(node), vec![new]].concat())?)
            }
            Change::Join { node, key, incarnation } => {
                let new =
                    Voter { name: node.clone(), key: *key, incarnation: *incarnation, joining_term: term };
                Ok(Voters::new(before.iter().cloned().chain([new]).collect())?)
            }
            Change::Leave { node } => {
                known(node)?;
                Ok(Voters::new(without(node))?)
            }
            Change::FromFrontends { voters, .. } => {
                // What they endorsed before counts for nothing: a majority of what was known is gone.
                match voters.iter().find(|voter| voter.joining_term != term) {
                    Some(voter) => Err(ChangeError::List {
                        reason: format!("{} joins in term {}, not in {term}", voter.name, voter.joining_term),
                    }),
                    None => Ok(voters.clone()),
                }
            }
        }
    }

    /// Who voted before, once this change is made.
    pub fn former(&self, before: &Voters, former: &[FormerVoter]) -> Vec<FormerVoter> {
        let leaves = |voter: &&Voter| match self {
            Change::Leave { node } => voter.name == *node,
            Change::FromFrontends { voters, .. } => {
                voters.find(&voter.name).is_none_or(|stays| stays.key != voter.key)
            }
            _ => false,
        };
        let left = before.iter().filter(leaves);
        let left = left.map(|voter| FormerVoter { name: voter.name.clone(), key: voter.key });
        former.iter().cloned().chain(left).collect()
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Change::Nothing => write!(f, "nothing else"),
            Change::Rejoin { node, .. } => write!(f, "{node} votes with its new state"),
            Change::Join { node, .. } => write!(f, "{node} votes as well"),
            Change::Leave { node } => write!(f, "{node} votes no more"),
            Change::MoveSigner { to, .. } => write!(f, "{to} signs tree heads"),
            Change::FromFrontends { voters, .. } => {
                let names: Vec<_> = voters.iter().map(|voter| voter.name.as_str()).collect();
                write!(f, "{} vote, by an operator's word", names.join(", "))
            }
        }
    }
}
