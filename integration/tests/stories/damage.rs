//! Copies that were damaged at rest, and how long that takes.

use crate::hand::*;
use integration::sim::world::name;
use merge::message::Call;

/// Both followers have several damaged copies. Each refuses the proposal at the first, and drops that copy; it is sent a
/// good one, and asked for the same endorsement again at once, not when the proposal was given up.
#[test]
fn damaged_copies_delay_a_head_by_little() {
    let mut world = calm();
    world.cut = Some(Box::new(|_, _, call| matches!(call, Some(Call::VerifyRoot(_)))));
    (1..=4).for_each(|number| world.submit(number));
    let has_all =
        |world: &integration::sim::World, node: usize| world.merges[&m(node)].disk.log.copies.len() == 4;
    run_until(&mut world, "all have copies", |world| (1..=3).all(|node| has_all(world, node)));
    for node in [2, 3] {
        let log = &mut world.merges.get_mut(&m(node)).unwrap().disk.log;
        log.damaged = log.copies.keys().copied().collect();
    }
    world.cut = None;
    run_until(&mut world, "the damage is found", |world| !world.alarms.is_empty());
    let found = world.now;
    run_until(&mut world, "the head is signed", |world| signed(world) == 4);
    assert!(world.now - found < 2_000, "it took {} ms", world.now - found);
    let holds = |world: &integration::sim::World, node: usize| {
        world.frontends[&name("frontend", node)]
            .disk
            .published
            .as_ref()
            .is_some_and(|sth| sth.head.tree_size == size(4))
    };
    run_until(&mut world, "it is published", |world| holds(world, 1) && holds(world, 2));
}
