//! The way to the signers: one batch under way, the rest waits for the next. Any signer signs SCTs; the one that did last is
//! asked first, and what it does not sign goes to the next.

use super::limits::{MAX_QUEUE, SCT_SAMPLE, SIGN_TIMEOUT, SUBMISSION_DEADLINE};
use super::network::{Network, Peer};
use super::storage_lane::Events;
use crate::promise::Event;
use ct::hash::Name;
use ct::key::LogKey;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES};
use ct::sct::DigitallySigned;
use ct::wire::Bulk;
use ct::wire::signer::{Evidence, SctReply, SignSct};
use node::deadline::Deadline;
use node::message::Method;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// A leaf to be signed.
pub struct Leaf {
    /// The entry's name.
    pub name: Name,
    /// Its leaf, encoded.
    pub bytes: Vec<u8>,
    /// Proof that it is published, for one that is too old to be signed without.
    pub evidence: Option<Evidence>,
}

struct Item {
    leaf: Leaf,
    events: Events,
    since: Instant,
    reason: String,
}

/// The near end of the way.
#[derive(Clone)]
pub struct SignerLane {
    queue: mpsc::Sender<Item>,
}

/// The far end: it is run as a task.
pub struct SignerRunner {
    signers: Vec<Peer>,
    /// Which signer is asked first.
    preferred: usize,
    /// SCTs taken from it since it was last doubted.
    taken: u64,
    queue: mpsc::Receiver<Item>,
    network: Arc<dyn Network>,
    key: LogKey,
}

/// Makes a way to the signers of the log with this key.
pub fn signer_lane(signers: Vec<Peer>, key: LogKey, network: Arc<dyn Network>) -> (SignerLane, SignerRunner) {
    let (sender, queue) = mpsc::channel(MAX_QUEUE);
    (SignerLane { queue: sender }, SignerRunner { signers, preferred: 0, taken: 0, queue, network, key })
}

impl SignerLane {
    /// Has a leaf signed with the next batch.
    pub fn push(&self, leaf: Leaf, events: &Events) {
        let item = Item { leaf, events: events.clone(), since: Instant::now(), reason: String::new() };
        if let Err(refused) = self.queue.try_send(item) {
            not_signed(refused.into_inner(), "too many leaves wait for it");
        }
    }
}

/// The promise may be made or given up meanwhile; then nobody listens.
fn not_signed(item: Item, reason: &str) {
    let _ = item.events.send(Event::NotSigned(item.leaf.name, reason.to_owned()));
}

impl SignerRunner {
    /// Sends batches until nobody is left who could push.
    pub async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let batch = self.gather(first);
            self.sign(batch).await;
        }
    }

    fn gather(&mut self, first: Item) -> Vec<Item> {
        let (mut batch, mut bytes, mut next) = (Vec::new(), 0, Some(first));
        while let Some(item) = next.take() {
            if item.since.elapsed() < SUBMISSION_DEADLINE {
                bytes += item.leaf.bytes.len();
                batch.push(item);
            } else {
                not_signed(item, "it did not get through in time");
            }
            if batch.len() < MAX_BATCH_ENTRIES && bytes < MAX_BATCH_BYTES {
                next = self.queue.try_recv().ok();
            }
        }
        batch
    }

    /// Asks one signer after the other for what is not signed yet.
    async fn sign(&mut self, mut left: Vec<Item>) {
        for _ in 0..self.signers.len() {
            if left.is_empty() {
                return;
            }
            left = self.ask(left).await;
            if !left.is_empty() {
                self.preferred = (self.preferred + 1) % self.signers.len();
                self.taken = 0;
            }
        }
        for item in left {
            let reason = item.reason.clone();
            not_signed(item, &reason);
        }
    }

    /// Asks the preferred signer; gives back what it did not sign.
    async fn ask(&mut self, batch: Vec<Item>) -> Vec<Item> {
        let signer = self.signers[self.preferred].clone();
        let header = SignSct { evidence: batch.iter().map(|item| item.leaf.evidence.clone()).collect() };
        let bulk = Bulk { header, items: batch.iter().map(|item| item.leaf.bytes.clone()).collect() };
        let body = match bulk.encode() {
            Ok(body) => body,
            Err(error) => return failed(batch, &signer, &error.to_string()),
        };
        let deadline = Deadline::after(SIGN_TIMEOUT);
        let result = self.network.call(&signer.name, Method::SignSCT, body.into(), deadline).await;
        signer.health.learn(&result);
        let replies = result.map_err(|error| error.to_string()).and_then(|body| {
            serde_json::from_slice::<Vec<SctReply>>(&body).map_err(|error| error.to_string())
        });
        match replies {
            Ok(replies) if replies.len() == batch.len() => self.replied(batch, replies, &signer),
            Ok(replies) => failed(batch, &signer, &format!("{} answers to so many leaves", replies.len())),
            Err(reason) => failed(batch, &signer, &reason),
        }
    }

    fn replied(&mut self, batch: Vec<Item>, replies: Vec<SctReply>, signer: &Peer) -> Vec<Item> {
        let mut left = Vec::new();
        let mut pairs = batch.into_iter().zip(replies);
        while let Some((mut item, reply)) = pairs.next() {
            match reply {
                SctReply::Signed { sct } if self.is_good(&item.leaf, &sct) => {
                    let _ = item.events.send(Event::Signed(item.leaf.name, sct));
                }
                SctReply::Signed { .. } => {
                    tracing::error!(signer = %signer.name, "an SCT does not verify under the log's key");
                    metrics::counter!("wolffish_bad_scts_total").increment(1);
                    // Nothing of this batch is believed any more.
                    let rest = std::iter::once(item).chain(pairs.map(|(item, _)| item)).collect();
                    left.extend(failed(rest, signer, "its SCT does not verify under the log's key"));
                    return left;
                }
                SctReply::Refused { reason } => {
                    item.reason = format!("{}: {reason}", signer.name);
                    left.push(item);
                }
            }
        }
        left
    }

    /// Whether to believe a signature: a sample is verified.
    fn is_good(&mut self, leaf: &Leaf, sct: &DigitallySigned) -> bool {
        let sampled = self.taken.is_multiple_of(SCT_SAMPLE);
        self.taken += 1;
        !sampled || self.key.verify("SCT", &leaf.bytes, sct).is_ok()
    }
}

fn failed(mut batch: Vec<Item>, signer: &Peer, reason: &str) -> Vec<Item> {
    for item in &mut batch {
        item.reason = format!("{}: {reason}", signer.name);
    }
    batch
}
