//! The primary of a term: what it keeps through its crashes, in what order it puts entries, and when it ceases to be one.

use crate::hand::*;
use ct::merkle::verify;
use ct::order::LogHead;
use ct::wire::Refusal;
use ct::wire::signer::SignSth;
use ct::wire::tree::{MergePosition, Voting};
use integration::sim::world::name;
use merge::message::{Alarm, Call, CallFailure, CallId, Event, Halt, Request, Returned, Write};

/// What a follower says that it endorsed.
fn position(term_number: u64, accepted: LogHead) -> Result<Returned, CallFailure> {
    Ok(Returned::MergePosition(MergePosition {
        voting: Voting::Votes,
        accepted_term: term(term_number),
        accepted,
    }))
}

/// X1. A primary crashed when two others had endorsed `[x]` and it had not yet; it came back, dropped what it had not
/// endorsed itself, and built `[y]` — and the STH over `[x]` was signed already. In its own term a primary's log only
/// grows: what it once appended it keeps, all of it, through every crash (M7).
#[test]
fn x1_a_primary_keeps_its_whole_tail_through_a_crash() {
    let mut reign = Reign::begin();
    let x = entries(0..2);
    let mut lists = shelves([&x, &x, &x]);
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&x));

    reign.restart();
    assert_eq!(accepted(&reign.world, &m(1)), (0, 0), "it endorses last, so it has not");
    let more = [x.clone(), vec![entry(7, 150)]].concat();
    lists = shelves([&more, &more, &more]);
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&more));
    // And it is this that it offers.
    let whole = log_of(&more);
    let (id, _) = reign.take(&m(2), |call| matches!(call, Call::Position(_))).unwrap();
    reign.answer(id, position(1, head(&whole, 2)));
    let (_, call) = reign.take(&m(2), |call| matches!(call, Call::SendLog(..))).unwrap();
    let Call::SendLog(header, records) = call else { unreachable!("it was asked for one") };
    assert_eq!((header.start, records.len()), (size(2), 1));
    assert_eq!(header.root, head(&whole, 2).root);
}

/// X1, when the disk has failed: the tail is gone, and another node endorsed it in this very term. Going on would be a
/// fork; the primary stops itself and says who holds what it lost (M8).
#[test]
fn x1_a_primary_that_lost_its_own_term_stops() {
    let lost = log_of(&entries(0..2));
    let short = head(&lost, 1);
    // The whole tail, or a part; or it was replaced by something else.
    let disks = [entries(0..0), entries(0..1), entries(5..8)];
    for disk in disks {
        let mut reign = Reign::begin();
        give(&mut reign.world, &m(1), &disk);
        reign.restart();
        reign.pass(10);
        let (id, _) = reign.take(&m(3), |call| matches!(call, Call::Position(_))).unwrap();
        let halt = reign.step(Event::Returned(id, position(1, head(&lost, 2)))).unwrap_err();
        assert_eq!(halt, Halt::LostOwnTerm { holder: m(3), size: size(2) });
        assert!(reign.world.merges[&m(1)].machine.is_none(), "there is nothing left that could go on");
    }
    // A head of an earlier term is another matter: that node is brought round, not obeyed.
    let mut reign = Reign::begin();
    reign.pass(10);
    let (id, _) = reign.take(&m(3), |call| matches!(call, Call::Position(_))).unwrap();
    reign.step(Event::Returned(id, position(0, short))).unwrap();
}

/// A node whose disk does not contain what it endorsed itself does not start: it would claim what it cannot give.
#[test]
fn a_disk_without_the_accepted_head_does_not_start() {
    let mut world = calm();
    let log = log_of(&entries(0..2));
    let first = world.newest.clone();
    bring(&mut world, &m(2), &first, &log, 2, at(10)).unwrap();
    world.commit_merge(&m(2), vec![Write::Order { base: size(1), append: Vec::new() }]);
    world.kill(&m(2));
    world.start(&m(2));
    assert!(world.merges[&m(2)].machine.is_none());
    assert!(world.halted[0].contains("accepted head of size 2"), "{:?}", world.halted);
}

