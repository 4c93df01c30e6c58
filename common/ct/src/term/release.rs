//! The last word of a signer that gives up the right to sign STHs (docs/protocol.md, T14, G10).

use super::voters::RunId;
use crate::hash::LogId;
use crate::index::Term;
use crate::names::NodeName;
use crate::node_key::{NodeKey, NodeSignature, NodeSigningKey, Statement};
use crate::sth::Sth;
use serde::{Deserialize, Serialize};

/// What a signer says when it gives up the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The log.
    pub log_id: LogId,
    /// The run of repair that asked.
    pub run: RunId,
    /// It signs no STH for a term below this one again.
    pub term: Term,
    /// Who gives it up.
    pub signer: NodeName,
    /// The last STH that it signed; none if it signed none.
    pub last: Option<Sth>,
}

/// A release under its signer's node key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRelease {
    /// The release.
    pub release: Release,
    /// The signer's signature.
    pub signature: NodeSignature,
}

impl Release {
    fn statement(&self) -> Statement {
        let json = serde_json::to_vec(self).expect("a release has string keys only, so it has a JSON form");
        Statement::new("wolffish/release/v1").text(&json)
    }

    /// Signs the release.
    pub fn sign(self, key: &NodeSigningKey) -> SignedRelease {
        let signature = key.sign(&self.statement());
        SignedRelease { release: self, signature }
    }
}

impl SignedRelease {
    /// Whether it is this signer's, for this run.
    pub fn is_of(&self, log_id: LogId, run: RunId, term: Term, signer: &NodeName, key: &NodeKey) -> bool {
        let release = &self.release;
        (release.log_id, release.run, release.term, &release.signer) == (log_id, run, term, signer)
            && key.verifies(&release.statement(), &self.signature)
    }
}
