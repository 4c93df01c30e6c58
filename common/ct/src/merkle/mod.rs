//! The Merkle tree of RFC 6962 §2.1: hashing, growing, proving, verifying.
//!
//! A proof is made in two steps: [`plan`] says which nodes it needs, the owner of the nodes fetches them, and
//! [`plan::Plan::finish`] puts them together. So no part of this module reads anything.

pub mod compact;
pub mod plan;
#[cfg(test)]
mod reference;
mod relation;
#[cfg(test)]
mod tests;
pub mod verify;

use crate::hash::{LeafHash, NodeHash, RootHash, sha256};

/// The root of the tree without entries: `H("")`.
pub const EMPTY_ROOT: RootHash = RootHash::new([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// `H(00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> LeafHash {
    LeafHash::new(sha256(&[&[0], leaf]))
}

/// `H(01 ‖ left ‖ right)`.
pub fn node_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(left.as_bytes());
    input[33..].copy_from_slice(right.as_bytes());
    NodeHash::new(sha256(&[&input]))
}
