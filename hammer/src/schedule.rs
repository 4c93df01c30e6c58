//! When each request is meant to start. Fixed before the first is sent: no answer, however late, moves any of them.

use crate::mix::{Mix, OPERATIONS, Operation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Requests per second: above 0, at most [`Rate::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(f64);

/// A number that is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rate {0}: expected a number of requests per second above 0, at most 100000")]
pub struct BadRate(String);

impl Rate {
    /// One a second.
    pub const ONE: Self = Self(1.0);
    /// More than one machine will ever send.
    pub const MAX: f64 = 100_000.0;

    /// Takes a number per second.
    pub fn new(per_second: f64) -> Result<Self, BadRate> {
        let fits = per_second > 0.0 && per_second <= Self::MAX;
        if fits { Ok(Self(per_second)) } else { Err(BadRate(per_second.to_string())) }
    }

    /// The number per second.
    pub const fn per_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        text.trim().parse().map_err(|_| BadRate(format!("{text:?}"))).and_then(Self::new)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 10.0 { write!(f, "{:.2}/s", self.0) } else { write!(f, "{:.0}/s", self.0) }
    }
}

/// How starts are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// All gaps are equal.
    Even,
    /// As from many clients that know nothing of each other: gaps are exponentially distributed.
    #[default]
    Poisson,
}

/// A request that is meant to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, from the start of the run.
    pub at: Duration,
    /// What.
    pub operation: Operation,
}

/// All requests of an open loop, in order of time. The same seed gives the same ones.
#[derive(Debug, Clone)]
pub struct Schedule {
    rate: f64,
    pace: Pace,
    mix: Mix,
    end: f64,
    gaps: fastrand::Rng,
    draws: fastrand::Rng,
    count: u64,
    at: f64,
}

impl Schedule {
    /// Requests of this mix at this rate, for so long.
    pub fn new(rate: Rate, pace: Pace, mix: Mix, length: Duration, seed: u64) -> Self {
        let mut seeds = fastrand::Rng::with_seed(seed);
        Self {
            rate: rate.0,
            pace,
            mix,
            end: length.as_secs_f64(),
            gaps: seeds.fork(),
            draws: seeds.fork(),
            count: 0,
            at: 0.0,
        }
    }

    /// About how many of each operation are to come, without drawing them.
    pub fn estimate(&self) -> [u64; OPERATIONS] {
        Operation::ALL.map(|operation| (self.rate * self.end * self.mix.share(operation)).round() as u64)
    }

    /// How many of each operation are still to come.
    pub fn demand(&self) -> [u64; OPERATIONS] {
        let mut demand = [0; OPERATIONS];
        for arrival in self.clone() {
            demand[arrival.operation.index()] += 1;
        }
        demand
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let at = match self.pace {
            // Not a sum of gaps: rounding would add up.
            Pace::Even => self.count as f64 / self.rate,
            // 1 - u lies in (0, 1], so the logarithm is finite.
            Pace::Poisson => self.at - (1.0 - self.gaps.f64()).ln() / self.rate,
        };
        if at >= self.end {
            return None;
        }
        (self.at, self.count) = (at, self.count + 1);
        Some(Arrival { at: Duration::from_secs_f64(at), operation: self.mix.draw(&mut self.draws) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(pace: Pace, rate: f64, seconds: u64, seed: u64) -> Schedule {
        let length = Duration::from_secs(seconds);
        Schedule::new(Rate::new(rate).unwrap(), pace, Mix::default(), length, seed)
    }

    #[test]
    fn even_starts_neither_drift_nor_run_over() {
        let all: Vec<Arrival> = schedule(Pace::Even, 300.0, 100, 1).collect();
        assert_eq!(all.len(), 30_000);
        assert_eq!(all[0].at, Duration::ZERO);
        let last = all[29_999].at.as_secs_f64();
        assert!((last - 29_999.0 / 300.0).abs() < 1e-6, "{last}");
    }

    #[test]
    fn poisson_starts_keep_the_rate_and_vary() {
        let all: Vec<Arrival> = schedule(Pace::Poisson, 1000.0, 50, 7).collect();
        // Fifty thousand, give or take three standard deviations.
        assert!((49_300..=50_700).contains(&all.len()), "{}", all.len());
        let gaps: Vec<f64> = all.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "mean {mean}, variance {variance}");
        assert!(all.is_sorted_by_key(|arrival| arrival.at));
    }

    #[test]
    fn a_seed_is_a_schedule() {
        let list = |seed| schedule(Pace::Poisson, 100.0, 5, seed).collect::<Vec<_>>();
        assert_eq!(list(1), list(1));
        assert_ne!(list(1), list(2));
        let mut counted = [0; OPERATIONS];
        list(1).iter().for_each(|arrival| counted[arrival.operation.index()] += 1);
        assert_eq!(schedule(Pace::Poisson, 100.0, 5, 1).demand(), counted);
    }

    #[test]
    fn an_estimate_is_near_what_is_drawn_and_costs_nothing() {
        let schedule = |rate, seconds| self::schedule(Pace::Poisson, rate, seconds, 3);
        let (drawn, estimated) = (schedule(1000.0, 20).demand(), schedule(1000.0, 20).estimate());
        for (drawn, estimated) in drawn.into_iter().zip(estimated) {
            assert!(drawn.abs_diff(estimated) < 300, "{drawn} drawn, {estimated} estimated");
        }
        assert_eq!(schedule(Rate::MAX, 86_400).estimate().iter().sum::<u64>(), 8_640_000_000);
    }

    #[test]
    fn rates_have_bounds() {
        assert_eq!("250".parse::<Rate>().unwrap().to_string(), "250/s");
        for text in ["0", "-1", "inf", "nan", "100001", "", "ten"] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(error.contains("at most 100000"), "{text}: {error}");
        }
    }
}
