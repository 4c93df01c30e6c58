//! One submission: sent, sent again while the log is busy, and its SCT verified.

use client::Client;
use client::submission::{EntryMaker, Promise, body};
use node::clock::{Clock as _, SystemClock};
use std::time::Duration;

/// What became of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Where the chain is from.
    pub source: String,
    /// A promise, verified, or why there is none.
    pub result: Result<Promise, String>,
}

/// Submits chains to one log.
#[derive(Debug)]
pub struct Poster {
    client: Client,
    entries: EntryMaker,
    patience: Duration,
}

impl Poster {
    /// Submits through that client, and tries for as long as `patience` where the log is busy.
    pub fn new(client: Client, patience: Duration) -> Self {
        let entries = EntryMaker::new(client.reader());
        Self { client, entries, patience }
    }

    /// Submits a chain; `number` spreads submissions over the frontends.
    pub async fn submit(&self, number: usize, chain: &[Vec<u8>]) -> Result<Promise, String> {
        let expected = self.entries.expect(chain).await?;
        let answer = self.client.submit(number, expected.endpoint, body(chain), self.patience).await;
        let promise = answer.and_then(|answer| expected.verify(answer, self.client.log(), SystemClock.now()));
        promise.map_err(|error| error.to_string())
    }
}
