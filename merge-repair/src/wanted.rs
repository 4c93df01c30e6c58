//! What a person wants changed: by name, before anybody was asked.

use crate::plan::NoPlan;
use crate::scan::Scan;
use ct::names::NodeName;
use ct::node_key::NodeKey;
use ct::term::{Change, Guard, Incarnation};
use ct::wire::status::Detail;

/// A change, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Another primary, and nothing else.
    Primary,
    /// A merge node that lost its state is to vote again.
    Rejoin(NodeName),
    /// A merge node is to vote that did not.
    Join(NodeName, NodeKey),
    /// A merge node is to vote no more.
    Leave(NodeName),
    /// Another signer is to sign tree heads.
    MoveSigner(NodeName, NodeKey),
}

impl Wanted {
    /// The change that it is, from the certificate in force and what the nodes say.
    ///
    /// # Errors
    /// It is so already, or the node that it is about does not answer.
    pub fn change(&self, guard: &Guard, scan: &Scan) -> Result<Change, NoPlan> {
        let body = &guard.certificate().body;
        let done = |what: String| Err(NoPlan::Done { what });
        match self {
            Wanted::Primary => Ok(Change::Nothing),
            Wanted::Rejoin(node) => {
                let incarnation = state_of(node, scan)?;
                if guard.votes(node, incarnation) {
                    return done(format!("{node} votes with the state that it has"));
                }
                Ok(Change::Rejoin { node: node.clone(), incarnation })
            }
            Wanted::Join(node, _) if body.voters.find(node).is_some() => {
                done(format!("{node} votes already"))
            }
            Wanted::Join(node, key) => {
                let incarnation = state_of(node, scan)?;
                Ok(Change::Join { node: node.clone(), key: *key, incarnation })
            }
            Wanted::Leave(node) if body.voters.find(node).is_none() => done(format!("{node} does not vote")),
            Wanted::Leave(node) => Ok(Change::Leave { node: node.clone() }),
            Wanted::MoveSigner(to, _) if body.sth_signer == *to => {
                done(format!("{to} signs tree heads already"))
            }
            Wanted::MoveSigner(to, key) => {
                answers(to, scan)?;
                Ok(Change::MoveSigner { to: to.clone(), key: *key, release: None })
            }
        }
    }
}

fn answers<'a>(node: &NodeName, scan: &'a Scan) -> Result<&'a Detail, NoPlan> {
    let unreachable = |why: &str| NoPlan::Unreachable { node: node.clone(), why: why.to_owned() };
    let look = scan.looks.iter().find(|look| look.node == *node);
    let look = look.ok_or_else(|| unreachable("cluster.toml does not list it"))?;
    look.answer.as_ref().map(|status| &status.detail).map_err(|why| unreachable(why))
}

fn state_of(node: &NodeName, scan: &Scan) -> Result<Incarnation, NoPlan> {
    match answers(node, scan)? {
        Detail::Merge { incarnation, .. } => Ok(*incarnation),
        _ => Err(NoPlan::Unreachable { node: node.clone(), why: "it is no merge node".to_owned() }),
    }
}
