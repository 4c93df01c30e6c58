//! Who votes, and who signs: a lost disk, a node that comes, one that goes, a right that moves.

use crate::hand::*;
use ct::names::NodeName;
use ct::term::{Change, Incarnation};
use ct::wire::Refusal;
use integration::sim::World;
use integration::sim::repair::{repair_name, repair_wanting};
use integration::sim::world::name;
use merge::message::{Answer, Request};
use merge_repair::run::Outcome;
use merge_repair::wanted::Wanted;

/// How the run of repair ended.
fn outcome(world: &World) -> Option<&Outcome> {
    world.repairs[&repair_name(1)].disk.as_ref().and_then(|run| run.outcome())
}

fn repaired(world: &World) -> bool {
    matches!(outcome(world), Some(Outcome::Repaired { .. }))
}

fn publish(world: &mut World, number: u64) {
    world.submit(number);
    let more = signed(world) + 1;
    run_until(world, "one more entry is signed", |world| signed(world) == more);
}

/// M7. Two of three endorsed an entry, it was published; one of them lost its disk, came up as primary of the configured first
/// term, and with the third node signed another log. A state that was made anew is not the one in the voter list: it is no
/// primary, and endorses nothing (Z1).
#[test]
fn m7_a_wiped_primary_does_not_come_up_as_the_primary_of_the_first_term() {
    let mut world = calm();
    publish(&mut world, 1);
    world.wipe_merge(&m(1));
    // The certificate of term 1, which it was given again, names it as primary.
    assert_eq!(world.merges[&m(1)].guard.certificate().body.primary, m(1));
    world.submit(2);
    run_for(&mut world, 6_000);
    assert!(world.merges[&m(1)].machine.as_ref().unwrap().primary().is_none());
    assert_eq!(signed(&world), 1, "nobody is primary");
}

/// M8. The fenced old primary let a wiped node "catch up", and counted it at once: the node had forgotten its promise to a
/// later term, and the two were a majority. A node that is being filled endorses nothing, for whomever (Z1).
#[test]
fn m8_a_wiped_node_is_filled_and_endorses_nothing() {
    let mut world = calm();
    publish(&mut world, 1);
    world.wipe_merge(&m(3));
    let (x, certificate) = (entry(1, 1), world.newest.clone());
    let refused = bring(&mut world, &m(3), &certificate, &log_of(&[x]), 1, at(60_000)).unwrap_err();
    assert_eq!(refused, Refusal::Recovering { term: term(1) });
    assert_eq!(accepted(&world, &m(3)), (0, 0));
    // The other two go on, and it is filled meanwhile.
    publish(&mut world, 2);
    assert_eq!(accepted(&world, &m(3)), (0, 0));
    run_until(&mut world, "it has copies of all", |world| world.merges[&m(3)].disk.log.copies.len() >= 2);
}

/// M12 and M13. As soon as the new term was installed the wiped node counted at the next Stop, still empty: published entries
/// were gone. It counts from what it endorsed in that term on (R2); until then the two others are needed, both.
#[test]
fn m12_m13_a_rejoined_node_counts_from_what_it_endorses_on() {
    let mut world = calm();
    publish(&mut world, 1);
    world.wipe_merge(&m(3));
    let incarnation = world.merges[&m(3)].disk.durable.incarnation;
    let change = Change::Rejoin { node: m(3), incarnation };
    let second = certify_change(&mut world, &[m(1), m(2)], &m(1), change);
    install(&mut world, &second, &[m(1), m(2), m(3)]);
    let (run, next) = (run(3), term(3));
    let stops = [m(1), m(3)].map(|node| stop(&mut world, &node, next, run));
    let choice = second.choose(run, next, &Change::Nothing, &stops);
    assert!(choice.is_err(), "the rejoined node has endorsed nothing in term 2: {choice:?}");
}

/// The whole way: a disk is lost during submissions, the node is made anew, filled, given its vote back, and counts.
#[test]
fn a_merge_node_that_lost_its_disk_rejoins() {
    let mut world = calm();
    publish(&mut world, 1);
    world.wipe_merge(&m(3));
    publish(&mut world, 2);
    repair_wanting(&mut world, &repair_name(1), &Wanted::Rejoin(m(3)));
    run_until(&mut world, "it has rejoined", repaired);
    publish(&mut world, 3);
    run_until(&mut world, "it endorses", |world| accepted(world, &m(3)).1 == 3);
    // Without the node that was chosen as primary, the rejoined one makes the majority.
    let primary = world.newest.body.primary.clone();
    let others: Vec<NodeName> = [1, 2, 3].map(m).into_iter().filter(|node| *node != primary).collect();
    world.kill(&primary);
    succeed_live(&mut world, &others, &m(3));
    publish(&mut world, 4);
    world.start(&primary);
    run_for(&mut world, 2_000);
    world.demand_convergence();
    assert_eq!(world.check.broken, None);
}

