//! Lies, each called by its name; the word that is broken for good, and the answer that may yet be right.

use crate::harness::{Bench, Run, Told};
use liar::{Endpoint, Gap, Liar, Lie, Setup};
use monitor::Claims;
use monitor::finding::Severity;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

fn broken(name: &'static str) -> Option<(&'static str, Severity)> {
    Some((name, Severity::Broken))
}

fn trouble(name: &'static str) -> Option<(&'static str, Severity)> {
    Some((name, Severity::Trouble))
}

fn suspect(name: &'static str) -> Option<(&'static str, Severity)> {
    Some((name, Severity::Suspect))
}

/// A log of ten entries was read; then it lies, and has grown.
fn after_ten(lie: Lie) -> (Bench, Run) {
    let bench = Bench::new();
    let liar = Liar::with_entries(10);
    bench.run(&liar).assert_well();
    liar.fork_at(6);
    liar.append(10);
    liar.publish();
    liar.tell(lie);
    let run = bench.run(&liar);
    (bench, run)
}

#[test]
fn a_fork_is_proved_in_whatever_way_it_shows() {
    for lie in [Lie::Fork, Lie::ForkJunkProof] {
        let (_, run) = after_ten(lie);
        assert_eq!((run.ended, run.verdict), (broken("fork"), Some("fork")), "{lie:?}: {}", run.text);
        assert_eq!(run.position().tree.size().get(), 10, "what was read before stands");
        let line: Value = serde_json::from_str(run.lines.last().unwrap()).unwrap();
        assert_eq!((&line["kind"], &line["name"]), (&"finding".into(), &"fork".into()));
        assert_eq!(line["evidence"].as_str(), run.evidence.as_ref().unwrap().to_str());
    }
}

#[test]
fn a_fork_is_proved_by_two_heads_though_the_log_withholds_every_proof() {
    let bench = Bench::new();
    let liar = Liar::with_entries(10);
    bench.run(&liar).assert_well();
    liar.fork_at(6);
    liar.append(10);
    liar.publish();
    liar.tell(Lie::ForkAlternatesUnproven);
    let mut bench = bench;
    // Only so that a monitor that misses it comes to an end.
    bench.settings.give_up = Some(Duration::from_secs(10));
    let run = bench.run(&liar);
    assert_eq!((run.ended, run.verdict), (broken("fork"), Some("fork")), "{}", run.text);
    // It stays on record, whatever the log shows next.
    liar.be_honest();
    assert_eq!(bench.run(&liar).summary.disputed.len(), 1);
}

#[test]
fn two_frontends_with_two_trees_are_one_forked_log() {
    // Of one size, and of two.
    for grow in [0, 5] {
        let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
        liar.frontend(0).serve_frozen();
        liar.fork_at(6);
        liar.append(grow);
        liar.publish();
        liar.frontend(1).tell(Lie::Fork);
        let run = Bench::new().run(&liar);
        assert_eq!((run.ended, run.verdict), (broken("fork"), Some("fork")), "{grow}: {}", run.text);
    }
}

#[test]
fn a_fork_at_a_size_whose_consistency_proof_leaves_out_the_root_is_proved_too() {
    let bench = Bench::new();
    let liar = Liar::with_entries(8);
    bench.run(&liar).assert_well();
    liar.fork_at(3);
    liar.append(5);
    liar.publish();
    liar.tell(Lie::Fork);
    let run = bench.run(&liar);
    assert_eq!((run.ended, run.verdict), (broken("fork"), Some("fork")), "{}", run.text);
}

#[test]
fn a_tree_that_shrank_is_proved_by_two_heads() {
    let bench = Bench::new();
    let liar = Liar::with_entries(10);
    bench.run(&liar).assert_well();
    liar.pass(Duration::from_secs(1));
    liar.publish();
    liar.tell(Lie::SthShrunk(3));
    let run = bench.run(&liar);
    assert_eq!((run.ended, run.verdict), (broken("shrunk"), Some("shrunk")), "{}", run.text);
    // It is seen again, and the same evidence is shown.
    let again = bench.run(&liar);
    assert_eq!((again.ended, &again.evidence), (broken("shrunk"), &run.evidence));
    assert_eq!(std::fs::read_dir(run.evidence.unwrap().parent().unwrap()).unwrap().count(), 1);
    // Even if the log then goes on as if nothing had been, it stays on record.
    liar.be_honest();
    let after = bench.run(&liar);
    assert_eq!((after.ended, after.summary.disputed.len()), (None, 1));
}

