//! The one owner of a log's machine: steps it, commits what it decided, and only then signs (docs/protocol.md, G6).
//!
//! After a failed commit nothing is tried again and nobody is answered: the process ends, and what is on disk is found
//! when it starts anew.

use crate::error::SignerError;
use crate::machine::{Act, Durable, Event, Machine, Released, Settings, Token};
use crate::meters;
use crate::state::{Loaded, State};
use config::{Cluster, Log};
use ct::index::Term;
use ct::key::LogSigningKey;
use ct::machine::Effects;
use ct::names::{LogName, NodeName};
use ct::node_key::NodeSigningKey;
use ct::sth::Sth;
use ct::term::{Guard, Release, SignedRelease, TermCertificate};
use ct::wire::Refusal;
use ct::wire::signer::SignSth;
use node::clock::Clock;
use node::readiness::Readiness;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Most requests that wait: heads come one at a time, certificates hardly ever.
pub const MAX_QUEUED: usize = 64;

/// Work for the owner.
#[derive(Debug)]
pub enum Job {
    /// SignSTH.
    SignSth(Box<SignSth>, oneshot::Sender<Result<Sth, Refusal>>),
    /// SetPrimary.
    SetPrimary(Box<TermCertificate>, oneshot::Sender<Result<(), Refusal>>),
    /// Release.
    Release(Released, oneshot::Sender<Result<SignedRelease, Refusal>>),
}

/// What Status tells, as of the last durable step.
#[derive(Debug, Clone)]
pub struct View {
    /// Who is primary.
    pub guard: Guard,
    /// The last head, signed.
    pub last: Option<Sth>,
    /// Why no STH is signed until a person acts.
    pub halted: Option<String>,
    /// SignSTH requests refused since the start.
    pub refusals: u64,
    /// Up to which term the right to sign was given up.
    pub released: Option<Term>,
}

/// Owns the machine and the state of one log.
pub struct Owner {
    log: LogName,
    machine: Machine,
    state: State,
    key: Arc<LogSigningKey>,
    node: Node,
    clock: Arc<dyn Clock>,
    readiness: Arc<Readiness>,
    view: watch::Sender<View>,
}

/// The node that this is, as it signs releases.
struct Node {
    name: NodeName,
    key: NodeSigningKey,
}

/// Who waits for the act of a step.
enum Waiting {
    Sth(oneshot::Sender<Result<Sth, Refusal>>),
    Done(oneshot::Sender<Result<(), Refusal>>),
    Release(oneshot::Sender<Result<SignedRelease, Refusal>>),
}

/// A step has one event, so one act.
const TOKEN: Token = 0;

/// Where a log is, and what its owner goes by.
pub struct Place<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The log.
    pub log: &'a Log,
    /// This signer.
    pub me: &'a NodeName,
    /// Its own key, for releases.
    pub node_key: NodeSigningKey,
    /// The directory of the log's state.
    pub dir: &'a Path,
}

impl Place<'_> {
    /// What the machine is configured to.
    pub fn settings(&self) -> Settings {
        Settings { me: self.me.clone(), clock: self.log.clock(), log_key: self.log.key().clone() }
    }
}

impl Owner {
    /// Opens the state of a log, and goes on from it.
    ///
    /// # Errors
    /// State that is missing, incomplete, damaged or another log's; I/O errors.
    pub fn open(
        place: &Place<'_>,
        key: Arc<LogSigningKey>,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
    ) -> Result<Self, SignerError> {
        let (state, Loaded { certificate, memory, fork, released }) = State::open(place.dir)?;
        let (found, expected) = (certificate.body.log_id, place.log.log_id());
        if found != expected {
            return Err(SignerError::OtherLog { dir: place.dir.to_owned(), found, expected });
        }
        let guard = Guard::new(place.cluster.trust(place.log), certificate);
        let machine = Machine::recover(place.settings(), Durable { guard, memory, fork, released });
        let view = watch::Sender::new(view(&machine, &key));
        let node = Node { name: place.me.clone(), key: place.node_key.clone() };
        let owner = Self { log: place.log.name().clone(), machine, state, key, node, clock, readiness, view };
        owner.show();
        Ok(owner)
    }

