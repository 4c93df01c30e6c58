//! The bodies of the API (RFC 6962 §4). Binary fields are base64.

use ct::hash::{Base64, LeafHash, NodeHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::leaf_hash;
use ct::sct::DigitallySigned;
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use serde::Deserialize;

/// add-chain and add-pre-chain: an SCT.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AddChain {
    /// 0 for version 1.
    pub sct_version: u8,
    /// The log's ID.
    pub id: Base64,
    /// When it promised.
    pub timestamp: Timestamp,
    /// Extensions, as signed.
    pub extensions: Base64,
    /// The signature.
    pub signature: DigitallySigned,
}

/// get-sth.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GetSth {
    tree_size: TreeSize,
    timestamp: Timestamp,
    sha256_root_hash: Base64,
    tree_head_signature: DigitallySigned,
}

impl GetSth {
    /// The STH; nothing in it is verified yet.
    pub fn into_sth(self) -> Result<Sth, String> {
        let root_hash = RootHash::new(hash(&self.sha256_root_hash)?);
        let head = TreeHead { timestamp: self.timestamp, tree_size: self.tree_size, root_hash };
        Ok(Sth { head, tree_head_signature: self.tree_head_signature })
    }
}

/// get-proof-by-hash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProofByHash {
    /// Where the leaf is.
    pub leaf_index: LeafIndex,
    audit_path: Vec<Base64>,
}

impl ProofByHash {
    /// The nodes of the proof.
    pub fn path(&self) -> Result<Vec<NodeHash>, String> {
        nodes(&self.audit_path)
    }
}

/// get-sth-consistency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GetConsistency {
    consistency: Vec<Base64>,
}

impl GetConsistency {
    /// The nodes of the proof.
    pub fn path(&self) -> Result<Vec<NodeHash>, String> {
        nodes(&self.consistency)
    }
}

/// What get-entries and get-entry-and-proof say of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EntryBody {
    /// The leaf, encoded.
    pub leaf_input: Base64,
    /// The chain, and the precertificate if there is one.
    pub extra_data: Base64,
}

impl EntryBody {
    /// The leaf hash of what is claimed to be a leaf.
    pub fn leaf_hash(&self) -> LeafHash {
        leaf_hash(&self.leaf_input.0)
    }
}

/// get-entries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GetEntries {
    /// A run of entries.
    pub entries: Vec<EntryBody>,
}

/// get-entry-and-proof.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EntryAndProof {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryBody,
    audit_path: Vec<Base64>,
}

impl EntryAndProof {
    /// The nodes of the proof.
    pub fn path(&self) -> Result<Vec<NodeHash>, String> {
        nodes(&self.audit_path)
    }
}

/// get-roots.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GetRoots {
    /// The accepted roots, DER.
    pub certificates: Vec<Base64>,
}

fn hash(bytes: &Base64) -> Result<[u8; 32], String> {
    bytes.0.as_slice().try_into().map_err(|_| format!("a hash of {} bytes, not 32", bytes.0.len()))
}

/// Most nodes that a proof about trees of at most 2⁵³ entries can need, and one more.
const MAX_NODES: usize = 64;

fn nodes(list: &[Base64]) -> Result<Vec<NodeHash>, String> {
    if list.len() > MAX_NODES {
        return Err(format!("a proof of {} nodes, no tree needs more than {MAX_NODES}", list.len()));
    }
    list.iter().map(|node| hash(node).map(NodeHash::new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_head_of_the_api_becomes_an_sth() {
        let text = r#"{"tree_size":0,"timestamp":1700000000000,"tree_head_signature":"BAMAAQA=",
            "sha256_root_hash":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}"#;
        let sth = serde_json::from_str::<GetSth>(text).unwrap().into_sth().unwrap();
        assert_eq!(sth.head.root_hash, ct::merkle::EMPTY_ROOT);
        let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let short: GetSth = serde_json::from_str(&text.replace(root, "AAAA")).unwrap();
        assert!(short.into_sth().is_err());
        assert!(serde_json::from_str::<GetSth>(&text.replace("1700000000000", "\"1\"")).is_err());
    }
}
