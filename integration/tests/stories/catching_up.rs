//! A frontend that was away for more entries than it is sent at once.

use crate::hand::*;
use ct::limits::MAX_SEND_LOG;
use ct::replica::View as _;
use integration::sim::world::name;

/// A frontend more than a million entries behind could never catch up: it staged as many, and waited for a signed tree of just
/// them. It takes one part after the other now, each proven to be a part of the signed tree before it is kept (P7); a crash
/// loses the part at most; and until the whole signed tree is there it holds and shows the one that it had.
#[test]
fn a_frontend_far_behind_catches_up_part_by_part() {
    let (mut world, late) = (calm(), name("frontend", 2));
    world.submit(1);
    run_until(&mut world, "one is shown", |world| world.frontends[&late].disk.published.is_some());
    run_until(&mut world, "one is signed", |world| signed(world) == 1);
    run_for(&mut world, 2_000);
    world.kill(&late);
    let end = 1 + 2 * MAX_SEND_LOG as u64 + 7;
    let more: Vec<_> = (1..end).map(|number| entry(1_000 + number, 10)).collect();
    for node in [1, 2, 3] {
        give(&mut world, &m(node), &more);
    }
    let_go(&mut world);
    run_until(&mut world, "all is signed", |world| signed(world) == end);
    world.start(&late);
    let shown = world.frontends[&late].disk.published.clone();
    let part = MAX_SEND_LOG as u64;
    for expected in [1 + part, 1 + 2 * part, end] {
        run_until(&mut world, "it has one more part", |world| {
            let disk = &world.frontends[&late].disk;
            assert!(disk.log.len().get() <= expected, "one at a time");
            let more = disk.log.len().get() == expected;
            assert!(expected == end && more || disk.published == shown, "it shows what it had");
            more
        });
        world.kill(&late);
        world.start(&late);
    }
    run_until(&mut world, "it shows all", |world| {
        let shown = world.frontends[&late].disk.published.as_ref();
        shown.is_some_and(|sth| sth.head.tree_size.get() == end)
    });
}
