//! Measurements behind docs/formats.md: `cargo bench -p store -- [index|tree|seal|segment|log] [thousands of rows]`.
//!
//! Each prints CPU time of the process per operation (the machine is shared, so wall time says little) and sizes.

#![allow(clippy::unwrap_used, missing_docs)]

mod index;
mod log;
mod seal;
mod segment;
mod tree;

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// CPU and wall time of some work.
pub struct Took {
    pub cpu: Duration,
    pub wall: Duration,
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Measures `work`.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let (began_cpu, began) = (cpu(), Instant::now());
    let value = work();
    (value, Took { cpu: cpu() - began_cpu, wall: began.elapsed() })
}

impl Took {
    /// CPU microseconds for each of `count`.
    pub fn cpu_us(&self, count: u64) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count as f64
    }
    /// How many of `count` a second of wall time saw.
    pub fn rate(&self, count: u64) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }
}

/// Bytes of the files in a directory and those below it.
pub fn bytes_in(dir: &std::path::Path) -> u64 {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(
            |entry| {
                if entry.path().is_dir() { bytes_in(&entry.path()) } else { entry.metadata().unwrap().len() }
            },
        )
        .sum()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let thousands = words.iter().find_map(|word| word.parse::<u64>().ok());
    let wanted =
        |name: &str| words.iter().all(|w| w.parse::<u64>().is_ok()) || words.iter().any(|w| w == name);
    if wanted("index") {
        index::run(thousands.unwrap_or(1000) * 1000);
    }
    if wanted("tree") {
        tree::run();
    }
    if wanted("seal") {
        seal::run();
    }
    if wanted("segment") {
        segment::run();
    }
    if wanted("log") {
        log::run(thousands.unwrap_or(1000) * 1000);
    }
}
