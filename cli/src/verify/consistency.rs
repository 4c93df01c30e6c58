//! `verify consistency`.

use super::head::{self, Failed};
use super::inclusion::{hash, nodes};
use super::keys::KnownLog;
use super::report::Checked;
use super::{Scene, shape};
use ct::hash::{Base64, NodeHash, RootHash};
use ct::index::TreeSize;
use ct::merkle::verify::{Relation, relation};
use serde::Deserialize;
use serde_json::Value;

/// What `wolffish get consistency --json` prints, as far as it is checked: two trees, and the way from the second to one
/// that is signed.
#[derive(Deserialize)]
struct Chained {
    first: TreeSize,
    first_root: Base64,
    second: TreeSize,
    second_root: Base64,
    consistency: Vec<Base64>,
    sth: Value,
    #[serde(default)]
    to_sth: Vec<Base64>,
}

/// Two STHs and the path between them.
#[derive(Deserialize)]
struct Signed {
    first: Value,
    second: Value,
    consistency: Vec<Base64>,
}

/// Checks that one tree extends another, and that the larger is signed.
pub fn check(value: &Value, scene: &Scene) -> Checked {
    let both_signed = value.get("first").is_some_and(Value::is_object);
    let proved = if both_signed { between_signed(value, scene) } else { chained(value, scene) };
    match proved {
        Ok((log, why)) => Checked::under("consistency", Some(log), Ok(why)),
        Err((log, why)) => Checked::under("consistency", log, Err(why)),
    }
}

fn chained<'a>(value: &Value, scene: &'a Scene) -> Result<(&'a KnownLog, String), Failed<'a>> {
    let proof: Chained = shape(value).map_err(|why| (None, why))?;
    let (log, head) = head::signed(&proof.sth, scene).map_err(|(log, why)| (log, format!("sth: {why}")))?;
    let fail = |why: String| (Some(log), why);
    let first = Tree::new("first_root", proof.first, &proof.first_root).map_err(fail)?;
    let second = Tree::new("second_root", proof.second, &proof.second_root).map_err(fail)?;
    let last = Tree { size: head.tree_size, root: head.root_hash };
    extends("to_sth", &second, &last, &nodes("to_sth", &proof.to_sth).map_err(fail)?).map_err(fail)?;
    let path = nodes("consistency", &proof.consistency).map_err(fail)?;
    extends("consistency", &first, &second, &path).map_err(fail)?;
    let (small, large) = (first.size, second.size);
    Ok((log, format!("the tree of {large} extends that of {small}, and {} is signed", head::describe(&head))))
}

fn between_signed<'a>(value: &Value, scene: &'a Scene) -> Result<(&'a KnownLog, String), Failed<'a>> {
    let proof: Signed = shape(value).map_err(|why| (None, why))?;
    let signed = |field: &str, value| {
        head::signed(value, scene).map_err(|(log, why): Failed<'a>| (log, format!("{field}: {why}")))
    };
    let (log, first) = signed("first", &proof.first)?;
    let (other, second) = signed("second", &proof.second)?;
    let fail = |why: String| (Some(log), why);
    if log.key != other.key {
        return Err(fail(format!("the second STH is signed by another log, {}", other.name)));
    }
    let path = nodes("consistency", &proof.consistency).map_err(fail)?;
    let tree = |size, root| Tree { size, root };
    let trees = (tree(first.tree_size, first.root_hash), tree(second.tree_size, second.root_hash));
    extends("consistency", &trees.0, &trees.1, &path).map_err(fail)?;
    if first.tree_size < second.tree_size && first.timestamp >= second.timestamp {
        return Err(fail("the smaller tree is signed for a later time: the log has shrunk".to_owned()));
    }
    Ok((log, format!("{} extends {}, both signed", head::describe(&second), head::describe(&first))))
}

struct Tree {
    size: TreeSize,
    root: RootHash,
}

impl Tree {
    fn new(field: &str, size: TreeSize, root: &Base64) -> Result<Self, String> {
        Ok(Self { size, root: RootHash::new(hash(field, root)?) })
    }
}

fn extends(field: &str, first: &Tree, second: &Tree, path: &[NodeHash]) -> Result<(), String> {
    match relation(first.size, first.root, second.size, second.root, path) {
        Relation::Extends => Ok(()),
        Relation::OtherPrefix { computed } => Err(format!(
            "{field}: the first {} entries of the tree of {} have the root {computed}, not {}: if the log signed both, \
             it has forked",
            first.size, second.size, first.root
        )),
        Relation::Unproven(error) => Err(format!("{field}: {error}")),
    }
}
