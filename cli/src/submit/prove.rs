//! Promises kept: each leaf proved to be in a tree that the log signed after it.

use super::report::Report;
use crate::failure::Failure;
use crate::progress::Progress;
use client::{ClientError, Included, Reader};
use ct::hash::LeafHash;
use ct::index::TreeSize;
use ct::sth::TreeHead;
use node::deadline::Deadline;
use std::time::Duration;
use tokio::task::JoinSet;

/// Pause between looks at the newest tree head.
const PAUSE: Duration = Duration::from_millis(200);
/// A tree of the same size has no leaf that it did not have before; but a frontend may have failed to say so.
const SAME_TREE_PAUSE: Duration = Duration::from_secs(1);

/// Waits until all leaves are proved, or the time is over. What is not proved then is reported as missing.
pub async fn all(
    reader: &Reader,
    mut missing: Vec<LeafHash>,
    patience: Duration,
    bound: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let deadline = Deadline::after(patience);
    let mut progress = Progress::new("waiting for inclusion", missing.len() as u64);
    let mut looked: Option<(TreeSize, Deadline)> = None;
    while !missing.is_empty() && !deadline.has_passed() {
        match reader.sth().await {
            Ok(sth) => {
                let head = *sth.head();
                let again = looked.is_none_or(|(size, until)| size != head.tree_size || until.has_passed());
                if again && head.tree_size > TreeSize::ZERO {
                    missing = look(reader, missing, &head, bound, report, &mut progress).await?;
                    looked = Some((head.tree_size, Deadline::after(SAME_TREE_PAUSE)));
                }
            }
            Err(error) if error.may_pass() => {}
            Err(error) => return Err(error.into()),
        }
        if !missing.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    for leaf in missing {
        report.missing(leaf);
    }
    Ok(())
}

/// Looks for every leaf in one tree; answers those that are not in it.
async fn look(
    reader: &Reader,
    leaves: Vec<LeafHash>,
    head: &TreeHead,
    bound: usize,
    report: &mut Report,
    progress: &mut Progress,
) -> Result<Vec<LeafHash>, Failure> {
    let mut missing = Vec::new();
    let mut running: JoinSet<(LeafHash, Result<Included, ClientError>)> = JoinSet::new();
    let mut leaves = leaves.into_iter();
    loop {
        while running.len() < bound
            && let Some(leaf) = leaves.next()
        {
            let (reader, head) = (reader.clone(), *head);
            running.spawn(async move { (leaf, reader.find(leaf, &head).await) });
        }
        let Some(done) = running.join_next().await else { return Ok(missing) };
        let (leaf, result) = done.map_err(|error| Failure::Internal(format!("a proof broke: {error}")))?;
        match result {
            Ok(included) => {
                progress.around(|| report.included(leaf, included.index, head));
                progress.step();
            }
            Err(error) if error.is_not_found() || error.may_pass() => missing.push(leaf),
            Err(error) => progress.around(|| report.unproven(leaf, &error)),
        }
    }
}
