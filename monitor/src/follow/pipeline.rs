//! Entries on their way: several requests at a time, at the log's pace, put in order.

use super::Follow;
use super::Stop;
use super::health::{Health, Trouble};
use crate::finding::Finding;
use crate::pace::{Pace, Room};
use crate::plan::Plan;
use crate::reading::{EntryReader, ReadEntry};
use client::{ClientError, Reader};
use ct::index::{LeafIndex, TreeSize};
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

type Answer = (Range<u64>, Result<Vec<ReadEntry>, ClientError>);

/// The entries of one log, coming.
pub(crate) struct Pipeline {
    plan: Plan<ReadEntry>,
    pace: Pace,
    running: JoinSet<Answer>,
    health: Health,
    /// Which frontend is asked.
    which: usize,
    most: usize,
}

impl Pipeline {
    /// From entry `next` on.
    pub(crate) fn new(follow: &Follow, next: TreeSize) -> Self {
        let most = follow.settings.requests.max(1);
        Self {
            plan: Plan::new(next.get(), 2 * most),
            pace: Pace::new(most, follow.settings.patience),
            running: JoinSet::new(),
            health: Health::default(),
            which: 0,
            most,
        }
    }

    /// Forgets what is on its way and begins again at entry `next`, at the next frontend.
    pub(crate) fn restart(&mut self, next: TreeSize) {
        self.running = JoinSet::new();
        self.plan = Plan::new(next.get(), 2 * self.most);
        self.which += 1;
    }

    /// Asks this frontend from now on.
    pub(crate) const fn ask(&mut self, which: usize) {
        self.which = which;
    }

    /// Who is asked now.
    pub(crate) fn reader(&self, follow: &Follow) -> Reader {
        follow.client.frontend(self.which)
    }

    /// The next entries, none of them at or above `end`; at least one.
    pub(crate) async fn next(&mut self, follow: &Follow, end: TreeSize) -> Result<Vec<ReadEntry>, Stop> {
        loop {
            let taken = self.plan.take();
            if !taken.is_empty() {
                return Ok(taken);
            }
            let resume = self.send(follow, end);
            tokio::select! {
                biased;
                Some(answer) = self.running.join_next() => {
                    let answer = answer.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
                    self.receive(follow, answer)?;
                }
                // Without a request under way there is a moment to wait for.
                () = sleep_until(resume.unwrap_or_else(Instant::now)), if resume.is_some() => {}
            }
        }
    }

    /// Sends what may be sent now; the moment from which on more may be.
    fn send(&mut self, follow: &Follow, end: TreeSize) -> Option<Instant> {
        loop {
            match self.pace.room(self.running.len(), Instant::now()) {
                Room::Not(resume) => return Some(resume),
                Room::Later => return None,
                Room::Now => {}
            }
            let range = self.plan.ask(end.get())?;
            self.running.spawn(fetch(self.reader(follow), Arc::clone(&follow.reader), range));
        }
    }

    fn receive(&mut self, follow: &Follow, (range, answer): Answer) -> Result<(), Stop> {
        match answer {
            Ok(entries) => {
                self.pace.answered(Instant::now());
                self.health.well(follow);
                self.plan.answered(&range, entries);
            }
            Err(error) => {
                self.plan.failed(&range);
                self.pace.failed(&error, Instant::now(), fastrand::f64());
                self.which += 1;
                let asked = error.retry_after();
                self.health.ill(follow, Trouble { finding: failure(&range, &error), asked })?;
            }
        }
        Ok(())
    }
}

/// A request that failed. Entries below a signed size are there: a log that says otherwise is told apart from one that is
/// merely busy.
fn failure(range: &Range<u64>, error: &ClientError) -> Finding {
    let refused = match error {
        ClientError::WrongCount { found: 0, .. } => true,
        ClientError::Status { status: 400..=499, .. } => !error.may_pass(),
        _ => false,
    };
    if refused {
        let text =
            format!("entry {} is in the signed tree, and the log does not give it: {error}", range.start);
        return Finding::suspect("missing-entry", text);
    }
    Finding::from(error)
}

async fn fetch(reader: Reader, entries: Arc<EntryReader>, range: Range<u64>) -> Answer {
    let index = |number: u64| LeafIndex::ZERO.plus(number);
    let bodies = match reader.run(index(range.start), index(range.end - 1)).await {
        Ok(bodies) => bodies,
        Err(error) => return (range, Err(error)),
    };
    let first = range.start;
    // A thousand certificates take some milliseconds, a hostile thousand more: other tasks shall not wait for that.
    let read = tokio::task::spawn_blocking(move || {
        (first..).zip(&bodies).map(|(number, body)| entries.read(index(number), body)).collect()
    });
    let read = read.await.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
    (range, Ok(read))
}
