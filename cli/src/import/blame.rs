//! Which entry it is, where the entries do not lead to the tree head: found by halves, and held against the log's own proof.

use crate::failure::Failure;
use client::{ClientError, Reader};
use ct::index::TreeSize;
use ct::merkle::leaf_hash;
use ct::sth::TreeHead;
use frontend::read_only::Import;

/// What is wrong, and from where on nothing can be kept.
pub struct Blame {
    /// What a person is told.
    pub text: String,
    /// What is proven to be in the log, as far as that goes.
    pub proven: TreeSize,
}

/// Whether the first `size` entries of a copy begin the signed tree, as the log proves it.
pub async fn holds(
    reader: &Reader,
    import: &Import,
    size: TreeSize,
    head: &TreeHead,
) -> Result<Result<(), ClientError>, Failure> {
    let root = import.root_at(size)?;
    Ok(reader.links(size, root, head.tree_size, head.root_hash).await.map(drop))
}

/// Looks between a size that is proven to begin the signed tree and one that is not: `wrong`, above `proven`.
pub async fn find(
    reader: &Reader,
    import: &Import,
    (proven, wrong): (TreeSize, TreeSize),
    head: &TreeHead,
) -> Result<Blame, Failure> {
    let mut text = outline(import, wrong, head)?;
    let (mut proven, mut wrong) = (proven, wrong);
    while wrong.since(proven) > 1 {
        let middle = proven.plus(wrong.since(proven) / 2);
        match holds(reader, import, middle, head).await? {
            Ok(()) => proven = middle,
            Err(error) if error.is_lie() => wrong = middle,
            Err(error) => {
                text.push_str(&format!("; where that begins cannot be found: {error}"));
                return Ok(Blame { text, proven });
            }
        }
    }
    text.push_str(&format!("; {}", of_entry(reader, import, proven, head).await?));
    Ok(Blame { text, proven })
}

/// What is known without asking further.
fn outline(import: &Import, wrong: TreeSize, head: &TreeHead) -> Result<String, Failure> {
    let (size, signed) = (head.tree_size, head.root_hash);
    Ok(if wrong == size {
        let computed = import.root_at(size)?;
        format!("wrong root: the {size} entries lead to {computed}, the signed tree head has {signed}")
    } else {
        format!(
            "the first {wrong} entries are not proven to begin the tree of {size} that was signed (root {signed})"
        )
    })
}

/// Judges the first entry with which the copy leaves the signed tree: everything before it is proven.
async fn of_entry(
    reader: &Reader,
    import: &Import,
    at: TreeSize,
    head: &TreeHead,
) -> Result<String, Failure> {
    let index = at.next_index();
    let held = import.served(at)?.map(|served| leaf_hash(&served.leaf));
    Ok(match (reader.entry(index, head).await, held) {
        (Ok(body), Some(held)) if body.leaf_hash() != held => format!(
            "wrong entry {index}: get-entries gave the leaf {held}, the signed tree has {} there",
            body.leaf_hash()
        ),
        (Ok(_), _) => {
            format!("wrong proof: entry {index} is in the signed tree, its consistency proofs do not hold")
        }
        (Err(error), _) if error.is_lie() => {
            format!(
                "wrong entry {index}: it is not proven to be in the signed tree, nor is another there: {error}"
            )
        }
        (Err(error), _) => {
            format!("entry {index} is the first that is not proven; it cannot be judged: {error}")
        }
    })
}
