//! The one owner of a log's machine and of the store's writer: a thread that takes a job, decides, commits, and only then
//! acts (docs/protocol.md, N5).

use crate::machine::{Machine, Settings};
use crate::message::{Act, Answer, Call, CallFailure, CallId, Event, Fx, Halt, Request, Returned, Write};
use crate::rows::{
    self, ACCEPTED, Accepted, CERTIFICATE, ENDORSED, INCARNATION, NEWEST_STH, RowsError, STOPPED,
};
use crate::snapshot::Snapshot;
use ct::hash::{Identity, Name};
use ct::names::{LogName, NodeName};
use ct::replica::Placed;
use ct::wire::Refusal;
use node::clock::Clock;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::StoreError;
use store::log::{Append, Commit, SealJob, SealedRun, StepView, Writer};
use tokio::sync::{mpsc, oneshot};

/// What the keeper is asked to do.
pub(crate) enum Job {
    /// A call of another node.
    Request(NodeName, Box<Request>, oneshot::Sender<Result<Answer, Box<Refusal>>>),
    /// A call of ours has ended.
    Returned(CallId, Box<Result<Returned, CallFailure>>),
    /// Time passed.
    Tick,
    /// Somebody wants to see how things stand.
    Look(oneshot::Sender<Snapshot>),
    /// A run of entries was sealed, or not.
    Sealed(Box<Result<SealedRun, StoreError>>),
    /// End.
    Stop,
}

/// Why the keeper gave up. The process stops: what is on disk is known only after starting anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeeperError {
    #[error(transparent)]
    Halt(#[from] Halt),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Rows(#[from] RowsError),
    #[error("entry {0} is to be placed, but was not read back")]
    NotReadBack(Name),
}

/// Performs calls to other nodes; their outcomes come back as [`Job::Returned`].
pub(crate) type Caller = Box<dyn Fn(CallId, NodeName, Call) + Send>;

/// The keeper of one log.
pub(crate) struct Keeper {
    pub(crate) log: LogName,
    pub(crate) settings: Settings,
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) caller: Caller,
    /// Hands a run to be sealed to another thread.
    pub(crate) seal: Box<dyn Fn(SealJob) + Send>,
    pub(crate) sealing: bool,
}

