//! Honest logs, read whole, in part, again, and several at once.

use crate::harness::{Bench, Run, Told, lines, runtime, subject};
use crate::proxy::lacking;
use liar::{Endpoint, Entry, Liar, Lie, LogKeyKind, Setup};
use monitor::{Claims, Ending, Start, Subject};
use serde_json::Value;

fn indexes(lines: &[String]) -> Vec<u64> {
    lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap()).collect()
}

#[test]
fn every_entry_is_read_once_and_in_order_however_the_log_cuts_its_answers() {
    for (entries, cut) in [(0, 1000), (1, 1000), (2, 1), (64, 5), (65, 1000), (1003, 256)] {
        let liar = Liar::with_entries(entries);
        liar.set_max_get_entries(cut);
        let run = Bench::new().run(&liar);
        run.assert_well();
        assert_eq!(indexes(&run.lines), (0..entries).collect::<Vec<_>>(), "{entries} by {cut}");
        assert_eq!(run.position().tree.size().get(), entries);
        assert_eq!(run.position().tree.root().as_bytes(), &liar.root(entries));
        assert_eq!(run.position().tally.matches, entries);
    }
}

#[test]
fn an_rsa_log_is_a_log() {
    let liar = Liar::with(Setup { entries: 9, log_key: LogKeyKind::Rsa2048, ..Setup::default() });
    let run = Bench::new().run(&liar);
    run.assert_well();
    assert_eq!(run.lines.len(), 9);
}

#[test]
fn matches_are_about_watched_names_alone() {
    let liar = Liar::with_entries(5);
    liar.append_named(&["www.example.com", "example.org", "*.example.com", "a.b.example.com"]);
    liar.publish();
    let mut bench = Bench::new();
    bench.patterns = vec!["www.example.com", ".b.example.com"];
    let run = bench.run(&liar);
    run.assert_well();
    assert_eq!(indexes(&run.lines), [5, 7, 8]);
    let first: Value = serde_json::from_str(&run.lines[0]).unwrap();
    assert_eq!(first["watched"], Value::from(vec!["www.example.com"]));
    assert!(
        first["der"].is_string() && first["sha256"].is_string() && first.get("misfit").is_none(),
        "{first}"
    );
    assert_eq!((run.position().tally.entries, run.position().tally.matches), (9, 3));
}

#[test]
fn a_second_run_goes_on_where_the_first_stopped() {
    let liar = Liar::with_entries(10);
    let bench = Bench::new();
    bench.run(&liar).assert_well();
    liar.forget_requests();
    bench.run(&liar).assert_well();
    let asked = |endpoint| liar.requests().iter().any(|seen| seen.endpoint() == Some(endpoint));
    assert!(!asked(liar::Endpoint::GetEntries), "nothing is new, nothing is asked for");
    liar.append(15);
    liar.publish();
    let run = bench.run(&liar);
    run.assert_well();
    assert_eq!(indexes(&run.lines), (0..25).collect::<Vec<_>>());
    assert!(asked(liar::Endpoint::GetSthConsistency));
}

#[test]
fn from_now_begins_behind_the_last_entry_whatever_the_size() {
    for size in [0, 1, 2, 7, 8, 9] {
        let liar = Liar::with_entries(size);
        let mut bench = Bench::new();
        bench.settings.start = Start::Now;
        let run = bench.run(&liar);
        run.assert_well();
        assert_eq!((run.lines.len(), run.position().begun.get()), (0, size));
        liar.append(5);
        liar.publish();
        let run = bench.run(&liar);
        run.assert_well();
        assert_eq!(indexes(&run.lines), (size..size + 5).collect::<Vec<_>>());
        assert_eq!(run.position().tree.root().as_bytes(), &liar.root(size + 5));
    }
}

/// A run over the log by a way that lacks an endpoint.
fn run_without(bench: &Bench, liar: &Liar, endpoint: &'static str) -> Run {
    let log = subject(liar, None).log;
    let url = client::log::base_url(&lacking(liar, endpoint)).unwrap();
    let log = client::Log::new("liar".to_owned(), vec![url], log.key().clone()).unwrap();
    bench.run_of(Subject { log, mmd: None, claims: Claims::default() }, &Told::default())
}

