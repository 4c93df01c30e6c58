//! From the log to the copies: fetched in order, committed as it comes, held against the tree head on the way.

use super::blame::{self, holds};
use super::copies::Copies;
use super::fetch::{FetchError, Page, Stream};
use super::source::Source;
use crate::failure::Failure;
use crate::out;
use crate::progress::Progress;
use client::{ClientError, Reader};
use ct::index::TreeSize;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES};
use ct::sth::TreeHead;
use frontend::read_only::Imported;
use tokio::task::block_in_place;

/// Entries after which the log is asked to prove that they begin the signed tree: the more are proven, the rarer, within
/// these bounds. A log that lies is found out before much of it was fetched.
const CHECK: (u64, u64) = (1 << 10, 1 << 16);
/// Most entries that are fetched without a proof, if none comes: a million.
const MOST_UNPROVEN: u64 = 1 << 20;

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let text = error.to_string();
        match error {
            FetchError::Client { error, .. } => match Failure::from(error) {
                Failure::Io(_) => Failure::Io(text),
                _ => Failure::Check(text),
            },
            FetchError::Structure { .. } | FetchError::Kept { .. } => Failure::Check(text),
        }
    }
}

/// Fills the copies up to a tree head, whose root they have at the end. Answers how many entries were fetched.
pub async fn fill(source: &Source, copies: &mut Copies, head: &TreeHead) -> Result<u64, Failure> {
    let (begun, end) = (copies.len(), head.tree_size);
    let proven = copies.fixed();
    let mut checks = Checks { reader: &source.brief, head, proven, asked: proven, told: false };
    if begun > TreeSize::ZERO {
        // What an earlier run fetched, and perhaps never came to check.
        checks.check(copies, begun).await?;
    }
    let mut progress = Progress::long("entries", begun.get(), end.get());
    let mut stream = Stream::new(source.patient.clone(), begun, end);
    let mut at = begun;
    while let Some(page) = stream.next().await {
        let batch = batch(page?, &mut stream)?;
        at = batch.first.plus(batch.entries.len() as u64);
        block_in_place(|| copies.append(batch.first, &batch.entries))?;
        progress.at(at.get());
        if at == end || checks.is_due(at) {
            checks.check(copies, at).await?;
            block_in_place(|| copies.seal(checks.proven))?;
        }
    }
    Ok(at.since(begun))
}

/// What is there of the next pages goes into one commit.
fn batch(first: Page, stream: &mut Stream) -> Result<Page, FetchError> {
    let Page { first, mut entries } = first;
    let size = |entries: &[Imported]| entries.iter().map(Imported::size).sum::<usize>();
    let mut bytes = size(&entries);
    while entries.len() < MAX_BATCH_ENTRIES && bytes < MAX_BATCH_BYTES {
        let Some(more) = stream.ready() else { break };
        let more = more?.entries;
        bytes += size(&more);
        entries.extend(more);
    }
    Ok(Page { first, entries })
}

/// Holds what was fetched against the signed tree.
struct Checks<'a> {
    reader: &'a Reader,
    head: &'a TreeHead,
    /// Entries that are proven to begin the signed tree.
    proven: TreeSize,
    /// Where the log was asked last.
    asked: TreeSize,
    /// Whether it was said already that no proof comes.
    told: bool,
}

impl Checks<'_> {
    fn is_due(&self, at: TreeSize) -> bool {
        at.since(self.asked) >= self.proven.get().clamp(CHECK.0, CHECK.1)
    }

    /// Has the log prove that the first `at` entries of every copy begin the signed tree. What does not is named, and cut.
    async fn check(&mut self, copies: &mut Copies, at: TreeSize) -> Result<(), Failure> {
        self.asked = at;
        let mut proven = None;
        for number in 0..copies.count() {
            let root = copies.import(number).root_at(at)?;
            if proven == Some(root) {
                continue;
            }
            match holds(self.reader, copies.import(number), at, self.head).await? {
                Ok(()) => proven = Some(root),
                Err(error) if error.may_pass() => return self.go_on(at, &error),
                Err(_) => {
                    let range = (self.proven, at);
                    let blame = blame::find(self.reader, copies.import(number), range, self.head).await?;
                    block_in_place(|| copies.cut(blame.proven))?;
                    return Err(Failure::Check(blame.text));
                }
            }
        }
        self.proven = at;
        Ok(())
    }

    /// A proof that does not come now may come later, and the root decides at the end; but nobody fetches for ever.
    fn go_on(&mut self, at: TreeSize, error: &ClientError) -> Result<(), Failure> {
        let unproven = at.since(self.proven);
        if unproven > MOST_UNPROVEN {
            let text = format!("{unproven} entries without a proof, the limit is {MOST_UNPROVEN}: {error}");
            return Err(Failure::Io(text));
        }
        if !std::mem::replace(&mut self.told, true) {
            out::note(format_args!("no proof on the way now, going on: {error}"));
        }
        Ok(())
    }
}
