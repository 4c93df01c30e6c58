//! A log of one cluster, copied into another.

use crate::compare::{Log, same, takes_nothing};
use crate::lab::{imported, run, stopped_cluster, text, urls};
use integration::cluster::{Cluster, wait_for};
use judge::http::Client;
use std::time::Duration;

/// Adds certificates and precertificates, and waits until they are published everywhere.
fn grow(source: &Cluster, count: &str) {
    let grown = run(&["submit", "--dir", text(source.dir()), "--new", count, "--wait"]);
    assert_eq!(grown.code, Some(0), "{}", grown.err);
}

#[test]
fn a_copy_answers_as_the_original_does_and_stays_as_it_is() {
    let source = Cluster::start(&[
        "--storage",
        "1",
        "--merge",
        "1",
        "--sth-interval",
        "1h",
        "--publish-interval",
        "50ms",
    ]);
    grow(&source, "23");
    let original = Log::new(&source.target("anytime", 0).base_url);
    let (first, mut copies) = (original.sth(), stopped_cluster());
    let (from, to) = (text(source.dir()).to_owned(), text(copies.dir()).to_owned());
    let args = ["--dir", &from, "--log", "anytime", "--into", &to, "--as", "archive"];
    let report = imported(&args).json();
    assert_eq!((&report["tree_size"], &report["fetched"]), (&first["tree_size"], &first["tree_size"]));
    assert_eq!(report["sha256_root_hash"], first["sha256_root_hash"]);
    assert_eq!(report["nodes"], serde_json::json!(["frontend-1", "frontend-2"]));
    let toml = std::fs::read_to_string(copies.dir().join("cluster.toml")).unwrap();
    assert!(toml.contains("\n\n[[read_only_log]]\nname = \"archive\"\n"), "{toml}");

    // Nobody imports into a cluster that runs.
    copies = copies.restart();
    let refused = imported(&args);
    assert_eq!(refused.code, Some(64));
    assert!(refused.err.contains("another `wolffish up` is running here"), "{}", refused.err);

    // The original goes on, the copy does not.
    grow(&source, "9");
    assert!(original.size() > first["tree_size"].as_u64().unwrap());
    for url in urls(&copies, "archive") {
        let copy = Log::new(&url);
        same(&original, &copy, &first);
        takes_nothing(&copy);
        let root = url.strip_suffix("/archive").unwrap();
        let ready = || Client::new(root, Duration::from_secs(5)).unwrap().get("/readyz").unwrap().status;
        wait_for("the frontend to be ready", || (ready() == 200).then_some(()));
    }
    let status = run(&["status", "--dir", &to]);
    assert_eq!(status.code, Some(0), "{}{}", status.out, status.err);
    let headline = format!("archive (read-only): {} entries", first["tree_size"]);
    assert!(status.out.contains(&headline), "{}", status.out);
    // Tools read it as they read any log; the logs beside it take submissions.
    let read = run(&["get", "sth", "--dir", &to, "--log", "archive", "--json"]);
    assert_eq!(read.json()["sha256_root_hash"], first["sha256_root_hash"]);
    grow(&copies, "2");

    // Imported once more, it has grown to what the original shows by then.
    assert!(copies.stop().success(), "{}", copies.said());
    let second = original.sth();
    let report = imported(&args).json();
    assert_eq!(report["tree_size"], second["tree_size"]);
    let new = second["tree_size"].as_u64().unwrap() - first["tree_size"].as_u64().unwrap();
    assert_eq!((&report["fetched"], &report["added_to"]), (&new.into(), &serde_json::Value::Null));
    let copies = copies.restart();
    same(&original, &Log::new(&urls(&copies, "archive")[1]), &second);
}
