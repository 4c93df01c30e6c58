//! When a repair is planned, and each reason for which it is not.

use super::*;
use crate::plan::{Cause, NoPlan, Plan, plan};
use crate::wanted::Wanted;
use ct::wire::status::WaitsFor;
use std::time::Duration;

const OLD: Cause = Cause::Age { limit_ms: 5 * MINUTE };

fn planned(cause: Cause, scan: &Scan) -> Result<Plan, NoPlan> {
    plan(cause, &Wanted::Primary, &guard(), log_key().public(), scan)
}

#[test]
fn a_primary_that_is_gone_is_replaced_by_one_that_holds_the_tree() {
    let plan = planned(OLD, &scan()).unwrap();
    assert_eq!((plan.term, plan.primary.clone(), plan.start), (term(2), m(2), head(7, 7)));
    assert_eq!(plan.stop, [m(1), m(2), m(3)], "also one that does not answer now");
    let text = plan.to_string();
    for want in ["merge-1, merge-2, merge-3", "term 2", "size 7", "merge-2 primary in place of merge-1"] {
        assert!(text.contains(want), "{want} in {text}");
    }
}

/// R5. A young tree head is no reason; and a person needs none.
#[test]
fn a_young_tree_head_is_no_reason() {
    let young = scan_with(frontend(2, Some(sth(head(7, 7), MINUTE))));
    assert!(matches!(planned(OLD, &young), Err(NoPlan::NotOld { age_ms: 60_000, .. })));
    assert!(planned(Cause::Person, &young).is_ok());
}

/// R5. A primary that is gone leaves all its logs, and their tree heads grow old one after the other: the only run that there
/// is without a person waits for those that follow soon, and for no others.
#[test]
fn a_tree_head_that_will_soon_be_old_is_waited_for() {
    let young = scan_with(frontend(2, Some(sth(head(7, 7), MINUTE))));
    let limit = |millis| planned(Cause::Age { limit_ms: millis }, &young).unwrap_err();
    let within = Duration::from_secs(1);
    assert!(limit(MINUTE + 1000).is_soon_over(within));
    assert!(!limit(MINUTE + 1001).is_soon_over(within));
    assert!(!NoPlan::Unpublished.is_soon_over(within));
}

/// R5, F12a. Repair is cut off from the frontends: nothing that it knows is young, but nobody said that it is old.
#[test]
fn silence_is_not_age() {
    let gone = Look { node: name("frontend-2"), role: Role::Frontend, answer: Err("timeout".to_owned()) };
    let refused = planned(OLD, &scan_with(gone)).unwrap_err();
    assert_eq!(refused, NoPlan::Silence { answered: 1, frontends: 2 });
    assert!(refused.is_patience());
    let mut empty = scan_with(frontend(1, None));
    empty.looks.retain(|look| look.node != name("frontend-2"));
    assert_eq!(planned(OLD, &empty), Err(NoPlan::Unpublished));
}

/// A clock that is an hour ahead — a frontend's, or repair's own — makes no tree head old.
#[test]
fn one_wrong_clock_makes_no_tree_head_old() {
    let young = Some(sth(head(7, 7), MINUTE));
    let hour = Timestamp::from_millis(NOW.millis() + 60 * MINUTE);
    let mut mine = scan_with(frontend(1, young.clone()));
    mine.now = hour;
    assert!(matches!(planned(OLD, &mine), Err(NoPlan::NotOld { age_ms: 60_000, .. })));
    let mut fast = frontend(1, young);
    fast.answer.as_mut().unwrap().now = hour;
    assert!(matches!(planned(OLD, &scan_with(fast)), Err(NoPlan::NotOld { age_ms: 60_000, .. })));
}

/// A tree head that the log never signed neither hides an old one nor contradicts anything.
#[test]
fn a_forged_tree_head_is_nothing() {
    let mut forged = sth(head(9, 9), MINUTE);
    forged.head.timestamp = NOW;
    assert!(planned(OLD, &scan_with(frontend(2, Some(forged)))).is_ok());
}

/// M9. Without a majority nothing is stopped: two of three are gone, or one is and another is recovering.
#[test]
fn without_a_majority_nothing_is_stopped() {
    let gone = Look { node: m(3), role: Role::Merge, answer: Err("no route".to_owned()) };
    let refused = planned(OLD, &scan_with(gone)).unwrap_err();
    assert!(matches!(&refused, NoPlan::NoMajority { counted: 1, voters: 3, majority: 2, .. }), "{refused}");
    assert!(refused.to_string().contains("merge-3: no route"), "{refused}");
    assert!(!refused.is_patience());
}

