//! Applying a plan to one log: stop, choose, certify, install (docs/protocol.md, R1–R8). An event goes in; writes and acts
//! come out; the shell commits the writes before it acts, so that no Stop is out without its run on disk, and no
//! certificate without itself on disk.

use crate::plan::{Plan, check_published, fittest};
use crate::run::{LeftOut, Outcome, Report, Run, Stage, newer};
use ct::index::Term;
use ct::key::LogKey;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::sth::Sth;
use ct::term::{Change, Choice, ChoiceError, Guard, RunId, SignedRelease, SignedStopReply, TermCertificate};
use ct::time::Timestamp;
use ct::wire::Refusal;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After a failure a node is left in peace this long.
const RETRY: Duration = Duration::from_millis(300);

/// What repair is configured to, for one log.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The repair key.
    pub key: NodeSigningKey,
    /// The log's key.
    pub log_key: LogKey,
    /// How long the others' Stop replies are waited for when a majority has answered.
    pub grace: Duration,
    /// A run that does not get on says so after this; it goes on all the same.
    pub patience: Duration,
    /// How long the first tree head of the new term is waited for.
    pub publication: Duration,
    /// Nodes that do not vote, and are told of the new term as well.
    pub others: Vec<NodeName>,
}

/// Tells which call an outcome is of.
pub type CallId = u64;

/// What repair asks of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Of a merge node: Stop.
    Stop(Term, RunId),
    /// Of any node: SetPrimary.
    SetPrimary(Box<TermCertificate>),
    /// Of a merge node: Start.
    Start(Term),
    /// Of the signer: Release.
    Release(Term, RunId),
    /// Of a merge node: GetCertificate.
    GetCertificate,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// Of Stop.
    Stopped(Box<SignedStopReply>),
    /// Of Release.
    Released(Box<SignedRelease>),
    /// Of GetCertificate.
    Certificate(Box<TermCertificate>),
    /// Of the rest.
    Done,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFailure {
    /// The node refused.
    Refused(Box<Refusal>),
    /// It did not answer, or not sensibly.
    Failed(String),
}

/// What happens to a run.
#[derive(Debug)]
pub enum Event {
    /// A call has ended.
    Returned(CallId, Result<Returned, CallFailure>),
    /// A frontend that knows of this term shows this tree head.
    Shown(Term, Box<Sth>),
    /// Time passed.
    Tick,
}

/// What is to be made durable; all writes of a step together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// The run.
    Run(Box<Run>),
    /// The newest certificate.
    Certificate(Box<TermCertificate>),
}

/// What is to be done after the commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Call a node; its outcome comes back as [`Event::Returned`].
    Call(CallId, NodeName, Call),
    /// Tell a person: the run has ended, or does not get on.
    Report(Box<Report>),
}

/// Effects of a run.
pub type Fx = ct::machine::Effects<Write, Act>;

/// How far a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It is to be stopped.
    Stop,
    /// It is stopped.
    Stopped,
    /// It has not heard of the certificate in force, so its reply does not count yet.
    Teach,
    /// It has a newer certificate than repair.
    Learn,
    /// Its reply does not count, and never will.
    Uncounted,
    /// It is stopped for another run.
    Elsewhere(Term),
    /// It is to give up the right to sign.
    Release,
    /// It has given it up.
    Released,
    /// It is to get the certificate.
    Tell,
    /// It has it, and is to say that it works.
    Start,
    /// It needs nothing more.
    Done,
}

#[derive(Debug)]
struct Lane {
    step: Step,
    votes: bool,
    busy: Option<CallId>,
    not_before: Option<Timestamp>,
    /// Why the last call failed.
    trouble: Option<String>,
}

impl Lane {
    const fn new(step: Step, votes: bool) -> Self {
        Self { step, votes, busy: None, not_before: None, trouble: None }
    }
    fn is_free(&self, now: Timestamp) -> bool {
        self.busy.is_none() && self.not_before.is_none_or(|at| now >= at)
    }
    fn fail(&mut self, now: Timestamp, why: String) {
        (self.not_before, self.trouble) = (Some(now.plus(RETRY)), Some(why));
    }
}

/// A run under way.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    guard: Guard,
    run: Run,
    lanes: BTreeMap<NodeName, Lane>,
    stops: BTreeMap<NodeName, SignedStopReply>,
    /// When everybody was asked to stop.
    asked: Timestamp,
    next_call: CallId,
    /// When this stage began in this process.
    since: Timestamp,
    /// When a majority had answered.
    enough: Option<Timestamp>,
    /// When a majority, the primary among it, had started.
    started: Option<Timestamp>,
    said: bool,
}

