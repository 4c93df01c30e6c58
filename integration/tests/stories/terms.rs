//! Whose call counts: every node of every role asks the certificate, and passes it on.

use crate::hand::*;
use ct::index::{Position, Term};
use ct::names::NodeName;
use ct::order::LogHead;
use ct::term::{Guard, TermCertificate};
use ct::wire::Refusal;
use ct::wire::storage::{Fetch, MoveStart};
use ct::wire::tree::{Publish, SendLog};
use frontend::copy;
use integration::sim::World;
use integration::sim::world::name;
use merge::message::{Answer, Request};

/// SetPrimary to every role but the signer.
fn everybody_adopts(world: &mut World, certificate: &TermCertificate) {
    install(world, certificate, &[m(1), m(2), m(3)]);
    let request = copy::Request::SetPrimary(Box::new(certificate.clone()));
    ask_frontend(world, &m(1), request).unwrap();
    let machine = world.storages.get_mut(&s(1)).unwrap().machine.as_mut().unwrap();
    let mut fx = ct::machine::Effects::new();
    machine.step(
        at(0),
        storage::machine::Event::SetPrimary(0, Box::new(certificate.clone())),
        |_| true,
        &mut fx,
    );
    assert_eq!(fx.acts, vec![storage::machine::Act::Control(0, Ok(()))]);
}

fn ask_frontend(world: &mut World, from: &NodeName, request: copy::Request) -> Result<copy::Answer, Refusal> {
    let process = world.frontends.get_mut(&name("frontend", 1)).unwrap();
    let machine = process.machine.as_mut().unwrap();
    let mut fx = ct::machine::Effects::new();
    machine.step(at(1_000), 0, from, request, &process.disk.log, &mut fx).unwrap();
    let answer = fx.acts.into_iter().find_map(|act| match act {
        copy::Act::Respond(_, answer) => Some(answer.map_err(|refusal| *refusal)),
        _ => None,
    });
    answer.expect("every request is answered")
}

/// Every call that a primary can make, of every node, with a term.
fn calls(world: &mut World, from: &NodeName, claimed: Term) -> Vec<(&'static str, Result<(), Refusal>)> {
    let empty = LogHead::EMPTY;
    let header = SendLog {
        term: claimed,
        start: empty.size,
        root: empty.root,
        internal_root: empty.internal_root,
        sth: Some(sth(empty, at(5))),
        consistency: None,
    };
    let publish = Publish { term: claimed, sth: sth(empty, at(5)), polled_through: at(0) };
    let mut proposal = propose(&world.newest, empty, at(10));
    proposal.term = claimed;
    let key = world.keys[&m(1)].clone();
    let key = world.keys.get(from).cloned().unwrap_or(key);
    let verify = ct::term::SignedProposal::new(proposal, from.clone(), &key);
    let of_merge = [
        ("merge CurrentPosition", Request::Position(claimed)),
        ("merge SendLog", Request::SendLog(header.clone(), Vec::new())),
        ("merge MissingEntries", Request::Missing(claimed)),
        ("merge SendEntry", Request::SendEntry(claimed, batch(&[]))),
        ("merge VerifyRoot", Request::VerifyRoot(Box::new(verify))),
        ("merge SendSTH", Request::Publish(publish.clone())),
    ];
    let mut answers = Vec::new();
    for (what, request) in of_merge {
        answers.push((what, ask(world, &m(3), from, request).map(drop)));
    }
    let of_frontend = [
        ("frontend SendLog", copy::Request::SendLog(header, Vec::new())),
        ("frontend MissingEntries", copy::Request::Missing(claimed)),
        ("frontend SendEntry", copy::Request::SendEntry(claimed, batch(&[]))),
        ("frontend CurrentPosition", copy::Request::Position(claimed)),
        ("frontend SendSTH", copy::Request::Publish(publish)),
    ];
    for (what, request) in of_frontend {
        answers.push((what, ask_frontend(world, from, request).map(drop)));
    }
    let machine = world.storages.get_mut(&s(1)).unwrap().machine.as_mut().unwrap();
    let fetch = Fetch { term: claimed, cursor: None, retained: false, wait_ms: 0 };
    let fetched = machine.fetch_from(from, &fetch, Position::ZERO).map(drop);
    answers.push(("storage FetchNewEntries", fetched));
    let (incarnation, start) = (machine.incarnation(), Position::ZERO);
    let message = MoveStart { term: claimed, sth: sth(empty, at(5)), incarnation, start };
    let mut fx = ct::machine::Effects::new();
    machine.step(at(0), storage::machine::Event::MoveStart(0, from.clone(), message), |_| true, &mut fx);
    let Some(storage::machine::Act::Control(_, moved)) = fx.acts.pop() else { panic!("it is answered") };
    answers.push(("storage SendSTH", moved));
    answers
}

