//! A run of repair, for one step: it begins from its disk, and hears again what it was told.

use super::bounds::Wanted;
use super::cluster::Cluster;
use crate::sim::world::BEGIN;
use ct::index::Term;
use ct::names::NodeName;
use ct::order::LogHead;
use ct::term::{Change, Guard, Incarnation, RunId, SignedRelease, SignedStopReply, TermCertificate};
use ct::time::Timestamp;
use ct::wire::Refusal;
use merge_repair::machine::{Act, Call, CallFailure, CallId, Event, Fx, Machine, Returned, Settings, Write};
use merge_repair::plan::{Cause, Plan};
use merge_repair::run::{Run, Stage};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(BEGIN + 20_000);
const GRACE: Duration = Duration::from_secs(1);

/// What a repair process keeps.
#[derive(Debug, Clone)]
pub struct RepairDisk {
    pub run: Option<Run>,
    pub guard: Guard,
}

impl RepairDisk {
    /// The Stop that its run sends, while it does.
    pub fn stops(&self) -> Option<(Term, RunId)> {
        let run = self.run.as_ref()?;
        matches!(run.stage, Stage::Stopping).then_some((run.plan.term, run.id))
    }
    /// Whether it asks the signer to give up its right.
    pub fn wants_release(&self) -> bool {
        let run = self.run.as_ref().filter(|_| self.stops().is_some());
        run.is_some_and(|run| matches!(run.plan.change, Change::MoveSigner { release: None, .. }))
    }
}

/// The process for one step.
pub struct RepairProcess<'a> {
    pub cluster: &'a Cluster,
    pub disk: RepairDisk,
}

impl RepairProcess<'_> {
    fn settings(&self) -> Settings {
        Settings {
            key: self.cluster.repair_key.clone(),
            log_key: self.cluster.log_key.public().clone(),
            grace: GRACE,
            patience: Duration::from_secs(3_600),
            publication: Duration::from_secs(3_600),
            others: self.cluster.signers.clone(),
        }
    }

    fn commit(&mut self, fx: &mut Fx) {
        for write in fx.writes.drain(..) {
            match write {
                Write::Run(run) => self.disk.run = Some(*run),
                Write::Certificate(certificate) => {
                    self.disk.guard = Guard::new(self.cluster.trust.clone(), *certificate);
                }
            }
        }
    }

    /// It hears of a certificate before it begins.
    pub fn hear_of(&mut self, certificate: &TermCertificate) {
        if let Ok(Some(newer)) = self.disk.guard.adopt(certificate.clone()) {
            self.disk.guard = newer;
        }
    }

    /// The change that is wanted, if there is something to change.
    pub fn change(&self, wanted: Wanted, node: usize, incarnation: Incarnation) -> Option<Change> {
        let body = &self.disk.guard.certificate().body;
        let name = &self.cluster.merges[node];
        let voter = body.voters.find(name);
        match wanted {
            Wanted::Primary => (node == 0).then_some(Change::Nothing),
            Wanted::Rejoin => {
                voter.filter(|voter| voter.incarnation != incarnation)?;
                Some(Change::Rejoin { node: name.clone(), incarnation })
            }
            Wanted::Leave => voter.map(|_| Change::Leave { node: name.clone() }),
            Wanted::Join if voter.is_some() => None,
            Wanted::Join => {
                let key = self.cluster.key(node).public();
                Some(Change::Join { node: name.clone(), key, incarnation })
            }
            Wanted::MoveSigner => {
                let (to, key) = (self.cluster.signers[1].clone(), Cluster::signer_key(1).public());
                let moves = node == 0 && body.sth_signer != to;
                moves.then_some(Change::MoveSigner { to, key, release: None })
            }
        }
    }

    /// A run begins. What a plan says beside term and change is for people, but for complaints, of which there are none.
    pub fn begin(&mut self, id: RunId, term: Term, change: Change) {
        let body = &self.disk.guard.certificate().body;
        let primary = body.primary.clone();
        let plan = Plan {
            cause: Cause::Person,
            from: body.term,
            old_primary: primary.clone(),
            term,
            stop: body.voters.iter().map(|voter| voter.name.clone()).collect(),
            start: LogHead::EMPTY,
            primary,
            change,
            newest_sth: None,
            complaints: self.cluster.merges.iter().map(|merge| (merge.clone(), 0)).collect(),
        };
        let mut fx = Fx::new();
        Machine::begin(self.settings(), self.disk.guard.clone(), plan, id, NOW, &mut fx);
        self.commit(&mut fx);
    }

    /// It hears these answers, and waits for no others. What comes of it is a certificate, or nothing yet.
    pub fn hear(
        &mut self,
        replies: &[&SignedStopReply],
        released: Option<&SignedRelease>,
    ) -> Option<TermCertificate> {
        let mut talk = Talk::resume(self);
        if let Some(released) = released {
            talk.answer(&released.release.signer, Ok(Returned::Released(Box::new(released.clone()))));
        }
        for reply in replies {
            talk.answer(&reply.reply.voter, Ok(Returned::Stopped(Box::new((*reply).clone()))));
        }
        talk.wait(GRACE);
        let mut fx = talk.fx;
        self.commit(&mut fx);
        match &self.disk.run.as_ref()?.stage {
            Stage::Installing { certificate } => Some((**certificate).clone()),
            _ => None,
        }
    }

    /// A node refuses its Stop, and shows this certificate.
    pub fn learn(&mut self, from: &NodeName, certificate: &TermCertificate) {
        let refusal = Refusal::TermOver { certificate: Box::new(certificate.clone()) };
        let mut talk = Talk::resume(self);
        talk.answer(from, Err(CallFailure::Refused(Box::new(refusal))));
        let mut fx = talk.fx;
        self.commit(&mut fx);
    }
}

/// The machine of a run that goes on, and its calls that are open.
struct Talk {
    machine: Option<Machine>,
    fx: Fx,
    now: Timestamp,
}

impl Talk {
    fn resume(process: &RepairProcess<'_>) -> Self {
        let RepairDisk { run, guard } = process.disk.clone();
        let machine = run.map(|run| Machine::recover(process.settings(), guard, run, NOW));
        let mut talk = Self { machine, fx: Fx::new(), now: NOW };
        talk.step(Event::Tick);
        talk
    }

    fn step(&mut self, event: Event) {
        if let Some(machine) = &mut self.machine {
            machine.step(self.now, event, &mut self.fx);
        }
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.step(Event::Tick);
    }

    fn open(&mut self, to: &NodeName) -> Option<CallId> {
        let is =
            |act: &Act| matches!(act, Act::Call(_, node, Call::Stop(..) | Call::Release(..)) if node == to);
        let at = self.fx.acts.iter().position(is)?;
        match self.fx.acts.remove(at) {
            Act::Call(id, ..) => Some(id),
            Act::Report(_) => None,
        }
    }

    fn answer(&mut self, to: &NodeName, outcome: Result<Returned, CallFailure>) {
        if let Some(id) = self.open(to) {
            self.step(Event::Returned(id, outcome));
        }
    }
}