/// M7, M12. A node whose disk was replaced answers, and does not count.
#[test]
fn a_wiped_node_does_not_count() {
    let mut wiped = merge(3, 0, LogHead::EMPTY);
    if let Detail::Merge { incarnation, .. } = &mut wiped.answer.as_mut().unwrap().detail {
        *incarnation = Incarnation::new([77; 16]);
    }
    let refused = planned(Cause::Person, &scan_with(wiped)).unwrap_err();
    assert!(refused.to_string().contains("merge-3: recovering"), "{refused}");
}

/// R6, F12c. The signer is the cause; a new primary would wait for the same.
#[test]
fn a_primary_that_waits_for_the_signer_is_left_alone() {
    let waiting_for = |whom| {
        let mut primary = merge(1, 1, head(7, 7));
        if let Detail::Merge { waiting, waits_for, .. } = &mut primary.answer.as_mut().unwrap().detail {
            (*waiting, *waits_for) = (Some("the reason".to_owned()), Some(whom));
        }
        primary
    };
    let blamed = planned(OLD, &scan_with(waiting_for(WaitsFor::Signer))).unwrap_err();
    assert_eq!(blamed, NoPlan::Blamed { primary: m(1), reason: "the reason".to_owned() });
    assert!(!blamed.is_patience(), "it is reported");
    // One that does not reach the others may be cut off alone.
    assert!(planned(OLD, &scan_with(waiting_for(WaitsFor::MergeNodes))).is_ok());
    assert!(planned(Cause::Person, &scan_with(waiting_for(WaitsFor::Signer))).is_ok());
    // What a primary of another term says is nothing.
    let mut old = waiting_for(WaitsFor::Signer);
    old.answer.as_mut().unwrap().term = Term::ZERO;
    assert!(planned(OLD, &scan_with(old)).is_ok());
}

#[test]
fn two_trees_of_one_term_and_size_are_evidence() {
    let conflict = planned(OLD, &scan_with(merge(3, 1, head(7, 8)))).unwrap_err();
    let expected = |one, other| NoPlan::Conflict { one, other, term: term(1), size: 7 };
    assert!(conflict == expected(m(2), m(3)) || conflict == expected(m(3), m(2)), "{conflict}");
}

/// R4. A majority that has less than what was published, or another tree of that size: an assumption broke.
#[test]
fn what_was_published_is_never_cut() {
    for (size, tree) in [(8, 8), (7, 9)] {
        let newer = frontend(1, Some(sth(head(size, tree), 9 * MINUTE)));
        let contradicted = planned(OLD, &scan_with(newer)).unwrap_err();
        assert_eq!(contradicted, NoPlan::Contradicted { published: size, accepted: 7 });
    }
}

/// M3, M4. The greatest accepted head is that of the latest term, then the largest.
#[test]
fn the_latest_term_counts_before_the_size() {
    let mut scan = scan_with(merge(3, 2, head(7, 7)));
    scan.looks.retain(|look| look.node != m(2));
    scan.looks.push(merge(2, 1, head(9, 9)));
    let plan = planned(OLD, &scan).unwrap();
    assert_eq!((plan.start, plan.primary), (head(7, 7), m(3)));
}

/// F13. Among those that hold the tree not the old primary, even if it answers; then the one with fewer complaints.
#[test]
fn the_fittest_of_those_that_hold_the_tree_is_primary() {
    let alive = scan_with(merge(1, 1, head(7, 7)));
    assert_eq!(planned(OLD, &alive).unwrap().primary, m(2));
    let mut sick = merge(2, 1, head(7, 7));
    sick.answer.as_mut().unwrap().not_ready.push("disk: slow".to_owned());
    assert_eq!(planned(OLD, &scan_with(sick)).unwrap().primary, m(3));
    // Who alone holds it is primary again.
    let alone = scan_with(merge(1, 1, head(8, 8)));
    assert_eq!(planned(OLD, &alone).unwrap().primary, m(1));
}

/// The term is above every stop that is known of; a node that names a term far out of reach moves nobody.
#[test]
fn the_term_rises_above_known_stops_and_no_further() {
    let stopped_for = |to: u64| {
        let mut node = merge(3, 1, head(7, 7));
        if let Detail::Merge { stopped, .. } = &mut node.answer.as_mut().unwrap().detail {
            *stopped = Some(term(to));
        }
        planned(OLD, &scan_with(node)).unwrap().term
    };
    assert_eq!(stopped_for(5), term(6));
    assert_eq!(stopped_for(ct::index::MAX_NUMBER), term(2));
}
