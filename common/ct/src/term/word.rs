//! A person's word for a term that no majority of voters can begin, for their disks are lost (docs/protocol.md, T16).

use super::certificate::TermBody;
use crate::node_key::{NodeKey, NodeSignature, NodeSigningKey, Statement};
use serde::{Deserialize, Serialize};

/// An operator's signature under what a certificate says: its log, run and term, where it starts, who is primary, and who votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorWord {
    /// Whose.
    pub operator: NodeKey,
    /// The signature.
    pub signature: NodeSignature,
}

fn statement(body: &TermBody) -> Statement {
    let start = &body.start_head;
    Statement::new("wolffish/from-frontends/v1")
        .fixed(body.log_id.as_ref())
        .fixed(body.run.as_ref())
        .number(body.term.get())
        .text(body.primary.as_str().as_bytes())
        .number(start.size.get())
        .fixed(start.root.as_ref())
        .fixed(start.internal_root.as_ref())
        .fixed(body.voters.hash().as_ref())
}

impl OperatorWord {
    /// Gives it.
    pub fn sign(body: &TermBody, key: &NodeSigningKey) -> Self {
        Self { operator: key.public(), signature: key.sign(&statement(body)) }
    }

    /// Whether it is that of one of these operators, for this certificate.
    pub fn is_of(&self, operators: &[NodeKey], body: &TermBody) -> bool {
        operators.contains(&self.operator) && self.operator.verifies(&statement(body), &self.signature)
    }
}
