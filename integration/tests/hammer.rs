//! The hammer against a whole cluster: nodes of every role die and stand still under load, and every promise is kept.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, wait_for};
use integration::hammer::{Hammer, all_kept};
use serde_json::Value;

fn is_stopped(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat[stat.rfind(')').unwrap()..].chars().nth(2) == Some('T')
}

#[test]
fn every_promise_is_kept_while_nodes_of_every_role_die() {
    let cluster = Cluster::start(&["--sth-interval", "2s"]);
    let victims = ["storage-1", "signer-1", "merge-2", "frontend-2"];
    let load = ["--rate", "60", "--duration", "5m", "--chaos", &victims.join(","), "--chaos-every", "200ms"];
    let mut hammer = Hammer::start(cluster.dir(), &[&load[..], &["--chaos-act", "kill"]].concat());
    for _ in victims {
        hammer.says("is back after");
    }
    hammer.interrupt();
    let report = hammer.report();
    all_kept(&report);
    let events = report["chaos"].as_array().unwrap();
    for victim in victims {
        let killed = |event: &&Value| event["node"] == victim && event["back_after_seconds"].is_f64();
        assert!(events.iter().any(|event| killed(&event)), "{victim} was not killed: {events:?}");
    }
    assert_eq!(report["stopped"], true);

    // A node that stands still goes on when the hammer is told to end, long before its time is over.
    let stop = ["--rate", "60", "--duration", "5m", "--chaos", "merge-3", "--chaos-every", "0s"];
    let mut hammer =
        Hammer::start(cluster.dir(), &[&stop[..], &["--chaos-act", "stop", "--chaos-stop", "5m"]].concat());
    hammer.says("stop merge-3");
    let pid = cluster.node("merge-3").pid;
    wait_for("merge-3 to stand still", || is_stopped(pid).then_some(()));
    hammer.interrupt();
    all_kept(&hammer.report());
    assert!(!is_stopped(pid));

    // Everything that was ever recorded is proved once more, as after a crash of the hammer itself.
    let records = cluster.dir().join("hammer-anytime.jsonl");
    let again = Hammer::start(cluster.dir(), &["--prove", records.to_str().unwrap()]).report();
    all_kept(&again);
}
