//! Clocks that were wrong, and are set right.

use crate::hand::*;
use ct::wire::status::WaitsFor;
use integration::sim::repair::{repair_name, repair_wanting};
use integration::sim::world::name;
use merge_repair::wanted::Wanted;

/// A primary's clock is stepped far ahead. Whatever it then puts off — a call to be repeated, a proposal to be given up —
/// it puts off to a time that its clock will show for a second time in twenty minutes. When the clock is set right, it goes
/// on at once (docs/protocol.md, C2).
#[test]
fn a_primary_whose_clock_was_set_back_goes_on() {
    let mut world = calm();
    world.submit(1);
    run_until(&mut world, "the first entry is signed", |world| signed(world) == 1);
    world.set_clock_off(&m(1), 20 * 60 * 1000);
    world.submit(2);
    run_for(&mut world, 3_000);
    assert_eq!(signed(&world), 1, "no majority endorses a time that is so far ahead");
    world.set_clock_off(&m(1), 0);
    run_until(&mut world, "the second entry is signed", |world| signed(world) == 2);
    let shows = |world: &integration::sim::World, number: usize| {
        let shown = world.frontends[&name("frontend", number)].disk.published.clone();
        shown.is_some_and(|sth| sth.head.tree_size == size(2))
    };
    run_until(&mut world, "and published", |world| shows(world, 1) && shows(world, 2));
}

/// Clocks are ahead together, and entries of the future are promised and ordered. When the clocks are right again the primary, whose
/// own log only grows, can sign nothing before that time; it says so, and another primary, which has ordered nothing of it, goes on.
#[test]
fn what_was_ordered_by_a_clock_that_was_ahead_holds_up_no_other_primary() {
    let mut world = calm();
    world.submit(1);
    run_until(&mut world, "the first entry is signed", |world| signed(world) == 1);
    let everybody_but_followers =
        [m(1), s(1), s(2), s(3), name("signer", 1), name("frontend", 1), name("frontend", 2)];
    everybody_but_followers.iter().for_each(|node| world.set_clock_off(node, 300_000));
    world.submit(2);
    run_until(&mut world, "the second entry is ordered", |world| order(world, &m(1)).len() == 2);
    everybody_but_followers.iter().for_each(|node| world.set_clock_off(node, 0));
    run_for(&mut world, 3_000);
    let primary = world.merges[&m(1)].machine.as_ref().and_then(|machine| machine.primary());
    let waiting = primary.and_then(merge::primary::Primary::waiting);
    assert_eq!(waiting.map(|(what, _)| what), Some(WaitsFor::Clock));
    world.submit(3);
    run_for(&mut world, 3_000);
    assert_eq!(signed(&world), 1, "the third entry waits behind the second");
    repair_wanting(&mut world, &repair_name(1), &Wanted::Primary);
    run_until(&mut world, "the third entry is signed", |world| signed(world) == 2);
    assert_eq!(world.newest.body.primary, m(2));
}
