//! Latencies in a histogram of high dynamic range: every value is kept to three significant digits, however many.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longer than any request may take, in microseconds; what is longer still counts as this.
const LONGEST: u64 = 3600 * 1_000_000;
const DIGITS: u8 = 3;

/// Latencies of one kind.
#[derive(Debug, Clone)]
pub struct Latency {
    histogram: Histogram<u64>,
}

/// What is told of latencies, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many there are.
    pub count: u64,
    /// Their mean.
    pub mean_us: f64,
    /// Half are no longer.
    pub p50_us: u64,
    /// Of ten, nine are no longer.
    pub p90_us: u64,
    /// Of a hundred, ninety-nine.
    pub p99_us: u64,
    /// Of a thousand, all but one.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Default for Latency {
    fn default() -> Self {
        // Bounds and digits are within what the crate accepts.
        let histogram =
            Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("the bounds are fixed and valid");
        Self { histogram }
    }
}

impl Latency {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(micros.max(1));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The usual percentiles; nothing of nothing.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let histogram = &self.histogram;
        let at = |quantile| histogram.value_at_quantile(quantile).min(histogram.max());
        (!histogram.is_empty()).then(|| Percentiles {
            count: histogram.len(),
            mean_us: histogram.mean(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max(),
        })
    }

    /// Takes in all of another.
    pub fn merge(&mut self, other: &Latency) {
        // Both have the same bounds, so everything in one fits the other.
        self.histogram.add(&other.histogram).expect("the bounds are the same");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut latency = Latency::default();
        assert_eq!(latency.percentiles(), None);
        for millis in 1..=1000 {
            latency.record(Duration::from_millis(millis));
        }
        let found = latency.percentiles().unwrap();
        for (found, expected) in [
            (found.p50_us, 500_000_u64),
            (found.p90_us, 900_000),
            (found.p99_us, 990_000),
            (found.p999_us, 999_000),
            (found.max_us, 1_000_000),
        ] {
            let error = found.abs_diff(expected) as f64 / expected as f64;
            assert!(error < 0.002, "{found} for {expected}");
        }
        assert_eq!(found.count, 1000);
    }

    #[test]
    fn nothing_is_too_short_or_too_long() {
        let mut latency = Latency::default();
        latency.record(Duration::ZERO);
        latency.record(Duration::MAX);
        let found = latency.percentiles().unwrap();
        assert_eq!((found.count, found.p50_us), (2, 1));
        assert!(found.max_us >= LONGEST);
    }
}
