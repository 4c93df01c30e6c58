//! `get entries`.

use super::Common;
use super::entry;
use crate::failure::Failure;
use crate::out;
use crate::progress::Progress;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::entry::Entry;
use client::{EntryBody, Reader};
use ct::hash::NodeHash;
use ct::index::LeafIndex;
use ct::sth::TreeHead;
use serde_json::Value;
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

/// An entry that was proved to be at its place.
struct Proved {
    entry: Entry,
    leaf_input: Vec<u8>,
    path: Vec<NodeHash>,
}

impl Proved {
    /// The entry as JSON, with all that its proof takes.
    fn json(&self, sth: &Value) -> Value {
        let mut value = entry::json(&self.entry);
        let path: Vec<String> = self.path.iter().map(|node| STANDARD.encode(node)).collect();
        value["leaf_input"] = STANDARD.encode(&self.leaf_input).into();
        value["audit_path"] = path.into();
        value["sth"] = sth.clone();
        value
    }
}

/// Prints entries, each proved to be at its place in the tree of a verified STH.
pub async fn run(args: EntriesArgs) -> Result<(), Failure> {
    let (start, end) = (args.start, args.end.unwrap_or(args.start));
    let reader = args.common.reader()?;
    let sth = reader.sth().await?;
    let (head, shown) = (*sth.head(), super::sth::json(&sth, reader.client().log()));
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
        prove(&reader, next, batch, &head, |proved| {
            progress.around(|| {
                out::line(if args.common.json {
                    proved.json(&shown).to_string()
                } else {
                    entry::line(&proved.entry)
                })
            });
            progress.step();
        })
        .await?;
        next = next.plus(count);
    }
    Ok(())
}

/// Proves every entry of a batch, and hands them on in order.
async fn prove(
    reader: &Reader,
    first: LeafIndex,
    batch: Vec<EntryBody>,
    head: &TreeHead,
    mut take: impl FnMut(Proved),
) -> Result<(), Failure> {
    let mut running: VecDeque<JoinHandle<Result<Proved, Failure>>> = VecDeque::new();
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
    reader: &Reader,
    index: LeafIndex,
    body: &EntryBody,
    head: &TreeHead,
) -> Result<Proved, Failure> {
    let wrong = |reason: String| Failure::Check(format!("entry {index}: {reason}"));
    let entry = Entry::read(index, body).map_err(wrong)?;
    let (proved, path) = reader.entry_and_proof(index, head).await?;
    if proved != *body {
        return Err(wrong("get-entries and get-entry-and-proof give different entries".to_owned()));
    }
    Ok(Proved { entry, leaf_input: proved.leaf_input.0, path })
}
