//! A log that grows all the time: what is never finished must not keep anything from being finished.

use crate::hand::*;
use integration::sim::{Options, World};

/// A primary sent its followers each new record before the entries of the records that they had. Where entries came faster
/// than one call returns there was always a new record, so no follower was ever complete, nothing was endorsed, and the log
/// promised on and on and published nothing. What a follower has is made complete first (O6).
#[test]
fn a_log_that_grows_with_every_message_is_published_all_the_same() {
    // Every message is on its way for several milliseconds, and in each of them a certificate comes.
    const SUBMISSIONS: u64 = 3_000;
    let mut world = World::new(7, Options { submissions: 0, ..Options::healthy() });
    for number in 0..SUBMISSIONS {
        world.submit(number);
        run_for(&mut world, 1);
        if signed(&world) > SUBMISSIONS / 2 {
            break;
        }
    }
    assert_eq!(world.check.broken, None);
    assert!(signed(&world) > 0, "after {SUBMISSIONS} promises nothing is signed");
}
