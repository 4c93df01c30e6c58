//! `verify inclusion`.

use super::head::{self, Failed};
use super::report::Checked;
use super::{Scene, shape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{Base64, HASH_LEN, LeafHash, NodeHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::{leaf_hash, verify};
use serde::Deserialize;
use serde_json::Value;

/// What `wolffish get proof --json` and `wolffish get entries --json` print, as far as it is checked.
#[derive(Deserialize)]
struct Inclusion {
    #[serde(default)]
    leaf_hash: Option<Base64>,
    #[serde(default)]
    leaf_input: Option<Base64>,
    #[serde(alias = "index")]
    leaf_index: LeafIndex,
    #[serde(default)]
    tree_size: Option<TreeSize>,
    audit_path: Vec<Base64>,
    sth: Value,
}

/// Checks that an entry is in a signed tree.
pub fn check(value: &Value, scene: &Scene) -> Checked {
    let unread = |why: String| Checked::under("inclusion", None, Err(why));
    let proof: Inclusion = match shape(value) {
        Ok(proof) => proof,
        Err(why) => return unread(why),
    };
    match prove(&proof, scene) {
        Ok((log, why)) => Checked::under(proof.what(), Some(log), Ok(why)),
        Err((log, why)) => Checked::under(proof.what(), log, Err(why)),
    }
}

fn prove<'a>(proof: &Inclusion, scene: &'a Scene) -> Result<(&'a super::keys::KnownLog, String), Failed<'a>> {
    let (log, head) = head::signed(&proof.sth, scene).map_err(|(log, why)| (log, format!("sth: {why}")))?;
    let fail = |why: String| (Some(log), why);
    let leaf = proof.leaf().map_err(fail)?;
    if proof.tree_size.is_some_and(|size| size != head.tree_size) {
        return Err(fail(format!("tree_size is not that of the STH, {}", head.tree_size)));
    }
    let path = nodes("audit_path", &proof.audit_path).map_err(fail)?;
    verify::inclusion(leaf, proof.leaf_index, head.tree_size, &path, head.root_hash)
        .map_err(|error| fail(format!("audit_path: {error}")))?;
    Ok((log, format!("the leaf {} leads to the root of {}", STANDARD.encode(leaf), head::describe(&head))))
}

impl Inclusion {
    fn what(&self) -> String {
        format!("inclusion of entry {}", self.leaf_index)
    }

    /// The leaf hash: given, or that of the leaf given. Both must agree.
    fn leaf(&self) -> Result<LeafHash, String> {
        let computed = self.leaf_input.as_ref().map(|leaf| leaf_hash(&leaf.0));
        let given = self.leaf_hash.as_ref().map(|given| hash("leaf_hash", given).map(LeafHash::new));
        match (computed, given.transpose()?) {
            (Some(computed), Some(given)) if computed != given => {
                Err(format!("leaf_hash is not that of leaf_input, {}", STANDARD.encode(computed)))
            }
            (Some(leaf), _) | (None, Some(leaf)) => Ok(leaf),
            (None, None) => Err("neither leaf_hash nor leaf_input is there".to_owned()),
        }
    }
}

/// A hash in a JSON value.
pub fn hash(field: &str, bytes: &Base64) -> Result<[u8; HASH_LEN], String> {
    let wrong = |_| format!("{field}: {} bytes, a hash has {HASH_LEN}", bytes.0.len());
    bytes.0.as_slice().try_into().map_err(wrong)
}

/// The nodes of a proof in a JSON value.
pub fn nodes(field: &str, path: &[Base64]) -> Result<Vec<NodeHash>, String> {
    path.iter().map(|node| hash(field, node).map(NodeHash::new)).collect()
}
