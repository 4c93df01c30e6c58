//! Every order of events within small bounds (docs/model.md), and faults beyond what the design bears, each of which must break
//! the property that it is planted for: an exploration in which nothing can break shows nothing.

use integration::model::{
    Bounds, FORK, HALT, Honesty, LOST, Plant, SHRINK, TWIN, Wanted, explore, explore_for,
};

fn demand(bounds: Bounds) {
    let found = explore(bounds);
    println!("{bounds:?}: {found}");
    assert!(found.is_good(), "{bounds:?}: {found}");
}

fn breaks(property: &'static str, bounds: Bounds) {
    let found = explore_for(bounds, property);
    println!("{bounds:?}: {found}");
    assert!(found.broken.is_some(), "{property}, it is said of {bounds:?}: {found}");
}

/// One repair, at any moment, of nodes that crash at any moment.
const REPAIRED: Bounds =
    Bounds { terms: 2, entries: 1, proposals: 2, runs: &[Wanted::Primary], ..Bounds::CALM };

#[test]
fn a_log_grows_and_nobody_repairs_it() {
    demand(Bounds::CALM);
}

#[test]
fn a_primary_is_replaced_at_any_moment() {
    demand(REPAIRED);
}

#[test]
fn two_repairs_are_at_work_at_once() {
    demand(Bounds { runs: &[Wanted::Primary, Wanted::Primary], ..REPAIRED });
}

#[test]
fn a_node_loses_its_disk_and_gets_its_vote_back() {
    demand(Bounds { runs: &[Wanted::Rejoin], wipes: 1, ..REPAIRED });
}

#[test]
fn the_right_to_sign_moves() {
    demand(Bounds { runs: &[Wanted::MoveSigner], signers: 2, ..REPAIRED });
}

#[test]
fn a_voter_leaves() {
    demand(Bounds { runs: &[Wanted::Leave], ..REPAIRED });
}

#[test]
fn a_clock_is_set_at_any_moment() {
    demand(Bounds { clock_steps: 1, ..Bounds::CALM });
}

/// Two logs of one term, and whatever votes it likes.
const LIED: Bounds = Bounds { first_primary: Honesty::Liar, ..Bounds::CALM };

#[test]
fn the_first_primary_lies() {
    demand(LIED);
}

#[test]
fn a_disk_that_was_lost_in_secret_costs_what_was_signed() {
    let wiped = Bounds { wipes: 1, plant: Some(Plant::SecretWipe), ..REPAIRED };
    breaks(LOST, wiped);
    breaks(HALT, wiped);
}

#[test]
fn a_signer_that_forgets_is_no_fence() {
    breaks(FORK, Bounds { plant: Some(Plant::SignerForgets), ..LIED });
    breaks(SHRINK, Bounds { plant: Some(Plant::SignAnything), ..LIED });
}

#[test]
fn stops_that_are_forgotten_make_two_certificates_of_a_term() {
    let runs = &[Wanted::Primary, Wanted::Primary];
    breaks(TWIN, Bounds { runs, plant: Some(Plant::StopsForgotten), ..REPAIRED });
}
