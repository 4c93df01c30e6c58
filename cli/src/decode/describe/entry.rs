//! Leaves, and what get-entries gives beside them.

use super::super::fault::Fault;
use super::super::model::Node;
use super::certificate::{certificate, tbs};
use super::{field, value};
use client::EntryBody;
use client::entry::Parts;
use ct::entry::{Leaf, SignedEntry};
use ct::merkle::leaf_hash;
use ct::tls::DecodeError;
use ct::x509::Certificate;
use serde_json::Value;

/// A MerkleTreeLeaf.
pub fn leaf(bytes: &[u8]) -> Result<Node, Fault> {
    Ok(Node::Fields(fields(&Leaf::decode(bytes)?, bytes)))
}

fn fields(leaf: &Leaf, bytes: &[u8]) -> Vec<(&'static str, Node)> {
    let mut fields = vec![
        ("entry_type", kind(&leaf.entry).into()),
        ("timestamp", Node::Moment(leaf.timestamp)),
        ("leaf_hash", Node::bytes(leaf_hash(bytes))),
        ("extensions", Node::bytes(&leaf.extensions)),
    ];
    match &leaf.entry {
        SignedEntry::X509 { certificate } => fields.push(("certificate", readable(certificate))),
        SignedEntry::Precert { issuer_key_hash, tbs_certificate } => {
            fields.push(("issuer_key_hash", Node::bytes(issuer_key_hash)));
            fields.push(("tbs_certificate", Node::Fields(tbs(tbs_certificate))));
        }
    }
    fields
}

const fn kind(entry: &SignedEntry) -> &'static str {
    match entry {
        SignedEntry::X509 { .. } => "x509",
        SignedEntry::Precert { .. } => "precert",
    }
}

/// A certificate inside something else: a log may hold what cannot be read, and the rest is still worth showing.
fn readable(der: &[u8]) -> Node {
    certificate(der).unwrap_or_else(|fault| {
        Node::Fields(vec![("unreadable", fault.to_string().as_str().into()), ("bytes", Node::bytes(der))])
    })
}

/// get-entries, or one entry of it.
pub fn entries(json: &Value) -> Result<Node, Fault> {
    if json.get("entries").is_none() {
        return entry(&value(json)?);
    }
    let bodies: Vec<EntryBody> = field(json, "entries")?;
    let one = |(at, body): (usize, &EntryBody)| {
        entry(body).map_err(|fault| fault.within(format_args!("entries[{at}]")))
    };
    Ok(Node::Fields(vec![(
        "entry",
        Node::List(bodies.iter().enumerate().map(one).collect::<Result<_, _>>()?),
    )]))
}

fn entry(body: &EntryBody) -> Result<Node, Fault> {
    let in_part = |part: &'static str| move |error: DecodeError| Fault::from(error).within(part);
    let leaf = Leaf::decode(&body.leaf_input.0).map_err(in_part("leaf_input"))?;
    let parts = Parts::read(body).map_err(in_part("extra_data"))?;
    let mut fields = fields(&leaf, &body.leaf_input.0);
    if let Some(precertificate) = &parts.precertificate {
        fields.push(("precertificate", readable(precertificate)));
    }
    fields.push(("issuer", Node::List(parts.chain.iter().map(|der| issuer(der)).collect())));
    Ok(Node::Fields(fields))
}

/// A certificate of the chain, in short.
fn issuer(der: &[u8]) -> Node {
    match Certificate::parse(der) {
        Ok(certificate) => {
            let mut fields: Vec<_> =
                tbs(certificate.tbs()).into_iter().filter(|(name, _)| *name == "subject").collect();
            fields.push(("fingerprint", certificate.fingerprint().to_string().as_str().into()));
            Node::Fields(fields)
        }
        Err(_) => readable(der),
    }
}
