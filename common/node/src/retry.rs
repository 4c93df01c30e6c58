//! How often a call is tried, and how long between (docs/protocol.md, N4). Every call is idempotent, so any of them may
//! be tried again; none of them is tried for ever.

use crate::entropy::{Entropy, jitter};
use std::time::Duration;

/// A bound on tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Most tries, the first included.
    pub tries: u32,
    /// Longest wait for one try, within the deadline of the whole.
    pub one_try: Duration,
    /// Least pause after the first try; it doubles from try to try, and up to as much again is added at random.
    pub pause: Duration,
    /// Where the doubling ends.
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: 4,
            one_try: Duration::from_secs(5),
            pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        }
    }
}

impl Retry {
    /// The pause after try number `tried`, counted from 1; `asked` is what the peer asked for.
    pub(crate) fn pause_after(&self, tried: u32, asked: Option<Duration>, entropy: &dyn Entropy) -> Duration {
        let doubled = self.pause.saturating_mul(1 << tried.saturating_sub(1).min(16));
        jitter(entropy, doubled.min(self.longest_pause).max(asked.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn pauses_double_to_a_bound_and_heed_the_peer() {
        let (retry, entropy) = (Retry::default(), SeededEntropy::new(1));
        for (tried, least) in [(1, 50), (2, 100), (3, 200), (6, 1000), (u32::MAX, 1000)] {
            let least = Duration::from_millis(least);
            assert!((least..=2 * least).contains(&retry.pause_after(tried, None, &entropy)));
        }
        let asked = Duration::from_secs(3);
        assert!(retry.pause_after(1, Some(asked), &entropy) >= asked);
    }
}
