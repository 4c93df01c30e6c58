//! How often a log is asked again, and after which pause: the one place where that is decided.

use crate::ClientError;
use std::time::Duration;
use tokio::time::Instant;

/// A bound on tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often all frontends are asked in turn.
    pub rounds: u32,
    /// Least pause after a round; it doubles from round to round, and up to as much again is added at random, so that
    /// clients that failed together do not come back together.
    pub pause: Duration,
    /// Where the doubling ends.
    pub longest_pause: Duration,
    /// Longest pause that a log may ask for (Retry-After); one that asks for more is given up.
    pub longest_asked: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            rounds: 4,
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(4),
            longest_asked: Duration::from_secs(120),
        }
    }
}

/// When to stop trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After [`Patience::rounds`].
    Rounds,
    /// When this moment has passed, or would before the next try.
    Moment(Instant),
}

/// What to do after a try that failed but may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask the next frontend after this pause, which may be none.
    After(Duration),
    /// Give up.
    GiveUp,
}

impl Patience {
    /// The pause after a round, counted from 1, at a log that asked for one of `asked`. `jitter` is from 0 to 1. Whoever
    /// never gives up decides by this alone.
    pub fn pause_after(&self, round: u32, asked: Option<Duration>, jitter: f64) -> Duration {
        let doubled = self.pause.saturating_mul(1 << round.saturating_sub(1).min(16));
        let own = doubled.min(self.longest_pause);
        own.max(asked.unwrap_or_default()) + own.mul_f64(jitter)
    }

    /// What to do after try number `tried`, counted from 1, at `frontends` frontends. `jitter` is from 0 to 1.
    ///
    /// A frontend that is merely down is no reason to wait, while there is another that was not asked in this round.
    pub(crate) fn next(
        &self,
        tried: u32,
        frontends: u32,
        error: &ClientError,
        until: Until,
        now: Instant,
        jitter: f64,
    ) -> Next {
        let rounds = tried / frontends;
        let round_over = tried.is_multiple_of(frontends);
        let asked = error.retry_after();
        if !error.may_pass() || asked.is_some_and(|asked| asked > self.longest_asked) {
            return Next::GiveUp;
        }
        let pause = if round_over || asked.is_some() {
            self.pause_after(rounds, asked, jitter)
        } else {
            Duration::ZERO
        };
        let over = match until {
            Until::Rounds => rounds >= self.rounds,
            Until::Moment(moment) => now + pause >= moment,
        };
        if over { Next::GiveUp } else { Next::After(pause) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Patience = Patience {
        rounds: 4,
        pause: Duration::from_millis(200),
        longest_pause: Duration::from_secs(1),
        longest_asked: Duration::from_secs(120),
    };

    fn down() -> ClientError {
        ClientError::Unreachable { url: String::new(), reason: String::new() }
    }

    fn status(status: u16, retry_after: Option<u64>) -> ClientError {
        let retry_after = retry_after.map(Duration::from_secs);
        ClientError::Status { url: String::new(), status, retry_after, text: String::new() }
    }

    fn millis(next: Next) -> Option<u128> {
        match next {
            Next::After(pause) => Some(pause.as_millis()),
            Next::GiveUp => None,
        }
    }

    #[test]
    fn pauses_double_to_a_bound_and_rounds_end() {
        let now = Instant::now();
        let pauses = |frontends, jitter| -> Vec<_> {
            (1..=10)
                .map(|tried| millis(P.next(tried, frontends, &down(), Until::Rounds, now, jitter)))
                .collect()
        };
        let (some, none) = (|millis| Some(millis), None);
        assert_eq!(pauses(1, 0.0)[..4], [some(200), some(400), some(800), none]);
        assert_eq!(pauses(1, 1.0)[..4], [some(400), some(800), some(1600), none]);
        let two = [some(0), some(200), some(0), some(400), some(0), some(800), some(0), none];
        assert_eq!(pauses(2, 0.0)[..8], two);
        let patient = Patience { rounds: 1000, ..P };
        assert_eq!(millis(patient.next(900, 1, &down(), Until::Rounds, now, 0.0)), Some(1000));
    }

    #[test]
    fn a_log_that_asks_for_a_pause_gets_it_and_one_that_asks_for_too_much_is_left() {
        let now = Instant::now();
        let after = |error| millis(P.next(1, 3, &error, Until::Rounds, now, 0.0));
        assert_eq!(after(status(503, Some(7))), Some(7000));
        assert_eq!(after(status(429, Some(0))), Some(200));
        assert_eq!(after(status(429, Some(121))), None);
        assert_eq!(after(status(400, None)), None);
        assert_eq!(after(status(503, None)), Some(0));
    }

    #[test]
    fn a_try_that_would_come_too_late_is_not_made() {
        let now = Instant::now();
        let within = |millis_left| {
            let until = Until::Moment(now + Duration::from_millis(millis_left));
            millis(P.next(1, 1, &status(503, Some(1)), until, now, 0.0))
        };
        assert_eq!(within(1001), Some(1000));
        assert_eq!(within(1000), None);
    }
}
