//! The hammer against a log that lies: each lie is named for what it is, and errors under load are not called lies.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use client::Log;
use client::evidence::{Evidence, Fork, Verdict};
use ct::time::Timestamp;
use hammer::chains::{Issuer, KeyKind, TestCa, Validity};
use hammer::chaos::{Chaos, Cluster, Node};
use hammer::report::Report;
use hammer::schedule::{Pace, Rate};
use hammer::{Chains, Goal, HammerError, Plan, Pulse, Stop};
use liar::{Endpoint, Gap, Liar, Lie, Publishing, Setup};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// No cluster: there is nobody to trouble.
struct Nobody;

impl Cluster for Nobody {
    fn nodes(&self) -> Result<Vec<Node>, String> {
        Ok(Vec::new())
    }
    async fn is_ready(&self, _: &str) -> bool {
        false
    }
}

/// A log that publishes by itself, and tells this.
fn liar(lie: Lie, frontends: usize) -> Liar {
    Liar::with(Setup { lie, frontends, entries: 10, publishing: Publishing::OnDemand, ..Setup::default() })
}

fn log(liar: &Liar) -> Log {
    let urls = liar.urls().iter().map(|url| client::log::base_url(url).unwrap()).collect();
    Log::new("liar".to_owned(), urls, client::log::key(&liar.key_base64()).unwrap()).unwrap()
}

fn issuer(liar: &Liar) -> Issuer {
    let target = liar.target();
    let ca = TestCa::new(&target.test_ca_cert_pem, &target.test_ca_key_pem).unwrap();
    let now = Timestamp::from_millis(liar.now());
    Issuer::new(&ca, &[KeyKind::P256], Validity::from(now, None)).unwrap()
}

/// A second of a little load.
fn plan(dir: &Path, mix: &str) -> Plan {
    Plan {
        goal: Goal::Rates(vec![Rate::new(40.0).unwrap()]),
        mix: mix.parse().unwrap(),
        pace: Pace::Even,
        warmup: Duration::ZERO,
        duration: Duration::from_secs(1),
        settle: Duration::from_secs(2),
        in_flight: 16,
        seed: 1,
        timeout: Duration::from_secs(2),
        page: 4,
        mmd: None,
        prove_within: Duration::from_secs(20),
        stock: 100,
        records: dir.join("records"),
        evidence: dir.to_owned(),
    }
}

fn at(rate: f64) -> Goal {
    Goal::Rates(vec![Rate::new(rate).unwrap()])
}

fn run(liar: &Liar, plan: &Plan) -> Result<Report, HammerError> {
    // It can only be there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (chains, nobody) = (Chains::Issue(issuer(liar)), None::<Chaos<Nobody>>);
    runtime.block_on(hammer::run(
        log(liar),
        plan,
        chains,
        nobody,
        Arc::new(Pulse::default()),
        &Stop::default(),
    ))
}

fn hammered(liar: &Liar, mix: &str) -> Report {
    let dir = tempfile::tempdir().unwrap();
    run(liar, &plan(dir.path(), mix)).unwrap()
}

fn kinds(report: &Report) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = report.faults.first.iter().map(|fault| fault.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn count(report: &Report, operation: &str, outcome: &str) -> u64 {
    report.steps[0].operations[operation].outcomes.get(outcome).copied().unwrap_or(0)
}

const EVERYTHING: &str = "add-chain=3,add-pre-chain=3,resubmit=1,get-sth=1,consistency=1,proof=1,entries=2";
const SUBMISSIONS: &str = "add-chain=1,add-pre-chain=1";

#[test]
fn an_honest_log_is_found_honest_and_every_promise_is_proved() {
    let (liar, dir) = (liar(Lie::None, 2), tempfile::tempdir().unwrap());
    let plan = plan(dir.path(), EVERYTHING);
    let report = run(&liar, &plan).unwrap();
    assert!(report.is_good(), "{:?}", report.faults);
    let step = &report.steps[0];
    let total =
        |of: fn(&hammer::stats::OperationReport) -> u64| step.operations.values().map(of).sum::<u64>();
    assert_eq!((total(|report| report.offered), total(|report| report.unsent)), (40, 0));
    let (offered, done) = step.submissions();
    assert!(offered > 10 && done == offered, "{step:?}");
    assert!(step.published_after_seconds.is_some());
    assert_eq!((report.proof.promised as u64, report.proof.proved as u64), (done, done));
    assert!(report.proof.merge_delay.is_some() && report.views.unproved == 0 && report.views.proved > 0);

    // What was recorded stands by itself, and can be proved again by whoever finds it.
    let recorded = hammer::records::read(&plan.records).unwrap();
    assert_eq!((recorded.promises.len() as u64, recorded.torn), (done, 0));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let patience = (Duration::from_secs(2), Duration::from_secs(20));
    let (pulse, stop, evidence) = (Arc::new(Pulse::default()), Stop::default(), dir.path().to_owned());
    let again = hammer::reprove(log(&liar), recorded, &plan.records, evidence, patience, pulse, &stop);
    let again = runtime.block_on(again).unwrap();
    assert_eq!((again.proof.proved as u64, again.faults.count), (done, 0));
}

#[test]
fn workers_ask_one_after_the_other_until_every_chain_is_used() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    let plan = Plan { goal: Goal::Workers(3), stock: 30, ..plan(dir.path(), SUBMISSIONS) };
    let report = run(&liar, &Plan { duration: Duration::from_secs(60), ..plan }).unwrap();
    assert_eq!(report.steps[0].cut, Some("every chain was submitted"));
    assert!((15..=30).contains(&report.proof.promised), "{:?}", report.proof);
    assert_eq!(report.proof.proved, report.proof.promised);
}