#[test]
fn a_log_that_proves_only_what_it_must_is_read_in_strides_all_the_same() {
    let liar = Liar::with_entries(20);
    liar.set_max_get_entries(5);
    for size in [20, 27] {
        let bench = Bench::new();
        let run = run_without(&bench, &liar, "get-sth-consistency");
        run.assert_well();
        assert_eq!(indexes(&run.lines), (0..size).collect::<Vec<_>>());
        let proofs =
            liar.requests().iter().filter(|seen| seen.endpoint() == Some(Endpoint::GetEntryAndProof)).count();
        assert!(proofs > 0, "the strides were proved");
        liar.append(7);
        liar.publish();
        // Between heads it owes what it lacks; the entry that is the last of the smaller tree will do.
        run_without(&bench, &liar, "get-sth-consistency").assert_well();
    }
}

#[test]
fn from_now_needs_no_more_than_every_log_has() {
    let liar = Liar::with_entries(11);
    let mut bench = Bench::new();
    bench.settings.start = Start::Now;
    let run = run_without(&bench, &liar, "get-entry-and-proof");
    run.assert_well();
    assert_eq!(run.position().begun.get(), 11);
    liar.append(4);
    liar.publish();
    let run = run_without(&bench, &liar, "get-entry-and-proof");
    run.assert_well();
    assert_eq!(indexes(&run.lines), [11, 12, 13, 14]);
}

#[test]
fn an_entry_that_nobody_can_read_is_told_and_stops_nothing() {
    let liar = Liar::with_entries(3);
    liar.append_raw(Entry { leaf_input: b"no leaf".to_vec(), extra_data: Vec::new() });
    liar.append(3);
    liar.publish();
    let mut bench = Bench::new();
    bench.patterns = vec!["nobody.example"];
    let run = bench.run(&liar);
    run.assert_well();
    assert_eq!(run.position().tally.unreadable, 1);
    let line: Value = serde_json::from_str(&run.lines[0]).unwrap();
    assert_eq!((&line["kind"], &line["index"]), (&"unreadable".into(), &3.into()));
    assert_eq!(run.lines.len(), 1);
}

#[test]
fn frontends_that_lag_are_no_liars() {
    let liar = Liar::with(Setup { frontends: 3, entries: 10, ..Setup::default() });
    liar.frontend(1).serve_frozen();
    liar.append(4);
    liar.publish();
    liar.frontend(2).serve_frozen();
    liar.append(6);
    liar.publish();
    let bench = Bench::new();
    let run = bench.run(&liar);
    assert_eq!(run.ended, None, "{}", run.text);
    assert_eq!(indexes(&run.lines), (0..20).collect::<Vec<_>>());
    bench.run(&liar).assert_well();
}

#[test]
fn one_log_that_does_not_answer_holds_up_no_other() {
    let (good, other, mute) = (Liar::with_entries(20), Liar::with_entries(30), Liar::with_entries(5));
    mute.tell(Lie::NeverAnswered);
    let bench = Bench::new();
    let told = Told::default();
    let monitor = bench.monitor_of([&good, &mute, &other].map(|liar| subject(liar, None)).to_vec(), &told);
    runtime().block_on(async {
        let run = monitor.run();
        let watch = async {
            // What is on record is the sign: nothing else is waited for.
            loop {
                let done = monitor.summaries().await.unwrap();
                let size =
                    |number: usize| done[number].position.as_ref().map_or(0, |found| found.tree.size().get());
                if (size(0), size(2)) == (20, 30) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            endings = run => panic!("the mute log never ends: {endings:?}"),
            () = watch => {}
        }
    });
    drop(monitor);
    assert_eq!(lines(&bench.out()).len(), 50);
}

#[test]
fn a_command_gets_each_match_on_its_standard_input() {
    let liar = Liar::with_entries(4);
    let mut bench = Bench::new();
    let got = bench.dir.path().join("got");
    std::fs::create_dir(&got).unwrap();
    bench.command = Some(format!("cat >{}/$$", got.display()));
    let run = bench.run(&liar);
    run.assert_well();
    let mut texts: Vec<String> =
        std::fs::read_dir(&got).unwrap().flat_map(|file| lines(&file.unwrap().path())).collect();
    texts.sort_by_key(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64());
    assert_eq!(texts, run.lines);
}

#[test]
fn a_monitor_that_cannot_write_ends_at_once() {
    let liar = Liar::with_entries(20);
    let bench = Bench::new();
    let monitor = bench.monitor(&liar, &Told::default());
    // Somebody else writes into the output: what is there is no longer known.
    std::fs::write(bench.out(), "other\n").unwrap();
    let endings = runtime().block_on(monitor.run());
    assert!(matches!(&endings[..], [(0, Ending::State(_))]), "{endings:?}");
}
