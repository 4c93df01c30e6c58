//! The entries of a log as a stream in order: a few ranges are fetched at a time, little of each is held.

use client::entry::Parts;
use client::{ClientError, EntryBody, Reader};
use ct::archive::{ArchiveError, ArchivedEntry};
use ct::index::{LeafIndex, TreeSize};
use ct::tls::DecodeError;
use frontend::read_only::Imported;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::task::JoinSet;

/// Ranges that are fetched at a time: enough to hide the way there and back, few enough for any log to bear.
const CONCURRENCY: usize = 4;
/// Entries of a range. Ranges begin at multiples of it, where logs cut their answers so that caches can share them.
const RANGE: u64 = 1000;

/// Entries that follow on one another.
#[derive(Debug)]
pub struct Page {
    /// The place of the first.
    pub first: TreeSize,
    /// The entries. At least one.
    pub entries: Vec<Imported>,
}

/// Why there is no next page.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The log gives none.
    #[error("entries from {from} on: {error}")]
    Client {
        /// From where on.
        from: LeafIndex,
        /// Why not.
        error: ClientError,
    },
    /// An entry is none by its structure.
    #[error("entry {index}: not an entry as RFC 6962 has it: {error}")]
    Structure {
        /// Which.
        index: LeafIndex,
        /// What is wrong.
        error: DecodeError,
    },
    /// An entry cannot be kept.
    #[error("entry {index}: {error}")]
    Kept {
        /// Which.
        index: LeafIndex,
        /// Why not.
        error: ArchiveError,
    },
}

type Pages = mpsc::Receiver<Result<Page, FetchError>>;

/// The stream. Dropping it ends the fetching.
pub struct Stream {
    reader: Reader,
    /// Where the next range begins, and where the last one ends.
    next: TreeSize,
    end: TreeSize,
    ranges: VecDeque<Pages>,
    tasks: JoinSet<()>,
}

impl Stream {
    /// The entries from `from` up to (not including) `end`.
    pub fn new(reader: Reader, from: TreeSize, end: TreeSize) -> Self {
        Self { reader, next: from, end, ranges: VecDeque::new(), tasks: JoinSet::new() }
    }

    /// The next page; none after the last.
    pub async fn next(&mut self) -> Option<Result<Page, FetchError>> {
        loop {
            self.begin_ranges();
            match self.ranges.front_mut()?.recv().await {
                Some(page) => return Some(page),
                None => drop(self.ranges.pop_front()),
            }
        }
    }

    /// The next page, if it is there without waiting.
    pub fn ready(&mut self) -> Option<Result<Page, FetchError>> {
        loop {
            self.begin_ranges();
            match self.ranges.front_mut()?.try_recv() {
                Ok(page) => return Some(page),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => drop(self.ranges.pop_front()),
            }
        }
    }

    fn begin_ranges(&mut self) {
        while self.ranges.len() < CONCURRENCY && self.next < self.end {
            let cut = self.next.get() - self.next.get() % RANGE + RANGE;
            let to = self.next.plus(cut - self.next.get()).min(self.end);
            // One page waits while the next is fetched.
            let (pages, received) = mpsc::channel(1);
            self.tasks.spawn(range(self.reader.clone(), self.next, to, pages));
            self.ranges.push_back(received);
            self.next = to;
        }
        // Those that ended are nobody's any more.
        while self.tasks.try_join_next().is_some() {}
    }
}

/// Fetches one range, with as many requests as the log makes of it.
async fn range(reader: Reader, from: TreeSize, to: TreeSize, pages: mpsc::Sender<Result<Page, FetchError>>) {
    let mut at = from;
    let mut most = RANGE;
    while at < to {
        let count = to.since(at).min(most);
        let page = match reader.run(at.next_index(), at.plus(count - 1).next_index()).await {
            Ok(bodies) => read(at, bodies),
            // Large entries: fewer at a time.
            Err(ClientError::TooLarge { .. }) if count > 1 => {
                most = count / 2;
                continue;
            }
            Err(error) => Err(FetchError::Client { from: at.next_index(), error }),
        };
        let (count, last) = (page.as_ref().map_or(0, |page| page.entries.len() as u64), page.is_err());
        if pages.send(page).await.is_err() || last {
            return;
        }
        at = at.plus(count);
    }
}

fn read(first: TreeSize, bodies: Vec<EntryBody>) -> Result<Page, FetchError> {
    let indexed = (0..).zip(bodies).map(|(n, body)| entry(first.plus(n).next_index(), body));
    Ok(Page { first, entries: indexed.collect::<Result<_, _>>()? })
}

/// Only structure is demanded: an archive holds what the log holds.
fn entry(index: LeafIndex, body: EntryBody) -> Result<Imported, FetchError> {
    let parts = Parts::read(&body).map_err(|error| FetchError::Structure { index, error })?;
    let entry = ArchivedEntry::new(body.leaf_input.0, parts.precertificate, &parts.chain);
    let entry = entry.map_err(|error| FetchError::Kept { index, error })?;
    Ok(Imported { entry, issuers: parts.chain })
}
