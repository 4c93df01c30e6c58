//! Drives the run of one log to its end: commits what the machine decides, and only then does it.

use crate::ask;
use crate::machine::{Act, Event, Fx, Machine, Settings};
use crate::run::{Report, Stage};
use crate::state::{State, StateError};
use config::Log;
use ct::names::LogName;
use ct::wire::status::Detail;
use node::host::Host;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// How often time passes for a run, and how often the frontends are looked at for its first tree head.
const TICK: Duration = Duration::from_millis(200);
/// How long the others' Stop replies are waited for when a majority has answered.
const GRACE: Duration = Duration::from_secs(2);
/// A run that does not get on says so after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the first tree head of a new term is waited for, beyond the interval of tree heads.
const PUBLICATION: Duration = Duration::from_secs(60);
/// Outcomes of calls that wait to be read.
const MAX_EVENTS: usize = 256;

/// How a run is carried out, for one log.
pub(crate) fn settings(host: &Host, log: &Log) -> Settings {
    Settings {
        key: host.signing_key(),
        log_key: log.key().clone(),
        grace: GRACE,
        patience: PATIENCE,
        publication: PUBLICATION + log.sth_interval(),
        others: ask::others(host),
    }
}

/// A run in the hands of this process.
pub(crate) struct Driver {
    pub host: Host,
    pub log: LogName,
    pub state: State,
    pub machine: Machine,
    /// What the machine wanted when it began.
    pub first: Fx,
    /// Is told of a run that does not get on.
    pub unfinished: mpsc::Sender<(LogName, Report)>,
}

impl Driver {
    /// Goes on until the run is over; `None` if the process is to end before that.
    pub(crate) async fn run(mut self) -> Result<Option<Report>, StateError> {
        let (events, mut outcomes) = mpsc::channel(MAX_EVENTS);
        let shutdown = self.host.shutdown();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let first = std::mem::take(&mut self.first);
        if let Some(report) = self.commit_and_act(first, &events).await? {
            return Ok(Some(report));
        }
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(None),
                Some(event) = outcomes.recv() => event,
                _ = ticks.tick() => {
                    self.look(&events);
                    Event::Tick
                }
            };
            let mut fx = Fx::new();
            self.machine.step(self.host.clock().now(), event, &mut fx);
            if let Some(report) = self.commit_and_act(fx, &events).await? {
                return Ok(Some(report));
            }
        }
    }

    async fn commit_and_act(
        &mut self,
        fx: Fx,
        events: &mpsc::Sender<Event>,
    ) -> Result<Option<Report>, StateError> {
        // Two or three commits in all, and nothing else goes on in this task: it may wait for the disk.
        self.state.commit(&fx.writes)?;
        for act in fx.acts {
            match act {
                Act::Call(id, to, call) => {
                    let (host, log, events) = (self.host.clone(), self.log.clone(), events.clone());
                    tokio::spawn(async move {
                        let outcome = ask::perform(&host, &log, &to, &call).await;
                        // The run may be over.
                        let _ = events.send(Event::Returned(id, outcome)).await;
                    });
                }
                Act::Report(report) if report.outcome.is_some() => return Ok(Some(*report)),
                Act::Report(report) => {
                    // Whoever writes reports lives as long as the runs do.
                    let _ = self.unfinished.send((self.log.clone(), *report)).await;
                }
            }
        }
        Ok(None)
    }

    /// Looks for the first tree head of the new term.
    fn look(&self, events: &mpsc::Sender<Event>) {
        if !matches!(self.machine.run().stage, Stage::Installing { .. }) {
            return;
        }
        let (host, log, events) = (self.host.clone(), self.log.clone(), events.clone());
        tokio::spawn(async move {
            for look in ask::frontends(&host, &log).await.looks {
                let Ok(status) = look.answer else { continue };
                if let Detail::Frontend { published: Some(sth), .. } = status.detail {
                    let _ = events.send(Event::Shown(status.term, Box::new(sth))).await;
                }
            }
        });
    }
}
