//! How far the log is behind with publishing what it promised.

use super::hand::Site;
use super::verify::Promises;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Pause between two looks at the tree.
const LOOK: Duration = Duration::from_millis(50);

/// The tree as it was before the first promise of a run, and all promises since.
#[derive(Debug)]
pub(crate) struct Publication {
    promises: Arc<Promises>,
    size: u64,
    at: Timestamp,
}

impl Publication {
    /// Begins at the largest tree that was seen.
    pub(crate) fn new(largest: Option<TreeHead>, promises: Arc<Promises>) -> Self {
        let size = largest.map_or(0, |head| head.tree_size.get());
        Self { promises, size, at: largest.map_or(Timestamp::EPOCH, |head| head.timestamp) }
    }

    /// The size of a tree that has all promises of the run so far: not of one step alone, or what an earlier step left
    /// behind would pass for what this one added. A promise older than the first tree is of an entry that was in it.
    fn target(&self) -> u64 {
        self.size + self.promises.after(self.at)
    }

    /// Waits until the tree has all that was promised. Answers how long that took, if it was within the time.
    pub(crate) async fn wait(
        &self,
        site: &Site,
        within: Duration,
        stop: &CancellationToken,
    ) -> Option<Duration> {
        let (begun, target) = (Instant::now(), self.target());
        while site.largest() < target {
            if begun.elapsed() >= within || stop.is_cancelled() {
                return None;
            }
            sleep(LOOK).await;
        }
        Some(begun.elapsed())
    }
}
