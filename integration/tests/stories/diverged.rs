//! Nodes whose copies went different ways, and how they come together again.

use crate::hand::*;
use ct::replica::View as _;
use ct::term::TermCertificate;
use ct::wire::Refusal;
use ct::wire::tree::Voting;
use integration::sim::World;
use integration::sim::disk::LogDisk;
use merge::message::{Alarm, Call, Returned};

/// `merge-3` endorsed `[a, b, c', d']` with a primary that then died; the second term starts at `[a, b]`.
fn diverged() -> (World, TermCertificate, LogDisk) {
    let mut world = calm();
    let theirs = log_of(&entries(0..4));
    let first = world.newest.clone();
    bring(&mut world, &m(2), &first, &theirs, 2, at(10)).unwrap();
    bring(&mut world, &m(3), &first, &theirs, 4, at(10)).unwrap();
    let second = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(2), m(3)]);
    world.kill(&m(1));
    (world, second, theirs)
}

/// The log of the second primary: `[a, b]` and what it ordered itself.
fn continued(more: u64) -> LogDisk {
    let mut all = entries(0..2);
    all.extend(entries(20..20 + more));
    log_of(&all)
}

/// M10. Only sizes were compared, so a node whose log had gone another way answered that it had everything, computed
/// another root every time, and never came back: two of three nodes alive, and no majority. The roots at the start of
/// every SendLog are compared, of what is in the log and of what is staged.
#[test]
fn m10_the_roots_at_the_start_are_compared() {
    let (mut world, second, theirs) = diverged();
    let ours = continued(4);
    for start in [3, 4] {
        let refusal = send_log(&mut world, &m(3), &second, &ours, start..6).unwrap_err();
        assert_eq!(refusal, Refusal::Diverged { at: size(start) });
    }
    let refusal = send_log(&mut world, &m(3), &second, &ours, 5..6).unwrap_err();
    assert_eq!(refusal, Refusal::Gap { held: size(4) });
    // The last common size, found without sending anything; asking changes nothing.
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 2..2), Ok(size(4)));
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 2..5), Ok(size(5)));
    assert_eq!(send_log(&mut world, &m(3), &second, &theirs, 4..4), Ok(size(5)));
    assert_eq!(order(&world, &m(3)), names(&entries(0..4)), "what it endorsed is still its log");
    let other = log_of(&entries(30..36));
    let refusal = send_log(&mut world, &m(3), &second, &other, 5..6).unwrap_err();
    assert_eq!(refusal, Refusal::Diverged { at: size(5) }, "of what is staged, too");
}

/// M10, the whole way: the primary searches for the last common size by halves and sends from there; what replaces
/// endorsed entries lies beside them, and only VerifyRoot cuts. With the first primary dead, nothing can be signed until
/// the diverged node is back.
#[test]
fn m10_a_diverged_node_rejoins_and_only_an_endorsement_cuts() {
    let (mut world, second, theirs) = diverged();
    // The second primary is longer by now, in another way.
    give(&mut world, &m(2), &entries(20..23));
    let_go(&mut world);
    world.cut = Some(Box::new(|_, to, call| *to == m(3) && matches!(call, Some(Call::VerifyRoot(_)))));
    for number in 50..53 {
        world.submit(number);
    }
    run_for(&mut world, 3_000);
    assert_eq!(world.merges[&m(2)].disk.log.order.len(), 8, "ordered, and sent");
    assert_eq!(order(&world, &m(3)), names(&entries(0..4)), "staged beside what was endorsed");
    assert_eq!(world.merges[&m(3)].disk.durable.accepted.head, head(&theirs, 4));
    assert_eq!(world.check.signed.len(), 0);

    world.cut = None;
    run_until(&mut world, "the diverged node rejoins", |world| signed(world) == 8);
    assert_eq!(order(&world, &m(3)), order(&world, &m(2)));
    assert_eq!(accepted(&world, &m(3)), (second.term().get(), 8));
    assert_eq!(world.halted, Vec::<String>::new());
}

