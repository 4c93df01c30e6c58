//! The primary is gone and does not come back: another takes its place, during submissions, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, Node, wait_for, wolffish};
use integration::load::{demand_all, promise, under_load};
use integration::spread::Spread;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const OPTIONS: &[&str] = &["--sth-interval", "500ms", "--repair-after", "5s"];

fn signal(node: &Node, signal: Signal) {
    kill_process(Pid::from_raw(node.pid).unwrap(), signal).unwrap();
}

fn said(output: &Output) -> String {
    [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n")
}

fn wolffish_does(words: &[&str]) -> Output {
    Command::new(wolffish()).args(words).output().unwrap()
}

/// What the report says of a log that was repaired; printed, so that whoever reads the test's output sees the stall.
fn repaired(report: &Value, log: &str) -> Value {
    let outcome = report["logs"][log]["outcome"].clone();
    assert_eq!(outcome["outcome"], "repaired", "{log}: {report}");
    println!(
        "{log}: no new tree head for {} ms, {} ms of it repair's",
        outcome["stall_ms"], outcome["repair_ms"]
    );
    outcome
}

fn report(state_dir: &Path) -> Option<Value> {
    let text = std::fs::read(state_dir.join("report.json")).ok()?;
    // One that says that the run goes on is no end.
    let report: Value = serde_json::from_slice(&text).unwrap();
    let over = report["logs"].as_object().unwrap().values().all(|log| !log["outcome"].is_null());
    over.then_some(report)
}

/// The primary hangs — its process is there, so nobody starts it again — and `merge-repair` does all by itself. Woken
/// later, the old primary is refused everywhere, and follows.
#[test]
fn up_replaces_a_primary_that_hangs_and_the_old_one_follows_when_it_wakes() {
    let cluster = Cluster::start(OPTIONS);
    let sessions = [cluster.session(0), cluster.session(1)];
    let dir = cluster.dir().to_str().unwrap().to_owned();
    let repair = cluster.node("merge-repair-1").state_dir;
    let promised = under_load(&sessions, || {
        wait_for("a first promise", || promise(&sessions[0]));
        let old = cluster.node("merge-1");
        signal(&old, Signal::STOP);
        let report = wait_for("the report", || report(&repair));
        assert_eq!(report["success"], true, "{report}");
        let logs = report["logs"].as_object().unwrap();
        assert_eq!(logs.len(), cluster.file().log_names().len(), "it was the primary of them all: {report}");
        for log in logs.keys() {
            let outcome = repaired(&report, log);
            assert_eq!((&outcome["term"], &outcome["primary"]), (&2.into(), &"merge-2".into()));
        }
        let during = wait_for("a promise under the new primary", || promise(&sessions[1]));
        sessions[0].included(&during).unwrap();
        // It wakes, and still believes that it is the primary of term 1.
        signal(&old, Signal::CONT);
        wait_for("a cluster in which nothing is wrong", || {
            wolffish_does(&["status", "--dir", &dir]).status.success().then_some(())
        });
        assert_eq!(cluster.node("merge-1").pid, old.pid, "it was refused and stepped down; it did not end");
    });
    demand_all(&sessions, &promised);
    wait_for("up to show the report", || cluster.said().contains("merge-repair-1 has ended").then_some(()));
    assert!(cluster.said().contains("REPAIRED: merge-2 is primary of term 2"), "{}", cluster.said());

    // A second run waits for a person; then the node watches again.
    let again = wolffish_does(&["repair", "--now", "--dir", &dir]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("--rearm"), "{}: {said}", again.status);
    assert!(wolffish_does(&["repair", "--rearm", "--dir", &dir]).status.success());
    wait_for("merge-repair to watch again", || {
        cluster.nodes().into_iter().find(|node| node.name == "merge-repair-1")
    });
}

/// The same on a cluster without `up`, by a person's hand: the plan is looked at, then done; the old primary comes back from
/// its own disk, of which the tail was never endorsed.
#[test]
fn a_person_replaces_the_primary_of_a_spread_out_cluster() {
    let mut spread = Spread::take_over(Cluster::start(OPTIONS));
    spread.start_all();
    let session = [spread.session()];
    let (file, state) = (spread.dir().join("cluster.toml"), spread.dir().join("nodes/merge-repair-1"));
    let place = ["--cluster", file.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let repair = |what: &str| wolffish_does(&[&["repair", what, "--json"], place.as_slice()].concat());
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        spread.kill("merge-1");
        let plan = repair("--plan");
        assert!(plan.status.success(), "{}", said(&plan));
        let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
        assert_eq!(plan["anytime"]["now"]["plan"]["primary"], "merge-2", "{plan}");
        let done = repair("--now");
        assert!(done.status.success(), "{}", said(&done));
        let outcome = repaired(&serde_json::from_slice(&done.stdout).unwrap(), "anytime");
        assert_eq!(outcome["primary"], "merge-2");
        assert_eq!(repair("--now").status.code(), Some(1), "a second run waits for a person");
        let during = wait_for("a promise under the new primary", || promise(&session[0]));
        session[0].included(&during).unwrap();
        spread.start_again("merge-1");
        // It follows: with the third node away, nothing is published without it.
        spread.kill("merge-3");
        let with = wait_for("a promise with the old primary back", || promise(&session[0]));
        session[0].included(&with).unwrap();
    });
    demand_all(&session, &promised);
}
