//! A run, message by message.

use super::*;
use crate::machine::{Act, Call, CallFailure, CallId, Event, Fx, Machine, Returned, Settings, Write};
use crate::plan::{Cause, plan};
use crate::run::{Outcome, Report, Run};
use crate::wanted::Wanted;
use ct::wire::Refusal;
use std::time::Duration;

/// Repair's disk, and the machine while it runs.
pub(super) struct Desk {
    machine: Machine,
    guard: Guard,
    pub(super) run: Run,
    pub(super) calls: Vec<(CallId, NodeName, Call)>,
    pub(super) reports: Vec<Report>,
    now: Timestamp,
    writes: usize,
}

fn settings() -> Settings {
    Settings {
        key: repair_key(),
        log_key: log_key().public().clone(),
        grace: Duration::from_secs(1),
        patience: Duration::from_secs(5),
        publication: Duration::from_secs(30),
        others: vec![name("signer-1")],
    }
}

impl Desk {
    fn new() -> Self {
        Self::wanting(&Wanted::Primary, &scan())
    }

    pub(super) fn wanting(wanted: &Wanted, scan: &Scan) -> Self {
        let plan = plan(Cause::Person, wanted, &guard(), log_key().public(), scan).unwrap();
        let mut fx = Fx::new();
        let machine = Machine::begin(settings(), guard(), plan, run(2), NOW, &mut fx);
        assert_eq!(fx.acts, [], "no Stop is out before the run is on disk");
        let on_disk = machine.run().clone();
        let (calls, reports) = (Vec::new(), Vec::new());
        let mut desk = Self { machine, guard: guard(), run: on_disk, calls, reports, now: NOW, writes: 0 };
        desk.done(fx);
        desk
    }

    fn done(&mut self, fx: Fx) {
        for write in fx.writes {
            self.writes += 1;
            match write {
                Write::Run(run) => self.run = *run,
                Write::Certificate(certificate) => {
                    self.guard = Guard::new(self.guard.trust().clone(), *certificate);
                }
            }
        }
        for act in fx.acts {
            match act {
                Act::Call(id, to, call) => self.calls.push((id, to, call)),
                Act::Report(report) => self.reports.push(*report),
            }
        }
    }

    pub(super) fn step(&mut self, event: Event) {
        let mut fx = Fx::new();
        self.machine.step(self.now, event, &mut fx);
        self.done(fx);
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.step(Event::Tick);
    }

    /// The open call to a node.
    pub(super) fn call(&mut self, to: &NodeName) -> (CallId, Call) {
        let at = self.calls.iter().position(|(_, name, _)| name == to);
        let (id, _, call) = self.calls.remove(at.unwrap_or_else(|| panic!("{to} is not called")));
        (id, call)
    }

    pub(super) fn answer(&mut self, to: &NodeName, outcome: Result<Returned, CallFailure>) -> Call {
        let (id, call) = self.call(to);
        self.step(Event::Returned(id, outcome));
        call
    }

    pub(super) fn stopped(&mut self, number: u8, head: LogHead) {
        self.stopped_knowing(number, head, None);
    }

    fn stopped_knowing(&mut self, number: u8, head: LogHead, newest: Option<Sth>) {
        let reply = stopped(number, term(2), run(2), head, newest);
        self.answer(&m(number), Ok(Returned::Stopped(Box::new(reply))));
    }

    pub(super) fn refused(&mut self, to: &NodeName, refusal: Refusal) {
        self.answer(to, Err(CallFailure::Refused(Box::new(refusal))));
    }

    pub(super) fn crash(&mut self) {
        self.calls.clear();
        self.machine = Machine::recover(settings(), self.guard.clone(), self.run.clone(), self.now);
        self.step(Event::Tick);
    }

    pub(super) fn outcome(&self) -> &Outcome {
        self.run.outcome().expect("the run is over")
    }
}

/// Two of three are stopped; the third, the old primary, is waited for no longer than the grace.
fn two_stopped() -> Desk {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.stopped(2, head(7, 7));
    desk.stopped(3, head(7, 7));
    desk.wait(1);
    desk.step(Event::Tick);
    desk
}

pub(super) fn certificate(desk: &Desk) -> TermCertificate {
    desk.guard.certificate().clone()
}