/// A node comes, another goes: three, four, three; and the one that went has no say in anything.
#[test]
fn a_merge_node_leaves_and_comes_back_under_new_terms() {
    let mut world = calm();
    publish(&mut world, 1);
    let leave = certify_change(&mut world, &[m(1), m(2)], &m(2), Change::Leave { node: m(3) });
    install_live(&mut world, &leave);
    publish(&mut world, 2);
    let refused = ask(&mut world, &m(3), &m(2), Request::Position(term(2)));
    assert!(
        matches!(refused, Ok(Answer::Position(position)) if position.voting == ct::wire::tree::Voting::Recovering)
    );
    // It comes back with the state that it has: what it knows is bulk, not a vote.
    let (key, incarnation) = (world.keys[&m(3)].public(), world.merges[&m(3)].disk.durable.incarnation);
    let change = Change::Join { node: m(3), key, incarnation };
    let join = certify_change(&mut world, &[m(1), m(2)], &m(2), change);
    install_live(&mut world, &join);
    publish(&mut world, 3);
    run_until(&mut world, "it endorses", |world| accepted(world, &m(3)) == (3, 3));
    assert_eq!(world.check.broken, None);
}

/// A node that was away while the voters changed twice takes the changes in order from whoever calls it.
#[test]
fn a_node_that_missed_two_changes_adopts_them_in_order() {
    let mut world = calm();
    publish(&mut world, 1);
    world.kill(&m(3));
    let incarnation = Incarnation::new([30; 16]);
    let change = Change::Rejoin { node: m(3), incarnation };
    let second = certify_change(&mut world, &[m(1), m(2)], &m(2), change);
    install(&mut world, &second, &[m(1), m(2)]);
    let third = certify_change(&mut world, &[m(1), m(2)], &m(1), Change::Leave { node: m(3) });
    install(&mut world, &third, &[m(1), m(2)]);
    assert_eq!(third.changes.len(), 2, "the change before, and what it was made from");
    world.start(&m(3));
    install(&mut world, &third, &[m(3)]);
    assert_eq!(world.merges[&m(3)].guard.term(), term(3));
}

/// The right to sign moves with the old signer's release, by repair itself; the old one signs nothing more, and the new one
/// goes on from what the old one signed last (V4).
#[test]
fn v4_repair_moves_the_right_to_sign_with_a_release() {
    let mut world = calm();
    publish(&mut world, 1);
    let to = name("signer", 2);
    let key = ct::node_key::NodeSigningKey::from_seed(&[97; 32]).public();
    world.expect_signer(&to);
    repair_wanting(&mut world, &repair_name(1), &Wanted::MoveSigner(to.clone(), key));
    run_until(&mut world, "the certificate is out", |world| world.newest.term() == term(2));
    let body = &world.newest.body;
    assert_eq!((&body.sth_signer, body.sth_signer_key), (&to, key));
    assert!(
        matches!(&body.change, Change::MoveSigner { release: Some(release), .. } if release.release.last.is_some())
    );
    let before = world.check.signed.len();
    world.submit(2);
    run_for(&mut world, 4_000);
    assert_eq!(world.check.signed.len(), before, "the old signer has given up the right");
    assert_eq!(world.signer.disk.released.map(|released| released.term), Some(term(2)));
}

/// A disk was put back from a copy: the node claims less than it endorsed, in the very same state. It would vote as if it had
/// promised nothing since. Its own signature, which the primary keeps, takes its vote away (Z5).
#[test]
fn a_merge_node_that_was_rolled_back_is_found_and_has_no_vote() {
    let mut world = calm();
    publish(&mut world, 1);
    let old = world.snapshot(&m(3));
    // The second node is out of reach: the third one's vote makes the quorum.
    world.cut = Some(Box::new(|from, to, _| *from == m(1) && *to == m(2)));
    publish(&mut world, 2);
    world.cut = None;
    assert_eq!(accepted(&world, &m(3)).1, 2);
    run_until(&mut world, "the second has it too", |world| accepted(world, &m(2)).1 == 2);
    let incarnation = old.durable.incarnation;
    // Through a restart of the primary too: it is on its disk.
    world.kill(&m(1));
    world.start(&m(1));
    world.put_back(&m(3), old);
    run_until(&mut world, "it is found", |world| world.merges[&m(3)].disk.durable.incarnation != incarnation);
    assert!(
        world.alarms.iter().any(|alarm| alarm.contains("put back from an older copy")),
        "{:?}",
        world.alarms
    );
    publish(&mut world, 3);
    assert_eq!(accepted(&world, &m(3)).1, 1, "it endorses nothing");
    // It rejoins like any node that lost its state, and what it has on disk need not be sent again.
    repair_wanting(&mut world, &repair_name(1), &Wanted::Rejoin(m(3)));
    run_until(&mut world, "it has rejoined", repaired);
    publish(&mut world, 4);
    run_until(&mut world, "it endorses again", |world| accepted(world, &m(3)).1 == 4);
    assert_eq!(world.check.broken, None);
}
