//! `get entries`.

use super::Common;
use super::entry::Entry;
use crate::client::{ClientError, EntryBody, LogReader};
use crate::failure::Failure;
use crate::out;
use crate::progress::Progress;
use ct::index::LeafIndex;
use ct::sth::TreeHead;
use std::collections::VecDeque;
use tokio::task::JoinHandle;

/// Proofs that are fetched at a time.
const CONCURRENCY: usize = 32;

/// Fetch and verify entries
#[derive(Debug, Clone, clap::Args)]
pub struct EntriesArgs {
    /// First index
    #[arg(value_parser = parse_index)]
    pub start: LeafIndex,
    /// Last index, included [default: START]
    #[arg(value_parser = parse_index)]
    pub end: Option<LeafIndex>,
    #[command(flatten)]
    pub common: Common,
}

fn parse_index(text: &str) -> Result<LeafIndex, String> {
    let index = text.parse().map_err(|_| "not an index".to_owned())?;
    LeafIndex::new(index).map_err(|error| error.to_string())
}

/// Prints entries, each proved to be at its place in the tree of a verified STH.
pub async fn run(args: EntriesArgs) -> Result<(), Failure> {
    let (start, end) = (args.start, args.end.unwrap_or(args.start));
    let reader = args.common.reader()?;
    let head = *reader.sth().await?.head();
    let Some(last) = head.tree_size.last().filter(|last| start <= end && start <= *last) else {
        let size = head.tree_size;
        return Err(Failure::Usage(format!(
            "START {start}, END {end}: the newest signed tree has {size} entries"
        )));
    };
    let end = end.min(last);
    let mut progress = Progress::new("entries", end.get() - start.get() + 1);
    let mut next = start;
    while next <= end {
        let batch = reader.run(next, end).await?;
        let count = batch.len() as u64;
        prove(&reader, next, batch, &head, |entry| {
            progress
                .around(|| out::line(if args.common.json { entry.json().to_string() } else { entry.line() }));
            progress.step();
        })
        .await?;
        next = next.plus(count);
    }
    Ok(())
}

/// Proves every entry of a batch, and hands them on in order.
async fn prove(
    reader: &LogReader,
    first: LeafIndex,
    batch: Vec<EntryBody>,
    head: &TreeHead,
    mut take: impl FnMut(Entry),
) -> Result<(), Failure> {
    let mut running: VecDeque<JoinHandle<Result<Entry, ClientError>>> = VecDeque::new();
    let mut batch = batch.into_iter().zip(first.get()..);
    loop {
        while running.len() < CONCURRENCY
            && let Some((body, index)) = batch.next()
        {
            let (reader, head) = (reader.clone(), *head);
            let index = LeafIndex::new(index).map_err(|error| Failure::Internal(error.to_string()))?;
            running.push_back(tokio::spawn(async move { one(&reader, index, &body, &head).await }));
        }
        let Some(done) = running.pop_front() else { return Ok(()) };
        take(done.await.map_err(|error| Failure::Internal(format!("a proof broke: {error}")))??);
    }
}

async fn one(
    reader: &LogReader,
    index: LeafIndex,
    body: &EntryBody,
    head: &TreeHead,
) -> Result<Entry, ClientError> {
    let wrong = |reason: String| ClientError::unproven(format!("entry {index}"), reason);
    let entry = Entry::read(index, body).map_err(wrong)?;
    if reader.entry(index, head).await? != *body {
        return Err(wrong("get-entries and get-entry-and-proof give different entries".to_owned()));
    }
    Ok(entry)
}