/// A message of long ago comes again. It began to stage where it began, so the follower had staged less than it had endorsed,
/// refused every later head for the gap, and said that it stood where the primary thought it did: nothing was signed any more.
#[test]
fn records_that_come_again_take_nothing_away() {
    let mut world = calm();
    let (log, first) = (log_of(&entries(0..6)), world.newest.clone());
    bring(&mut world, &m(2), &first, &log, 4, at(10)).unwrap();
    bring(&mut world, &m(2), &first, &log, 6, at(20)).unwrap();
    assert_eq!(send_log(&mut world, &m(2), &first, &log, 1..3), Ok(size(3)));
    verify(&mut world, &m(2), &first, head(&log, 6), at(30)).unwrap();
    // Other records are another matter: a new primary's replace what was endorsed.
    let second = succeed(&mut world, &[m(1), m(3)], &m(1), &[m(1), m(2)]);
    let mut all = entries(0..2);
    all.extend(entries(10..11));
    let other = log_of(&all);
    bring(&mut world, &m(2), &second, &other, 3, at(40)).unwrap();
    assert_eq!(order(&world, &m(2)), names(&all));
}

/// A replacement that does not fit into one message. The second part began below the end of the log that it replaces; it
/// was compared with that, found different, and everything began again, for ever.
#[test]
fn m10_a_long_replacement_comes_in_parts() {
    let (mut world, second, _) = diverged();
    let ours = continued(4);
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 2..3), Ok(size(3)), "so far it is replaced");
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 3..4), Ok(size(4)));
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 4..6), Ok(size(6)));
    send_entries(&mut world, &m(3), &second, &ours).unwrap();
    verify(&mut world, &m(3), &second, head(&ours, 6), at(30)).unwrap();
    assert_eq!(world.merges[&m(3)].disk.log.trees_at(size(6)).unwrap().head(), head(&ours, 6));
}

/// What was staged in vain must not stand in the way: the log itself is what a new beginning is compared with.
#[test]
fn m10_stale_staged_records_give_way() {
    let (mut world, second, _) = diverged();
    let (vain, ours) = (log_of(&entries(0..7)), continued(4));
    // Staged from 2 on, with the third record of another order; then the true order, from the same place and from above.
    assert_eq!(send_log(&mut world, &m(3), &second, &vain, 1..7), Ok(size(7)));
    assert_eq!(send_log(&mut world, &m(3), &second, &ours, 2..6), Ok(size(6)));
    send_entries(&mut world, &m(3), &second, &ours).unwrap();
    verify(&mut world, &m(3), &second, head(&ours, 6), at(30)).unwrap();
}

/// M11 in the cluster: a bit flips on one disk between the arrival of an entry and its endorsement. The other two are a
/// majority and outvote it; it alarms, throws the copy away, is sent another, and has the same log in the end.
#[test]
fn m11_a_damaged_copy_is_outvoted_and_sent_again() {
    let mut world = calm();
    world.submit(1);
    let bad = flip_a_bit(&mut world, &m(2));
    run_until(&mut world, "the other two have it signed", |world| signed(world) == 1);
    assert_eq!(accepted(&world, &m(2)).1, 0, "without the damaged one");
    run_until(&mut world, "the copy is made good", |world| accepted(world, &m(2)).1 == 1);
    assert!(!world.merges[&m(2)].disk.log.damaged.contains(&bad));
    assert_eq!(order(&world, &m(2)), order(&world, &m(1)));
    for said in ["merge-2: the copy of entry", "merge-1: merge-2 has a damaged copy"] {
        assert!(world.alarms.iter().any(|alarm| alarm.starts_with(said)), "{said}: {:?}", world.alarms);
    }
}

/// Waits for an entry to arrive at a node, and damages it before it is endorsed.
fn flip_a_bit(world: &mut World, node: &ct::names::NodeName) -> ct::hash::Name {
    run_until(world, "a copy arrives", |world| !world.merges[node].disk.log.copies.is_empty());
    let log = &mut world.merges.get_mut(node).unwrap().disk.log;
    assert_eq!(log.order.len(), 0, "it is not endorsed yet");
    let name = *log.copies.keys().next().unwrap();
    log.damaged.insert(name);
    name
}