#[test]
fn a_signed_lie_about_the_entries_is_told_by_their_root() {
    for (lie, name) in [
        (Lie::EntryTampered(4), "wrong-entry"),
        (Lie::EntryTruncated(4), "wrong-entry"),
        (Lie::EntryTrailing(4), "wrong-entry"),
        (Lie::EntriesSwapped, "wrong-entry"),
    ] {
        let liar = Liar::with_entries(10);
        liar.tell(lie);
        let bench = Bench::new();
        let run = bench.run(&liar);
        assert_eq!(run.ended, broken(name), "{lie:?}: {}", run.text);
        assert!(run.text.contains("entries 0 to "), "the range is named: {}", run.text);
        assert_eq!(run.told, [name, name], "it was looked at twice");
        let told: Vec<Value> = run.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(told.iter().all(|line| line["kind"] == "finding"), "nothing unproved is told: {told:?}");
        assert_eq!(run.position().tree.size().get(), 0);
        // Once the log tells the truth, all of it is read.
        liar.be_honest();
        let run = bench.run(&liar);
        assert_eq!((run.ended, run.position().tally.matches), (None, 10));
    }
}

#[test]
fn a_lie_that_passes_is_told_and_leaves_nothing_behind() {
    let liar = Arc::new(Liar::with_entries(10));
    liar.tell(Lie::EntryTampered(4));
    let repent = Arc::clone(&liar);
    let told = Told::and_then(move || repent.be_honest());
    let run = Bench::new().run_with(&liar, &told, Claims::default());
    assert_eq!((run.ended, run.lines.len()), (None, 10), "{}", run.text);
    assert_eq!(run.told, ["wrong-entry"]);
}

#[test]
fn the_second_look_is_at_another_frontend() {
    // Whichever of the two is asked first.
    for lying in [0, 1] {
        let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
        liar.frontend(lying).tell(Lie::EntryTampered(4));
        let run = Bench::new().run(&liar);
        assert_eq!((run.ended, run.lines.len()), (None, 10), "{}", run.text);
    }
}

#[test]
fn an_entry_that_is_not_given_is_missing() {
    for gap in [Gap::BadRequest, Gap::NotFound, Gap::Empty] {
        let liar = Liar::with_entries(10);
        liar.tell(Lie::EntryMissing(4, gap));
        let run = Bench::new().impatient().run(&liar);
        assert_eq!(run.ended, suspect("missing-entry"), "{gap:?}: {}", run.text);
        assert!(run.text.contains("entry 4 "), "{}", run.text);
    }
}

#[test]
fn a_head_over_entries_that_are_not_there_is_not_followed_for_ever() {
    let liar = Liar::with_entries(10);
    liar.tell(Lie::SthBeyondEntries(5));
    let run = Bench::new().impatient().run(&liar);
    assert!(
        run.ended.is_some_and(|(_, severity)| severity == Severity::Trouble),
        "{:?}: {}",
        run.ended,
        run.text
    );

    let liar = Liar::with_entries(10);
    liar.tell(Lie::EndlessEntries(1 << 40));
    let run = Bench::new().impatient().run(&liar);
    assert!(run.ended.is_some(), "{}", run.text);
    assert_eq!(run.position().tree.size().get(), 0);
    assert!(liar.requests().len() < 100, "{} requests", liar.requests().len());
}

