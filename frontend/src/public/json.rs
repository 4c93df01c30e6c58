//! Bodies in JSON, written by hand into one buffer: the order of the fields is CTFE's, lists are never `null`, and there is
//! no space anywhere.

use super::base64::{encode, encode_to};
use ct::hash::{HASH_LEN, NodeHash};
use ct::index::LeafIndex;
use ct::sct::Sct;
use ct::sth::Sth;
use std::io::Write as _;
use store::log::Served;

/// Length of a hash in base64, quoted, with a comma.
const HASH_TEXT: usize = HASH_LEN.div_ceil(3) * 4 + 3;

/// The answer of add-chain and add-pre-chain (RFC 6962 §4.1).
pub fn sct_body(sct: &Sct) -> String {
    format!(
        r#"{{"sct_version":0,"id":"{}","timestamp":{},"extensions":"{}","signature":"{}"}}"#,
        encode(sct.log_id.as_ref()),
        sct.timestamp.millis(),
        encode(&sct.extensions),
        encode(&sct.signature.encode()),
    )
}

/// The answer of get-sth (RFC 6962 §4.3).
pub fn sth_body(sth: &Sth) -> String {
    format!(
        r#"{{"tree_size":{},"timestamp":{},"sha256_root_hash":"{}","tree_head_signature":"{}"}}"#,
        sth.head.tree_size,
        sth.head.timestamp.millis(),
        encode(sth.head.root_hash.as_ref()),
        encode(&sth.tree_head_signature.encode()),
    )
}

fn hashes(out: &mut Vec<u8>, hashes: &[NodeHash]) {
    out.push(b'[');
    for (at, hash) in hashes.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
        encode_to(out, hash.as_ref());
        out.push(b'"');
    }
    out.push(b']');
}

/// The answer of get-sth-consistency (RFC 6962 §4.4).
pub fn consistency_body(path: &[NodeHash]) -> Vec<u8> {
    let mut out = Vec::with_capacity(20 + path.len() * HASH_TEXT);
    out.extend_from_slice(br#"{"consistency":"#);
    hashes(&mut out, path);
    out.push(b'}');
    out
}

/// The answer of get-proof-by-hash (RFC 6962 §4.5).
pub fn proof_body(index: LeafIndex, path: &[NodeHash]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + path.len() * HASH_TEXT);
    // Writing into memory cannot fail.
    let _ = write!(out, r#"{{"leaf_index":{index},"audit_path":"#);
    hashes(&mut out, path);
    out.push(b'}');
    out
}

fn entry(out: &mut Vec<u8>, entry: &Served) {
    out.extend_from_slice(br#"{"leaf_input":""#);
    encode_to(out, &entry.leaf);
    out.extend_from_slice(br#"","extra_data":""#);
    encode_to(out, &entry.extra);
    out.push(b'"');
}

/// The answer of get-entries (RFC 6962 §4.6).
pub fn entries_body(entries: &[Served]) -> Vec<u8> {
    let text: usize = entries.iter().map(|e| (e.leaf.len() + e.extra.len()).div_ceil(3) * 4 + 48).sum();
    let mut out = Vec::with_capacity(text + 16);
    out.extend_from_slice(br#"{"entries":["#);
    for (at, served) in entries.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        entry(&mut out, served);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

/// The answer of get-entry-and-proof (RFC 6962 §4.8).
pub fn entry_and_proof_body(served: &Served, path: &[NodeHash]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity((served.leaf.len() + served.extra.len()) * 4 / 3 + 64 + path.len() * HASH_TEXT);
    entry(&mut out, served);
    out.extend_from_slice(br#","audit_path":"#);
    hashes(&mut out, path);
    out.push(b'}');
    out
}

/// The answer of get-roots (RFC 6962 §4.7).
pub fn roots_body<'a>(roots: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = br#"{"certificates":["#.to_vec();
    for (at, der) in roots.enumerate() {
        out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
        encode_to(&mut out, der);
        out.push(b'"');
    }
    out.extend_from_slice(b"]}");
    out
}

#[cfg(test)]
mod tests;