/// T9 and T10. The primary that the term in force names is answered; a primary of yesterday, a node that is none, and one
/// that gives itself a later term are not, by nobody and for nothing. They learn what is in force, or are asked for it.
#[test]
fn only_the_primary_of_the_term_in_force_is_answered() {
    let mut world = calm();
    let second = succeed(&mut world, &[m(2), m(3)], &m(2), &[m(2)]);
    everybody_adopts(&mut world, &second);

    let over = Refusal::TermOver { certificate: Box::new(second.clone()) };
    let frontend = name("frontend", 2);
    for (caller, claimed) in
        [(m(1), 1), (m(2), 1), (m(1), 2), (m(3), 2), (frontend.clone(), 2), (frontend, 1)]
    {
        for (what, answer) in calls(&mut world, &caller, term(claimed)) {
            assert_eq!(answer, Err(over.clone()), "{what} by {caller} in term {claimed}");
        }
    }
    for caller in [1, 2, 3] {
        for (what, answer) in calls(&mut world, &m(caller), term(3)) {
            assert_eq!(answer, Err(Refusal::TermUnknown { known: term(2) }), "{what} by {caller}");
        }
    }
    for (what, answer) in calls(&mut world, &m(2), term(2)) {
        assert_eq!(answer, Ok(()), "{what}");
    }
}

/// A stopped merge node answers nobody, the primary of the term in force included; what it answers to Stop it answers
/// again, to the same run and no other.
#[test]
fn a_stopped_node_answers_nobody() {
    let mut world = calm();
    let reply = stop(&mut world, &m(3), term(5), run(5));
    for (what, answer) in calls(&mut world, &m(1), term(1)) {
        if what.starts_with("merge") {
            assert_eq!(answer, Err(Refusal::Stopped { term: term(5) }), "{what}");
        }
    }
    assert_eq!(stop(&mut world, &m(3), term(5), run(5)), reply);
    world.kill(&m(3));
    world.start(&m(3));
    assert_eq!(stop(&mut world, &m(3), term(5), run(5)), reply, "also after a restart");

    let repair: NodeName = "merge-repair-1".parse().unwrap();
    let over = Refusal::TermOver { certificate: Box::new(world.newest.clone()) };
    let held = Refusal::Stopped { term: term(5) };
    for (to, by, refusal) in [(5, 6, &held), (4, 5, &held), (4, 6, &held), (1, 1, &over)] {
        let answer = ask(&mut world, &m(3), &repair, Request::Stop(term(to), run(by)));
        assert_eq!(answer.as_ref(), Err(refusal), "term {to}, run {by}");
        assert_eq!(stopped(&world, &m(3)).unwrap().term, term(5));
    }
    assert!(ask(&mut world, &m(3), &repair, Request::Stop(term(6), run(6))).is_ok(), "a later one");
}

/// F12. A Stop with the greatest term there is would lock the log for ever: terms rise by at most 2²⁰ at a time.
#[test]
fn a_stop_far_ahead_is_refused() {
    let mut world = calm();
    let repair: NodeName = "merge-repair-1".parse().unwrap();
    let step = ct::limits::MAX_TERM_STEP;
    for far in [2 + step, ct::index::MAX_NUMBER] {
        let answer = ask(&mut world, &m(3), &repair, Request::Stop(term(far), run(1)));
        assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
        assert_eq!(stopped(&world, &m(3)), None);
    }
    assert!(ask(&mut world, &m(3), &repair, Request::Stop(term(1 + step), run(1))).is_ok());
}

/// T11 and T12. The stop ends with the certificate it waited for, not with an older one, and not with a restart; a node
/// that holds a term's certificate is not stopped for that term, but answers with it.
#[test]
fn a_stop_ends_with_its_certificate_and_with_nothing_less() {
    let mut world = calm();
    let second = certify(&mut world, &[m(1), m(2)], &m(2));
    stop(&mut world, &m(3), term(3), run(3));
    install(&mut world, &second, &[m(2), m(3)]);
    assert_eq!(stopped(&world, &m(2)), None);
    assert_eq!(stopped(&world, &m(3)).unwrap().term, term(3), "it waits for a later one");
    for node in [2, 3] {
        world.kill(&m(node));
        world.start(&m(node));
    }
    let position = |world: &mut World, to| ask(world, &m(to), &m(2), Request::Position(term(2)));
    assert!(matches!(position(&mut world, 2), Ok(Answer::Position(_))));
    assert_eq!(position(&mut world, 3), Err(Refusal::Stopped { term: term(3) }));

    let repair: NodeName = "merge-repair-1".parse().unwrap();
    let answer = ask(&mut world, &m(2), &repair, Request::Stop(term(2), run(2)));
    assert_eq!(answer, Err(Refusal::TermOver { certificate: Box::new(second) }));
    let third = certify(&mut world, &[m(2), m(3)], &m(2));
    install(&mut world, &third, &[m(3)]);
    assert_eq!(stopped(&world, &m(3)), None);
}