#[test]
fn a_majority_is_stopped_certified_and_started_and_the_first_tree_head_ends_it() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    let stops: Vec<_> = desk.calls.iter().map(|(_, to, call)| (to.clone(), call.clone())).collect();
    let stop = Call::Stop(term(2), run(2));
    assert_eq!(stops, [(m(1), stop.clone()), (m(2), stop.clone()), (m(3), stop)]);
    desk.stopped(2, head(7, 7));
    desk.stopped(3, head(7, 7));
    assert_eq!(certificate(&desk).term(), term(1), "the third has its grace");
    desk.wait(1);
    let made = certificate(&desk);
    assert_eq!((made.term(), made.body.primary.clone(), made.body.start_head), (term(2), m(2), head(7, 7)));
    desk.step(Event::Tick);
    desk.answer(&m(2), Ok(Returned::Done));
    desk.answer(&m(3), Ok(Returned::Done));
    desk.answer(&name("signer-1"), Ok(Returned::Done));
    assert_eq!(desk.answer(&m(2), Ok(Returned::Done)), Call::Start(term(2)));
    assert_eq!(desk.answer(&m(3), Ok(Returned::Done)), Call::Start(term(2)));
    desk.step(Event::Shown(term(1), Box::new(sth(head(8, 8), MINUTE))));
    desk.step(Event::Shown(term(2), Box::new(sth(head(7, 7), 10 * MINUTE))));
    assert_eq!(desk.reports, [], "neither an old term's tree head nor the old one again is a success");
    desk.step(Event::Shown(term(2), Box::new(sth(head(8, 8), MINUTE))));
    let Outcome::Repaired { stall_ms, primary, .. } = desk.outcome() else { panic!("{}", desk.outcome()) };
    assert_eq!((*stall_ms, primary), (9 * MINUTE, &m(2)));
    assert_eq!(desk.reports.len(), 1);
    assert!(desk.reports[0].to_string().contains("no new tree head for 540.0 s"), "{}", desk.reports[0]);
}

/// R7, GI. Repair crashes after each of its writes: the same run goes on, with the same term and, once there is one, the
/// same certificate.
#[test]
fn after_a_crash_the_same_run_goes_on() {
    let mut desk = Desk::new();
    desk.crash();
    desk.stopped(2, head(7, 7));
    desk.crash();
    desk.stopped(3, head(7, 7));
    desk.stopped(2, head(7, 7));
    desk.wait(1);
    let made = certificate(&desk);
    assert_eq!(made.term(), term(2));
    desk.crash();
    let handed_out = Call::SetPrimary(Box::new(made.clone()));
    for node in [m(1), m(2), m(3), name("signer-1")] {
        assert_eq!(desk.call(&node).1, handed_out, "{node}");
    }
    desk.crash();
    assert_eq!(certificate(&desk), made);
}

/// No answer counts that is not the node's own, of this run and term, in the state that votes.
#[test]
fn a_stop_reply_of_another_run_state_or_node_does_not_count() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    let other_run = stopped(2, term(2), run(3), head(7, 7), None);
    desk.answer(&m(2), Ok(Returned::Stopped(Box::new(other_run))));
    let other_node = stopped(2, term(2), run(2), head(7, 7), None);
    desk.answer(&m(3), Ok(Returned::Stopped(Box::new(other_node))));
    desk.stopped(1, head(7, 7));
    desk.wait(60);
    assert_eq!(certificate(&desk).term(), term(1));
    assert!(desk.run.outcome().is_none(), "a run with a Stop out goes on");
    assert_eq!(desk.reports.len(), 1);
    let text = desk.reports[0].to_string();
    assert!(text.contains("UNFINISHED") && text.contains("merge-2: its stop reply does not count"), "{text}");
    desk.wait(60);
    assert_eq!(desk.reports.len(), 1, "it is said once");
}

/// A run that has stopped somebody never gives up: when the majority is there again, it goes on.
#[test]
fn a_run_without_a_majority_waits_for_one() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.stopped(3, head(7, 7));
    for _ in 0..20 {
        desk.answer(&m(2), Err(CallFailure::Failed("connection refused".to_owned())));
        desk.wait(10);
    }
    assert!(desk.run.outcome().is_none());
    desk.stopped(2, head(7, 7));
    desk.wait(1);
    assert_eq!(certificate(&desk).term(), term(2));
}

