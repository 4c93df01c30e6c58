//! How two trees stand to each other, asked of the log in every way that it can answer.

use client::{ClientError, Reader};
use ct::hash::NodeHash;
use ct::index::TreeSize;
use ct::merkle::verify::{Relation, path_from_inclusion, relation};
use ct::sth::TreeHead;

/// What the log proves, and the path by which it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Related {
    pub(crate) relation: Relation,
    pub(crate) path: Vec<NodeHash>,
}

/// Asks for a consistency proof. If there is none that proves anything, the last entry of the smaller tree is asked for:
/// the proof that it is in the larger tree tells what that tree begins with. So a log that gives junk between two trees
/// of which one is no beginning of the other convicts itself, and one that proves only between sizes that it signed can be
/// read in strides.
pub(crate) async fn relate(
    reader: &Reader,
    first: &TreeHead,
    second: &TreeHead,
) -> Result<Related, ClientError> {
    let judge = |path: Vec<NodeHash>| {
        let found = relation(first.tree_size, first.root_hash, second.tree_size, second.root_hash, &path);
        Related { relation: found, path }
    };
    if first.tree_size == TreeSize::ZERO || first.tree_size >= second.tree_size {
        return Ok(judge(Vec::new()));
    }
    let by_consistency = match reader.consistency(first.tree_size, second.tree_size).await {
        Ok(path) => match judge(path) {
            Related { relation: Relation::Unproven(_), path } => Ok(judge(path)),
            proved => return Ok(proved),
        },
        Err(refusal @ ClientError::Status { status: 400..=499, .. }) if !refusal.may_pass() => Err(refusal),
        Err(error) => return Err(error),
    };
    let by_inclusion = prefix(reader, first.tree_size, second).await.map(judge);
    match (by_consistency, by_inclusion) {
        (_, Some(proved @ Related { relation: Relation::OtherPrefix { .. }, .. })) => Ok(proved),
        // That the trees agree does not make a wrong answer right.
        (Ok(unproven), _) => Ok(unproven),
        (Err(_), Some(proved)) => Ok(proved),
        (Err(refusal), None) => Err(refusal),
    }
}

/// A path from the proof that the last entry of the smaller tree is in the larger.
async fn prefix(reader: &Reader, first: TreeSize, second: &TreeHead) -> Option<Vec<NodeHash>> {
    let (entry, nodes) = reader.entry_and_proof(first.last()?, second).await.ok()?;
    path_from_inclusion(entry.leaf_hash(), first, &nodes)
}
