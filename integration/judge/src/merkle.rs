//! The Merkle tree of RFC 6962 §2.1: hashes, roots, and the verification of both kinds of proof.
//!
//! The generators follow the recursive definitions word by word and are slow on purpose; the verifiers are the
//! iterative ones a client would use, so that neither can hide a mistake in the other.

use sha2::{Digest, Sha256};

use crate::error::{JudgeError, Result, expect_bytes};

/// A SHA-256 output.
pub type Hash = [u8; 32];

/// SHA-256.
pub fn sha256(data: &[u8]) -> Hash {
    Sha256::digest(data).into()
}

/// Hash of a leaf: 0x00, then the MerkleTreeLeaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// Hash of an interior node: 0x01, left, right.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// `MTH(D[n])` over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// `PATH(m, D[n])`, leaf side first; `index` must be below the number of leaves.
pub fn audit_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        let mut path = audit_path(index, left);
        path.push(root(right));
        path
    } else {
        let mut path = audit_path(index - left.len(), right);
        path.push(root(left));
        path
    }
}

/// `PROOF(m, D[n])`; empty for m = 0 and m = n.
pub fn consistency_proof(first: usize, leaves: &[Hash]) -> Vec<Hash> {
    if first == 0 || first >= leaves.len() { Vec::new() } else { subproof(first, leaves, true) }
}

fn subproof(first: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if first == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if first <= left.len() {
        let mut proof = subproof(first, left, whole);
        proof.push(root(right));
        proof
    } else {
        let mut proof = subproof(first - left.len(), right, false);
        proof.push(root(left));
        proof
    }
}

/// The largest power of two smaller than `count`, which must be at least two.
fn split(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// Checks that `leaf` is entry `index` of the tree with this size and root.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, path: &[Hash], root: &Hash) -> Result<()> {
    if index >= size {
        return Err(JudgeError::wrong("leaf_index", format!("below tree size {size}"), index));
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(wrong_length("audit_path", path.len()));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length("audit_path", path.len()));
    }
    expect_bytes(&format!("root computed from the audit_path of leaf {index} in size {size}"), root, &hash)
}

/// Checks that the tree (`first`, `first_root`) is a prefix of the tree (`second`, `second_root`).
pub fn verify_consistency(
    first: u64,
    second: u64,
    first_root: &Hash,
    second_root: &Hash,
    proof: &[Hash],
) -> Result<()> {
    if first > second {
        return Err(JudgeError::wrong("tree sizes", format!("at most {second}"), first));
    }
    if first == second || first == 0 {
        if !proof.is_empty() {
            return Err(wrong_length("consistency", proof.len()));
        }
        return if first == 0 {
            Ok(())
        } else {
            expect_bytes("root of equal sizes", first_root, second_root)
        };
    }
    let mut nodes = proof.to_vec();
    if first.is_power_of_two() {
        nodes.insert(0, *first_root);
    }
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut nodes = nodes.iter();
    let seed = nodes.next().ok_or_else(|| wrong_length("consistency", 0))?;
    let (mut old, mut new) = (*seed, *seed);
    for sibling in nodes {
        if last == 0 {
            return Err(wrong_length("consistency", proof.len()));
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length("consistency", proof.len()));
    }
    expect_bytes(&format!("older root ({first}) computed from the consistency proof"), first_root, &old)?;
    expect_bytes(&format!("newer root ({second}) computed from the consistency proof"), second_root, &new)
}

fn wrong_length(field: &str, found: usize) -> JudgeError {
    JudgeError::wrong(format!("{field} length"), "one node per level", found)
}