    /// For following what is durable.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Works until no more jobs can come.
    ///
    /// # Errors
    /// The first failure of the disk, which must end the process.
    pub fn run(mut self, mut jobs: mpsc::Receiver<Job>) -> Result<(), SignerError> {
        while let Some(job) = jobs.blocking_recv() {
            self.step(job)?;
        }
        Ok(())
    }

    fn step(&mut self, job: Job) -> Result<(), SignerError> {
        let (event, waiting) = match job {
            Job::SignSth(request, reply) => (Event::SignSth(TOKEN, request), Waiting::Sth(reply)),
            Job::SetPrimary(certificate, reply) => {
                (Event::SetPrimary(TOKEN, certificate), Waiting::Done(reply))
            }
            Job::Release(wanted, reply) => (Event::Release(TOKEN, wanted), Waiting::Release(reply)),
        };
        let mut effects = Effects::new();
        self.machine.step(self.clock.now(), event, &mut effects);
        self.state.commit(&effects.writes)?;
        self.view.send_replace(view(&self.machine, &self.key));
        self.show();
        if let Some(act) = effects.acts.pop() {
            self.perform(act, waiting);
        }
        Ok(())
    }

    fn perform(&self, act: Act, waiting: Waiting) {
        // Who does not wait any more has lost only the answer.
        match (act, waiting) {
            (Act::Sign(_, head), Waiting::Sth(reply)) => {
                let sth = self.key.sign_head(head).sth().clone();
                meters::signed(&self.log, "sth", 1);
                let _ = reply.send(Ok(sth));
            }
            (Act::Done(_), Waiting::Done(reply)) => {
                let _ = reply.send(Ok(()));
            }
            (Act::Release(_, Released { term, run }, last), Waiting::Release(reply)) => {
                let last = last.map(|head| self.key.sign_head(head).sth().clone());
                let (log_id, signer) = (self.key.public().log_id(), self.node.name.clone());
                tracing::warn!(log = %self.log, %term, "gave up the right to sign tree heads");
                let _ = reply.send(Ok(Release { log_id, run, term, signer, last }.sign(&self.node.key)));
            }
            (Act::Refuse(_, refusal), Waiting::Release(reply)) => {
                tracing::warn!(log = %self.log, %refusal, "refused to give up the right to sign tree heads");
                let _ = reply.send(Err(refusal));
            }
            (Act::Refuse(_, refusal), Waiting::Sth(reply)) => {
                meters::refused(&self.log, refusal.label());
                tracing::warn!(log = %self.log, %refusal, "refused to sign a tree head");
                let _ = reply.send(Err(refusal));
            }
            (Act::Refuse(_, refusal), Waiting::Done(reply)) => {
                tracing::warn!(log = %self.log, %refusal, "refused a certificate");
                let _ = reply.send(Err(refusal));
            }
            (act, _) => tracing::error!(?act, "nobody waits for this act"),
        }
    }

    fn show(&self) {
        let halted = self.machine.fork().is_some();
        meters::halted(&self.log, halted);
        if halted {
            let text = "a majority endorsed a fork; the evidence is kept until a person acts";
            self.readiness.set(&format!("fork-{}", self.log), text);
        }
    }
}

/// Signatures are deterministic, so the last STH is signed again rather than kept. Only what is durable is shown.
fn view(machine: &Machine, key: &LogSigningKey) -> View {
    let halted = machine
        .fork()
        .map(|fork| format!("a majority endorsed a fork of the head of size {}", fork.last.tree_size));
    View {
        guard: machine.guard().clone(),
        last: machine.last().map(|head| key.sign_head(head).sth().clone()),
        halted,
        refusals: machine.refusals(),
        released: machine.released().map(|released| released.term),
    }
}
