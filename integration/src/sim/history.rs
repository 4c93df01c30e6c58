//! Whole histories: first faults, then none; and what is demanded of each.

use super::fault::Coverage;
use super::plant::Plant;
use super::trace::Keep;
use super::{Options, World};
use std::fmt;

/// How long the healed cluster has, in milliseconds.
const AFTER: u64 = 16_000;

/// Promises that a history is to have, if it comes to them in a reasonable time.
const LEAST_PROMISES: u64 = 50;

/// A history that can be told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Decides everything.
    pub seed: u64,
    /// Events of its unsafe phase, at least.
    pub steps: u64,
}

impl History {
    /// Runs a living world through it, of the kind that the seed decides.
    pub fn run(self, keep: Keep) -> World {
        self.run_with(Options::drawn(self.seed), keep, None)
    }

    /// The same in a world with a bug.
    pub fn run_with(self, options: Options, keep: Keep, plant: Option<Plant>) -> World {
        let mut world = World::new(self.seed, options);
        world.trace.keep(keep);
        world.plant = plant;
        world.live();
        world.run_for_events(self.steps);
        // Of a history in which hardly anything was promised little can be learned.
        while world.check.broken.is_none()
            && world.faults.promises < LEAST_PROMISES
            && world.trace.count() < 10 * self.steps
        {
            world.run_for_events(world.trace.count() + 100);
        }
        if world.check.broken.is_none() {
            world.settle(AFTER);
        }
        if world.check.broken.is_none() {
            world.demand_healed();
        }
        world
    }

    /// The command that runs it again.
    pub fn replay(self) -> String {
        let Self { seed, steps } = self;
        format!("cargo run --release -p integration --bin sim -- --seed {seed} --steps {steps} --trace")
    }
}

/// What a history was made of.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its seed.
    pub seed: u64,
    /// What happened, in lines.
    pub events: u64,
    /// Promises.
    pub promises: u64,
    /// Tree heads.
    pub signed: usize,
    /// Runs of repair that began.
    pub repairs: u64,
    /// Which faults hit whom.
    pub coverage: Coverage,
    /// The digest of its trace.
    pub digest: u64,
}

impl Summary {
    /// Of a world that has come to its end.
    pub fn of(seed: u64, world: &World) -> Self {
        Self {
            seed,
            events: world.trace.count(),
            promises: world.faults.promises,
            signed: world.check.signed.len(),
            repairs: world.faults.repairs,
            coverage: world.coverage.clone(),
            digest: world.trace.digest(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, events, promises, signed, repairs, coverage, digest } = self;
        write!(
            f,
            "seed {seed}: {events} events, {promises} promises, {signed} signed heads, {repairs} repairs, trace {digest:016x}; faults:"
        )?;
        for (fault, count) in coverage.by_fault() {
            write!(f, " {fault} {count},")?;
        }
        Ok(())
    }
}
