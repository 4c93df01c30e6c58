//! Following one log: the shell around the pure parts. One task listens to each frontend, one reads entries.

mod accept;
mod begin;
mod check;
mod health;
mod listen;
mod pipeline;
mod read;
mod relate;

use crate::claims::Claims;
use crate::command::Command;
use crate::finding::{Finding, Severity};
use crate::news::{News, Observer};
use crate::reading::EntryReader;
use crate::record::finding_line;
use crate::settings::{Settings, Until};
use crate::state::StateError;
use crate::store::Store;
use client::Client;
use ct::hash::LogId;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

/// How the following of a log ended.
#[derive(Debug)]
pub enum Ending {
    /// It was read as far as it was meant to be.
    CaughtUp,
    /// It broke its word, or failed for too long.
    Finding(Finding),
    /// What is known cannot be kept on disk.
    State(StateError),
}

/// Why the tasks of a log stop before they are done.
#[derive(Debug)]
pub(crate) enum Stop {
    Finding(Finding),
    State(StateError),
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        Stop::State(error)
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Stop::Finding(finding)
    }
}

/// The newest head that agrees with all others, and who showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) head: TreeHead,
    pub(crate) from: usize,
}

/// One log, as its tasks share it.
pub(crate) struct Follow {
    pub(crate) number: usize,
    pub(crate) client: Client,
    pub(crate) reader: Arc<EntryReader>,
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    /// Maximum merge delay, if it is known.
    pub(crate) mmd: Option<Duration>,
    pub(crate) command: Option<Command>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) newest: watch::Sender<Option<Newest>>,
    /// Heads are judged one after another: each by all before it.
    pub(crate) judging: Mutex<()>,
    /// What others have seen, until it is checked.
    pub(crate) claims: Mutex<Claims>,
    /// Whether somebody was told that the newest head is too old.
    pub(crate) stale: AtomicBool,
}

impl Follow {
    pub(crate) fn log_id(&self) -> LogId {
        self.client.log().log_id()
    }

    pub(crate) fn tell(&self, news: News<'_>) {
        self.observer.tell(self.number, news);
    }

    pub(crate) fn is_once(&self) -> bool {
        self.settings.until == Until::CaughtUp
    }

    /// Which frontend has this URL; the first if none has.
    pub(crate) fn frontend_at(&self, url: &str) -> usize {
        self.client.log().urls().iter().position(|known| known.as_str() == url).unwrap_or(0)
    }

    /// Says whether the newest head is older than the log promises heads to be, once until that changes.
    pub(crate) fn judge_age(&self, head: &TreeHead) {
        let Some(mmd) = self.mmd else { return };
        let age = now().since(head.timestamp);
        let stale = age > mmd;
        if self.stale.swap(stale, Ordering::Relaxed) == stale {
            return;
        }
        if stale {
            let text = format!("the newest tree head is {age:?} old, the log promises one every {mmd:?}");
            self.tell(News::Finding(&Finding::trouble("stale", text)));
        } else {
            self.tell(News::Recovered);
        }
    }

    /// Follows the log until it is to end.
    pub(crate) async fn run(self: Arc<Self>) -> Ending {
        match self.follow_and_check().await {
            Ok(()) => Ending::CaughtUp,
            Err(Stop::State(error)) => Ending::State(error),
            Err(Stop::Finding(finding)) => self.end_by(finding).await,
        }
    }

    async fn end_by(&self, finding: Finding) -> Ending {
        self.tell(News::Finding(&finding));
        if finding.severity == Severity::Broken {
            let line = finding_line(self.reader.label(), &finding);
            self.command_for(std::slice::from_ref(&line)).await;
            if let Err(error) = self.store.with(move |state| state.tell(line)).await {
                return Ending::State(error);
            }
        }
        Ending::Finding(finding)
    }

    /// Runs the command, if there is one, for these lines.
    pub(crate) async fn command_for(&self, lines: &[String]) {
        let Some(command) = &self.command else { return };
        for failure in command.run(lines).await {
            self.tell(News::Finding(&Finding::trouble("command", failure)));
        }
    }

    async fn follow_and_check(self: &Arc<Self>) -> Result<(), Stop> {
        self.follow().await?;
        let claims = std::mem::take(&mut *self.claims.lock().await);
        if claims.is_empty() { Ok(()) } else { self.check(claims).await }
    }

    async fn follow(self: &Arc<Self>) -> Result<(), Stop> {
        let id = self.log_id();
        if let Some(served) = self.store.with(move |state| state.newest(id)).await? {
            let from = self.frontend_at(&served.url);
            self.newest.send_replace(Some(Newest { head: served.sth.head, from }));
        }
        let (all_heard, heard) = watch::channel(false);
        let listening = async {
            let mut listeners = JoinSet::new();
            for which in 0..self.client.frontends() {
                let this = Arc::clone(self);
                listeners.spawn(async move { this.listen(which).await });
            }
            while let Some(ended) = listeners.join_next().await {
                ended.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))?;
            }
            // The reader may have ended already.
            let _ = all_heard.send(true);
            Ok(())
        };
        tokio::try_join!(listening, self.read(heard)).map(|_| ())
    }
}

/// This moment.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