#[test]
fn an_sct_that_does_not_verify_is_no_promise() {
    for (lie, kind) in [
        (Lie::SctSignedByAnother, "bad-signature"),
        (Lie::SctSignatureOverOtherTime, "bad-signature"),
        (Lie::SctWrongLogId, "wrong-log"),
        (Lie::SctPostDated, "future"),
        (Lie::SctVersionOne, "malformed"),
    ] {
        let report = hammered(&liar(lie, 1), SUBMISSIONS);
        assert_eq!(kinds(&report), [kind], "{lie:?}");
        let (offered, done) = report.steps[0].submissions();
        assert!(offered == 40 && done == 0 && report.proof.promised == 0, "{lie:?}: {report:?}");
        assert_eq!(count(&report, "add-chain", kind) + count(&report, "add-pre-chain", kind), 40, "{lie:?}");
    }
}

#[test]
fn a_promise_that_is_never_merged_is_broken_when_the_delay_is_over() {
    let (liar, dir) = (liar(Lie::PromisedButNeverLogged, 1), tempfile::tempdir().unwrap());
    let mmd = Some(Duration::from_secs(1));
    let plan = Plan { mmd, settle: Duration::ZERO, ..plan(dir.path(), "add-chain=1") };
    let report = run(&liar, &plan).unwrap();
    assert_eq!(kinds(&report), ["broken-promise"]);
    assert_eq!((report.proof.promised, report.proof.broken, report.proof.proved), (40, 40, 0));
    let evidence = report.faults.first[0].evidence.as_ref().unwrap();
    let verdict = Evidence::read(evidence).unwrap().verdict();
    assert!(matches!(verdict, Verdict::Due { .. }), "{verdict:?}");
}

#[test]
fn a_promise_that_is_not_merged_in_the_time_allowed_is_told_apart_from_a_broken_one() {
    let (liar, dir) = (liar(Lie::PromisedButNeverLogged, 1), tempfile::tempdir().unwrap());
    let (mmd, prove_within) = (Some(Duration::from_secs(3600)), Duration::from_secs(1));
    let settle = Duration::ZERO;
    let report = run(&liar, &Plan { mmd, prove_within, settle, ..plan(dir.path(), "add-chain=1") }).unwrap();
    assert_eq!(kinds(&report), ["unproven-promise"]);
    assert_eq!((report.proof.broken, report.proof.unproved), (0, 40));
}

#[test]
fn a_promise_that_is_kept_too_late_is_late() {
    for (behind, expected) in [(0, &[][..]), (60_000, &["late-promise"])] {
        let (liar, dir) = (Liar::with_entries(10), tempfile::tempdir().unwrap());
        let now = liar.now();
        liar.set_time(now - behind);
        liar.publish_at(now - behind);
        let (mmd, settle) = (Some(Duration::from_secs(30)), Duration::ZERO);
        let plan = Plan { mmd, settle, ..plan(dir.path(), "add-chain=1") };
        let report = std::thread::scope(|scope| {
            scope.spawn(|| {
                while liar.size() < 50 {
                    std::thread::yield_now();
                }
                // By the log's own clock, so much time has passed since it promised.
                liar.set_time(now);
                liar.publish();
            });
            run(&liar, &plan).unwrap()
        });
        assert_eq!((kinds(&report).as_slice(), report.proof.promised), (expected, 40));
    }
}

