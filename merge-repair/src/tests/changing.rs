//! Changes that a person makes: planned from what the nodes say, and carried out like a repair.

use super::applying::{Desk, certificate};
use super::*;
use crate::machine::{Call, CallFailure, Event, Returned};
use crate::plan::{Cause, NoPlan, Plan, plan};
use crate::run::Outcome;
use crate::wanted::Wanted;
use ct::term::{Release, SignedRelease};
use ct::wire::Refusal;

fn planned(wanted: &Wanted, scan: &Scan) -> Result<Plan, NoPlan> {
    plan(Cause::Person, wanted, &guard(), log_key().public(), scan)
}

/// The third merge node has made its state anew; the primary is there.
fn third_is_recovering() -> Scan {
    let mut scan = scan_with(merge(1, 1, head(7, 7)));
    let mut third = merge(3, 0, LogHead::EMPTY);
    if let Detail::Merge { incarnation, .. } = &mut third.answer.as_mut().unwrap().detail {
        *incarnation = Incarnation::new([33; 16]);
    }
    scan.looks.retain(|look| look.node != m(3));
    scan.looks.push(third);
    scan
}

#[test]
fn a_node_rejoins_with_the_state_that_it_has() {
    let plan = planned(&Wanted::Rejoin(m(3)), &third_is_recovering()).unwrap();
    assert_eq!(plan.change, Change::Rejoin { node: m(3), incarnation: Incarnation::new([33; 16]) });
    assert_eq!(plan.primary, m(1), "a change that a person makes is no reproach to the primary");
    assert!(plan.to_string().contains("from term 2 on merge-3 votes with its new state"), "{plan}");
}

#[test]
fn what_is_so_already_is_not_done_again() {
    for (wanted, what) in [
        (Wanted::Rejoin(m(2)), "merge-2 votes with the state that it has"),
        (Wanted::Join(m(2), key(2).public()), "merge-2 votes already"),
        (Wanted::Leave(m(9)), "merge-9 does not vote"),
        (Wanted::MoveSigner(name("signer-1"), key(77).public()), "signer-1 signs tree heads already"),
    ] {
        let refused = planned(&wanted, &scan()).unwrap_err();
        assert_eq!(refused, NoPlan::Done { what: what.to_owned() });
        assert!(refused.is_patience(), "it uses up no repair");
    }
}

#[test]
fn who_is_to_take_part_must_answer() {
    for (wanted, text) in [
        (Wanted::Rejoin(m(1)), "merge-1 is to take part, and does not answer: connection refused"),
        (Wanted::Join(m(4), key(4).public()), "merge-4 is to take part, and does not answer: cluster.toml"),
        (Wanted::MoveSigner(name("signer-2"), key(78).public()), "signer-2 is to take part"),
    ] {
        let refused = planned(&wanted, &scan()).unwrap_err().to_string();
        assert!(refused.starts_with(text), "{refused}");
    }
}

/// A majority of those who stay is needed too: without the primary, which is gone, there is only one.
#[test]
fn a_change_that_leaves_too_few_is_not_planned() {
    let refused = planned(&Wanted::Leave(m(2)), &scan()).unwrap_err();
    assert!(matches!(refused, NoPlan::NoMajority { counted: 1, voters: 2, majority: 2, .. }), "{refused}");
    assert!(planned(&Wanted::Leave(m(1)), &scan()).is_ok(), "the one that is gone may leave");
}

fn with_signer_two() -> Scan {
    let mut scan = scan_with(merge(1, 1, head(7, 7)));
    let detail = Detail::Signer { last: None, halted: None, refusals: 0, released: None };
    scan.looks.push(status(name("signer-2"), Role::Signer, detail));
    scan
}

fn moving() -> Desk {
    let mut desk = Desk::wanting(&Wanted::MoveSigner(name("signer-2"), key(78).public()), &with_signer_two());
    desk.step(Event::Tick);
    desk
}

/// The last word of `signer-1`.
fn released(run: RunId, term: Term) -> SignedRelease {
    let last = Some(sth(head(7, 7), MINUTE));
    let signer = name("signer-1");
    Release { log_id: log_id(), run, term, signer, last }.sign(&key(77))
}

