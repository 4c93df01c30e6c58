//! That the checkers check: a bug for each property, planted in the world, and it is that property which breaks.

use integration::sim::Options;
use integration::sim::check::Broken;
use integration::sim::history::History;
use integration::sim::plant::Plant;
use integration::sim::trace::Keep;

const STEPS: u64 = 1_500;

/// Clients and time, but no faults.
fn calm() -> Options {
    Options { mmd: 6_000, ..Options::healthy() }
}

/// Every seed finds the bug, and nothing else.
fn finds(plant: Plant, options: &Options, is_it: impl Fn(&Broken) -> bool) {
    for seed in 0..5 {
        let world = History { seed, steps: STEPS }.run_with(options.clone(), Keep::Last(40), Some(plant));
        let trace = || world.trace.lines().collect::<Vec<_>>().join("\n");
        let broken = world.check.broken.as_ref();
        let broken = broken.unwrap_or_else(|| panic!("seed {seed} does not find {plant:?}\n{}", trace()));
        assert!(is_it(broken), "seed {seed}, {plant:?}: {broken}\n{}", trace());
    }
}

/// Without a bug the very same histories are sound: so it is the bug that is found.
#[test]
fn nothing_planted_nothing_found() {
    for seed in 0..5 {
        let world = History { seed, steps: STEPS }.run_with(calm(), Keep::Digest, None);
        assert_eq!(world.check.broken, None, "seed {seed}");
        assert_eq!((&world.alarms, &world.halted), (&Vec::new(), &Vec::new()), "seed {seed}");
    }
}

#[test]
fn a_storage_node_that_keeps_nothing_is_found() {
    finds(Plant::StoreNothing, &calm(), |broken| matches!(broken, Broken::Undurable(_)));
}

#[test]
fn a_frontend_that_promises_early_is_found() {
    finds(Plant::PromiseEarly, &calm(), |broken| matches!(broken, Broken::Undurable(_)));
}

#[test]
fn endorsements_that_no_disk_knows_of_are_found() {
    finds(Plant::EndorseUnwritten, &calm(), |broken| matches!(broken, Broken::NoMajority(_)));
}

#[test]
fn a_second_root_for_a_size_is_found() {
    finds(Plant::SignAnotherRoot, &calm(), |broken| matches!(broken, Broken::Fork(_)));
}

#[test]
fn a_head_that_is_dated_back_is_found() {
    finds(Plant::SignBackwards, &calm(), |broken| matches!(broken, Broken::Backwards(_)));
}

#[test]
fn a_frontend_that_shows_what_it_does_not_hold_is_found() {
    finds(Plant::ShowUnheld, &calm(), |broken| matches!(broken, Broken::Unproven(_)));
}

#[test]
fn entries_that_no_primary_can_read_are_found() {
    finds(Plant::HideEntries, &calm(), |broken| matches!(broken, Broken::Unkept(_)));
}

#[test]
fn a_frontend_that_is_left_behind_is_found() {
    finds(Plant::ForgetFrontend, &calm(), |broken| matches!(broken, Broken::Stuck(_)));
}

#[test]
fn a_start_that_passes_an_unpublished_entry_is_found() {
    finds(Plant::PassUnpublished, &calm(), |broken| matches!(broken, Broken::Passed(_)));
}

#[test]
fn disks_that_lose_what_was_signed_are_found() {
    finds(Plant::CutDisks, &calm(), |broken| matches!(broken, Broken::Changed(_)));
}

/// "One seed, one trace" has its checker in a test: here it is seen to fail.
#[test]
fn chance_that_no_seed_decides_is_found() {
    let digest = || {
        let plant = Some(Plant::AskTheSystem);
        History { seed: 1, steps: STEPS }.run_with(calm(), Keep::Digest, plant).trace.digest()
    };
    assert_ne!(digest(), digest());
}
