//! Looks at storage nodes and signers now and then, so that it is known at once when they are back, and soon when they are
//! gone although nobody submits anything.

use super::limits::{PROBE_PAUSE, PROBE_TIMEOUT};
use super::network::{Network, Peer};
use node::deadline::Deadline;
use node::message::Method;
use std::sync::Arc;

/// Looks at one node for as long as it is let run.
pub async fn probe(peer: Peer, network: Arc<dyn Network>) {
    loop {
        let deadline = Deadline::after(PROBE_TIMEOUT);
        let looked = network.call(&peer.name, Method::Status, "{}".into(), deadline).await;
        let before = peer.health.answers();
        peer.health.learn(&looked);
        match (before, looked) {
            (true, Err(error)) if !peer.health.answers() => {
                tracing::warn!(peer = %peer.name, %error, "does not answer")
            }
            (false, Ok(_)) => tracing::info!(peer = %peer.name, "answers again"),
            _ => {}
        }
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}
