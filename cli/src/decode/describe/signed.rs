//! SCTs and STHs.

use super::super::fault::Fault;
use super::super::model::Node;
use super::value;
use client::{AddChain, GetSth};
use ct::hash::LogId;
use ct::sct::{DigitallySigned, Sct, parse_sct_list};
use ct::sth::TreeHead;
use ct::tls::DecodeError;
use serde_json::Value;

fn signature(signed: &DigitallySigned) -> Node {
    Node::Fields(vec![
        ("hash", "SHA-256".into()),
        ("algorithm", signed.algorithm().name().into()),
        ("bytes", Node::bytes(signed.signature())),
    ])
}

fn fields(sct: &Sct) -> Node {
    Node::Fields(vec![
        ("version", Node::Number(1)),
        ("log_id", Node::bytes(sct.log_id)),
        ("timestamp", Node::Moment(sct.timestamp)),
        ("extensions", Node::bytes(&sct.extensions)),
        ("signature", signature(&sct.signature)),
    ])
}

/// An SCT as TLS encodes it.
pub fn sct(bytes: &[u8]) -> Result<Node, Fault> {
    Ok(fields(&Sct::decode(bytes)?))
}

/// An SCT as add-chain answers it.
pub fn add_chain(json: &Value) -> Result<Node, Fault> {
    Ok(fields(&read_add_chain(json)?))
}

/// Reads add-chain's answer.
pub fn read_add_chain(json: &Value) -> Result<Sct, Fault> {
    let answer: AddChain = value(json)?;
    if answer.sct_version != 0 {
        return Err(Fault::new(format!("sct_version: {}, expected 0", answer.sct_version)));
    }
    let id: [u8; 32] = answer
        .id
        .0
        .try_into()
        .map_err(|id: Vec<u8>| Fault::new(format!("id: {} bytes, a log ID has 32", id.len())))?;
    Ok(Sct {
        log_id: LogId::new(id),
        timestamp: answer.timestamp,
        extensions: answer.extensions.0,
        signature: answer.signature,
    })
}

/// A list of SCTs. One of another version is shown as bytes, as RFC 6962 §3.3 wants it passed over.
pub fn sct_list(bytes: &[u8]) -> Result<Node, Fault> {
    /// Offset of the first SCT in a list: the length of the list, and its own.
    const FIRST: usize = 4;
    let mut at = FIRST;
    let mut scts = Vec::new();
    for encoded in parse_sct_list(bytes)? {
        let shown = match Sct::decode(encoded) {
            Ok(sct) => fields(&sct),
            Err(DecodeError::Value { field: "sct_version", found, .. }) => {
                Node::Fields(vec![("version", Node::Number(found + 1)), ("bytes", Node::bytes(encoded))])
            }
            Err(error) => {
                return Err(Fault::from(error.shifted(at)).within(format_args!("SCT {}", scts.len() + 1)));
            }
        };
        scts.push(shown);
        at += encoded.len() + 2;
    }
    Ok(Node::Fields(vec![("sct", Node::List(scts))]))
}

fn head(head: &TreeHead) -> Vec<(&'static str, Node)> {
    vec![
        ("tree_size", Node::Number(head.tree_size.get())),
        ("timestamp", Node::Moment(head.timestamp)),
        ("root_hash", Node::bytes(head.root_hash)),
    ]
}

/// The bytes that an STH signs.
pub fn tree_head(bytes: &[u8]) -> Result<Node, Fault> {
    Ok(Node::Fields(head(&TreeHead::from_input(bytes)?)))
}

/// An STH as get-sth answers it.
pub fn sth(json: &Value) -> Result<Node, Fault> {
    let sth = value::<GetSth>(json)?.into_sth().map_err(Fault::new)?;
    let mut fields = head(&sth.head);
    fields.push(("signature", signature(&sth.tree_head_signature)));
    Ok(Node::Fields(fields))
}
