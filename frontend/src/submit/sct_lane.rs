//! Telling a storage node the SCTs of entries that it holds, so that whoever comes next need not have them signed again.
//! Best effort, and nobody waits for it (docs/protocol.md, S1–S3).

use super::limits::{MAX_SCT_QUEUE, SCT_PAUSE, STORE_TIMEOUT};
use super::network::{Network, Peer};
use ct::limits::MAX_BATCH_ENTRIES;
use ct::wire::storage::SctItem;
use node::deadline::Deadline;
use node::message::Method;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The near end of the way.
#[derive(Clone)]
pub struct SctLane(mpsc::Sender<Arc<SctItem>>);

/// The far end: it is run as a task.
pub struct SctRunner {
    peer: Peer,
    queue: mpsc::Receiver<Arc<SctItem>>,
    network: Arc<dyn Network>,
}

/// Makes a way to a storage node.
pub fn sct_lane(peer: Peer, network: Arc<dyn Network>) -> (SctLane, SctRunner) {
    let (sender, queue) = mpsc::channel(MAX_SCT_QUEUE);
    (SctLane(sender), SctRunner { peer, queue, network })
}

impl SctLane {
    /// Tells an SCT with the next batch; drops it if too many wait.
    pub fn push(&self, item: &Arc<SctItem>) {
        let _ = self.0.try_send(Arc::clone(item));
    }
}

impl SctRunner {
    /// Sends batches until nobody is left who could push.
    pub async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            tokio::time::sleep(SCT_PAUSE).await;
            let mut batch = vec![first];
            while batch.len() < MAX_BATCH_ENTRIES
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            let items: Vec<&SctItem> = batch.iter().map(Arc::as_ref).collect();
            let Ok(body) = serde_json::to_vec(&items) else { continue };
            let deadline = Deadline::after(STORE_TIMEOUT);
            let told = self.network.call(&self.peer.name, Method::SendSCT, body.into(), deadline).await;
            if let Err(error) = told {
                tracing::debug!(peer = %self.peer.name, %error, "SCTs are not told");
            }
        }
    }
}
