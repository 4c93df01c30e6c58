//! Whole clusters, and the heads that they may and may not sign.

use crate::hand::*;
use merge::message::Call;

/// M9. One node of three signed on: a primary without the others goes on collecting and ordering, and that is all. With one
/// of them back there is a majority again, and everything is published.
#[test]
fn m9_without_a_majority_nothing_is_signed() {
    let mut world = calm();
    world.submit(1);
    run_until(&mut world, "the first entry is signed", |world| signed(world) == 1);
    world.kill(&m(2));
    world.kill(&m(3));
    run_for(&mut world, 500);
    let before = world.check.signed.len();
    world.submit(2);
    run_for(&mut world, 20_000);
    assert_eq!(world.check.signed.len(), before);
    assert_eq!(order(&world, &m(1)).len(), 2);
    assert_eq!(accepted(&world, &m(1)), (1, 1), "its own vote is the last, so it was not given");
    world.start(&m(2));
    run_until(&mut world, "a majority", |world| signed(world) == 2);
}

/// W1, the whole way: `[x, y]` is signed in the first term. The second primary has copied `[x]` to the third node when it
/// dies; repair reaches the third node and the first. The third term starts at `[x, y]`, and every head ever signed is
/// contained in every later one.
#[test]
fn w1_half_a_copy_in_a_later_term_does_not_outweigh_what_was_signed() {
    let mut world = calm();
    // The third node hears nothing in the first term.
    world.cut = Some(Box::new(|_, to, _| *to == m(3)));
    world.submit(1);
    run_for(&mut world, 30);
    world.submit(2);
    run_until(&mut world, "two entries are signed", |world| signed(world) == 2);
    let before = order(&world, &m(2));
    world.cut = Some(Box::new(|_, to, call| *to == m(3) && matches!(call, Some(Call::VerifyRoot(_)))));
    succeed_live(&mut world, &[m(1), m(2)], &m(2));
    run_until(&mut world, "copies reach the third node", |world| {
        !world.merges[&m(3)].disk.log.copies.is_empty()
    });
    world.kill(&m(2));
    world.cut = None;

    let third = succeed_live(&mut world, &[m(1), m(3)], &m(1));
    assert_eq!(third.body.start_head.size, size(2));
    world.submit(3);
    run_until(&mut world, "the third term publishes", |world| signed(world) == 3);
    assert_eq!(order(&world, &m(3))[..2], before);
    world.start(&m(2));
    run_until(&mut world, "the second primary is back", |world| accepted(world, &m(2)) == (3, 3));
    run_for(&mut world, 2_000);
    world.demand_convergence();
    assert_eq!(world.check.broken, None);
}

/// X1, the whole way: `[x]` is endorsed by another node, and the primary dies before it has endorsed it itself. It comes back, `y` arrives that
/// would stand before `x`, and the storage nodes' lists are all there is to read — and still the log goes on from `[x]`.
#[test]
fn x1_the_cluster_goes_on_from_what_another_endorsed() {
    let mut world = calm();
    // The first head, of the empty log, is out; then endorsements get lost on their way back.
    run_until(&mut world, "the empty log is signed", |world| !world.check.signed.is_empty());
    world.submit(1);
    run_until(&mut world, "another endorsed it", |world| {
        accepted(world, &m(2)) == (1, 1) || accepted(world, &m(3)) == (1, 1)
    });
    assert_eq!(accepted(&world, &m(1)), (1, 0), "the primary has not");
    world.kill(&m(1));
    let first = order(&world, &m(1));
    // An entry that sorts before it is stored meanwhile.
    world.now -= 1_000;
    world.submit_at(&integration::sim::world::name("frontend", 1), 2);
    world.now += 1_000;
    run_for(&mut world, 500);
    world.start(&m(1));
    run_until(&mut world, "both are published", |world| signed(world) == 2);
    for node in [1, 2] {
        assert_eq!(order(&world, &m(node))[..1], first);
    }
    assert_eq!(world.halted, Vec::<String>::new());
}

/// X1, when the disk lost it: the cluster does not sign another tree; the primary halts, and a new term goes on from what
/// the others hold.
#[test]
fn x1_a_primary_without_its_tail_halts_and_the_next_term_goes_on() {
    let mut world = calm();
    run_until(&mut world, "the empty log is signed", |world| !world.check.signed.is_empty());
    world.submit(1);
    run_until(&mut world, "another endorsed it", |world| {
        accepted(world, &m(2)) == (1, 1) || accepted(world, &m(3)) == (1, 1)
    });
    assert_eq!(accepted(&world, &m(1)), (1, 0), "the primary has not");
    world.kill(&m(1));
    let holder = if accepted(&world, &m(2)) == (1, 1) { m(2) } else { m(3) };
    let kept = order(&world, &holder);
    let lost = merge::message::Write::Order { base: size(0), append: Vec::new() };
    world.commit_merge(&m(1), vec![lost]);
    world.start(&m(1));
    run_until(&mut world, "it stops itself", |world| world.merges[&m(1)].machine.is_none());
    assert!(world.halted[0].contains("own term"), "{:?}", world.halted);
    let second = succeed_live(&mut world, &[m(2), m(3)], &holder);
    assert_eq!(second.body.start_head.size, size(1));
    world.submit(2);
    run_until(&mut world, "the second term publishes", |world| signed(world) == 2);
    assert_eq!(order(&world, &holder)[..1], kept);
}