/// O3. The order must not depend on which storage node answered first, or how it batched: by time, then by name, behind
/// what there is already.
#[test]
fn the_order_is_by_time_then_by_name() {
    let same_time: Vec<_> = (10..16).map(|number| entry(number, 40)).collect();
    let other: Vec<_> = [entry(1, 60), entry(2, 20), entry(3, 50)].to_vec();
    let mut expected = [same_time.clone(), other.clone()].concat();
    expected.sort_by_key(|entry| (entry.timestamp(), entry.name()));
    let in_order = names(&expected);
    assert_ne!(in_order, names(&[other.clone(), same_time.clone()].concat()));

    let mut mixed = [other, same_time].concat();
    for turn in 0..mixed.len() {
        mixed.rotate_left(1);
        let mut reign = Reign::begin();
        give(&mut reign.world, &m(1), &[entry(99, 55)]);
        reign.restart();
        reign.pass(100);
        reign.collect(&mut shelves([&mixed, &mixed, &mixed]));
        assert_eq!(reign.order()[1..], in_order, "turn {turn}");
    }
}

/// M7. A primary offered what it had not yet made durable, crashed, and built something else. The step that appends does
/// nothing else: no call leaves in it, so what is offered later was on disk before. A crash between the two loses nothing
/// and changes nothing.
#[test]
fn nothing_is_offered_before_it_is_durable() {
    let mut reign = Reign::begin();
    let all = entries(0..3);
    let mut lists = shelves([&all, &all, &all]);
    lists.values_mut().for_each(|shelf| shelf.room = 1);
    reign.pass(100);
    // Everything but the last step by hand: the copies are durable, and the next step orders them.
    let (mut appended, mut answers) = (0, 0);
    while appended < 3 {
        answers += 1;
        assert!(answers < 100, "the log does not grow");
        let now = ct::time::Timestamp::from_millis(reign.world.now);
        let Some((id, outcome)) = reign.next_answer(&mut lists, now) else { break };
        let mut event = Event::Returned(id, outcome);
        loop {
            let (writes, acts) = step_writing(&mut reign.world, &m(1), event).unwrap();
            let appends = writes.iter().any(|write| matches!(write, Write::Order { .. }));
            let calls = acts.iter().filter(|act| matches!(act, merge::message::Act::Call(..))).count();
            assert!(!appends || calls == 0, "{calls} calls in the step that appends");
            for act in acts {
                if let merge::message::Act::Call(id, to, call) = act {
                    reign.open.push((id, to, call));
                }
            }
            if appends {
                appended = reign.order().len();
                // Here it dies, after the commit and before anything was sent.
                let before = reign.order();
                reign.restart();
                reign.pass(10);
                assert_eq!(reign.order(), before);
            }
            if writes.is_empty() || appends {
                break;
            }
            event = Event::Tick;
        }
    }
    assert_eq!(reign.order().len(), 3);
}

/// F11. A node that missed a repair was out for good, and an old primary went on calling for ever. The refusal carries the
/// certificate; it proves itself, so the caller adopts it, steps down, and drops what nobody endorsed (T9, M6).
#[test]
fn an_old_primary_that_is_shown_the_certificate_steps_down() {
    let mut reign = Reign::begin();
    give(&mut reign.world, &m(1), &entries(0..2));
    reign.restart();
    reign.pass(10);
    let second = certify(&mut reign.world, &[m(2), m(3)], &m(2));
    let (id, _) = reign.take(&s(1), |call| matches!(call, Call::Fetch(_))).unwrap();
    reign.answer(id, refused(Refusal::TermOver { certificate: Box::new(second.clone()) }));
    let machine = reign.world.merges[&m(1)].machine.as_ref().unwrap();
    assert!(machine.primary().is_none());
    assert_eq!(machine.guard().certificate(), &second);
    assert_eq!(reign.order(), Vec::new(), "its tail was endorsed by nobody");
    reign.open.clear();
    reign.pass(1000);
    assert_eq!(reign.open, Vec::new(), "it calls nobody any more");
    // It survives a restart (T11): the configured first primary does not come back.
    reign.restart();
    reign.pass(1000);
    assert_eq!(reign.open, Vec::new());
    // The new primary may call it now.
    let answer = ask(&mut reign.world, &m(1), &m(2), Request::Position(second.term()));
    assert!(answer.is_ok(), "{answer:?}");
}

