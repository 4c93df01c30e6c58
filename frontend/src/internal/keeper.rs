//! The one writer of a log's copy: a thread that owns the machine and the store's writer. Each step's writes are one
//! commit; only then are its acts performed (docs/protocol.md, N5).

use super::rows::{self, CERTIFICATE, HELD, PUBLISHED};
use crate::copy::{Act, Answer, Copy, Request, Write};
use crate::heads::SharedHeads;
use ct::hash::{Identity, Name};
use ct::machine::Effects;
use ct::names::{LogName, NodeName};
use ct::replica::{DiskFault, Placed};
use ct::sct::DigitallySigned;
use ct::time::Timestamp;
use ct::wire::Refusal;
use node::clock::Clock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::log::{Append, Commit, SealJob, SealedRun, StepView, Writer};
use tokio::sync::{mpsc, oneshot};

/// After so long without a primary's call a frontend that was started shows what it showed before: reads outlive the merge
/// nodes (docs/protocol.md, P8).
pub(crate) const ALONE: Duration = Duration::from_secs(10);

/// What the keeper is asked to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// A call of another node.
    Step(NodeName, Box<Request>, oneshot::Sender<Result<Answer, Box<Refusal>>>),
    /// The SCT of an entry that is held, verified.
    Sct(Name, DigitallySigned),
    /// A run of entries was sealed, or not.
    Sealed(Box<Result<SealedRun, StoreError>>),
    /// See whether a primary calls.
    Alone,
    /// End.
    Stop,
}

/// Why the keeper gave up. The process stops: what is on disk is known only after starting anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeeperError {
    #[error(transparent)]
    Disk(#[from] DiskFault),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("state cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("entry {0} is to be placed, but was not read back")]
    NotReadBack(Name),
    #[error("the keeper panicked: {0}")]
    Panicked(String),
}

/// What is told of entries that came into the tree.
pub(crate) type OnPlaced = Box<dyn Fn(&BTreeMap<Name, Identity>) + Send>;

/// The keeper.
pub(crate) struct Keeper {
    pub(crate) log: LogName,
    pub(crate) machine: Copy,
    pub(crate) writer: Writer,
    pub(crate) heads: Arc<SharedHeads>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Hands a run to be sealed to another thread.
    pub(crate) seal: Box<dyn Fn(SealJob) + Send>,
    pub(crate) sealing: bool,
    /// Is told what entries are in the tree from now on.
    pub(crate) placed: OnPlaced,
    /// When a primary called last, or the keeper began.
    pub(crate) called: Timestamp,
}

impl Keeper {
    /// Works until it is told to stop, or nobody is left to tell it anything.
    pub(crate) fn run(mut self, jobs: &mut mpsc::Receiver<Job>) -> Result<(), KeeperError> {
        self.seal_on();
        while let Some(job) = jobs.blocking_recv() {
            match job {
                Job::Step(from, request, reply) => {
                    let answer = self.step(&from, *request)?;
                    // The caller may be gone; what it asked for is done nevertheless.
                    let _ = reply.send(answer);
                }
                Job::Sct(name, sct) => self.writer.attach_sct(&name, &sct),
                Job::Sealed(run) => {
                    self.sealing = false;
                    self.writer.finish_seal((*run)?)?;
                    self.seal_on();
                }
                Job::Alone => self.show_if_alone(),
                Job::Stop => break,
            }
        }
        Ok(())
    }

    /// One step: decide, commit, act.
    pub(crate) fn step(
        &mut self,
        from: &NodeName,
        request: Request,
    ) -> Result<Result<Answer, Box<Refusal>>, KeeperError> {
        let offered = match &request {
            Request::SendLog(header, _) => header.sth.as_ref().map(|sth| sth.head.timestamp),
            _ => None,
        };
        let (now, by_primary) = (self.clock.now(), !matches!(request, Request::SetPrimary(_)));
        let reader = self.writer.reader();
        let (view, mut fx) = (StepView::new(&reader), Effects::new());
        self.machine.step(now, 0, from, request, &view, &mut fx)?;
        self.commit(fx.writes, &view.into_identities())?;
        let mut answer = Err(Box::new(Refusal::Unproven { reason: "no answer".to_owned() }));
        for act in fx.acts {
            match act {
                Act::Respond(_, respond) => answer = respond,
                Act::Alarm(text) => {
                    metrics::counter!("wolffish_alarms_total", "log" => self.log.to_string()).increment(1);
                    tracing::error!(log = %self.log, alarm = text);
                }
                Act::Shown(sth, polled_through) => {
                    self.heads.publish(*sth);
                    self.heads.polled(polled_through);
                }
            }
        }
        if let (Some(at), Ok(_)) = (offered, &answer) {
            self.heads.offered(at, now);
        }
        if by_primary && answer.is_ok() {
            self.called = now;
        }
        Ok(answer)
    }

    /// What was shown before the start is not shown again before a primary says what is the newest: this copy may have been
    /// away, or put back from an older one. Unless there is none that could say.
    pub(crate) fn show_if_alone(&self) {
        let hidden = self.machine.published().filter(|_| self.heads.get().published.is_none());
        if let Some(sth) = hidden.filter(|_| self.clock.now() >= self.called.plus(ALONE)) {
            tracing::warn!(log = %self.log, size = %sth.head().tree_size, "no primary calls: showing what was shown last");
            self.heads.publish(sth.sth().clone());
        }
    }

    fn commit(
        &mut self,
        writes: Vec<Write>,
        identities: &BTreeMap<Name, Identity>,
    ) -> Result<(), KeeperError> {
        let mut commit = Commit { base: self.writer.len(), ..Commit::default() };
        let (mut copies, mut held, mut certificate) = (false, None, None);
        for write in writes {
            match write {
                Write::Copies(batch) => {
                    self.writer.put(&batch.entries, &batch.issuers)?;
                    copies = true;
                }
                // The store forgets staged copies together only; the primary sends the good ones again.
                Write::DropCopy(_) => self.writer.drop_staged(),
                Write::Grow(placed) => commit.append = appends(&placed, identities)?,
                Write::Held(sth) => {
                    commit.state.push(rows::row(HELD, &sth)?);
                    held = Some(sth);
                }
                Write::Published(sth) => commit.state.push(rows::row(PUBLISHED, &sth)?),
                Write::Certificate(newest) => {
                    commit.state.push(rows::row(CERTIFICATE, &newest)?);
                    certificate = Some(newest);
                }
            }
        }
        if !commit.append.is_empty() || !commit.state.is_empty() {
            self.writer.commit(&commit)?;
            self.seal_on();
        } else if copies {
            self.writer.sync()?;
        }
        if let Some(certificate) = certificate {
            self.heads.reign(&certificate);
        }
        if let Some(sth) = held {
            self.heads.hold(*sth);
            (self.placed)(identities);
        }
        Ok(())
    }

    /// Has the next full run sealed, one at a time. What is verified is never cut, so it may be sealed.
    fn seal_on(&mut self) {
        if self.sealing {
            return;
        }
        if let Some(job) = self.writer.seal_job(self.writer.len()) {
            self.sealing = true;
            (self.seal)(job);
        }
    }
}

fn appends(placed: &[Placed], identities: &BTreeMap<Name, Identity>) -> Result<Vec<Append>, KeeperError> {
    let append = |placed: &Placed| {
        let (name, extra) = (placed.record.name, placed.record.extra);
        let identity = *identities.get(&name).ok_or(KeeperError::NotReadBack(name))?;
        Ok(Append { name, extra, leaf_hash: placed.leaf, identity: Some(identity) })
    };
    placed.iter().map(append).collect()
}