/// V4. The old signer's last word is durable with the run, and goes into the certificate.
#[test]
fn the_right_to_sign_moves_with_the_old_signers_release() {
    let mut desk = moving();
    let forged = Release { signer: name("signer-1"), ..released(run(2), term(2)).release }.sign(&key(1));
    let asked = desk.answer(&name("signer-1"), Ok(Returned::Released(Box::new(forged))));
    assert_eq!(asked, Call::Release(term(2), run(2)));
    assert!(
        matches!(desk.run.plan.change, Change::MoveSigner { release: None, .. }),
        "it is not the signer's"
    );
    desk.wait(1);
    desk.answer(&name("signer-1"), Ok(Returned::Released(Box::new(released(run(2), term(2))))));
    assert!(matches!(desk.run.plan.change, Change::MoveSigner { release: Some(_), .. }), "on disk");
    desk.crash();
    desk.stopped(2, head(7, 7));
    desk.stopped(3, head(7, 7));
    desk.wait(1);
    let body = certificate(&desk).body;
    assert_eq!(
        (body.term, body.sth_signer, body.sth_signer_key),
        (term(2), name("signer-2"), key(78).public())
    );
}

/// V5. Where the old signer cannot be reached two of three are too few: a liar among them and the third make a quorum for it.
#[test]
fn without_a_release_every_node_that_could_help_the_old_signer_is_stopped() {
    let mut desk = moving();
    desk.answer(&name("signer-1"), Err(CallFailure::Failed("connection refused".to_owned())));
    desk.stopped(2, head(7, 7));
    desk.stopped(3, head(7, 7));
    desk.wait(4);
    assert_eq!(certificate(&desk).term(), term(1));
    desk.stopped(1, head(7, 7));
    desk.wait(1);
    let body = certificate(&desk).body;
    assert_eq!((body.term, body.sth_signer), (term(2), name("signer-2")));
    assert!(matches!(body.change, Change::MoveSigner { release: None, .. }));
}

/// T15. A node that is stopped where another list is in force does not count: one that is behind is taught, from one that is
/// ahead repair learns.
#[test]
fn repair_teaches_and_learns_before_it_counts() {
    let mut desk = Desk::wanting(&Wanted::Primary, &scan());
    desk.step(Event::Tick);
    let mut behind = stopped(2, term(2), run(2), head(7, 7), None).reply;
    (behind.in_force, behind.voters) = (Term::ZERO, ct::hash::VotersHash::new([5; 32]));
    desk.answer(&m(2), Ok(Returned::Stopped(Box::new(behind.sign(&key(2))))));
    let taught = desk.answer(&m(2), Ok(Returned::Done));
    assert_eq!(taught, Call::SetPrimary(Box::new(guard().certificate().clone())));
    assert_eq!(desk.call(&m(2)).1, Call::Stop(term(2), run(2)), "and is asked again");
    let mut ahead = stopped(3, term(2), run(2), head(7, 7), None).reply;
    (ahead.in_force, ahead.voters) = (term(9), ct::hash::VotersHash::new([5; 32]));
    desk.answer(&m(3), Ok(Returned::Stopped(Box::new(ahead.sign(&key(3))))));
    assert_eq!(desk.call(&m(3)).1, Call::GetCertificate);
}

/// A run for term 3, since somebody stopped a node for term 2 before.
fn after_a_stop(wanted: &Wanted, mut scan: Scan) -> Desk {
    let look = scan.looks.iter_mut().find(|look| look.node == m(2)).unwrap();
    let Detail::Merge { stopped, .. } = &mut look.answer.as_mut().unwrap().detail else {
        panic!("it merges")
    };
    *stopped = Some(term(2));
    let mut desk = Desk::wanting(wanted, &scan);
    desk.step(Event::Tick);
    desk
}

