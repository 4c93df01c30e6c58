//! Who may vote. The list is state, carried by certificates; configuration cannot change it.

use crate::bytes_newtype;
use crate::hash::{VotersHash, sha256};
use crate::index::Term;
use crate::names::NodeName;
use crate::node_key::{NodeKey, Statement};
use serde::{Deserialize, Serialize};

bytes_newtype!(
    /// A random number made by `init`: tells a node's state from the state of its predecessor on the same machine.
    Incarnation, 16
);
bytes_newtype!(
    /// One run of the repair process.
    RunId, 16
);

/// A merge node that votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voter {
    /// Its name.
    pub name: NodeName,
    /// Its key.
    pub key: NodeKey,
    /// Which state of it votes.
    pub incarnation: Incarnation,
    /// The term in which it joined: its Stop replies count only if its accepted term is not below it. Zero for the
    /// nodes with which the log began.
    pub joining_term: Term,
}

/// A node that voted once. Heads that were accepted of it as a primary are still backed by its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerVoter {
    /// Its name.
    pub name: NodeName,
    /// The key that it had.
    pub key: NodeKey,
}

/// A list of voters, sorted by name, without doubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Voters(Vec<Voter>);

/// Why a list is not a voter list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VotersError {
    /// Nobody can vote.
    #[error("voters: the list is empty")]
    Empty,
    /// One node twice, by name or key.
    #[error("voters: {0} stands there twice, by name or by key")]
    Double(NodeName),
}

impl Voters {
    /// Sorts and checks a list.
    pub fn new(mut voters: Vec<Voter>) -> Result<Self, VotersError> {
        voters.sort_by(|a, b| a.name.cmp(&b.name));
        for (at, voter) in voters.iter().enumerate() {
            if voters[..at].iter().any(|other| other.name == voter.name || other.key == voter.key) {
                return Err(VotersError::Double(voter.name.clone()));
            }
        }
        if voters.is_empty() { Err(VotersError::Empty) } else { Ok(Self(voters)) }
    }

    /// The voters, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Voter> {
        self.0.iter()
    }
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
    /// Never: a list has at least one voter.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The least number of voters any two sets of which share one.
    pub const fn majority(&self) -> usize {
        self.0.len() / 2 + 1
    }
    /// The voter of this name.
    pub fn find(&self, name: &NodeName) -> Option<&Voter> {
        self.0.iter().find(|voter| voter.name == *name)
    }
    /// Hash of the whole list, incarnations and joining terms included.
    pub fn hash(&self) -> VotersHash {
        let mut list = Statement::new("wolffish/voters/v1").number(self.0.len() as u64);
        for voter in &self.0 {
            list = list
                .text(voter.name.as_str().as_bytes())
                .fixed(voter.key.as_ref())
                .fixed(voter.incarnation.as_ref())
                .number(voter.joining_term.get());
        }
        VotersHash::new(sha256(&[list.bytes()]))
    }
}

impl<'de> Deserialize<'de> for Voters {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
