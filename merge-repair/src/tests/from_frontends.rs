//! When a log may go on by an operator's word, and each reason for which it may not.

use super::*;
use crate::from_frontends::{Continuation, continuation};
use crate::machine::Write;
use crate::machine::{Act, Call, CallFailure, Event, Fx, Machine, Returned, Settings};
use crate::plan::{Cause, NoPlan, plan};
use crate::run::{Outcome, Run, Stage};
use crate::state::{Armed, State, create};
use crate::wanted::Wanted;
use ct::node_key::NodeKey;
use ct::term::CertificateError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn keys() -> BTreeMap<NodeName, NodeKey> {
    (1..=4).map(|number| (m(number), key(number).public())).collect()
}

/// A merge node with another state than it voted with.
fn anew(number: u8, accepted: LogHead) -> Look {
    let mut look = merge(number, 0, accepted);
    let Ok(Status { detail: Detail::Merge { incarnation, .. }, .. }) = &mut look.answer else {
        unreachable!()
    };
    *incarnation = Incarnation::new([number + 40; 16]);
    look
}

fn silent(node: NodeName, role: Role) -> Look {
    Look { node, role, answer: Err("connection refused".to_owned()) }
}

fn signer(last: Option<Sth>) -> Look {
    status(name("signer-1"), Role::Signer, Detail::Signer { last, halted: None, refusals: 0, released: None })
}

/// Two of three disks were lost. One node has a frontend's copy, one is empty, one is silent, and a fourth never voted.
fn lost() -> Scan {
    let newest = Some(sth(head(7, 7), MINUTE));
    let looks = vec![
        frontend(1, newest.clone()),
        frontend(2, Some(sth(head(6, 6), 2 * MINUTE))),
        signer(newest),
        silent(m(1), Role::Merge),
        anew(2, head(7, 7)),
        anew(3, LogHead::EMPTY),
        anew(4, LogHead::EMPTY),
    ];
    Scan { now: NOW, looks }
}

fn with(look: Look) -> Scan {
    let mut scan = lost();
    scan.looks.retain(|other| other.node != look.node);
    scan.looks.push(look);
    scan
}

fn offered(scan: &Scan) -> Result<Continuation, NoPlan> {
    continuation(&guard(), log_key().public(), &keys(), None, scan)
}

#[test]
fn it_goes_on_from_the_newest_tree_head_with_whoever_answers() {
    let offer = offered(&lost()).unwrap();
    assert_eq!((offer.term, offer.primary.clone(), offer.start), (term(2), m(2), head(7, 7)));
    let names: Vec<_> = offer.voters.iter().map(|voter| voter.name.clone()).collect();
    assert_eq!(names, [m(2), m(3), m(4)]);
    assert!(offer.voters.iter().all(|voter| voter.joining_term == term(2)));
    let text = offer.to_string();
    for want in [
        "size 7",
        "merge-2 as primary",
        "merge-2, merge-3, merge-4",
        "no more votes merge-1: connection refused",
    ] {
        assert!(text.contains(want), "{want} in {text}");
    }
}

#[test]
fn with_a_majority_it_is_not_for_a_person_to_say() {
    let mut scan = with(merge(1, 1, head(7, 7)));
    scan.looks.retain(|look| look.node != m(3));
    scan.looks.push(merge(3, 1, head(7, 7)));
    assert_eq!(offered(&scan), Err(NoPlan::Majority { counted: 2, voters: 3 }));
}

/// Whoever is silent may have the newest tree head, and it is public.
#[test]
fn every_frontend_and_every_signer_must_answer() {
    for (node, role) in [("frontend-2", Role::Frontend), ("signer-1", Role::Signer)] {
        let refused = offered(&with(silent(name(node), role)));
        assert!(
            matches!(&refused, Err(NoPlan::Unreachable { node: found, .. }) if *found == name(node)),
            "{refused:?}"
        );
    }
}

/// What is gone on from is what was signed last; a tree that is smaller, larger or another is none of it.
#[test]
fn a_merge_node_must_have_exactly_the_newest_tree() {
    let nobody = |newest: LogHead| Err(NoPlan::NobodyHolds { size: newest.size.get(), root: newest.root });
    assert_eq!(
        offered(&with(signer(Some(sth(head(8, 8), 0))))),
        nobody(head(8, 8)),
        "the signer has signed more"
    );
    for other in [head(6, 6), head(8, 8), head(7, 8)] {
        assert_eq!(offered(&with(anew(2, other))), nobody(head(7, 7)));
    }
    let mut unpublished = with(signer(None));
    unpublished.looks.retain(|look| look.role != Role::Frontend);
    assert_eq!(offered(&unpublished), Err(NoPlan::Unpublished));
}

/// The signer signed it, one frontend holds it and shows it in a moment: whoever asked only what is shown went on from an older
/// one, and that frontend held the newer one for ever.
#[test]
fn what_a_frontend_holds_and_does_not_show_yet_counts() {
    let mut holds = frontend(1, Some(sth(head(7, 7), MINUTE)));
    let Ok(Status { detail: Detail::Frontend { held, .. }, .. }) = &mut holds.answer else { unreachable!() };
    *held = Some(sth(head(8, 8), 0));
    let refused = Err(NoPlan::NobodyHolds { size: 8, root: head(8, 8).root });
    assert_eq!(offered(&with(holds)), refused);
}

/// A node has a certificate that repair has not: it may have moved the right to sign.
#[test]
fn whoever_is_ahead_is_heard_first() {
    let mut ahead = frontend(2, None);
    ahead.answer.as_mut().unwrap().term = term(4);
    let refused = NoPlan::Behind { node: name("frontend-2"), term: term(4), known: Term::FIRST };
    assert_eq!(offered(&with(ahead)), Err(refused));
}

