//! The root of what is on disk: every entry is read as get-entries would serve it, and hashed again (docs/protocol.md, A3).

use super::ReadOnlyError;
use ct::entry::extra_hash;
use ct::hash::{Name, RootHash};
use ct::index::TreeSize;
use ct::merkle::leaf_hash;
use ct::order::BothTrees;
use store::log::Reader;

/// Entries that are read at a time: of the greatest ones, half a gigabyte.
const STEP: u64 = 128;

/// The root of the first `end` entries, of which those below `base` count as the tree on disk has them: they were read
/// back before they were served. `progress` is told how far it is.
pub(super) fn root(
    reader: &Reader,
    base: TreeSize,
    end: TreeSize,
    progress: &mut dyn FnMut(TreeSize),
) -> Result<RootHash, ReadOnlyError> {
    let mut trees = reader.trees_at(base)?;
    while trees.size() < end {
        step(reader, &mut trees, end)?;
        progress(trees.size());
    }
    Ok(trees.head().root)
}

fn step(reader: &Reader, trees: &mut BothTrees, end: TreeSize) -> Result<(), ReadOnlyError> {
    let from = trees.size();
    let to = from.plus(STEP.min(end.since(from)));
    let served = reader.range(from.next_index(), to.since(from) as usize, end)?;
    let records = reader.records(from, to)?;
    for (record, served) in records.iter().zip(&served) {
        let leaf = leaf_hash(&served.leaf);
        if Name::new(*leaf.as_bytes()) != record.name || extra_hash(&served.extra) != record.extra {
            return Err(ReadOnlyError::NotReadBack { index: trees.size().next_index() });
        }
        trees.append(record, leaf);
    }
    if trees.size() < to {
        return Err(ReadOnlyError::NotReadBack { index: trees.size().next_index() });
    }
    Ok(())
}