/// M9 and M11: two disks of three are bad. There is no majority of equal roots, so nothing is signed, however often the
/// primary asks; when one disk is good again there is one.
#[test]
fn m11_no_majority_agrees_so_nothing_is_signed() {
    let mut world = calm();
    world.submit(1);
    for until in 0..4_000 {
        for node in [2, 3] {
            let log = &mut world.merges.get_mut(&m(node)).unwrap().disk.log;
            log.damaged.extend(log.copies.keys().copied());
        }
        run_for(&mut world, 1);
        assert_eq!(signed(&world), 0, "after {until} ms");
    }
    for node in ["merge-2", "merge-3"] {
        let said = format!("{node}: the copy of entry");
        assert!(world.alarms.iter().any(|alarm| alarm.starts_with(&said)), "{said}: {:?}", world.alarms);
    }
    assert_eq!(order(&world, &m(1)).len(), 1);
    run_until(&mut world, "the disks are good again", |world| signed(world) == 1);
}

/// An endorser that computes another root is alarmed by name: one of the two has a problem that a person must find.
#[test]
fn one_different_root_is_an_alarm() {
    let mut reign = Reign::begin();
    reign.pass(1);
    let (id, _) = reign.take(&m(2), |call| matches!(call, Call::Position(_))).unwrap();
    let nothing = ct::wire::tree::MergePosition {
        voting: Voting::Votes,
        accepted_term: term(0),
        accepted: ct::order::LogHead::EMPTY,
    };
    reign.answer(id, Ok(Returned::MergePosition(nothing)));
    reign.pass(200);
    let (id, _) = reign.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    let other = head(&log_of(&entries(0..1)), 1);
    reign.answer(id, refused(Refusal::Differs { computed: other }));
    assert_eq!(reign.alarms, vec![Alarm::RootDiffers(m(2))]);
}

/// A node stages so much and no more, lest it run out of memory. One that was further behind than that was sent the next
/// records again and again, had no room for them, and was never asked to endorse what it had: it never came back. What it
/// has room for is endorsed first, and so it catches up in parts; such a head is no proposal for the log to sign.
#[test]
fn a_node_that_is_far_behind_catches_up_in_parts() {
    let all = entries(0..5);
    let mut reign = Reign::begin();
    give(&mut reign.world, &m(1), &all);
    reign.restart();
    reign.pass(10);
    let log = log_of(&all);
    let mut held = 0;
    while held < 5 {
        let (id, _) = reign.take(&m(2), |call| matches!(call, Call::Position(_))).unwrap();
        let accepted = head(&log, held);
        let position = ct::wire::tree::MergePosition {
            voting: Voting::Votes,
            accepted_term: term(u64::from(held > 0)),
            accepted,
        };
        reign.answer(id, Ok(Returned::MergePosition(position)));
        // It has room for two.
        let room = (held + 2).min(5);
        for part in [held, room] {
            if part < 5 {
                let (id, call) = reign.take(&m(2), |call| matches!(call, Call::SendLog(..))).unwrap();
                let Call::SendLog(header, _) = call else { unreachable!("it was asked for one") };
                assert_eq!(header.start, size(part));
                reign.answer(id, Ok(Returned::Staged(size(room))));
            }
            // What it has is made complete before it is offered more.
            if part == held {
                let (id, _) = reign.take(&m(2), |call| matches!(call, Call::Missing(_))).unwrap();
                reign.answer(id, Ok(Returned::Missing(Vec::new())));
            }
        }
        if room < 5 {
            let (id, call) = reign.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
            let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
            assert_eq!(request.proposal.log_head(), head(&log, room));
            let floor = request.proposal.head.timestamp;
            reign.answer(id, refused(Refusal::NotLater { floor }));
            reign.pass(300);
            let (id, call) = reign.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
            let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
            assert!(request.proposal.head.timestamp > floor);
            let vote = request.proposal.endorse(m(2), &reign.world.keys[&m(2)]);
            reign.answer(id, Ok(Returned::Endorsed(vote)));
            assert_eq!(crate::hand::accepted(&reign.world, &m(1)), (0, 0), "it is nobody's proposal");
        }
        held = room;
    }
    reign.pass(200);
    let (_, call) = reign.take(&m(2), |call| matches!(call, Call::VerifyRoot(_))).unwrap();
    let Call::VerifyRoot(request) = call else { unreachable!("it was asked for one") };
    assert_eq!(request.proposal.log_head(), head(&log, 5));
    assert_eq!(reign.alarms, Vec::new());
}