/// The same with a certificate that proves nothing: it is an alarm, and the primary goes on.
#[test]
fn a_certificate_that_proves_nothing_deposes_nobody() {
    let mut reign = Reign::begin();
    reign.pass(10);
    let second = certify(&mut reign.world, &[m(2), m(3)], &m(2));
    let mut forged = second;
    forged.body.primary = m(3);
    let (id, _) = reign.take(&s(1), |call| matches!(call, Call::Fetch(_))).unwrap();
    reign.answer(id, refused(Refusal::TermOver { certificate: Box::new(forged) }));
    assert!(reign.world.merges[&m(1)].machine.as_ref().unwrap().primary().is_some());
    assert!(matches!(&reign.alarms[..], [Alarm::BadCertificate(_)]), "{:?}", reign.alarms);
}

/// F11, the other way: whoever does not know the term yet is sent the certificate by the primary, whatever its role.
#[test]
fn a_node_that_does_not_know_the_term_is_sent_the_certificate() {
    let mut world = calm();
    let second = succeed(&mut world, &[m(2), m(3)], &m(2), &[m(2)]);
    for node in [m(1), s(2), name("frontend", 1), name("signer", 1)] {
        let mut reign = Reign::of(calm(), m(2));
        install(&mut reign.world, &second, &[m(2)]);
        reign.restart();
        reign.pass(10);
        if node == name("signer", 1) {
            endorsed_by_one(&mut reign);
        }
        if node == name("frontend", 1) {
            know_an_sth(&mut reign);
        }
        let (id, call) = reign.take(&node, |_| true).unwrap_or_else(|| panic!("{node} is not called"));
        assert!(!matches!(call, Call::SetPrimary(_)), "it is not sent to everybody");
        reign.answer(id, refused(Refusal::TermUnknown { known: term(1) }));
        let sent = reign.take(&node, |call| matches!(call, Call::SetPrimary(_)));
        let Some((_, Call::SetPrimary(sent))) = sent else { panic!("{node} is not sent the certificate") };
        assert_eq!(*sent, second);
    }
}

