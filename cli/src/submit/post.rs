//! One submission: sent, sent again while the log is busy, and its SCT verified.

use super::entry::{EntryMaker, Expected};
use crate::client::{AddChain, ClientError, LogClient, LogReader};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ct::entry::Leaf;
use ct::hash::LeafHash;
use ct::merkle::leaf_hash;
use ct::time::Timestamp;
use ct::x509::Endpoint;
use node::clock::{Clock as _, SystemClock};
use node::deadline::Deadline;
use std::sync::Arc;
use std::time::Duration;

/// By how much the clocks of log and submitter may differ before an SCT is of the future.
const CLOCK_SKEW: Duration = Duration::from_secs(1);
/// The pause after the first try that may be repeated; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause that we choose ourselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What became of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Where the chain is from.
    pub source: String,
    /// A promise, verified, or why there is none.
    pub result: Result<Promise, String>,
}

/// An SCT that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Certificate or precertificate.
    pub endpoint: Endpoint,
    /// When the log promised.
    pub timestamp: Timestamp,
    /// What will be in the tree.
    pub leaf: LeafHash,
}

/// Submits chains to one log.
#[derive(Debug)]
pub struct Poster {
    client: Arc<LogClient>,
    entries: EntryMaker,
    patience: Duration,
}

impl Poster {
    /// Submits through that client, and tries for as long as `patience` where the log is busy.
    pub fn new(client: Arc<LogClient>, patience: Duration) -> Self {
        let entries = EntryMaker::new(LogReader::new(Arc::clone(&client)));
        Self { client, entries, patience }
    }

    /// Submits a chain; `number` spreads submissions over the frontends.
    pub async fn submit(&self, number: usize, chain: &[Vec<u8>]) -> Result<Promise, String> {
        let expected = self.entries.expect(chain).await?;
        let path = match expected.endpoint {
            Endpoint::AddChain => "add-chain",
            Endpoint::AddPreChain => "add-pre-chain",
        };
        let answer = self.post(number, path, body(chain)).await.map_err(|error| error.to_string())?;
        self.verify(answer, expected, SystemClock.now()).map_err(|error| error.to_string())
    }

    async fn post(&self, number: usize, path: &str, body: Bytes) -> Result<AddChain, ClientError> {
        let deadline = Deadline::after(self.patience);
        let mut own_pause = FIRST_PAUSE;
        let mut which = number;
        loop {
            let error = match self.client.post(which, path, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let asked = match &error {
                ClientError::Status { retry_after, .. } => *retry_after,
                _ => None,
            };
            let pause = asked.unwrap_or(own_pause);
            if !error.may_pass() || deadline.remaining() <= pause {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            own_pause = (own_pause * 2).min(LONGEST_PAUSE);
            which += 1;
        }
    }

    fn verify(&self, answer: AddChain, expected: Expected, now: Timestamp) -> Result<Promise, ClientError> {
        let key = &self.client.target().key;
        let wrong = |reason: String| ClientError::unproven("SCT", reason);
        if answer.sct_version != 0 {
            return Err(wrong(format!("sct_version {}, expected 0", answer.sct_version)));
        }
        if answer.id.0 != key.log_id().as_ref() {
            let found = STANDARD.encode(&answer.id.0);
            return Err(wrong(format!("of log {found}, expected {}", STANDARD.encode(key.log_id()))));
        }
        if answer.timestamp > now.plus(CLOCK_SKEW) {
            let ahead = answer.timestamp.since(now).as_millis();
            return Err(wrong(format!("its time is {ahead} ms in the future")));
        }
        let Expected { endpoint, entry } = expected;
        let leaf = Leaf { timestamp: answer.timestamp, entry, extensions: answer.extensions.0 };
        let bytes = leaf.encode().map_err(|error| wrong(error.to_string()))?;
        key.verify("SCT", &bytes, &answer.signature)?;
        Ok(Promise { endpoint, timestamp: answer.timestamp, leaf: leaf_hash(&bytes) })
    }
}

fn body(chain: &[Vec<u8>]) -> Bytes {
    let chain: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
    serde_json::json!({ "chain": chain }).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Target;
    use ct::entry::SignedEntry;
    use ct::hash::Base64;
    use ct::key::LogSigningKey;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn poster(key: &LogSigningKey) -> Poster {
        // A client needs a TLS provider even if it never speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = key.public().clone();
        let target = Target { urls: Vec::new(), key, window: None, test_ca: None };
        Poster::new(Arc::new(LogClient::new(target).unwrap()), Duration::ZERO)
    }

    #[test]
    fn an_sct_counts_only_if_every_field_of_it_does() {
        let key = LogSigningKey::from_scalar(&[7; 32]).unwrap();
        let entry = SignedEntry::X509 { certificate: vec![0x30, 0] };
        let bytes = Leaf::plain(NOW, entry.clone()).encode().unwrap();
        let good = AddChain {
            sct_version: 0,
            id: Base64(key.public().log_id().as_ref().to_vec()),
            timestamp: NOW,
            extensions: Base64(Vec::new()),
            signature: key.sign_leaf(&bytes),
        };
        let expected = Expected { endpoint: Endpoint::AddChain, entry };
        let poster = poster(&key);
        let verify = |answer: AddChain, now| poster.verify(answer, expected.clone(), now);
        assert_eq!(verify(good.clone(), NOW).unwrap().leaf, leaf_hash(&bytes));
        assert!(verify(good.clone(), NOW.minus(CLOCK_SKEW)).is_ok());
        assert!(verify(good.clone(), NOW.minus(CLOCK_SKEW * 2)).is_err());
        let other = AddChain { timestamp: NOW.minus(CLOCK_SKEW), ..good.clone() };
        assert!(verify(other, NOW).unwrap_err().to_string().contains("signature"));
        for bad in [
            AddChain { sct_version: 1, ..good.clone() },
            AddChain { id: Base64(vec![0; 32]), ..good.clone() },
            AddChain { extensions: Base64(vec![0]), ..good.clone() },
            AddChain { signature: key.sign_leaf(b"other"), ..good },
        ] {
            assert!(verify(bad, NOW).is_err());
        }
    }
}