/// Another repair's certificate of term 2 turns up.
fn overtake(desk: &mut Desk, change: Change) -> TermCertificate {
    let stops = [1, 2].map(|number| stopped(number, term(2), run(9), head(7, 7), None)).to_vec();
    let start = (m(1), head(7, 7));
    let body = guard().certificate().successor(run(9), term(2), change, start, stops).unwrap();
    let adopted = guard().adopt(TermCertificate::sign(body, &repair_key())).unwrap().unwrap();
    let certificate = adopted.certificate().clone();
    desk.refused(&m(2), Refusal::TermOver { certificate: Box::new(certificate.clone()) });
    assert!(desk.run.outcome().is_none(), "{:?}", desk.run.outcome());
    certificate
}

/// Stopped where a certificate is in force.
fn stop_under(desk: &mut Desk, number: u8, certificate: &TermCertificate, accepted: LogHead) {
    let mut reply = stopped(number, desk.run.plan.term, run(2), accepted, None).reply;
    let body = &certificate.body;
    (reply.in_force, reply.voters) = (body.term, body.voters.hash());
    reply.sth_signer = body.sth_signer.clone();
    desk.answer(&m(number), Ok(Returned::Stopped(Box::new(reply.sign(&key(number))))));
}

/// Two repairs give the same node its vote back. The later one failed when it saw that, with the nodes stopped for its term:
/// the log stood still until a person came. It leaves the change out, and lets them go on.
#[test]
fn a_change_that_another_repair_made_is_left_out() {
    let change = Change::Rejoin { node: m(3), incarnation: Incarnation::new([33; 16]) };
    let mut desk = after_a_stop(&Wanted::Rejoin(m(3)), third_is_recovering());
    let second = overtake(&mut desk, change.clone());
    desk.crash();
    stop_under(&mut desk, 1, &second, head(7, 7));
    stop_under(&mut desk, 2, &second, head(7, 7));
    desk.wait(1);
    let body = certificate(&desk).body;
    assert_eq!((body.term, body.change), (term(3), Change::Nothing));
    assert_eq!(desk.run.left_out.as_ref().unwrap().change, change);
    // The log goes on, and it is no success: that is for whoever wanted the change to see.
    desk.step(Event::Tick);
    for node in [m(1), m(2)] {
        desk.answer(&node, Ok(Returned::Done));
        desk.answer(&node, Ok(Returned::Done));
    }
    desk.step(Event::Shown(term(3), Box::new(sth(head(8, 8), 0))));
    assert!(desk.outcome().is_success());
    let report = desk.reports.last().unwrap();
    assert!(!report.is_success());
    let said = "NOT CHANGED: it was wanted that merge-3 votes with its new state: change: merge-3 votes with this state already";
    assert!(report.to_string().contains(said), "{report}");
}

/// The simulator found it: one was to leave, another lost its disk meanwhile. Those who would still vote could not make a
/// majority, so the run waited for ever with the log's nodes stopped, which were enough without the change. The change is left
/// out.
#[test]
fn a_change_for_which_too_few_can_be_stopped_holds_up_no_log() {
    let wanted = [
        (Wanted::Leave(m(1)), scan()),
        (Wanted::Join(m(4), key(4).public()), scan_with(merge(4, 0, LogHead::EMPTY))),
        (Wanted::MoveSigner(name("signer-2"), key(78).public()), with_signer_two()),
    ];
    for (wanted, mut scan) in wanted {
        scan.looks.retain(|look| look.node != m(1));
        scan.looks.push(merge(1, 1, head(7, 7)));
        let mut desk = Desk::wanting(&wanted, &scan);
        desk.step(Event::Tick);
        desk.stopped(1, head(7, 7));
        desk.stopped(2, head(7, 7));
        let mut anew = stopped(3, term(2), run(2), LogHead::EMPTY, None).reply;
        anew.incarnation = Incarnation::new([33; 16]);
        desk.answer(&m(3), Ok(Returned::Stopped(Box::new(anew.sign(&key(3))))));
        desk.wait(4);
        assert_eq!(certificate(&desk).term(), term(1), "it may yet come");
        desk.wait(1);
        assert!(desk.run.left_out.is_some(), "{wanted:?}: on disk first");
        desk.crash();
        desk.stopped(1, head(7, 7));
        desk.stopped(2, head(7, 7));
        desk.wait(1);
        let body = certificate(&desk).body;
        assert_eq!((body.term, body.change), (term(2), Change::Nothing), "{wanted:?}");
    }
}

