//! When a node that ended is started again.

use std::time::Duration;

/// A node that ran for so long has recovered from whatever ended it before.
const RECOVERED: Duration = Duration::from_secs(30);
/// Pauses before the first starts after an end.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];
/// The pause once the node is in trouble.
const TROUBLED: Duration = Duration::from_secs(10);

/// Counts the ends of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    quick_ends: usize,
}

/// What to do after an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Start again after this.
    pub pause: Duration,
    /// Whether the node ends again and again, so that a person must look.
    pub troubled: bool,
}

impl Backoff {
    /// The node ended after it ran for so long.
    pub fn ended(&mut self, ran: Duration) -> Verdict {
        if ran >= RECOVERED {
            self.quick_ends = 0;
        }
        let pause = PAUSES.get(self.quick_ends).copied();
        self.quick_ends += 1;
        Verdict { pause: pause.unwrap_or(TROUBLED), troubled: pause.is_none() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_a_long_run_heals() {
        let mut backoff = Backoff::default();
        let quick = Duration::from_secs(1);
        let pauses: Vec<u128> = (0..6).map(|_| backoff.ended(quick).pause.as_millis()).collect();
        assert_eq!(pauses, [0, 250, 500, 1000, 2000, 2000]);
        for _ in 0..3 {
            assert_eq!(backoff.ended(quick), Verdict { pause: TROUBLED, troubled: true });
        }
        assert_eq!(backoff.ended(RECOVERED), Verdict { pause: Duration::ZERO, troubled: false });
    }
}
