//! What every store on every file system must do, as functions that a test calls with its own.
//!
//! Each drives a store with a seeded random script beside a model in memory, breaks it at one point, opens it again and
//! compares all that can be seen. They panic where the contract is broken. SQLite works on the machine's own file
//! system throughout and counts as one atomic step; everything else goes through [`crate::sim::SimFiles`].

pub mod damage;
pub mod list;
pub mod log;
pub mod sample;
pub mod segments;

use crate::sim::{Crash, Failure, Op, Random, SimFiles};

/// Where and how a run of a script is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// The operation, counted from the start of the script.
    pub at: u64,
    /// What happens to it.
    pub failure: Failure,
    /// What the crash that follows leaves.
    pub crash: Crash,
}

impl Break {
    /// The break number `n` of a sequence that covers all operations below `operations`, with every kind of failure and
    /// crash at every one of them once `n` has gone through 12 times as many.
    pub fn nth(n: u64, operations: u64, seed: u64) -> Self {
        let mut random = Random::new(seed ^ n);
        let round = n / operations.max(1);
        let failure = match (n + round) % 4 {
            0 => Failure::Stop,
            1 => Failure::StopAfter,
            2 => Failure::Lost,
            _ => Failure::Persisted,
        };
        let crash = match (n / 4 + round) % 3 {
            0 => Crash::LoseAll,
            1 => Crash::Random(random.next()),
            _ => Crash::Process,
        };
        // A process that dies alone does not show what a failed sync has lost.
        let crash = if failure == Failure::Lost && crash == Crash::Process { Crash::LoseAll } else { crash };
        Self { at: 1 + n % operations.max(1), failure, crash }
    }

    fn plant(self, files: &SimFiles) {
        files.plant(Op::Any, self.at, self.failure);
    }
}