#[test]
fn proofs_that_prove_nothing_are_named() {
    for lie in [Lie::ConsistencyWrong, Lie::ConsistencyReversed] {
        // Between two heads.
        let (_, run) = after_ten(lie);
        assert_eq!(run.ended, broken("wrong-proof"), "{lie:?}: {}", run.text);
        assert_eq!(run.verdict, Some("not-proven"), "but kept");
        assert_eq!(run.told, ["wrong-proof", "wrong-proof"], "it was looked at twice");
        // Between what was read and a head.
        let liar = Liar::with_entries(20);
        liar.set_max_get_entries(8);
        liar.tell(lie);
        let run = Bench::new().run(&liar);
        assert_eq!(run.ended, broken("wrong-proof"), "{lie:?}: {}", run.text);
    }
}

#[test]
fn heads_without_the_logs_signature_are_named() {
    for lie in [Lie::SthSignatureBroken, Lie::SthSignedByAnother] {
        let liar = Liar::with_entries(10);
        liar.tell(lie);
        let run = Bench::new().run(&liar);
        assert_eq!(run.ended, broken("bad-signature"), "{lie:?}: {}", run.text);
        assert_eq!(liar.requests().len(), 2, "it was looked at twice");
    }
}

#[test]
fn a_head_of_the_future_waits_for_its_time() {
    let liar = Liar::with_entries(10);
    liar.tell(Lie::SthPostDated);
    let bench = Bench::new().impatient();
    let run = bench.run(&liar);
    assert_eq!(run.ended, suspect("future"), "{}", run.text);
    assert_eq!(run.summary.size, None, "it is not believed");
}

#[test]
fn a_head_older_than_the_log_promises_is_stale_and_read_all_the_same() {
    let liar = Liar::with_entries(10);
    liar.publish_at(liar.now() - 3_600_000);
    let mut bench = Bench::new();
    let run = bench.run(&liar);
    run.assert_well();
    bench.mmd = Some(Duration::from_secs(60));
    let run = bench.run(&liar);
    assert_eq!((run.ended, run.told), (None, vec!["stale"]));
}

#[test]
fn every_way_not_to_answer_has_its_name() {
    let mut bench = Bench::new().impatient();
    bench.limits.silence = Duration::from_millis(300);
    bench.limits.answer = Duration::from_millis(600);
    for (endpoint, lie, expected) in [
        (Endpoint::GetEntries, Lie::BodyDrips, trouble("slow")),
        (Endpoint::GetSth, Lie::HeadDrips, trouble("slow")),
        (Endpoint::GetSth, Lie::NeverAnswered, trouble("slow")),
        (Endpoint::GetSth, Lie::HungUp, trouble("unreachable")),
        (Endpoint::GetEntries, Lie::BodyCut, trouble("cut-short")),
        (Endpoint::GetSth, Lie::BodyEndless, suspect("too-large")),
        (Endpoint::GetEntries, Lie::BodyClaimsHuge, suspect("too-large")),
        (Endpoint::GetEntries, Lie::RedirectLoop, trouble("redirects")),
        (Endpoint::GetSth, Lie::RedirectToOtherHost, trouble("redirects")),
        (Endpoint::GetSth, Lie::HtmlIs200, suspect("malformed")),
        (Endpoint::GetEntries, Lie::JsonDeep, suspect("malformed")),
        (Endpoint::GetSth, Lie::RootHashShort, suspect("malformed")),
        (Endpoint::GetSth, Lie::NumbersQuoted, suspect("malformed")),
        (Endpoint::GetSthConsistency, Lie::NodesLong, suspect("malformed")),
        (Endpoint::GetSthConsistency, Lie::ProofsTooLong(1000), suspect("malformed")),
        (Endpoint::GetEntries, Lie::EntriesTooMany, suspect("wrong-count")),
        (Endpoint::GetEntries, Lie::ServerError { requests: 1000 }, trouble("status")),
    ] {
        let liar = Liar::with_entries(20);
        liar.set_max_get_entries(8);
        liar.tell_at(endpoint, lie);
        bench.dir = tempfile::tempdir().unwrap();
        let run = bench.run(&liar);
        assert_eq!(run.ended, expected, "{lie:?} at {endpoint:?}: {}", run.text);
    }
}