impl Machine {
    /// Begins a run. Nothing is asked of anybody before the run is durable.
    pub fn begin(
        settings: Settings,
        guard: Guard,
        plan: Plan,
        id: RunId,
        now: Timestamp,
        fx: &mut Fx,
    ) -> Self {
        let run = Run { id, began: now, plan, left_out: None, stage: Stage::Stopping };
        fx.write(Write::Run(Box::new(run.clone())));
        Self::recover(settings, guard, run, now)
    }

    /// Goes on with a run from disk.
    pub fn recover(settings: Settings, guard: Guard, run: Run, now: Timestamp) -> Self {
        let mut machine = Self {
            settings,
            guard,
            run,
            lanes: BTreeMap::new(),
            stops: BTreeMap::new(),
            asked: now,
            next_call: 0,
            since: now,
            enough: None,
            started: None,
            said: false,
        };
        machine.open_lanes();
        machine
    }

    /// The run.
    pub const fn run(&self) -> &Run {
        &self.run
    }
    /// The newest certificate.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    fn open_lanes(&mut self) {
        let voters = self.guard.certificate().body.voters.iter().map(|voter| voter.name.clone());
        self.lanes = match &self.run.stage {
            Stage::Stopping => {
                let signer = self.guard.certificate().body.sth_signer.clone();
                let releases = matches!(self.run.plan.change, Change::MoveSigner { release: None, .. });
                let signer = releases.then(|| (signer, Lane::new(Step::Release, false)));
                voters.map(|name| (name, Lane::new(Step::Stop, true))).chain(signer).collect()
            }
            Stage::Installing { .. } => {
                // Who votes no more is told as well.
                let others = self.settings.others.iter().cloned();
                let others = others.map(|name| (name, Lane::new(Step::Tell, false)));
                others.chain(voters.map(|name| (name, Lane::new(Step::Tell, true)))).collect()
            }
            Stage::Finished { .. } => BTreeMap::new(),
        };
    }

    /// Takes one step.
    pub fn step(&mut self, now: Timestamp, event: Event, fx: &mut Fx) {
        match event {
            Event::Returned(id, outcome) => self.returned(now, id, outcome, fx),
            Event::Shown(term, sth) => self.shown(now, term, &sth, fx),
            Event::Tick => {}
        }
        match self.run.stage.clone() {
            Stage::Stopping => self.stop_on(now, fx),
            Stage::Installing { certificate } => self.install_on(now, &certificate, fx),
            Stage::Finished { .. } => {}
        }
    }

    fn returned(&mut self, now: Timestamp, id: CallId, outcome: Result<Returned, CallFailure>, fx: &mut Fx) {
        let Some((name, lane)) = self.lanes.iter_mut().find(|(_, lane)| lane.busy == Some(id)) else {
            return;
        };
        let name = name.clone();
        lane.busy = None;
        match outcome {
            Ok(returned) => self.succeeded(now, &name, returned, fx),
            Err(CallFailure::Failed(why)) => lane.fail(now, why),
            Err(CallFailure::Refused(refusal)) => self.refused(now, &name, *refusal, fx),
        }
    }

    fn succeeded(&mut self, now: Timestamp, name: &NodeName, returned: Returned, fx: &mut Fx) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        lane.trouble = None;
        match (&lane.step, returned) {
            (Step::Stop | Step::Elsewhere(_), Returned::Stopped(reply)) => {
                let (run, term) = (self.run.id, self.run.plan.term);
                let certificate = self.guard.certificate();
                let genuine = reply.reply.voter == *name && certificate.counts(run, term, &reply);
                let in_force = reply.reply.in_force;
                lane.step = match in_force.cmp(&certificate.term()) {
                    _ if genuine => Step::Stopped,
                    Ordering::Less => Step::Teach,
                    Ordering::Greater => Step::Learn,
                    Ordering::Equal => Step::Uncounted,
                };
                if genuine {
                    self.stops.insert(name.clone(), *reply);
                }
            }
            (Step::Teach, Returned::Done) => lane.step = Step::Stop,
            (Step::Learn, Returned::Certificate(certificate)) => {
                lane.step = Step::Stop;
                // Should it not believe it, it asks again, at leisure.
                lane.not_before = Some(now.plus(RETRY));
                self.learn(*certificate, fx);
            }
            (Step::Release, Returned::Released(release)) => {
                let (body, run, term) = (&self.guard.certificate().body, self.run.id, self.run.plan.term);
                let genuine = release.is_of(body.log_id, run, term, &body.sth_signer, &body.sth_signer_key);
                match &mut self.run.plan.change {
                    Change::MoveSigner { release: word, .. } if genuine => {
                        lane.step = Step::Released;
                        *word = Some(release);
                        fx.write(Write::Run(Box::new(self.run.clone())));
                    }
                    _ => lane.fail(now, "its release is not signed, or for another run".to_owned()),
                }
            }
            (Step::Tell, Returned::Done) => lane.step = if lane.votes { Step::Start } else { Step::Done },
            (Step::Start, Returned::Done) => lane.step = Step::Done,
            _ => lane.fail(now, "it answers something else than was asked".to_owned()),
        }
    }

    fn refused(&mut self, now: Timestamp, name: &NodeName, refusal: Refusal, fx: &mut Fx) {
        let why = format!("refuses: {refusal}");
        match refusal {
            Refusal::TermOver { certificate } => self.learn(*certificate, fx),
            Refusal::Stopped { term } => {
                if let Some(lane) = self.lanes.get_mut(name)
                    && matches!(lane.step, Step::Stop | Step::Elsewhere(_))
                {
                    lane.step = Step::Elsewhere(term);
                }
            }
            Refusal::TermUnknown { .. } => {
                if let Some(lane) = self.lanes.get_mut(name)
                    && lane.step == Step::Start
                {
                    lane.step = Step::Tell;
                }
            }
            _ => {}
        }
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.fail(now, why);
        }
    }

    /// A node has a certificate that this repair did not make, or made before it lost its own disk. One of this term or a
    /// later one ends the run; an earlier one is the one in force, from which this run chooses.
    fn learn(&mut self, certificate: TermCertificate, fx: &mut Fx) {
        let (own, found) = (self.run.plan.term, certificate.term());
        if let Stage::Installing { certificate: mine } = &self.run.stage
            && mine.body == certificate.body
        {
            return;
        }
        let Ok(Some(guard)) = self.guard.adopt(certificate) else { return };
        fx.write(Write::Certificate(Box::new(guard.certificate().clone())));
        self.guard = guard;
        if found >= own {
            return self.finish(Outcome::Overtaken { term: found }, fx);
        }
        // What counts is now decided by another voter list: ask again.
        if matches!(self.run.stage, Stage::Stopping) {
            self.fit_change(fx);
            self.stops.clear();
            self.enough = None;
            self.open_lanes();
        }
    }

    /// The certificate in force is another one than was planned from. A change that cannot be made any more is left out:
    /// nodes are stopped already, and it takes this run's certificate to let them go on (docs/protocol.md, R7).
    fn fit_change(&mut self, fx: &mut Fx) {
        let body = &self.guard.certificate().body;
        let void = match &mut self.run.plan.change {
            Change::MoveSigner { to, .. } if body.sth_signer == *to => {
                Some(format!("{to} signs tree heads already"))
            }
            Change::MoveSigner { release, .. } => {
                // The last word of a signer that has no right any more says nothing.
                *release = release.take().filter(|word| word.release.signer == body.sth_signer);
                None
            }
            change => change.voters(&body.voters, self.run.plan.term).err().map(|error| error.to_string()),
        };
        if let Some(why) = void {
            self.leave_out(why);
        }
        fx.write(Write::Run(Box::new(self.run.clone())));
    }

    fn leave_out(&mut self, why: String) {
        let change = std::mem::replace(&mut self.run.plan.change, Change::Nothing);
        self.run.left_out = Some(LeftOut { change, why });
    }

    fn stop_on(&mut self, now: Timestamp, fx: &mut Fx) {
        let (voters, majority) =
            (self.guard.certificate().body.voters.len(), self.guard.certificate().body.voters.majority());
        let elsewhere = self.lanes.values().filter_map(|lane| match lane.step {
            Step::Elsewhere(term) => Some(term),
            _ => None,
        });
        let elsewhere: Vec<Term> = elsewhere.collect();
        // Two runs that hold a part each: neither gets a majority, and a later one goes beyond both.
        let uncounted = self.lanes.values().filter(|lane| lane.step == Step::Uncounted).count();
        let within_reach = voters.saturating_sub(elsewhere.len() + uncounted);
        if let Some(term) = elsewhere.iter().max().filter(|_| within_reach < majority) {
            return self.finish(Outcome::Overtaken { term: *term }, fx);
        }
        let open = |lane: &Lane| {
            matches!(lane.step, Step::Stop | Step::Elsewhere(_) | Step::Teach | Step::Learn | Step::Release)
        };
        let (term, run) = (self.run.plan.term, self.run.id);
        let stops: Vec<SignedStopReply> = self.stops.values().cloned().collect();
        let chosen = self.guard.certificate().choose(run, term, &self.run.plan.change, &stops);
        if !matches!(chosen, Err(ChoiceError::TooFew { .. })) {
            let enough = *self.enough.get_or_insert(now);
            if !self.lanes.values().any(open) || now >= enough.plus(self.settings.grace) {
                return self.choose(now, chosen, stops, fx);
            }
        }
        let long = now.since(self.asked) >= self.settings.patience;
        if long && self.run.plan.change.is_something() {
            let without = self.guard.certificate().choose(run, term, &Change::Nothing, &stops);
            if !matches!(without, Err(ChoiceError::TooFew { .. })) {
                // The log stands still for the change alone. Chosen anew in the next step, when that is durable.
                self.leave_out("too few of those who are needed for it can be stopped".to_owned());
                return fx.write(Write::Run(Box::new(self.run.clone())));
            }
        }
        let in_force = self.guard.certificate().clone();
        let call = |lane: &Lane| match lane.step {
            Step::Stop | Step::Elsewhere(_) => Some(Call::Stop(term, run)),
            Step::Release => Some(Call::Release(term, run)),
            Step::Teach => Some(Call::SetPrimary(Box::new(in_force.clone()))),
            Step::Learn => Some(Call::GetCertificate),
            _ => None,
        };
        self.call(now, call, fx);
        self.say_if_stuck(now, fx);
        if long && !self.lanes.values().any(open) {
            // Another repair may have gone on meanwhile: whoever is asked again says so.
            self.asked = now;
            self.open_lanes();
        }
    }

    /// Makes the choice that every node will make again, and the one certificate of the term.
    fn choose(
        &mut self,
        now: Timestamp,
        chosen: Result<Choice, ChoiceError>,
        stops: Vec<SignedStopReply>,
        fx: &mut Fx,
    ) {
        let Choice { start, holders } = match chosen {
            Ok(choice) => choice,
            Err(error @ ChoiceError::Conflict(..)) => {
                return self.finish(Outcome::Evidence { reason: error.to_string(), stops }, fx);
            }
            Err(error) => return self.finish(Outcome::Failed { reason: error.to_string() }, fx),
        };
        if let Some(newest) = self.newest_sth(&stops)
            && let Err(contradiction) = check_published(&start, &newest)
        {
            return self.finish(Outcome::Evidence { reason: contradiction.to_string(), stops }, fx);
        }
        let plan = &self.run.plan;
        let current = self.guard.certificate();
        let fit = fittest(holders.iter(), (&current.body.primary, &plan.change), &plan.complaints).cloned();
        let Some(primary) = fit else {
            // Chosen anew in the next step, when that is durable.
            self.leave_out("only the node that is to leave holds the newest accepted head".to_owned());
            return fx.write(Write::Run(Box::new(self.run.clone())));
        };
        let (change, term) = (plan.change.clone(), plan.term);
        let body = match current.successor(self.run.id, term, change, (primary, start), stops) {
            Ok(body) => body,
            Err(error) => return self.finish(Outcome::Failed { reason: error.to_string() }, fx),
        };
        let certificate = TermCertificate::sign(body, &self.settings.key);
        let certificate = match self.guard.adopt(certificate.clone()) {
            Ok(Some(guard)) => {
                self.guard = guard;
                // With the earlier changes, for nodes that missed them.
                self.guard.certificate().clone()
            }
            // What we would not believe ourselves is not handed out.
            Ok(None) => return self.finish(Outcome::Overtaken { term: self.guard.term() }, fx),
            Err(error) => {
                let stops = certificate.body.stops;
                return self.finish(Outcome::Evidence { reason: error.to_string(), stops }, fx);
            }
        };
        self.run.stage = Stage::Installing { certificate: Box::new(certificate.clone()) };
        fx.write(Write::Certificate(Box::new(certificate)));
        fx.write(Write::Run(Box::new(self.run.clone())));
        (self.since, self.said) = (now, false);
        self.open_lanes();
        // The certificate is handed out in the next step, once it is durable.
    }

    /// The newest tree head that the plan or a stopped node knows, under the log's signature.
    fn newest_sth(&self, stops: &[SignedStopReply]) -> Option<Sth> {
        let told = stops.iter().filter_map(|stop| stop.reply.newest_sth.clone());
        let known = told.chain(self.run.plan.newest_sth.clone());
        let good = known.filter_map(|sth| self.settings.log_key.verify_sth(sth).ok());
        good.map(|sth| sth.sth().clone()).max_by_key(|sth| (sth.head.tree_size, sth.head.timestamp))
    }

    fn install_on(&mut self, now: Timestamp, certificate: &TermCertificate, fx: &mut Fx) {
        let body = &certificate.body;
        let done = |name: &NodeName| self.lanes.get(name).is_some_and(|lane| lane.step == Step::Done);
        let started: BTreeSet<&NodeName> =
            body.voters.iter().map(|voter| &voter.name).filter(|name| done(name)).collect();
        if started.len() >= body.voters.majority() && started.contains(&body.primary) {
            let since = *self.started.get_or_insert(now);
            if now.since(since) >= self.settings.publication {
                let waited_ms = now.since(since).as_millis() as u64;
                let (term, primary) = (body.term, body.primary.clone());
                return self.finish(Outcome::NotPublishing { term, primary, waited_ms }, fx);
            }
        }
        let call = |lane: &Lane| match lane.step {
            Step::Tell => Some(Call::SetPrimary(Box::new(certificate.clone()))),
            Step::Start => Some(Call::Start(body.term)),
            _ => None,
        };
        self.call(now, call, fx);
        if self.started.is_none() {
            self.say_if_stuck(now, fx);
        }
    }

    /// The first tree head of the new term ends the run: the log is published again.
    fn shown(&mut self, now: Timestamp, term: Term, sth: &Sth, fx: &mut Fx) {
        let Stage::Installing { certificate } = &self.run.stage else { return };
        let body = &certificate.body;
        let last = self.newest_sth(&body.stops);
        let counts = self.started.is_some() && term >= body.term && newer(sth, last.as_ref());
        if !counts || self.settings.log_key.verify_sth(sth.clone()).is_err() {
            return;
        }
        let millis = |from: Timestamp, to: Timestamp| to.since(from).as_millis() as u64;
        let outcome = Outcome::Repaired {
            term: body.term,
            primary: body.primary.clone(),
            last: last.as_ref().map(|last| last.head),
            first: sth.head,
            stall_ms: last.map_or(0, |last| millis(last.head.timestamp, sth.head.timestamp)),
            repair_ms: millis(self.run.began, now),
        };
        self.finish(outcome, fx);
    }

    fn call(&mut self, now: Timestamp, what: impl Fn(&Lane) -> Option<Call>, fx: &mut Fx) {
        for (name, lane) in self.lanes.iter_mut().filter(|(_, lane)| lane.is_free(now)) {
            let Some(call) = what(lane) else { continue };
            self.next_call += 1;
            lane.busy = Some(self.next_call);
            fx.act(Act::Call(self.next_call, name.clone(), call));
        }
    }

    fn waits_for(&self) -> Vec<String> {
        let open = self
            .lanes
            .iter()
            .filter(|(_, lane)| !matches!(lane.step, Step::Stopped | Step::Released | Step::Done));
        let text = |(name, lane): (&NodeName, &Lane)| {
            let uncounted = || "its stop reply does not count: it is recovering".to_owned();
            let trouble = match lane.step {
                Step::Uncounted => uncounted(),
                _ => lane.trouble.clone().unwrap_or_else(|| "no answer yet".to_owned()),
            };
            format!("{name}: {trouble}")
        };
        open.map(text).collect()
    }

    /// Once a Stop is out the run belongs to this node; it is said once that it does not get on (docs/protocol.md, R7).
    fn say_if_stuck(&mut self, now: Timestamp, fx: &mut Fx) {
        if !self.said && now.since(self.since) >= self.settings.patience {
            self.said = true;
            fx.act(Act::Report(Box::new(self.report())));
        }
    }

    fn finish(&mut self, outcome: Outcome, fx: &mut Fx) {
        if self.run.outcome().is_some() {
            return;
        }
        let waits_for = self.waits_for();
        self.run.stage = Stage::Finished { outcome: Box::new(outcome) };
        fx.write(Write::Run(Box::new(self.run.clone())));
        fx.act(Act::Report(Box::new(Report { waits_for, ..self.report() })));
        self.lanes.clear();
    }

    fn report(&self) -> Report {
        let waits_for = self.waits_for();
        let (outcome, left_out) = (self.run.outcome().cloned(), self.run.left_out.clone());
        Report { run: Some(self.run.id), cause: Some(self.run.plan.cause), outcome, left_out, waits_for }
    }
}
