//! `verify evidence`.

use crate::lab::{Log, START, wolffish};
use client::evidence::{BrokenPromise, Evidence, Served, TreeHeads};
use ct::entry::{Leaf, SignedEntry};
use ct::hash::NodeHash;
use ct::sth::Sth;
use ct::time::Timestamp;
use std::path::Path;
use std::time::Duration;

fn known(log: &Log) -> client::Log {
    let url = client::log::base_url("https://ct.example/").unwrap();
    client::Log::new("Example\u{1b}[31m".to_owned(), vec![url], log.key().public().clone()).unwrap()
}

fn served(sth: Sth) -> Served {
    Served { received: sth.head.timestamp, sth, url: "https://ct.example/".to_owned() }
}

fn write_heads(dir: &Path, log: &Log, one: Sth, other: Sth, path: Option<Vec<NodeHash>>) -> String {
    let heads = TreeHeads { first: served(one), second: served(other), consistency: path };
    let seen = Timestamp::from_millis(START);
    written(&Evidence::of_heads(known(log), seen, heads), dir)
}

fn written(evidence: &Evidence, dir: &Path) -> String {
    evidence.write(dir).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_fork_is_judged_by_its_file_alone() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 9));
    let (dir, fork) = (home.path(), log.forked_at(1));
    let same_size = write_heads(dir, &log, log.sth(9, 0), fork.sth(9, 5), None);
    let other_size = write_heads(dir, &log, fork.sth(5, 0), log.sth(9, 5), Some(log.consistency(5, 9)));
    let shrunk = write_heads(dir, &log, log.sth(9, 0), log.sth(7, 5), None);
    let honest = write_heads(dir, &log, log.sth(5, 0), log.sth(9, 5), Some(log.consistency(5, 9)));
    let verify = |rest: &[&str]| wolffish(dir, &[&["verify", "evidence"], rest].concat());

    let said = verify(&[&same_size, &other_size, &shrunk]);
    said.expect(
        0,
        &[
            "evidence (fork): holds under the key of what the file calls",
            "proven fork: two signed trees of 9 entries",
            "proven fork: the first 5 entries of the signed tree of 9",
            "evidence (shrunk): holds",
            "proven to have shrunk: 9 entries signed at",
            "the key is the file's own: compare it with the log's",
        ],
    );
    assert!(!said.out.contains('\u{1b}'), "{}", said.out);
    let said = verify(&[&same_size, "--key", &log.public()]);
    said.expect(0, &["holds under the key of --key 1"]);
    assert!(!said.out.contains("compare it"), "{}", said.out);
    verify(&[&same_size, "--key", &Log::new(4, 0).public()]).expect(1, &["against another log: log ID"]);
    let said = verify(&[&honest, "--json"]);
    said.expect(1, &["not proven: the two tree heads are consistent", "1 of 1 checks do not hold"]);
    assert_eq!(said.json()[0]["check"], "evidence (not-proven)");
}

#[test]
fn a_broken_promise_says_what_it_proves() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 9));
    let dir = home.path();
    let entry = SignedEntry::X509 { certificate: vec![0x30, 0] };
    let sct = log.promise(&entry);
    let leaf_input = Leaf::plain(sct.timestamp, entry).encode().unwrap();
    let evidence = |after| {
        let promise = BrokenPromise {
            sct: sct.clone(),
            leaf_input: leaf_input.clone(),
            mmd: Duration::from_secs(60),
            later: served(log.sth(9, after)),
            answer: "404".to_owned(),
        };
        Evidence::of_promise(known(&log), Timestamp::from_millis(START + after), promise)
    };
    let (due, early) = (written(&evidence(60_001), dir), written(&evidence(59_000), dir));
    let said = wolffish(dir, &["verify", "evidence", &due]);
    said.expect(0, &["evidence (due): holds", "must have it", "by asking the log"]);
    wolffish(dir, &["verify", "evidence", &early]).expect(1, &["not proven: the entry is due at"]);
    std::fs::write(dir.join("x"), "{\"wolffish_evidence\": 2}").unwrap();
    wolffish(dir, &["verify", "evidence", "x"]).expect(1, &["version 2, this program reads 1"]);
}