#[test]
fn frontends_that_show_different_trees_are_found_out_during_the_load() {
    let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
    liar.fork_at(6);
    liar.frontend(1).tell(Lie::Fork);
    let dir = tempfile::tempdir().unwrap();
    let report = run(&liar, &plan(dir.path(), "get-sth=1")).unwrap();
    assert_eq!(kinds(&report), ["split-view"]);
    let evidence = report.faults.first[0].evidence.as_ref().unwrap();
    let verdict = Evidence::read(evidence).unwrap().verdict();
    assert!(matches!(verdict, Verdict::Fork(Fork::SameSize { .. })), "{verdict:?}");
}

#[test]
fn a_frontend_that_goes_on_along_a_fork_cannot_prove_it() {
    let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
    liar.frontend(0).serve_frozen();
    liar.fork_at(6);
    liar.append(10);
    liar.publish();
    liar.frontend(1).tell(Lie::Fork);
    let dir = tempfile::tempdir().unwrap();
    let report = run(&liar, &plan(dir.path(), "get-sth=1")).unwrap();
    assert_eq!(kinds(&report), ["inconsistent"]);
    let evidence = report.faults.first[0].evidence.as_ref().unwrap();
    let verdict = Evidence::read(evidence).unwrap().verdict();
    assert!(matches!(verdict, Verdict::Fork(Fork::OtherPrefix { .. })), "{verdict:?}");
}

#[test]
fn tree_heads_that_go_back_shrink_or_come_from_the_future_are_named() {
    for (lie, kind) in [
        (Lie::SthGoesBack, "went-back"),
        (Lie::SthShrinks, "same-time"),
        (Lie::TwoRootsOfOneSize, "split-view"),
        (Lie::SthPostDated, "future"),
    ] {
        let liar = Liar::with(Setup { lie, entries: 10, ..Setup::default() });
        let found = kinds(&hammered(&liar, "get-sth=1"));
        assert!(found.contains(&kind), "{lie:?}: {found:?}");
    }
}

#[test]
fn a_log_whose_first_tree_head_is_a_lie_is_not_loaded() {
    let liar = liar(Lie::SthSignedByAnother, 1);
    let dir = tempfile::tempdir().unwrap();
    let error = run(&liar, &plan(dir.path(), SUBMISSIONS)).unwrap_err();
    assert!(matches!(&error, HammerError::Lie(error) if error.name() == "bad-signature"), "{error}");
    assert!(liar.requests().iter().all(|seen| seen.endpoint() != Some(Endpoint::AddChain)));
}

#[test]
fn proofs_and_entries_that_are_wrong_are_named() {
    let fresh = |endpoint, lie, mix| {
        let liar = liar(Lie::None, 1);
        liar.tell_at(endpoint, lie);
        kinds(&hammered(&liar, mix))
    };
    let reading = "add-chain=2,entries=2,proof=1,consistency=1,get-sth=1";
    let wrong_proof = fresh(Endpoint::GetProofByHash, Lie::InclusionWrong, reading);
    assert!(
        wrong_proof.contains(&"wrong-proof") && wrong_proof.contains(&"unproven-promise"),
        "{wrong_proof:?}"
    );
    assert!(fresh(Endpoint::GetSthConsistency, Lie::ConsistencyWrong, reading).contains(&"inconsistent"));
    assert_eq!(fresh(Endpoint::GetEntries, Lie::EntryTampered(2), "entries=1"), ["wrong-root"]);
    assert_eq!(fresh(Endpoint::GetEntries, Lie::EntriesTooMany, "entries=1"), ["wrong-count"]);
    assert_eq!(fresh(Endpoint::GetEntries, Lie::EntryMissing(2, Gap::Empty), "entries=1"), ["wrong-count"]);
}

#[test]
fn a_stall_counts_for_every_request_that_it_delayed() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::AddChain, Lie::NeverAnswered);
    // One at a time: while the first is waited for, nineteen more fall due, one every 25 ms.
    let (in_flight, timeout) = (1, Duration::from_millis(500));
    let plan = Plan { in_flight, timeout, ..plan(dir.path(), "add-chain=1") };
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            let submitted = |seen: &liar::Request| seen.endpoint() == Some(Endpoint::AddChain);
            while !liar.requests().iter().any(submitted) {
                std::thread::yield_now();
            }
            liar.be_honest();
        });
        run(&liar, &plan).unwrap()
    });
    assert_eq!(count(&report, "add-chain", "slow"), 1);
    let latency = report.steps[0].sct_latency.unwrap();
    assert!(latency.max_us >= 450_000 && latency.p90_us >= 300_000, "{latency:?}");
}

