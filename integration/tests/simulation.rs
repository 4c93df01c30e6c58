//! The machines under a thousand seeds and more.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::sim::{Options, World};

fn history(seed: u64, options: Options) -> World {
    let span = options.span;
    let mut world = World::new(seed, options);
    world.plan();
    let until = world.now + span;
    world.run_until(until);
    world.heal(12_000);
    if world.check.broken.is_none() {
        world.demand_convergence();
    }
    world
}

fn demand(seed: u64, world: &World) {
    if let Some(broken) = &world.check.broken {
        panic!("seed {seed}: {broken:?}\nhalted: {:?}\nalarms: {:?}", world.halted, world.alarms);
    }
}

#[test]
fn a_healthy_cluster_keeps_every_promise_and_raises_no_alarm() {
    for seed in 0..20 {
        let world = history(seed, Options::healthy());
        demand(seed, &world);
        assert!(!world.check.promises.is_empty(), "seed {seed} promised nothing");
        assert_eq!(world.alarms, Vec::<String>::new(), "seed {seed}");
        assert_eq!(world.halted, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn one_seed_gives_one_history() {
    for seed in [1, 2, 3] {
        let (once, again) = (history(seed, Options::stormy()), history(seed, Options::stormy()));
        assert_eq!(once.trace.digest(), again.trace.digest());
        assert!(once.trace.count() > 500, "seed {seed}: {} events", once.trace.count());
    }
}

fn storm(seeds: std::ops::Range<u64>, repairs: impl Fn(u64) -> usize + Sync) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (seeds, repairs) = (seeds.clone(), &repairs);
            scope.spawn(move || {
                for seed in seeds.filter(|seed| seed % threads == thread) {
                    let options = Options { repairs: repairs(seed), ..Options::stormy() };
                    demand(seed, &history(seed, options));
                }
            });
        }
    });
}

#[test]
fn no_promise_is_broken_under_crashes_and_loss() {
    storm(0..600, |_| 0);
}

#[test]
fn no_promise_is_broken_when_terms_change() {
    storm(10_000..10_500, |seed| 1 + (seed % 3) as usize);
}
