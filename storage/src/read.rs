//! Answers that only read: the list after a cursor, and entries by place and name.

use crate::machine::View;
use crate::service::{LogPart, ours, refuse};
use crate::{meters, queue};
use ct::entry::StoredEntry;
use ct::index::Position;
use ct::key::LogKey;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_FETCH};
use ct::names::{LogName, Role};
use ct::term::Incarnation;
use ct::wire::storage::{Fetch, Fetched, GetEntry, ListItem};
use ct::wire::{Done, EntryBatch, Refusal};
use node::entropy::random;
use node::fault::Fault;
use node::message::Reply;
use node::peers::Peer;
use std::io;
use std::time::Duration;
use store::StoreError;
use store::list::ListReader;

/// How often, and after which pause, a file is looked for that the writer may just be forgetting.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(2);

/// Longest wait for something new, whatever the caller asks for.
const MAX_WAIT: Duration = Duration::from_secs(1);

impl LogPart {
    /// FetchNewEntries. The clock is read before the end of the list: what this node acknowledged before that moment
    /// lies before that end (docs/protocol.md, S4).
    pub(crate) async fn fetch(&self, caller: &Peer, fetch: Fetch) -> Result<Fetched, Fault> {
        let until = tokio::time::Instant::now() + MAX_WAIT.min(Duration::from_millis(fetch.wait_ms));
        let mut views = self.view.clone();
        loop {
            let at = self.host.clock().now();
            let view = views.borrow_and_update().clone();
            let first_retained = self.reader.start();
            let from = match caller.role {
                Role::Storage => view.copy_from(&fetch, first_retained),
                _ => view.fetch_from(&caller.name, &fetch, first_retained),
            };
            let from = from.map_err(|refusal| {
                self.note_rollback(caller, view.incarnation, &refusal);
                refuse(&self.name, &refusal)
            })?;
            let waited = tokio::time::Instant::now() >= until;
            if from >= view.end && !waited {
                match tokio::time::timeout_at(until, views.changed()).await {
                    Ok(Ok(())) | Err(_) => continue,
                    Ok(Err(_)) => return Err(queue::stopping()),
                }
            }
            let (first, list) = self.list(from, &view).await?;
            let View { incarnation, completeness, start, end, .. } = view;
            return Ok(Fetched { incarnation, completeness, start, first, list, end, at });
        }
    }

    /// A primary that has read beyond the end shows that the list was put back from an older copy: what it acknowledged
    /// since is gone (docs/protocol.md, Z3).
    fn note_rollback(&self, caller: &Peer, list: Incarnation, refusal: &Refusal) {
        if let (Role::Merge, Refusal::BeyondEnd { cursor, end }) = (caller.role, refusal) {
            tracing::error!(log = %self.name, cursor, end, "ALARM: this list was rolled back; it is recovering");
            // A full queue: the primary asks again.
            let _ = self.queue.push(crate::queue::Job::RolledBack(list, Incarnation::new(random())), 0);
        }
    }

    async fn list(&self, from: Position, view: &View) -> Result<(Position, Vec<ListItem>), Fault> {
        let most = (view.end.get().saturating_sub(from.get()) as usize).min(MAX_FETCH);
        if most == 0 {
            return Ok((from, Vec::new()));
        }
        let described =
            self.blocking(move |reader, _| patiently(|| reader.describe(from, most))).await?.map_err(ours)?;
        // What was forgotten meanwhile is left out.
        let first = described.first().map_or(from, |first| first.position);
        let durable = described.into_iter().filter(|described| described.position < view.end);
        let list = durable.map(|d| ListItem { name: d.name, timestamp: d.timestamp }).collect();
        Ok((first, list))
    }

    /// GetEntry: as much of what was asked for as fits into one answer, and is here.
    pub(crate) async fn get_entry(&self, wanted: GetEntry) -> Result<Reply, Fault> {
        let actual = self.view.borrow().incarnation;
        if wanted.incarnation != actual {
            return Err(refuse(&self.name, &Refusal::OtherIncarnation { actual }));
        }
        let name = self.name.clone();
        let batch = self.blocking(move |reader, _| collect(&name, reader, &wanted)).await??;
        let bytes = batch.into_bulk(Done {}).and_then(|bulk| bulk.encode());
        bytes.map(Reply::bytes).map_err(ours)
    }

    /// The entries at `positions`, encoded, each with its SCT if that verifies (docs/protocol.md, S3).
    pub(crate) async fn encoded(
        &self,
        positions: Vec<Option<Position>>,
    ) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        if positions.iter().all(Option::is_none) {
            return Ok(vec![None; positions.len()]);
        }
        let read = move |reader: &ListReader, key: &LogKey| {
            positions.into_iter().map(|position| encoded(reader, key, position?)).collect()
        };
        self.blocking(read).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ListReader, &LogKey) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (reader, key) = (self.reader.clone(), self.key.clone());
        let done = self.host.tasks().blocking("read", move || work(&reader, &key)).await;
        done.map_err(ours)
    }
}

fn collect(log: &LogName, reader: &ListReader, wanted: &GetEntry) -> Result<EntryBatch, Fault> {
    let mut batch = EntryBatch::default();
    let mut bytes = 0;
    for (position, name) in wanted.entries.iter().take(MAX_BATCH_ENTRIES) {
        if bytes >= MAX_BATCH_BYTES {
            return Ok(batch);
        }
        let Some(entry) = readable(log, patiently(|| reader.get(*position)))? else { continue };
        if entry.name() == *name {
            bytes += entry.leaf_bytes().len() + entry.precertificate().map_or(0, <[u8]>::len);
            batch.entries.push(entry);
        }
    }
    for fingerprint in wanted.issuers.iter().take(MAX_BATCH_ENTRIES) {
        if bytes >= MAX_BATCH_BYTES {
            return Ok(batch);
        }
        let Some(issuer) = readable(log, reader.issuer(fingerprint))? else { continue };
        bytes += issuer.len();
        batch.issuers.push(issuer.to_vec());
    }
    Ok(batch)
}

/// Reads while the writer may be forgetting the oldest segment: where a file is gone under the reader's hands, the start
/// of the list moves in a moment, and the same reading ends well.
fn patiently<T>(read: impl Fn() -> store::Result<T>) -> store::Result<T> {
    for _ in 0..TRIES {
        match read() {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
    read()
}

/// A damaged copy counts as absent, so that the caller takes another node's; the alarm is this node's.
fn readable<T>(log: &LogName, read: Result<Option<T>, StoreError>) -> Result<Option<T>, Fault> {
    match read {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Entry(_))) => {
            tracing::error!(%log, %error, "a copy is damaged: repair it from a peer");
            meters::damaged(log);
            Ok(None)
        }
        read => read.map_err(ours),
    }
}

/// A hint only: what cannot be read is left out.
fn encoded(reader: &ListReader, key: &LogKey, position: Position) -> Option<Vec<u8>> {
    let entry = reader.get(position).ok()??;
    let verifies = |sct| key.verify("SCT", entry.leaf_bytes(), sct).is_ok();
    let entry = match entry.sct() {
        Some(sct) if !verifies(sct) => without_sct(&entry)?,
        _ => entry,
    };
    entry.encode().ok()
}

fn without_sct(entry: &StoredEntry) -> Option<StoredEntry> {
    let precertificate = entry.precertificate().map(<[u8]>::to_vec);
    StoredEntry::new(&entry.leaf(), precertificate, entry.chain().to_vec()).ok()
}