impl Keeper {
    /// Works until it is told to stop, or nobody is left to tell it anything.
    pub(crate) fn run(
        mut self,
        mut machine: Machine,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> Result<(), KeeperError> {
        self.seal_on(&machine);
        while let Some(job) = jobs.blocking_recv() {
            machine = match job {
                Job::Request(from, request, reply) => self.request(machine, from, *request, reply)?,
                Job::Returned(id, outcome) => self.step(machine, Event::Returned(id, *outcome))?.0,
                Job::Tick => self.step(machine, Event::Tick)?.0,
                Job::Look(reply) => {
                    // Whoever looked may be gone.
                    let _ = reply.send(Snapshot::of(&machine, &self.settings, self.writer.len()));
                    machine
                }
                Job::Sealed(run) => {
                    self.sealing = false;
                    self.writer.finish_seal((*run)?)?;
                    self.seal_on(&machine);
                    machine
                }
                Job::Stop => break,
            };
        }
        Ok(())
    }

    fn request(
        &mut self,
        machine: Machine,
        from: NodeName,
        request: Request,
        reply: oneshot::Sender<Result<Answer, Box<Refusal>>>,
    ) -> Result<Machine, KeeperError> {
        let (machine, answer) = self.step(machine, Event::Request(0, from, request))?;
        if let Some(answer) = answer {
            // The caller may be gone; what it asked for is done nevertheless.
            let _ = reply.send(answer);
        }
        Ok(machine)
    }

    /// Decides, commits, acts; and goes on for as long as there is something to write, since what was written can be built
    /// on only in the next step.
    fn step(&mut self, machine: Machine, event: Event) -> Result<(Machine, Option<Response>), KeeperError> {
        let (mut machine, mut wrote, answer) = self.step_once(machine, event)?;
        while wrote {
            (machine, wrote, _) = self.step_once(machine, Event::Tick)?;
        }
        Ok((machine, answer))
    }

    fn step_once(
        &mut self,
        machine: Machine,
        event: Event,
    ) -> Result<(Machine, bool, Option<Response>), KeeperError> {
        let reader = self.writer.reader();
        let (view, mut fx) = (StepView::new(&reader), Fx::new());
        let machine = machine.step(self.clock.now(), event, &view, &mut fx)?;
        let wrote = !fx.writes.is_empty();
        self.commit(fx.writes, &view.into_identities())?;
        let mut answer = None;
        for act in fx.acts {
            match act {
                Act::Respond(_, response) => answer = Some(response),
                Act::Call(id, to, call) => (self.caller)(id, to, call),
                Act::Alarm(alarm) => {
                    metrics::counter!("wolffish_alarms_total", "log" => self.log.to_string()).increment(1);
                    tracing::error!(log = %self.log, alarm = %alarm, "ALARM");
                }
                Act::Signed(sth) => {
                    tracing::debug!(log = %self.log, size = %sth.head.tree_size, at = %sth.head.timestamp, "STH");
                    self.seal_on(&machine);
                }
            }
        }
        Ok((machine, wrote, answer))
    }

    fn commit(
        &mut self,
        writes: Vec<Write>,
        identities: &BTreeMap<Name, Identity>,
    ) -> Result<(), KeeperError> {
        let mut commit = Commit { base: self.writer.len(), ..Commit::default() };
        let (mut copies, mut order) = (false, false);
        for write in writes {
            match write {
                Write::Copies(batch) => {
                    self.writer.put(&batch.entries, &batch.issuers)?;
                    copies = true;
                }
                // The store forgets staged copies together only; the good ones are sent again.
                Write::DropCopy(_) => self.writer.drop_staged(),
                Write::Order { base, append } => {
                    commit.base = base;
                    commit.append = appends(&append, identities)?;
                    order = true;
                }
                Write::Accepted(accepted, newest_entry) => {
                    let row = Accepted { accepted: *accepted, newest_entry };
                    commit.state.push(rows::row(ACCEPTED, &row)?);
                }
                Write::NewestSth(sth) => commit.state.push(rows::row(NEWEST_STH, &sth)?),
                Write::Certificate(certificate) => {
                    commit.state.push(rows::row(CERTIFICATE, &certificate)?);
                }
                Write::Endorsed(endorsed) => commit.state.push(rows::row(ENDORSED, &endorsed)?),
                Write::Incarnation(incarnation) => commit.state.push(rows::row(INCARNATION, &incarnation)?),
                Write::Stopped(None) => commit.state.push((STOPPED.to_owned(), None)),
                Write::Stopped(Some(stopped)) => commit.state.push(rows::row(STOPPED, &stopped)?),
            }
        }
        if order || !commit.state.is_empty() {
            self.writer.commit(&commit)?;
        } else if copies {
            self.writer.sync()?;
        }
        Ok(())
    }

    /// Has the next full run sealed, one at a time. What is published is never cut, so it may be sealed.
    fn seal_on(&mut self, machine: &Machine) {
        let Some(sth) = machine.newest_sth().filter(|_| !self.sealing) else { return };
        let published = sth.head().tree_size.min(machine.accepted().head.size);
        if let Some(job) = self.writer.seal_job(published) {
            self.sealing = true;
            (self.seal)(job);
        }
    }
}

type Response = Result<Answer, Box<Refusal>>;

fn appends(placed: &[Placed], identities: &BTreeMap<Name, Identity>) -> Result<Vec<Append>, KeeperError> {
    let append = |placed: &Placed| {
        let (name, extra) = (placed.record.name, placed.record.extra);
        let identity = *identities.get(&name).ok_or(KeeperError::NotReadBack(name))?;
        Ok(Append { name, extra, leaf_hash: placed.leaf, identity: Some(identity) })
    };
    placed.iter().map(append).collect()
}