#[test]
fn two_trees_of_one_term_and_size_stop_the_log_with_the_evidence() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.stopped(2, head(7, 7));
    desk.stopped(3, head(7, 8));
    desk.wait(1);
    let Outcome::Evidence { reason, stops } = desk.outcome() else { panic!("{}", desk.outcome()) };
    assert!(reason.contains("merge-2") && reason.contains("merge-3"), "{reason}");
    assert_eq!((stops.len(), certificate(&desk).term()), (2, term(1)));
}

/// R4. A stopped node knows a tree head that the chosen tree does not contain.
#[test]
fn a_tree_head_beyond_the_choice_stops_the_log_with_the_evidence() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.stopped(2, head(7, 7));
    desk.stopped_knowing(3, head(7, 7), Some(sth(head(9, 9), MINUTE)));
    desk.wait(1);
    assert!(matches!(desk.outcome(), Outcome::Evidence { .. }), "{}", desk.outcome());
    assert_eq!(certificate(&desk).term(), term(1), "no certificate was made");
    assert!(desk.calls.iter().all(|(_, _, call)| !matches!(call, Call::SetPrimary(_))));
}

/// Two repairs at once: whoever has the later term gets the majority, and the other gives way; nothing is certified twice.
#[test]
fn a_repair_that_is_overtaken_gives_way() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.refused(&m(2), Refusal::Stopped { term: term(3) });
    assert!(desk.run.outcome().is_none(), "the other two may be enough");
    desk.refused(&m(3), Refusal::Stopped { term: term(4) });
    assert_eq!(*desk.outcome(), Outcome::Overtaken { term: term(4) });

    let mut desk = Desk::new();
    desk.step(Event::Tick);
    let stops = [2, 3].map(|number| stopped(number, term(4), run(9), head(7, 7), None)).to_vec();
    let body = TermBody {
        run: run(9),
        term: term(4),
        primary: m(3),
        start_head: head(7, 7),
        stops,
        ..guard().certificate().body.clone()
    };
    let rival = TermCertificate::sign(body, &repair_key());
    desk.refused(&m(2), Refusal::TermOver { certificate: Box::new(rival.clone()) });
    assert_eq!(*desk.outcome(), Outcome::Overtaken { term: term(4) });
    assert_eq!(certificate(&desk), rival, "it is kept: the next run begins from there");
}

/// A certificate that proves nothing ends no run.
#[test]
fn a_forged_certificate_overtakes_nobody() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    let body = TermBody { term: term(9), primary: m(3), ..guard().certificate().body.clone() };
    let forged = TermCertificate::sign(body, &key(3));
    desk.refused(&m(3), Refusal::TermOver { certificate: Box::new(forged) });
    assert!(desk.run.outcome().is_none());
}

#[test]
fn a_new_primary_that_does_not_publish_is_reported() {
    let mut desk = two_stopped();
    for node in [m(2), m(3)] {
        desk.answer(&node, Ok(Returned::Done));
        desk.answer(&node, Ok(Returned::Done));
    }
    desk.wait(29);
    assert!(desk.run.outcome().is_none());
    desk.wait(1);
    assert!(matches!(desk.outcome(), Outcome::NotPublishing { waited_ms: 30_000, .. }), "{}", desk.outcome());
    assert!(!desk.outcome().is_success());
}

/// Two runs that hold a node each, and the third has lost its disk: neither can get a majority, and each waited for ever for
/// the other's node. Both end, and a later run goes beyond them.
#[test]
fn two_runs_that_hold_a_part_each_end() {
    let mut desk = Desk::new();
    desk.step(Event::Tick);
    desk.stopped(2, head(7, 7));
    let mut lost = stopped(1, term(2), run(2), head(7, 7), None).reply;
    lost.incarnation = Incarnation::new([11; 16]);
    desk.answer(&m(1), Ok(Returned::Stopped(Box::new(lost.sign(&key(1))))));
    assert!(desk.run.outcome().is_none());
    desk.refused(&m(3), Refusal::Stopped { term: term(2) });
    assert_eq!(*desk.outcome(), Outcome::Overtaken { term: term(2) });
}
