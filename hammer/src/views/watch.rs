//! Looks at every frontend all the time, and compares what they show.

use super::compare::{Asked, Check, Contradiction, Shown, Views};
use super::told::{News, Told};
use crate::clock::now;
use crate::evidence::Keeper;
use crate::fault::Faults;
use crate::pulse::Pulse;
use crate::records::{Line, Recorder, RecordsError, SthLine};
use client::submission::CLOCK_SKEW;
use client::{Client, ClientError};
use ct::hash::NodeHash;
use ct::sth::VerifiedSth;
use ct::time::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Pause between two looks at one frontend: as often as most logs sign.
const EVERY: Duration = Duration::from_secs(1);

/// Compares the frontends of one log.
#[derive(Debug)]
pub struct Watcher {
    pub(super) client: Client,
    recorder: Recorder,
    pub(super) faults: Arc<Faults>,
    evidence: Keeper,
    pulse: Arc<Pulse>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) views: Views,
    /// The first stays here until it is done.
    pub(super) checks: VecDeque<Check>,
    pub(super) proved: u64,
    told: Told,
}

impl Watcher {
    /// Watches this log.
    pub fn new(
        client: Client,
        recorder: Recorder,
        faults: Arc<Faults>,
        evidence: Keeper,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self { client, recorder, faults, evidence, pulse, state: Mutex::default() }
    }

    /// What the views say; nothing may be awaited meanwhile.
    pub fn views<T>(&self, look: impl FnOnce(&Views) -> T) -> T {
        look(&self.state().views)
    }

    /// A frontend is about to be asked for its tree head.
    pub fn ask(&self, frontend: usize) -> Asked {
        self.state().views.ask(frontend)
    }

    /// A frontend has answered with this tree head.
    pub async fn answered(
        &self,
        frontend: usize,
        asked: Asked,
        sth: VerifiedSth,
    ) -> Result<(), RecordsError> {
        let (received, url) = (now(), self.url(frontend));
        self.in_time(&sth, received, &url);
        self.pulse.saw(*sth.head());
        let line = SthLine::new(self.client.log().log_id(), &sth, &url, received);
        let contradictions = {
            let mut state = self.state();
            let answered = state.views.answered(asked, sth, received);
            state.checks.extend(answered.checks);
            if !answered.new && answered.contradictions.is_empty() {
                return Ok(());
            }
            answered.contradictions
        };
        self.recorder.record(Line::Sth(line)).await?;
        for contradiction in contradictions {
            self.contradict(&contradiction, None);
        }
        Ok(())
    }

    /// The first tree heads of a run, which were fetched before anything could be recorded.
    pub async fn first(&self, heads: Vec<(usize, VerifiedSth)>) -> Result<(), RecordsError> {
        for (frontend, sth) in heads {
            self.answered(frontend, self.ask(frontend), sth).await?;
        }
        Ok(())
    }

    /// A tree head of an earlier run. Nothing is recorded.
    pub fn remember(&self, frontend: usize, sth: VerifiedSth, received: Timestamp) {
        let contradictions = {
            let mut state = self.state();
            let asked = state.views.ask(frontend);
            let answered = state.views.answered(asked, sth, received);
            state.checks.extend(answered.checks);
            answered.contradictions
        };
        for contradiction in contradictions {
            self.contradict(&contradiction, None);
        }
    }

    /// Asks a frontend for its tree head.
    pub async fn look(&self, frontend: usize) -> Result<VerifiedSth, LookError> {
        let asked = self.ask(frontend);
        let sth = self.client.frontend(frontend).sth().await?;
        self.answered(frontend, asked, sth.clone()).await?;
        Ok(sth)
    }

    /// The same; nothing if there is no answer until the deadline.
    pub async fn look_until(
        &self,
        deadline: Instant,
        frontend: usize,
    ) -> Result<Option<VerifiedSth>, LookError> {
        let asked = self.ask(frontend);
        // The waiting alone is cut short: an answer that came is recorded whatever the time.
        let Ok(sth) = timeout_at(deadline, self.client.frontend(frontend).sth()).await else {
            return Ok(None);
        };
        let sth = sth?;
        self.answered(frontend, asked, sth.clone()).await?;
        Ok(Some(sth))
    }

    /// Looks at one frontend until told to stop. What it fails to answer is for those to count who measure it; but no lie
    /// passes.
    pub async fn watch(&self, frontend: usize, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.look(frontend).await {
                Err(LookError::Client(error)) if error.is_lie() => {
                    self.faults.add(error.name(), error.to_string(), None);
                }
                Err(LookError::Records(_)) => return,
                Ok(_) | Err(LookError::Client(_)) => {}
            }
            stop.run_until_cancelled(sleep(EVERY)).await;
        }
    }

    pub(super) fn contradict(&self, contradiction: &Contradiction, proof: Option<Vec<NodeHash>>) {
        let tell = |shown: &Shown| {
            let head = shown.sth.head();
            let url = self.url(shown.frontend);
            format!("size {} root {} of {} from {url}", head.tree_size, head.root_hash, head.timestamp)
        };
        let text = format!("{}, and {}", tell(&contradiction.first), tell(&contradiction.second));
        let news = self.state().told.news(contradiction, &text);
        match news {
            News::First => {
                let kept = self.evidence.contradiction(contradiction, proof);
                if kept.is_err() {
                    // The next time it may be kept after all.
                    self.state().told.forget(contradiction);
                }
                self.faults.add_kept(contradiction.kind, text, kept);
            }
            News::Again(text) => self.faults.again(contradiction.kind, &text),
            News::TooMany => self.faults.add(contradiction.kind, text, None),
        }
    }

    fn in_time(&self, sth: &VerifiedSth, now: Timestamp, url: &str) {
        let at = sth.head().timestamp;
        if at > now.plus(CLOCK_SKEW) {
            let error = ClientError::Future { url: url.to_owned(), what: "STH", ahead: at.since(now) };
            self.faults.add(error.name(), error.to_string(), None);
        }
    }

    fn url(&self, frontend: usize) -> String {
        let urls = self.client.log().urls();
        urls[frontend % urls.len()].to_string()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a look at a frontend shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The log.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Our own records.
    #[error(transparent)]
    Records(#[from] RecordsError),
}