/// The primary of an empty log gets the one endorsement that it needs, and asks the signer.
fn endorsed_by_one(reign: &mut Reign) {
    let (id, _) = reign.take(&m(3), |call| matches!(call, Call::Position(_))).unwrap();
    reign.answer(id, position(0, LogHead::EMPTY));
    reign.pass(300);
    let (id, call) = reign.take(&m(3), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
    let vote = request.proposal.endorse(m(3), &reign.world.keys[&m(3)]);
    reign.answer(id, Ok(Returned::Endorsed(vote)));
}

/// The signer is asked.
fn ask_to_sign(reign: &mut Reign) -> (CallId, Box<SignSth>) {
    match reign.take(&name("signer", 1), |call| matches!(call, Call::SignSth(_))).unwrap() {
        (id, Call::SignSth(asked)) => (id, asked),
        _ => unreachable!("it was asked for one"),
    }
}

/// It has an STH to publish.
fn know_an_sth(reign: &mut Reign) {
    endorsed_by_one(reign);
    let (id, asked) = ask_to_sign(reign);
    let head = log_key().sign_head(asked.proposal.head);
    reign.answer(id, Ok(Returned::Signed(head.sth().clone())));
}

/// A signer that took over from one that was not heard asks for proofs from other sizes than its own last one (G12). It gets
/// them, for every head until one is signed; what the log does not reach yet is left to the signer's refusal.
#[test]
fn a_signer_that_must_see_more_contained_gets_the_proofs() {
    let mut reign = Reign::begin();
    give(&mut reign.world, &m(1), &entries(0..3));
    reign.restart();
    reign.pass(10);
    let log = log_of(&entries(0..3));
    let (id, _) = reign.take(&m(3), |call| matches!(call, Call::Position(_))).unwrap();
    reign.answer(id, position(1, head(&log, 3)));
    reign.pass(300);
    let (id, call) = reign.take(&m(3), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
    let vote = request.proposal.endorse(m(3), &reign.world.keys[&m(3)]);
    reign.answer(id, Ok(Returned::Endorsed(vote)));
    let (id, asked) = ask_to_sign(&mut reign);
    assert_eq!(asked.contains, []);
    let sizes = [1, 2, 9].map(size).to_vec();
    reign.answer(id, refused(Refusal::MustContain { sizes: sizes.clone() }));
    let (id, asked) = ask_to_sign(&mut reign);
    for proof in &asked.contains {
        let (old, new) = (head(&log, proof.from.get()), &asked.proposal.head);
        verify::consistency(old.size, old.root, new.tree_size, new.root_hash, &proof.path).unwrap();
    }
    assert_eq!(asked.contains.iter().map(|proof| proof.from.get()).collect::<Vec<_>>(), [1, 2]);
    // It has given what it can; the same demand again is a refusal like any other, and waits its turn.
    reign.answer(id, refused(Refusal::MustContain { sizes }));
    assert!(reign.take(&name("signer", 1), |call| matches!(call, Call::SignSth(_))).is_none());
}

/// M9. One of three is enough for nobody: the signer is asked when a majority endorsed the very same bytes, the primary's
/// own vote included and given last, and not before; a vote that is not genuine is no vote.
#[test]
fn m9_the_signer_is_asked_only_with_a_majority() {
    let mut reign = Reign::begin();
    reign.pass(10);
    for node in [2, 3] {
        let (id, _) = reign.take(&m(node), |call| matches!(call, Call::Position(_))).unwrap();
        reign.answer(id, position(0, LogHead::EMPTY));
    }
    let (id, call) = reign.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
    let signer = name("signer", 1);
    let asked = |reign: &Reign| reign.open.iter().any(|(_, to, _)| *to == signer);
    assert!(!asked(&reign), "its own vote alone");
    assert_eq!(accepted(&reign.world, &m(1)), (0, 0), "which it has not given: it endorses last");

    let mut of_other_bytes = request.proposal.clone();
    of_other_bytes.head.timestamp = of_other_bytes.head.timestamp.plus(std::time::Duration::from_millis(1));
    let keys = &reign.world.keys;
    let not_genuine = [
        of_other_bytes.endorse(m(2), &keys[&m(2)]),
        request.proposal.endorse(m(2), &keys[&m(3)]),
        request.proposal.endorse(m(3), &keys[&m(3)]),
    ];
    let genuine = request.proposal.endorse(m(3), &keys[&m(3)]);
    let [first, ..] = not_genuine.clone();
    reign.answer(id, Ok(Returned::Endorsed(first)));
    assert!(!asked(&reign));
    assert!(matches!(&reign.alarms[..], [Alarm::DamagedPeer(..)]), "{:?}", reign.alarms);
    for vote in not_genuine {
        let mut again = Reign::begin();
        again.pass(10);
        let (id, _) = again.take(&m(2), |call| matches!(call, Call::Position(_))).unwrap();
        again.answer(id, position(0, LogHead::EMPTY));
        again.pass(200);
        let (id, _) = again.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
        again.answer(id, Ok(Returned::Endorsed(vote)));
        assert!(!asked(&again));
        assert_eq!(again.alarms.len(), 1);
    }

    let (id, _) = reign.take(&m(3), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    reign.answer(id, Ok(Returned::Endorsed(genuine)));
    assert!(asked(&reign));
    assert_eq!(accepted(&reign.world, &m(1)), (1, 0));
}