#[test]
fn a_busy_log_is_counted_and_not_blamed() {
    let report = hammered(&liar(Lie::Busy { requests: 7, seconds: 1 }, 1), "add-chain=1");
    assert!(report.is_good(), "{:?}", report.faults);
    assert_eq!(count(&report, "add-chain", "refused-503-retry-after"), 7);
    assert_eq!((count(&report, "add-chain", "done"), report.proof.proved), (33, 33));
    let report = hammered(&liar(Lie::BusyUntil { requests: 5, seconds: 1 }, 1), "add-chain=1");
    assert!(report.is_good() && count(&report, "add-chain", "refused-429-retry-after") == 5, "{report:?}");
}

#[test]
fn a_log_that_hangs_up_or_says_nothing_is_counted_and_not_blamed() {
    for (lie, outcome) in [(Lie::HungUp, "unreachable"), (Lie::NeverAnswered, "slow")] {
        let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
        liar.tell_at(Endpoint::AddChain, lie);
        let timeout = Duration::from_millis(300);
        let report = run(&liar, &Plan { timeout, ..plan(dir.path(), "add-chain=1") }).unwrap();
        assert!(report.is_good(), "{lie:?}: {:?}", report.faults);
        let unsent = report.steps[0].operations["add-chain"].unsent;
        assert_eq!(count(&report, "add-chain", outcome) + unsent, 40, "{lie:?}: {report:?}");
    }
}

/// How often this was asked.
fn asked(liar: &Liar, endpoint: Endpoint) -> usize {
    liar.requests().iter().filter(|seen| seen.endpoint() == Some(endpoint)).count()
}

#[test]
fn proving_honours_the_pause_that_a_log_asks_for() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::GetProofByHash, Lie::Busy { requests: u64::MAX, seconds: 3600 });
    let report = run(&liar, &Plan { goal: at(80.0), ..plan(dir.path(), "add-chain=1") }).unwrap();
    assert_eq!((report.proof.promised, report.proof.unproved), (80, 80));
    // Those that were under way when the first came back, and none of the others; nor is an hour waited for.
    let asked = asked(&liar, Endpoint::GetProofByHash);
    assert!(asked <= 32, "{asked} requests for proofs");
}

#[test]
fn proving_does_not_work_through_every_promise_at_a_log_that_fails() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::GetProofByHash, Lie::ServerError { requests: u64::MAX });
    let prove_within = Duration::from_millis(500);
    let report =
        run(&liar, &Plan { prove_within, goal: at(80.0), ..plan(dir.path(), "add-chain=1") }).unwrap();
    assert_eq!((report.proof.promised, report.proof.unproved), (80, 80));
    // One pass, for the tree stays the same for a second.
    let asked = asked(&liar, Endpoint::GetProofByHash);
    assert!((8..=8 + 32).contains(&asked), "{asked} requests for proofs");
}

#[test]
fn proving_ends_when_its_time_is_over_whatever_is_under_way() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::GetProofByHash, Lie::NeverAnswered);
    let (timeout, prove_within) = (Duration::from_secs(60), Duration::from_millis(500));
    let report = run(&liar, &Plan { timeout, prove_within, ..plan(dir.path(), "add-chain=1") }).unwrap();
    assert_eq!(report.proof.unproved, 40);
    // One answer alone would have been waited for twice as long.
    assert!(report.proof.seconds < 30.0, "{:?}", report.proof);
    assert!(report.faults.first[0].text.contains("no time"), "{:?}", report.faults.first[0]);
}

#[test]
fn what_an_earlier_step_left_unpublished_is_not_taken_for_what_a_later_one_added() {
    let (liar, dir) = (Liar::with_entries(10), tempfile::tempdir().unwrap());
    let rate = Rate::new(40.0).unwrap();
    // Nobody waits for the promises to be proved: the last are never published.
    let plan = Plan {
        goal: Goal::Rates(vec![rate, rate]),
        settle: Duration::ZERO,
        prove_within: Duration::ZERO,
        ..plan(dir.path(), "add-chain=1,get-sth=1")
    };
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Early in the second step, which begins as the first did: all of that and a little more. The watcher asks too.
            while asked(&liar, Endpoint::AddChain) + asked(&liar, Endpoint::GetSth) < 50 {
                std::thread::yield_now();
            }
            liar.publish();
        });
        run(&liar, &plan).unwrap()
    });
    let published: Vec<_> = report.steps.iter().map(|step| step.published_after_seconds).collect();
    assert_eq!(published, [None, None], "{:?}", report.views);
    assert!(report.views.trees > 1, "the tree has grown meanwhile");
}

