//! The steps of a run, one after the other.

use super::plan::{Goal, Plan};
use super::supply::{Exact, Supply};
use crate::HammerError;
use crate::load::{Load, Publication, Site, Step, StepReport, Timing};
use crate::mix::Mix;
use crate::report::{Highest, Try};
use crate::schedule::Rate;
use crate::search::{Definition, Search};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a search waits for a log that is behind, so that one rate does not pay for the one before it.
const CATCH_UP: Duration = Duration::from_secs(300);

/// Runs steps, and keeps what came of them.
pub(super) struct Steps<'a> {
    plan: &'a Plan,
    supply: Supply,
    site: Arc<Site>,
    publication: Publication,
    done: Vec<StepReport>,
    highest: Option<Highest>,
    loading: Arc<Notify>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(plan: &'a Plan, supply: Supply, site: Arc<Site>, publication: Publication) -> Self {
        Self { plan, supply, site, publication, done: Vec::new(), highest: None, loading: Arc::default() }
    }

    /// Told when the first load begins.
    pub(super) fn loading(&self) -> Arc<Notify> {
        Arc::clone(&self.loading)
    }

    /// All that the goal asks for.
    pub(super) async fn all(&mut self, stop: &CancellationToken) -> Result<(), HammerError> {
        match &self.plan.goal {
            Goal::Rates(rates) => self.sweep(rates, stop).await,
            Goal::Workers(workers) => {
                let done = self.step(Load::Closed { workers: *workers }, self.plan.mix.clone(), stop).await?;
                self.done.push(done);
                Ok(())
            }
            Goal::Highest { p99, sweep, workers } => {
                let definition =
                    Definition { p99: *p99, lag: Definition::lag(self.plan.warmup + self.plan.duration) };
                let highest = self.search(definition, *workers, stop).await?;
                let part = |percent: &u8| Rate::new(highest?.per_second() * f64::from(*percent) / 100.0).ok();
                let rates: Vec<Rate> = sweep.iter().filter_map(part).collect();
                self.sweep(&rates, stop).await
            }
        }
    }

    pub(super) fn into_results(self) -> (Vec<StepReport>, Option<Highest>) {
        (self.done, self.highest)
    }

    async fn sweep(&mut self, rates: &[Rate], stop: &CancellationToken) -> Result<(), HammerError> {
        for rate in rates {
            if stop.is_cancelled() {
                break;
            }
            let load = Load::Open { rate: *rate, pace: self.plan.pace };
            let done = self.step(load, self.plan.mix.clone(), stop).await?;
            self.done.push(done);
        }
        Ok(())
    }

    /// The highest sustained rate: a closed loop guesses, open loops find out.
    async fn search(
        &mut self,
        definition: Definition,
        workers: u16,
        stop: &CancellationToken,
    ) -> Result<Option<Rate>, HammerError> {
        let guess = self.step(Load::Closed { workers }, self.plan.mix.clone(), stop).await?;
        let mut found = Highest::new(definition, workers, guess.achieved_per_second);
        let mut search =
            Search::from(Rate::new(guess.achieved_per_second.clamp(1.0, Rate::MAX)).unwrap_or(Rate::ONE));
        while let Some(rate) = search.next()
            && self.caught_up(stop).await
        {
            let mut sustained = self.attempt(rate, definition, &mut found, stop).await?;
            // A machine that others share may have been away just then.
            if !sustained && self.caught_up(stop).await {
                sustained = self.attempt(rate, definition, &mut found, stop).await?;
            }
            search.saw(rate, sustained);
        }
        found.rate = search.highest();
        let highest = found.rate;
        self.highest = Some(found);
        Ok(highest)
    }

    /// Waits until the tree has all that was promised. Answers whether the search may go on.
    async fn caught_up(&self, stop: &CancellationToken) -> bool {
        self.site.pulse.phase("waiting until the tree has all that was promised");
        let caught_up = self.publication.wait(&self.site, CATCH_UP, stop).await.is_some();
        if !caught_up && !stop.is_cancelled() {
            self.site.pulse.say(format!("the tree lags by more than {CATCH_UP:?}: the search ends"));
        }
        caught_up && !stop.is_cancelled()
    }

    /// Whether a rate is sustained, this time.
    async fn attempt(
        &self,
        rate: Rate,
        definition: Definition,
        found: &mut Highest,
        stop: &CancellationToken,
    ) -> Result<bool, HammerError> {
        let load = Load::Open { rate, pace: self.plan.pace };
        let step = self.step(load, self.plan.mix.clone(), stop).await?;
        let judged = definition.judge(&step);
        let said = judged.as_ref().map_or_else(|short| format!("no: {short:?}"), |()| "yes".to_owned());
        self.site.pulse.say(format!("{rate} sustained: {said}"));
        found.tries.push(Try { rate, shortfall: judged.err(), sct_latency: step.sct_latency });
        Ok(judged.is_ok())
    }

    async fn step(&self, load: Load, mix: Mix, stop: &CancellationToken) -> Result<StepReport, HammerError> {
        let plan = self.plan;
        let timing = Timing { warmup: plan.warmup, measured: plan.duration, settle: plan.settle };
        let step = Step { load, mix, timing, in_flight: plan.in_flight, seed: plan.seed };
        let exact = if matches!(load, Load::Open { .. }) { Exact::Yes } else { Exact::No };
        let need = step.need(self.supply.at_most(plan.stock));
        let stock = self.supply.stock(need, exact, &self.site.pulse).await?;
        let phase = phase(load, plan.warmup + plan.duration);
        self.site.pulse.say(phase.clone());
        self.site.pulse.phase(phase);
        self.loading.notify_one();
        Ok(step.run(&self.site, stock, &self.publication, stop).await)
    }
}

fn phase(load: Load, length: Duration) -> String {
    match load {
        Load::Open { rate, .. } => format!("offering {rate} for {length:?}"),
        Load::Closed { workers } => format!("{workers} workers for {length:?}"),
    }
}