/// M5. A Stop that does not fence: the old primary, cut off from repair, went on having heads endorsed and signed while the
/// new one was chosen from what it did not know of. A majority is stopped, so none is left for the old one.
#[test]
fn m5_a_stopped_majority_endorses_nothing_more() {
    let mut world = calm();
    world.submit(1);
    run_until(&mut world, "the first entry is signed", |world| signed(world) == 1);
    for node in [2, 3] {
        stop(&mut world, &m(node), term(2), run(2));
    }
    let before = world.check.signed.len();
    world.submit(2);
    run_for(&mut world, 8_000);
    assert_eq!(order(&world, &m(1)).len(), 2, "the old primary goes on ordering");
    assert_eq!(world.check.signed.len(), before, "and gets nothing endorsed");
    succeed_live(&mut world, &[m(2), m(3)], &m(3));
    run_until(&mut world, "the new one publishes all", |world| signed(world) == 2);
    run_until(&mut world, "and the old one follows", |world| accepted(world, &m(1)) == (2, 2));
}

/// A request under another key than the primary's own, a name that is not the caller's, a head under another key than the
/// log's: refused by whoever is to believe them.
#[test]
fn what_another_key_signed_is_refused() {
    let mut world = calm();
    let first = world.newest.clone();
    let proposal = propose(&first, LogHead::EMPTY, at(10));
    let forged = [
        ct::term::SignedProposal::new(proposal.clone(), m(1), &world.keys[&m(2)]),
        ct::term::SignedProposal::new(proposal.clone(), m(2), &world.keys[&m(2)]),
        ct::term::SignedProposal::new(proposal, name("merge", 9), &world.keys[&m(1)]),
    ];
    for request in forged {
        let answer = ask(&mut world, &m(3), &m(1), Request::VerifyRoot(Box::new(request)));
        assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
    }
    let mut of_nobody = sth(LogHead::EMPTY, at(5));
    of_nobody.head.timestamp = at(6);
    let publish = Publish { term: term(1), sth: of_nobody.clone(), polled_through: at(0) };
    let answer = ask(&mut world, &m(3), &m(1), Request::Publish(publish.clone()));
    assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
    assert_eq!(world.merges[&m(3)].disk.durable.newest_sth, None);
    let answer = ask_frontend(&mut world, &m(1), copy::Request::Publish(publish));
    assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
    let empty = LogHead::EMPTY;
    let header = SendLog {
        term: term(1),
        start: empty.size,
        root: empty.root,
        internal_root: empty.internal_root,
        sth: Some(of_nobody),
        consistency: None,
    };
    let answer = ask_frontend(&mut world, &m(1), copy::Request::SendLog(header, Vec::new()));
    assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
}

/// A certificate that proves nothing is adopted by no role. (What it must prove has tests of its own, beside its code.)
#[test]
fn no_role_adopts_a_certificate_that_proves_nothing() {
    let mut world = calm();
    let good = certify(&mut world, &[m(1), m(2)], &m(2));
    let mut forged = good.clone();
    forged.body.primary = m(1);
    let answer = ask(&mut world, &m(3), &m(1), Request::SetPrimary(Box::new(forged.clone())));
    assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
    let answer = ask_frontend(&mut world, &m(1), copy::Request::SetPrimary(Box::new(forged.clone())));
    assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{answer:?}");
    let machine = world.storages.get_mut(&s(1)).unwrap().machine.as_mut().unwrap();
    let mut fx = ct::machine::Effects::new();
    machine.step(at(0), storage::machine::Event::SetPrimary(0, Box::new(forged.clone())), |_| true, &mut fx);
    assert!(matches!(&fx.acts[..], [storage::machine::Act::Control(_, Err(Refusal::Unproven { .. }))]));
    let mut fx = ct::machine::Effects::new();
    let machine = world.signer.machine.as_mut().unwrap();
    machine.step(at(0), signer::machine::Event::SetPrimary(0, Box::new(forged)), &mut fx);
    assert!(matches!(&fx.acts[..], [signer::machine::Act::Refuse(_, Refusal::Unproven { .. })]));

    let adopted = |guard: &Guard| guard.term();
    assert_eq!(adopted(world.merges[&m(3)].machine.as_ref().unwrap().guard()), term(1));
    assert_eq!(adopted(world.storages[&s(1)].machine.as_ref().unwrap().guard()), term(1));
    assert_eq!(adopted(world.frontends[&name("frontend", 1)].machine.as_ref().unwrap().guard()), term(1));
    everybody_adopts(&mut world, &good);
    assert_eq!(adopted(world.storages[&s(1)].machine.as_ref().unwrap().guard()), term(2));
}
