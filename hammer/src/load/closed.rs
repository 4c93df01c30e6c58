//! The closed loop: so many workers, each of which waits for an answer before it asks again. It finds out how much a log
//! can do, and says little of how long one has to wait for it: a log that stalls is simply asked less often.

use super::hand::{Counted, Hand};
use crate::mix::{Mix, Operation};
use crate::stats::Outcome;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// A worker's pause after a failure, or when there was nothing to ask: a log that is down is not asked a million times.
const PAUSE: Duration = Duration::from_millis(20);

/// How a closed loop runs.
#[derive(Debug, Clone)]
pub(crate) struct Closed {
    pub(crate) workers: u16,
    pub(crate) mix: Mix,
    pub(crate) warmup: Duration,
    pub(crate) length: Duration,
    pub(crate) seed: u64,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Its time was over, or it was stopped.
    Time,
    /// There was no chain left to submit.
    UsedUp,
}

impl Closed {
    /// Runs to the end.
    pub(crate) async fn run(self, hand: &Hand, stop: &CancellationToken) -> End {
        let begun = Instant::now();
        let (used_up, mut workers) = (stop.child_token(), JoinSet::new());
        let mut seeds = fastrand::Rng::with_seed(self.seed);
        for _ in 0..self.workers {
            let (hand, plan, used_up) = (hand.clone(), self.clone(), used_up.clone());
            let random = seeds.fork();
            workers.spawn(async move { plan.work(&hand, begun, random, &used_up).await });
        }
        while workers.join_next().await.is_some() {}
        if used_up.is_cancelled() && !stop.is_cancelled() { End::UsedUp } else { End::Time }
    }

    async fn work(
        &self,
        hand: &Hand,
        begun: Instant,
        mut random: fastrand::Rng,
        used_up: &CancellationToken,
    ) {
        while begun.elapsed() < self.length && !used_up.is_cancelled() {
            let operation = self.mix.draw(&mut random);
            let start = Instant::now();
            let counted = if start.duration_since(begun) < self.warmup { Counted::Not } else { Counted::Yes };
            if counted == Counted::Yes {
                hand.lock().offer(operation);
            }
            match hand.perform(operation, start, counted).await {
                Outcome::Idle if matches!(operation, Operation::AddChain | Operation::AddPreChain) => {
                    return used_up.cancel();
                }
                Outcome::Done | Outcome::NotYet => {}
                _ => sleep(PAUSE).await,
            }
        }
    }
}
