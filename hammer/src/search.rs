//! The search for the highest rate that a log sustains. Pure: it says which rate to try, and is told what came of it.

use crate::load::StepReport;
use crate::schedule::Rate;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Of a hundred submissions offered at a sustained rate, so many end in an SCT.
const MIN_DONE_PERCENT: u64 = 99;
/// Two rates that differ by no more than this are the same.
const PRECISION: f64 = 1.05;
/// The step upwards while nothing has failed yet.
const UP: f64 = 1.3;
/// The tree may lag by this part of the time for which a rate is offered.
const LAG_PART: u32 = 10;
/// Tree heads are looked at once a second, and signed about as often: less cannot be told apart.
const LEAST_LAG: Duration = Duration::from_secs(2);
/// The most tries.
const TRIES: u32 = 12;

/// What it means that a rate is sustained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Bound on the 99th percentile of SCT latency.
    pub p99: Duration,
    /// How long the log may take to publish what it promised, after the last promise.
    pub lag: Duration,
}

impl Definition {
    /// The bound on the lag, for rates that are offered for so long. It is a small part of that: a log that publishes less
    /// than it promises falls behind from the first second on, and needs only the time after the last one to hide it.
    pub fn lag(offered: Duration) -> Duration {
        (offered / LAG_PART).max(LEAST_LAG)
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a rate is sustained if at least {MIN_DONE_PERCENT} % of the new certificates and precertificates offered end \
             in an SCT, 99 % of the SCTs come within {:?} of the intended start, and the tree has them all {:?} after \
             the last (a {LAG_PART}th of the time for which the rate is offered, at least {LEAST_LAG:?}); a rate that falls \
             short is tried once more",
            self.p99, self.lag
        )
    }
}

/// Why a rate is not sustained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortfall {
    /// Too few submissions ended in an SCT.
    TooFew,
    /// They took too long.
    TooSlow,
    /// They were not published in time.
    Unpublished,
    /// The step did not run to its end.
    Cut,
}

impl Definition {
    /// Whether what came of a step meets it.
    pub fn judge(&self, step: &StepReport) -> Result<(), Shortfall> {
        let (offered, done) = step.submissions();
        if step.cut.is_some() {
            return Err(Shortfall::Cut);
        }
        if done * 100 < offered * MIN_DONE_PERCENT || done == 0 {
            return Err(Shortfall::TooFew);
        }
        let p99 = step.sct_latency.map(|latency| Duration::from_micros(latency.p99_us));
        if p99.is_none_or(|p99| p99 > self.p99) {
            return Err(Shortfall::TooSlow);
        }
        let lag = self.lag.as_secs_f64();
        if step.published_after_seconds.is_none_or(|after| after > lag) {
            return Err(Shortfall::Unpublished);
        }
        Ok(())
    }
}

/// Narrows the highest sustained rate down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The highest that was sustained.
    floor: Option<f64>,
    /// The lowest that was not.
    ceiling: Option<f64>,
    next: f64,
    tries: u32,
}

impl Search {
    /// Begins with a guess.
    pub const fn from(guess: Rate) -> Self {
        Self { floor: None, ceiling: None, next: guess.per_second(), tries: 0 }
    }

    /// The rate to try next; nothing when it is found, or is not to be found.
    pub fn next(&self) -> Option<Rate> {
        let close = matches!((self.floor, self.ceiling), (Some(floor), Some(ceiling)) if ceiling / floor <= PRECISION);
        if close || self.tries >= TRIES { None } else { Rate::new(self.next).ok() }
    }

    /// What came of it.
    pub fn saw(&mut self, rate: Rate, sustained: bool) {
        let rate = rate.per_second();
        self.tries += 1;
        if sustained {
            self.floor = Some(self.floor.map_or(rate, |floor| floor.max(rate)));
        } else {
            self.ceiling = Some(self.ceiling.map_or(rate, |ceiling| ceiling.min(rate)));
        }
        self.next = match (self.floor, self.ceiling) {
            (Some(floor), Some(ceiling)) => (floor * ceiling).sqrt(),
            (Some(floor), None) => (floor * UP).min(Rate::MAX),
            (None, _) => rate / 2.0,
        };
    }

    /// The highest that was sustained, if any was.
    pub fn highest(&self) -> Option<Rate> {
        self.floor.and_then(|floor| Rate::new(floor).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Load;
    use crate::mix::Operation;
    use crate::stats::{Latency, Outcome, Tally};

    fn find(limit: f64, guess: f64) -> (Option<f64>, u32) {
        let mut search = Search::from(Rate::new(guess).unwrap());
        while let Some(rate) = search.next() {
            search.saw(rate, rate.per_second() <= limit);
        }
        (search.highest().map(Rate::per_second), search.tries)
    }

    #[test]
    fn the_limit_is_found_from_above_and_from_below() {
        for (limit, guess) in [(1000.0, 1100.0), (1000.0, 400.0), (1000.0, 4000.0), (30.0, 29.0)] {
            let (found, tries) = find(limit, guess);
            let found = found.unwrap();
            assert!(found <= limit && found * PRECISION >= limit, "{found} for {limit} from {guess}");
            assert!(tries <= TRIES);
        }
    }

    #[test]
    fn a_log_that_falls_behind_does_not_sustain_the_rate_though_it_catches_up_afterwards() {
        let mut latency = Latency::default();
        latency.record(Duration::from_millis(10));
        let mut tally = Tally::default();
        tally.offer(Operation::AddChain);
        tally.ended(Operation::AddChain, Outcome::Done, Duration::from_millis(10));
        let step = |published_after_seconds| StepReport {
            load: Load::Closed { workers: 1 },
            measured_seconds: 30.0,
            offered_per_second: 1.0,
            achieved_per_second: 1.0,
            scts_per_second: 1.0,
            sct_latency: latency.percentiles(),
            operations: tally.report(),
            hammer_late: None,
            published_after_seconds,
            cut: None,
        };
        let p99 = Duration::from_millis(250);
        let definition = Definition { p99, lag: Definition::lag(Duration::from_secs(33)) };
        assert_eq!(definition.judge(&step(Some(3.2))), Ok(()));
        for late in [Some(3.4), Some(19.0), None] {
            assert_eq!(definition.judge(&step(late)), Err(Shortfall::Unpublished), "{late:?}");
        }
        assert_eq!(Definition::lag(Duration::from_secs(5)), LEAST_LAG);
        assert!(definition.to_string().contains("3.3s after the last (a 10th"), "{definition}");
    }

    #[test]
    fn the_search_ends_where_there_is_nothing_to_find() {
        assert_eq!(find(0.0, 100.0), (None, TRIES));
        let (found, tries) = find(f64::INFINITY, 50_000.0);
        assert!(found == Some(Rate::MAX) && tries == TRIES);
    }
}
