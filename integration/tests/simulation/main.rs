//! The machines under more than a thousand seeds, and the checkers under bugs.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod planted;

use integration::sim::fault::{Coverage, Fault};
use integration::sim::history::History;
use integration::sim::trace::Keep;
use integration::sim::{Options, World};
use std::sync::Mutex;

const STEPS: u64 = 2_000;

fn demand(seed: u64, world: &World) {
    if let Some(broken) = &world.check.broken {
        panic!("seed {seed}: {broken}\nhalted: {:?}\nalarms: {:?}", world.halted, world.alarms);
    }
}

#[test]
fn a_healthy_cluster_keeps_every_promise_and_raises_no_alarm() {
    for seed in 0..20 {
        let world = World::live_through(seed, Options::healthy());
        demand(seed, &world);
        assert!(!world.check.promises.is_empty(), "seed {seed} promised nothing");
        assert_eq!(world.alarms, Vec::<String>::new(), "seed {seed}");
        assert_eq!(world.halted, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn one_seed_gives_one_trace() {
    for seed in 0..8 {
        let run = || History { seed, steps: STEPS }.run(Keep::All);
        let (once, again) = (run(), run());
        assert_eq!(once.trace.digest(), again.trace.digest(), "seed {seed}");
        assert!(once.trace.lines().eq(again.trace.lines()), "seed {seed}");
        assert!(once.trace.count() >= STEPS, "seed {seed}: {} events", once.trace.count());
    }
    let digest = |seed| History { seed, steps: STEPS }.run(Keep::Digest).trace.digest();
    assert_ne!(digest(1), digest(2));
}

/// Histories of everything that can go wrong, and the table of what did.
fn living(seeds: std::ops::Range<u64>) -> Coverage {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let coverage = Mutex::new(Coverage::default());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (seeds, coverage) = (seeds.clone(), &coverage);
            scope.spawn(move || {
                for seed in seeds.filter(|seed| seed % threads == thread) {
                    let history = History { seed, steps: STEPS };
                    let world = history.run(Keep::Last(40));
                    if let Some(broken) = &world.check.broken {
                        let trace = world.trace.lines().collect::<Vec<_>>().join("\n");
                        panic!("{trace}\nseed {seed}: {broken}\nreplay: {}", history.replay());
                    }
                    coverage.lock().unwrap().add(&world.coverage);
                }
            });
        }
    });
    coverage.into_inner().unwrap()
}

#[test]
fn no_property_breaks_whatever_goes_wrong() {
    let coverage = living(0..800);
    println!("{coverage}");
    // So few histories need not fill every cell of the table; `sim --count` demands that (docs/simulation.md).
    assert_eq!(coverage.by_fault().len(), Fault::ALL.len(), "{coverage}");
    assert!(coverage.empty().len() < 10, "what never happened was not tested\n{coverage}");
}
