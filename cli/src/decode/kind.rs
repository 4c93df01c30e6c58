//! What can be decoded, and telling it apart.

use super::fault::Fault;
use clap::ValueEnum;
use ct::entry::Leaf;
use ct::hash::hex;
use ct::sct::{Sct, parse_sct_list};
use ct::sth::{STH_INPUT_LEN, TreeHead};
use serde_json::Value;
use std::fmt;

/// A structure of RFC 6962.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// MerkleTreeLeaf
    Leaf,
    /// SignedCertificateTimestamp, or the answer of add-chain
    Sct,
    /// SignedCertificateTimestampList
    SctList,
    /// The answer of get-sth, or the 50 bytes that an STH signs
    Sth,
    /// Certificates
    Chain,
    /// The answer of get-entries or get-entry-and-proof
    Entries,
}

impl Kind {
    /// The name, as --as has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Leaf => "leaf",
            Kind::Sct => "sct",
            Kind::SctList => "sct-list",
            Kind::Sth => "sth",
            Kind::Chain => "chain",
            Kind::Entries => "entries",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing to decode.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Certificates, DER.
    Certificates(Vec<Vec<u8>>),
    /// JSON.
    Json(Value),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Item {
    /// What this is, or seems to be. Whether it is, decoding tells.
    pub fn kind(&self) -> Result<Kind, Fault> {
        match self {
            Item::Certificates(_) => Ok(Kind::Chain),
            Item::Json(value) => of_json(value),
            Item::Bytes(bytes) => of_bytes(bytes),
        }
    }

    /// What form it has.
    pub const fn form(&self) -> &'static str {
        match self {
            Item::Certificates(_) => "PEM certificates",
            Item::Json(_) => "JSON",
            Item::Bytes(_) => "bytes",
        }
    }
}

fn of_json(value: &Value) -> Result<Kind, Fault> {
    let has = |field: &str| value.get(field).is_some();
    if has("wolffish_evidence") {
        return Err(Fault::new("evidence against a log: `wolffish verify evidence` judges it"));
    }
    let known = [
        (has("entries") || has("leaf_input") && has("extra_data"), Kind::Entries),
        (has("leaf_input"), Kind::Leaf),
        (has("tree_head_signature"), Kind::Sth),
        (has("sct_version"), Kind::Sct),
        (has("chain") || has("certificates"), Kind::Chain),
    ];
    known
        .into_iter()
        .find_map(|(found, kind)| found.then_some(kind))
        .ok_or_else(|| Fault::new("JSON that is no answer of a log which can be decoded"))
}

fn of_bytes(bytes: &[u8]) -> Result<Kind, Fault> {
    /// A SEQUENCE, as every certificate is one.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(Kind::Chain);
    }
    let decodes = [
        (Leaf::decode(bytes).is_ok(), Kind::Leaf),
        (TreeHead::from_input(bytes).is_ok(), Kind::Sth),
        (parse_sct_list(bytes).is_ok(), Kind::SctList),
        (Sct::decode(bytes).is_ok(), Kind::Sct),
    ];
    if let Some((_, kind)) = decodes.into_iter().find(|(decodes, _)| *decodes) {
        return Ok(kind);
    }
    // None of them; then the one that it begins like, so that its fault can be told.
    match bytes {
        [0, 1, ..] if bytes.len() == STH_INPUT_LEN => Ok(Kind::Sth),
        [high, low, rest @ ..] if usize::from(u16::from_be_bytes([*high, *low])) == rest.len() => {
            Ok(Kind::SctList)
        }
        [0, 0, ..] => Ok(Kind::Leaf),
        [0, ..] => Ok(Kind::Sct),
        _ => {
            let start = hex(&bytes[..bytes.len().min(8)]);
            Err(Fault::new(format!(
                "{} bytes that are nothing known; they begin with {start:?}",
                bytes.len()
            )))
        }
    }
}
