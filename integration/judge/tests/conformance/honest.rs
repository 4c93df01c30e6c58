//! Against an honest log every check passes.

use judge::cert::KeyKind;
use judge::{Outcome, Selection, run_cluster, run_with};

use super::toy::{Lie, Toy};
use super::{limits, window};

#[test]
fn honest_logs_pass_every_check() {
    let (general, windowed) = (Toy::start(Lie::None, None), Toy::start(Lie::None, Some(window())));
    let targets = (&general.target, Some(&windowed.target));
    let report = run_cluster(targets, &Selection::All, limits, &mut |finding| println!("{finding}")).unwrap();
    assert_eq!(report.findings.len(), 27);
    assert_eq!(report.summary(), "27 passed, 0 failed, 0 skipped");
}

#[test]
fn an_honest_windowed_log_passes_every_check_alone() {
    let toy = Toy::start(Lie::None, Some(window()));
    let report = run_with(&toy.target, &Selection::All, &limits(&toy.target), &mut |_| {}).unwrap();
    assert_eq!(report.summary(), "27 passed, 0 failed, 0 skipped");
}

#[test]
fn test_cas_of_other_key_kinds_will_do() {
    for kind in [KeyKind::P384, KeyKind::RsaLeaf] {
        let toy = Toy::start_below(kind, Lie::None, Some(window()));
        let report = run_with(&toy.target, &Selection::All, &limits(&toy.target), &mut |_| {}).unwrap();
        assert_eq!(report.summary(), "27 passed, 0 failed, 0 skipped", "{kind:?}");
    }
}

#[test]
fn an_index_in_the_sct_extensions_is_understood() {
    let toy = Toy::start(Lie::IndexInExtension, Some(window()));
    let report = run_with(&toy.target, &Selection::All, &limits(&toy.target), &mut |_| {}).unwrap();
    assert_eq!(report.summary(), "27 passed, 0 failed, 0 skipped");
}

#[test]
fn each_check_passes_without_the_ones_before_it() {
    for number in 1..=27 {
        let toy = Toy::start(Lie::None, Some(window()));
        let report =
            run_with(&toy.target, &Selection::Only(vec![number]), &limits(&toy.target), &mut |_| {}).unwrap();
        assert!(report.is_clean(), "{}", report.findings[0]);
    }
}

#[test]
fn window_checks_are_skipped_without_a_window() {
    let toy = Toy::start(Lie::None, None);
    let selection = Selection::Only(vec![12, 13]);
    let report = run_with(&toy.target, &selection, &limits(&toy.target), &mut |_| {}).unwrap();
    assert!(report.findings.iter().all(|finding| matches!(finding.outcome, Outcome::Skipped(_))));
    assert!(report.is_clean());
}