/// A voter that was taken out of `cluster.toml` is named like one that is silent.
#[test]
fn whoever_votes_no_more_is_named() {
    let mut scan = lost();
    scan.looks.retain(|look| look.node != m(1));
    assert_eq!(offered(&scan).unwrap().gone, ["merge-1: cluster.toml does not list it"]);
}

/// A run had stopped two of three when the disk of one of them was lost: it never gets a majority, and gives way to the word.
/// Then the primary of the word is lost before anybody endorsed anything, and a second word is made from the first.
#[test]
fn a_word_takes_the_place_of_a_run_under_way_and_of_another_word() {
    let scratch = tempfile::tempdir().unwrap();
    let trust = guard().trust().clone();
    create(scratch.path(), guard().certificate()).unwrap();
    let mut state = State::open(scratch.path(), trust.clone()).unwrap();
    let plan = plan(Cause::Person, &Wanted::Primary, &guard(), log_key().public(), &scan()).unwrap();
    let stopping = Run { id: run(3), began: NOW, plan, left_out: None, stage: Stage::Stopping };
    state.commit(&[Write::Run(Box::new(stopping.clone()))]).unwrap();
    let begun = match state.armed().unwrap() {
        Armed::UnderWay(run) => Some(run.plan.term),
        other => panic!("{other:?}"),
    };
    assert_eq!(begun, Some(term(2)));
    let offer = continuation(&guard(), log_key().public(), &keys(), begun, &lost()).unwrap();
    assert_eq!(offer.term, term(3), "there is never another certificate of the term of that run");
    let (certificate, started) = offer.sign((&guard(), run(5), NOW), &repair_key(), &operator()).unwrap();
    state.replace(&certificate, &started).unwrap();
    drop(state);
    let state = State::open(scratch.path(), trust.clone()).unwrap();
    assert_eq!(state.armed().unwrap(), Armed::UnderWay(Box::new(started)));

    let first = state.guard().clone();
    assert_eq!(first.certificate(), &certificate);
    // merge-2 is gone; merge-3 has been made of a copy now.
    let mut scan = with(silent(m(2), Role::Merge));
    scan.looks.retain(|look| look.node != m(3));
    scan.looks.push(anew(3, head(7, 7)));
    let offer = continuation(&first, log_key().public(), &keys(), Some(term(3)), &scan).unwrap();
    assert_eq!((offer.term, offer.primary.clone()), (term(4), m(3)));
    let (second, _) = offer.sign((&first, run(6), NOW), &repair_key(), &operator()).unwrap();
    // Those who have heard of the first word take it, and those who have not.
    for heard in [first, guard()] {
        assert_eq!(heard.adopt(second.clone()).unwrap().unwrap().term(), term(4));
    }
}

/// One that has kept its disk votes with the state that it has, and joins like the others: what it endorsed does not count.
#[test]
fn who_kept_its_disk_joins_like_the_others() {
    let offer = offered(&with(merge(3, 1, head(9, 9)))).unwrap();
    let kept = offer.voters.find(&m(3)).unwrap();
    assert_eq!((kept.incarnation, kept.joining_term), (Incarnation::new([3; 16]), term(2)));
    assert_eq!(offer.primary, m(2));
}

#[test]
fn the_run_hands_out_the_certificate_and_ends_with_a_tree_head() {
    let offer = offered(&lost()).unwrap();
    let by_nobody = offer.sign((&guard(), run(5), NOW), &repair_key(), &key(3)).unwrap_err();
    assert_eq!(by_nobody, CertificateError::Word);
    let (certificate, started) = offer.sign((&guard(), run(5), NOW), &repair_key(), &operator()).unwrap();
    let guard = guard().adopt(certificate.clone()).unwrap().unwrap();
    let second = Duration::from_secs(1);
    let settings = Settings {
        key: repair_key(),
        log_key: log_key().public().clone(),
        grace: second,
        patience: 30 * second,
        publication: 60 * second,
        others: vec![name("frontend-1"), name("signer-1")],
    };
    // As after a crash: it is on disk before anybody is called.
    let mut machine = Machine::recover(settings, guard, started, NOW);
    let mut told = BTreeSet::new();
    let mut calls = Vec::new();
    let mut event = Event::Tick;
    loop {
        let mut fx = Fx::new();
        machine.step(NOW, event, &mut fx);
        calls.extend(fx.acts);
        let Some(act) = calls.pop() else { break };
        let Act::Call(id, node, call) = act else { panic!("{act:?}") };
        let outcome = match call {
            Call::SetPrimary(given) => {
                assert_eq!(*given, certificate);
                told.insert(node);
                Ok(Returned::Done)
            }
            // One of the three does not start; the others are a majority.
            Call::Start(to) if node == m(4) => {
                assert_eq!(to, term(2));
                Err(CallFailure::Failed("connection refused".to_owned()))
            }
            Call::Start(_) => Ok(Returned::Done),
            other => panic!("nobody is stopped: {other:?}"),
        };
        event = Event::Returned(id, outcome);
    }
    assert_eq!(told, [m(2), m(3), m(4), name("frontend-1"), name("signer-1")].into());
    let mut fx = Fx::new();
    machine.step(NOW, Event::Shown(term(2), Box::new(sth(head(8, 8), 0))), &mut fx);
    assert!(matches!(machine.run().outcome(), Some(Outcome::Repaired { .. })), "{:?}", machine.run());
}