#[test]
fn one_contradiction_is_one_file_however_often_it_is_shown() {
    let liar = Liar::with(Setup { lie: Lie::TwoRootsOfOneSize, entries: 10, ..Setup::default() });
    let dir = tempfile::tempdir().unwrap();
    let report = run(&liar, &plan(dir.path(), "get-sth=1")).unwrap();
    let split: Vec<_> = report.faults.first.iter().filter(|fault| fault.kind == "split-view").collect();
    let [fault] = split.as_slice() else { panic!("{split:?}") };
    assert!(fault.times > 10 && report.faults.count >= fault.times, "{:?}", report.faults);
    let evidence = std::fs::read_dir(dir.path()).unwrap().map(|found| found.unwrap().file_name());
    assert_eq!(evidence.filter(|name| name.to_string_lossy().starts_with("evidence-")).count(), 1);
}

#[test]
fn a_directory_that_can_keep_no_evidence_is_refused_before_the_load() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for evidence in [file.clone(), file.join("below")] {
        let error = run(&liar, &Plan { evidence, ..plan(dir.path(), SUBMISSIONS) }).unwrap_err();
        assert!(matches!(error, HammerError::Evidence(_)), "{error}");
    }
    assert!(liar.requests().is_empty());
    // One that is not there is made.
    let evidence = dir.path().join("new/one");
    run(&liar, &Plan { evidence: evidence.clone(), ..plan(dir.path(), "get-sth=1") }).unwrap();
    assert_eq!(std::fs::read_dir(evidence).unwrap().count(), 0);
}

#[test]
fn a_log_that_is_not_there_leaves_no_records_behind() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::GetSth, Lie::HungUp);
    let plan = plan(dir.path(), SUBMISSIONS);
    let error = run(&liar, &plan).unwrap_err();
    assert!(matches!(error, HammerError::NoHead(_)), "{error}");
    assert!(!plan.records.exists());
}

/// Tries of a tenth of a second, one request at a time as in the first guess: so that the end is near.
fn search(dir: &Path, sweep: &[u8]) -> Plan {
    let (p99, workers, sweep) = (Duration::from_secs(20), 1, sweep.to_vec());
    Plan {
        goal: Goal::Highest { p99, sweep, workers },
        duration: Duration::from_millis(100),
        in_flight: 1,
        timeout: Duration::from_secs(20),
        stock: 10,
        ..plan(dir, SUBMISSIONS)
    }
}

#[test]
fn a_search_narrows_down_and_sweeps_below_what_it_found() {
    let (liar, dir) = (liar(Lie::None, 2), tempfile::tempdir().unwrap());
    let report = run(&liar, &search(dir.path(), &[50, 100])).unwrap();
    assert!(report.is_good(), "{:?}", report.faults);
    let highest = report.highest.unwrap();
    // What is found depends on the machine; how it is found does not.
    let tried = |rate: Rate, sustained| {
        highest.tries.iter().any(|tried| tried.rate == rate && tried.shortfall.is_none() == sustained)
    };
    let sweep: Vec<_> = report.steps.iter().map(|step| step.load).collect();
    let Some(rate) = highest.rate else {
        assert!(highest.tries.iter().all(|tried| tried.shortfall.is_some()) && sweep.is_empty());
        return;
    };
    assert!(
        tried(rate, true)
            && highest.tries.iter().all(|tried| tried.rate <= rate || tried.shortfall.is_some())
    );
    // As near as floating point numbers come.
    let near = |load: &hammer::Load, wanted: f64| match load {
        hammer::Load::Open { rate, pace: Pace::Even } => (rate.per_second() / wanted - 1.0).abs() < 1e-9,
        _ => false,
    };
    let full = rate.per_second();
    assert_eq!(sweep.len(), 2);
    assert!(near(&sweep[0], full / 2.0) && near(&sweep[1], full), "{sweep:?} of {full}");
}

#[test]
fn a_log_that_promises_nothing_sustains_no_rate() {
    let (liar, dir) = (liar(Lie::None, 1), tempfile::tempdir().unwrap());
    liar.tell_at(Endpoint::AddChain, Lie::ServerError { requests: u64::MAX });
    let mut plan = search(dir.path(), &[50]);
    plan.mix = "add-chain=1".parse().unwrap();
    let report = run(&liar, &plan).unwrap();
    assert!(report.is_good() && report.steps.is_empty() && report.found_nothing(&plan.goal));
    let highest = report.highest.unwrap();
    assert!(highest.tries.iter().all(|tried| tried.shortfall == Some(hammer::search::Shortfall::TooFew)));
    assert_eq!(highest.tries.len() % 2, 0, "each rate is tried once more");
}
