//! Against an honest log every check passes.

use judge::cert::KeyKind;
use judge::{Outcome, Selection, run_cluster};
use liar::{Liar, Lie, LogKeyKind, Setup};

use super::{judged, limits, setup, start, window};

const ALL_PASS: &str = "27 passed, 0 failed, 0 skipped";

#[test]
fn honest_logs_pass_every_check() {
    let (general, windowed) = (start(Lie::None, None), start(Lie::None, Some(window())));
    let (general, windowed) = (general.target(), windowed.target());
    let targets = (&general, Some(&windowed));
    let report = run_cluster(targets, &Selection::All, limits, &mut |finding| println!("{finding}")).unwrap();
    assert_eq!(report.findings.len(), 27);
    assert_eq!(report.summary(), ALL_PASS);
}

#[test]
fn an_honest_windowed_log_passes_every_check_alone() {
    let log = start(Lie::None, Some(window()));
    assert_eq!(judged(&log, &Selection::All).summary(), ALL_PASS);
}

#[test]
fn test_cas_of_other_key_kinds_will_do() {
    for ca_key in [KeyKind::P384, KeyKind::RsaLeaf] {
        let log = Liar::with(Setup { ca_key, ..setup(Lie::None, Some(window())) });
        assert_eq!(judged(&log, &Selection::All).summary(), ALL_PASS, "{ca_key:?}");
    }
}

#[test]
fn a_log_with_an_rsa_key_will_do() {
    let log = Liar::with(Setup { log_key: LogKeyKind::Rsa2048, ..setup(Lie::None, Some(window())) });
    assert_eq!(judged(&log, &Selection::All).summary(), ALL_PASS);
}

#[test]
fn an_index_in_the_sct_extensions_is_understood() {
    let log = start(Lie::IndexInExtension, Some(window()));
    assert_eq!(judged(&log, &Selection::All).summary(), ALL_PASS);
}

#[test]
fn each_check_passes_without_the_ones_before_it() {
    for number in 1..=27 {
        let log = start(Lie::None, Some(window()));
        let report = judged(&log, &Selection::Only(vec![number]));
        assert!(report.is_clean(), "{}", report.findings[0]);
    }
}

#[test]
fn window_checks_are_skipped_without_a_window() {
    let log = start(Lie::None, None);
    let report = judged(&log, &Selection::Only(vec![12, 13]));
    assert!(report.findings.iter().all(|finding| matches!(finding.outcome, Outcome::Skipped(_))));
    assert!(report.is_clean());
}
