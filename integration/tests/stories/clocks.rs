//! Clocks that were wrong, and are set right.

use crate::hand::*;
use integration::sim::world::name;

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
