//! The way to one storage node: one batch under way, the rest waits for the next. So one call and one fsync serve many, and
//! an idle log waits for nobody.

use super::limits::{MAX_KNOWN_ISSUERS, MAX_QUEUE, MAX_QUEUE_BYTES, STORE_TIMEOUT, SUBMISSION_DEADLINE};
use super::network::{Network, Peer};
use super::parcel::{Parcel, issuer_item};
use crate::promise::Event;
use ct::entry::StoredEntry;
use ct::hash::Fingerprint;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES};
use ct::wire::Bulk;
use ct::wire::storage::{PutHeader, PutReply};
use node::deadline::Deadline;
use node::message::Method;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::mpsc;

/// Where what becomes of an entry is told.
pub type Events = mpsc::UnboundedSender<Event>;

struct Item {
    parcel: Arc<Parcel>,
    events: Events,
    since: Instant,
    /// It was sent with all its issuers already.
    again: bool,
}

impl Item {
    /// The promise may be made or given up meanwhile; then nobody listens.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// The near end of the way.
#[derive(Clone)]
pub struct StorageLane {
    /// The node.
    pub peer: Peer,
    queue: mpsc::Sender<Item>,
    queued_bytes: Arc<AtomicUsize>,
}

/// The far end: it is run as a task.
pub struct StorageRunner {
    peer: Peer,
    queue: mpsc::Receiver<Item>,
    queued_bytes: Arc<AtomicUsize>,
    first: VecDeque<Item>,
    known: HashSet<Fingerprint>,
    network: Arc<dyn Network>,
    quorum: usize,
}

/// Makes a way to a storage node; `quorum` is the k that this frontend counts with.
pub fn storage_lane(peer: Peer, quorum: usize, network: Arc<dyn Network>) -> (StorageLane, StorageRunner) {
    let (sender, queue) = mpsc::channel(MAX_QUEUE);
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    let lane = StorageLane { peer: peer.clone(), queue: sender, queued_bytes: Arc::clone(&queued_bytes) };
    let (first, known) = (VecDeque::new(), HashSet::new());
    (lane, StorageRunner { peer, queue, queued_bytes, first, known, network, quorum })
}

impl StorageLane {
    /// Sends an entry with the next batch.
    pub fn push(&self, parcel: Arc<Parcel>, events: &Events) {
        let size = parcel.item.len();
        let item = Item { parcel, events: events.clone(), since: Instant::now(), again: false };
        let fits = self.queued_bytes.fetch_add(size, Ordering::Relaxed) + size <= MAX_QUEUE_BYTES;
        let refused = if fits {
            self.queue.try_send(item).err().map(mpsc::error::TrySendError::into_inner)
        } else {
            Some(item)
        };
        if let Some(item) = refused {
            self.queued_bytes.fetch_sub(size, Ordering::Relaxed);
            let reason = "too many entries wait for it".to_owned();
            item.tell(Event::NotStored(self.peer.name.clone(), item.parcel.name, reason));
        }
    }
}

impl StorageRunner {
    /// Sends batches until nobody is left who could push.
    pub async fn run(mut self) {
        loop {
            let next = match self.first.pop_front() {
                Some(item) => item,
                None => match self.queue.recv().await {
                    Some(item) => self.taken(item),
                    None => return,
                },
            };
            let batch = self.gather(next);
            if !batch.is_empty() {
                self.send(batch).await;
            }
        }
    }

    fn taken(&self, item: Item) -> Item {
        self.queued_bytes.fetch_sub(item.parcel.item.len(), Ordering::Relaxed);
        item
    }

    /// What waits now, as far as it fits into one batch. What waited too long is not sent: its client was answered.
    fn gather(&mut self, first: Item) -> Vec<Item> {
        let (mut batch, mut bytes, mut next) = (Vec::new(), 0, Some(first));
        while let Some(item) = next.take() {
            if item.since.elapsed() < SUBMISSION_DEADLINE {
                bytes += item.parcel.item.len();
                batch.push(item);
            } else {
                self.not_stored(&item, "it did not get through in time");
            }
            if batch.len() < MAX_BATCH_ENTRIES && bytes < MAX_BATCH_BYTES {
                next = self
                    .first
                    .pop_front()
                    .or_else(|| self.queue.try_recv().ok().map(|item| self.taken(item)));
            }
        }
        batch
    }

    async fn send(&mut self, batch: Vec<Item>) {
        let body = match self.encode(&batch) {
            Ok(body) => body,
            Err(reason) => return batch.iter().for_each(|item| self.not_stored(item, &reason)),
        };
        let deadline = Deadline::after(STORE_TIMEOUT);
        let result = self.network.call(&self.peer.name, Method::SendEntry, body.into(), deadline).await;
        self.peer.health.learn(&result);
        let replies = result.map_err(|error| error.to_string()).and_then(|body| {
            serde_json::from_slice::<Vec<PutReply>>(&body).map_err(|error| error.to_string())
        });
        match replies {
            Ok(replies) if replies.len() == batch.len() => {
                batch.into_iter().zip(replies).for_each(|(item, reply)| self.replied(item, reply));
            }
            Ok(replies) => {
                let reason = format!("{} answers to {} entries", replies.len(), batch.len());
                batch.iter().for_each(|item| self.not_stored(item, &reason));
            }
            Err(reason) => batch.iter().for_each(|item| self.not_stored(item, &reason)),
        }
    }

    /// The batch, with the issuers that the node may lack: one that it was never sent, or asked for.
    fn encode(&self, batch: &[Item]) -> Result<Vec<u8>, String> {
        let mut items: Vec<Vec<u8>> = batch.iter().map(|item| item.parcel.item.clone()).collect();
        let mut sent = HashSet::new();
        for item in batch {
            for fingerprint in &item.parcel.chain {
                if !self.known.contains(fingerprint)
                    && sent.insert(*fingerprint)
                    && let Some(der) = item.parcel.issuers.find(fingerprint)
                {
                    items.push(issuer_item(&der));
                }
            }
        }
        let bulk = Bulk { header: PutHeader { storage_quorum: self.quorum }, items };
        bulk.encode().map_err(|error| error.to_string())
    }

    fn replied(&mut self, mut item: Item, reply: PutReply) {
        match reply {
            PutReply::Stored { oldest } => {
                if self.known.len() > MAX_KNOWN_ISSUERS {
                    self.known.clear();
                }
                self.known.extend(&item.parcel.chain);
                // An older entry that cannot be read is one that cannot be adopted: nothing is lost.
                let oldest = oldest.and_then(|bytes| StoredEntry::decode(&bytes.0).ok()).map(Box::new);
                item.tell(Event::Stored(self.peer.name.clone(), item.parcel.name, oldest));
            }
            PutReply::NeedIssuers { issuers } if !item.again => {
                self.known.retain(|known| !issuers.contains(known));
                item.again = true;
                self.first.push_back(item);
            }
            PutReply::NeedIssuers { issuers } => {
                self.not_stored(
                    &item,
                    &format!("it lacks {} issuers that are not known here", issuers.len()),
                );
            }
            PutReply::Refused { reason } => self.not_stored(&item, &reason),
        }
    }

    fn not_stored(&self, item: &Item, reason: &str) {
        let reason = format!("{}: {reason}", self.peer.name);
        item.tell(Event::NotStored(self.peer.name.clone(), item.parcel.name, reason));
    }
}