/// And a run that nobody answers any more asks again, and hears that another one went on.
#[test]
fn a_run_that_waits_for_nobody_asks_again() {
    let mut desk = after_a_stop(&Wanted::Primary, scan());
    let anew = |number: u8, desk: &mut Desk| {
        let mut reply = stopped(number, term(3), run(2), LogHead::EMPTY, None).reply;
        reply.incarnation = Incarnation::new([33; 16]);
        desk.answer(&m(number), Ok(Returned::Stopped(Box::new(reply.sign(&key(number))))));
    };
    let reply = stopped(1, term(3), run(2), head(7, 7), None);
    desk.answer(&m(1), Ok(Returned::Stopped(Box::new(reply))));
    anew(2, &mut desk);
    anew(3, &mut desk);
    desk.wait(1);
    assert_eq!(desk.calls, Vec::new());
    desk.wait(4);
    desk.step(Event::Tick);
    let stops = [1, 2].map(|number| stopped(number, term(9), run(9), head(7, 7), None)).to_vec();
    let body = guard().certificate().successor(run(9), term(9), Change::Nothing, (m(1), head(7, 7)), stops);
    let later = TermCertificate::sign(body.unwrap(), &repair_key());
    desk.refused(&m(1), Refusal::TermOver { certificate: Box::new(later) });
    assert_eq!(*desk.outcome(), Outcome::Overtaken { term: term(9) });
}

/// A node is to leave that alone holds the newest accepted head: without it the log cannot go on, so it stays.
#[test]
fn who_alone_holds_the_newest_head_does_not_leave() {
    let mut desk = Desk::wanting(&Wanted::Leave(m(1)), &scan());
    desk.step(Event::Tick);
    for (number, accepted) in [(1, head(8, 8)), (2, head(7, 7)), (3, head(7, 7))] {
        stop_under(&mut desk, number, guard().certificate(), accepted);
    }
    desk.crash();
    for (number, accepted) in [(1, head(8, 8)), (2, head(7, 7)), (3, head(7, 7))] {
        stop_under(&mut desk, number, guard().certificate(), accepted);
    }
    let body = certificate(&desk).body;
    assert_eq!((body.term, body.change, body.primary), (term(2), Change::Nothing, m(1)));
    assert_eq!(body.start_head, head(8, 8));
    assert_eq!(desk.run.left_out.unwrap().change, Change::Leave { node: m(1) });
}

/// The right to sign, while the old signer's last word is there already.
fn released_and_overtaken(to: u8) -> Desk {
    let signer = name("signer-2");
    let mut desk = after_a_stop(&Wanted::MoveSigner(signer, key(78).public()), with_signer_two());
    let word = |run, term| Box::new(released(run, term));
    desk.answer(&name("signer-1"), Ok(Returned::Released(word(run(2), term(3)))));
    assert!(matches!(desk.run.plan.change, Change::MoveSigner { release: Some(_), .. }));
    let (to, key) = (name(&format!("signer-{to}")), key(76 + to).public());
    overtake(&mut desk, Change::MoveSigner { to, key, release: Some(word(run(9), term(2))) });
    desk
}

#[test]
fn the_right_to_sign_that_another_repair_moved_is_not_moved_again() {
    let desk = released_and_overtaken(2);
    assert_eq!(desk.run.plan.change, Change::Nothing);
    assert_eq!(desk.run.left_out.unwrap().why, "signer-2 signs tree heads already");
}

/// The last word of a signer that has no right any more says nothing: it takes that of the one that has it now.
#[test]
fn the_right_to_sign_is_taken_from_whoever_has_it() {
    let mut desk = released_and_overtaken(3);
    assert_eq!(desk.run.left_out, None);
    assert_eq!(desk.call(&name("signer-3")).1, Call::Release(term(3), run(2)));
}
