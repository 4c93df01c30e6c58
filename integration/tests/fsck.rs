//! A disk that lies: found by a node that runs, found by `wolffish fsck` in one that is down, and put right from peers.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, Node, wait_for, wolffish};
use integration::load::{demand_all, promise};
use integration::spread::Spread;
use judge::session::{Session, Submission};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fsck(dir: &Path, args: &[&str]) -> Output {
    Command::new(wolffish()).arg("fsck").arg("--dir").arg(dir).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

fn is_clean(dir: &Path, node: &str) {
    let output = fsck(dir, &["--node", node]);
    assert!(output.status.success(), "{}", text(&output));
}

fn log_dir(node: &Node) -> PathBuf {
    node.state_dir.join("logs/anytime")
}

fn flip(file: &Path, offset: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[offset] ^= 0x20;
    fs::write(file, bytes).unwrap();
}

/// So many promises, all in the tree.
fn promises(session: &Session, count: usize) -> Vec<(usize, Submission)> {
    let promised: Vec<_> = (0..count).map(|_| (0, wait_for("a promise", || promise(session)))).collect();
    demand_all(std::slice::from_ref(session), &promised);
    promised
}

/// Has every pass of the scrub follow the last after a second.
fn scrub_often(dir: &Path) {
    let file = dir.join("cluster.toml");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.replace("[[log]]", "[[log]]\nscrub_interval_seconds = 1")).unwrap();
}

#[test]
fn a_running_node_finds_a_byte_that_was_flipped_under_it() {
    let cluster = Cluster::start(&["--sth-interval", "1s"]);
    let nodes = cluster.nodes();
    let promised = promises(&cluster.session(0), 8);
    let mut spread = Spread::take_over(cluster);
    scrub_often(spread.dir());
    spread.start_all();
    let session = spread.session();
    wait_for("a promise", || promise(&session));
    let at = |name: &str| nodes.iter().find(|node| node.name == name).unwrap().clone();
    for (name, file) in [
        ("merge-2", "segments/00000000.seg"),
        ("frontend-2", "segments/00000000.seg"),
        ("storage-2", "list/segments/00000000.seg"),
    ] {
        let node = at(name);
        let file = log_dir(&node).join(file);
        wait_for("a first pass", || log_dir(&node).join("scrub.json").exists().then_some(()));
        // Within the first entry: behind the header of the file and of the record.
        write_byte(&file, 32 + 16 + 40);
        let line = wait_for("an alarm that names the file", || {
            let said = spread.said(&node);
            said.lines()
                .find(|line| line.contains("ALARM") && line.contains("00000000.seg"))
                .map(str::to_owned)
        });
        assert!(line.contains("offset 32"), "{line}");
        let refused = fsck(spread.dir(), &["--node", name, "--log", "anytime"]);
        assert_eq!(refused.status.code(), Some(64), "{}", text(&refused));
        assert!(text(&refused).contains("in use"), "{}", text(&refused));
    }
    // Who looks at the cluster sees it.
    let status = Command::new(wolffish()).args(["status", "--dir"]).arg(spread.dir()).output().unwrap();
    assert!(text(&status).contains("merge-2: its scrub found"), "{}", text(&status));
    drop(promised);
}

/// Changes a byte in place: the file stays the one that the node has open.
fn write_byte(path: &Path, offset: u64) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 0x20], offset).unwrap();
}

/// What `fsck --json` found at a node.
fn findings(dir: &Path, node: &str) -> Vec<Value> {
    let output = fsck(dir, &["--node", node, "--log", "anytime", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    let stores = value["stores"].as_array().unwrap().iter();
    stores.flat_map(|store| store["findings"].as_array().unwrap().clone()).collect()
}

#[test]
fn damage_is_named_repaired_from_peers_and_gone() {
    let cluster = Cluster::start(&["--sth-interval", "1s"]);
    let nodes = cluster.nodes();
    // More than a tile.
    let mut promised = promises(&cluster.session(0), 300);
    let mut spread = Spread::take_over(cluster);
    let dir = spread.dir().to_owned();
    spread.start_all();
    let session = spread.session();
    wait_for("a promise", || promise(&session));
    for victim in ["merge-3", "frontend-2"] {
        spread.kill(victim);
        is_clean(&dir, victim);
        let log = log_dir(nodes.iter().find(|node| node.name == victim).unwrap());
        let segment = log.join("segments/00000000.seg");
        let middle = fs::metadata(&segment).unwrap().len() as usize / 2;
        // An entry; another; a page of the tree; its roots.
        flip(&segment, 32 + 16 + 40);
        flip(&segment, middle);
        flip(&log.join("tiles"), 5000);
        flip(&log.join("tile-roots"), 40);
        let found = findings(&dir, victim);
        let names =
            |file: &str| found.iter().any(|finding| finding["file"].as_str().unwrap().ends_with(file));
        assert!(names("00000000.seg") && names("tiles") && names("tile-roots"), "{found:#?}");
        let repaired = fsck(&dir, &["--node", victim, "--log", "anytime", "--repair"]);
        assert!(repaired.status.success(), "{}", text(&repaired));
        is_clean(&dir, victim);
        // A segment's header; the whole of a file; an issuer; an index.
        flip(&segment, 20);
        fs::remove_file(log.join("tiles")).unwrap();
        let sql = "UPDATE issuers SET der = x'00'; DELETE FROM name_index WHERE idx = 7;
                   UPDATE identity_index SET idx = 3 WHERE idx = 9";
        let database = rusqlite::Connection::open(log.join("log.db")).unwrap();
        database.execute_batch(sql).unwrap();
        drop(database);
        assert!(findings(&dir, victim).len() >= 2);
        let repaired = fsck(&dir, &["--node", victim, "--log", "anytime", "--repair"]);
        assert!(repaired.status.success(), "{}", text(&repaired));
        is_clean(&dir, victim);
        // Rows of the order itself: in a full tile copy, page and roots agree on what they were; behind it nothing does.
        let database = rusqlite::Connection::open(log.join("log.db")).unwrap();
        let rows = "UPDATE orders SET name = zeroblob(32) WHERE idx = 11;
                    UPDATE orders SET extra = zeroblob(32) WHERE idx = 12";
        database.execute_batch(rows).unwrap();
        let repaired = fsck(&dir, &["--node", victim, "--log", "anytime", "--repair"]);
        assert!(repaired.status.success(), "{}", text(&repaired));
        let whole = "UPDATE orders SET extra = substr(extra, 1, 31) || x'ff' WHERE idx = 280";
        let before: Vec<u8> =
            database.query_row("SELECT extra FROM orders WHERE idx = 280", [], |row| row.get(0)).unwrap();
        database.execute_batch(whole).unwrap();
        let refused = fsck(&dir, &["--node", victim, "--log", "anytime", "--repair"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains("what everything is compared with"), "{}", text(&refused));
        database.execute("UPDATE orders SET extra = ?1 WHERE idx = 280", [before]).unwrap();
        drop(database);
        is_clean(&dir, victim);
        spread.start_again(victim);
        let session = spread.session();
        promised.push((0, wait_for("a promise after the repair", || promise(&session))));
    }
    demand_all(&[spread.session()], &promised);
}

/// Whether a storage node's list has all that the node acknowledged.
fn completeness(dir: &Path, node: &str) -> Option<String> {
    let output = Command::new(wolffish()).args(["status", "--json", "--dir"]).arg(dir).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).ok()?;
    let logs = report["logs"].as_array()?;
    let log = logs.iter().find(|log| log["log"] == "anytime")?;
    let look = log["nodes"].as_array()?.iter().find(|look| look["node"] == node)?;
    look["status"]["detail"]["completeness"].as_str().map(str::to_owned)
}

/// Promises stand on two lists of three, and nothing is published. One of the two is damaged all over, and its state too: what is
/// whole stays, the rest is copied from the other. Then that one is lost, and the repaired list is the only one that has them.
#[test]
fn a_damaged_list_keeps_what_is_whole_and_copies_the_rest() {
    let cluster = Cluster::start(&["--sth-interval", "500ms", "--publish-interval", "200ms"]);
    let nodes = cluster.nodes();
    let mut promised = promises(&cluster.session(0), 4);
    let mut spread = Spread::take_over(cluster);
    let dir = spread.dir().to_owned();
    spread.start_all();
    let session = spread.session();
    wait_for("a promise", || promise(&session));
    let merges = ["merge-1", "merge-2", "merge-3"];
    merges.iter().for_each(|node| spread.kill(node));
    spread.kill("storage-3");
    promised.extend((0..40).map(|_| (0, wait_for("a promise without merge nodes", || promise(&session)))));

    spread.kill("storage-2");
    is_clean(&dir, "storage-2");
    let log = log_dir(nodes.iter().find(|node| node.name == "storage-2").unwrap());
    let repair = |more: &[&str]| {
        fsck(&dir, &[&["--node", "storage-2", "--log", "anytime", "--repair"], more].concat())
    };
    // A list that nobody could fill is not made anew unless a person says so.
    let sct = "INSERT INTO late_scts VALUES(5, x'00')";
    rusqlite::Connection::open(log.join("list/list.db")).unwrap().execute_batch(sct).unwrap();
    let refused = repair(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("1 other storage nodes run and are whole"), "{}", text(&refused));
    let repaired = repair(&["--wait-for-lists"]);
    assert!(repaired.status.success(), "{}", text(&repaired));

    let segment = log.join("list/segments/00000000.seg");
    let size = fs::metadata(&segment).unwrap().len() as usize;
    (0..10).for_each(|part| flip(&segment, 100 + part * (size - 200) / 10));
    let change_state = |sql: &str| {
        rusqlite::Connection::open(log.join("state.db")).unwrap().execute_batch(sql).unwrap();
        findings(&dir, "storage-2")
    };
    let found = change_state("DELETE FROM state WHERE key = 'completeness'");
    let lacks = |finding: &Value| finding["found"].as_str().unwrap().contains("completeness");
    assert!(found.iter().any(lacks), "a row that is gone: {found:#?}");
    let found = change_state("UPDATE state SET value = '7' WHERE key = 'start'");
    assert!(found.iter().any(|finding| finding["row"] == "start"), "{found:#?}");
    assert!(found.len() > 8, "{found:#?}");
    let mut refused = fsck(&dir, &["--node", "storage-2", "--log", "anytime"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));

    // Its own certificate is whole, so no merge node is needed.
    spread.start_again("storage-3");
    wait_for("two lists to be whole", || (completeness(&dir, "storage-3")? == "whole").then_some(()));
    let repaired = repair(&[]);
    assert!(repaired.status.success(), "{}", text(&repaired));
    assert!(text(&repaired).contains("places were damaged"), "{}", text(&repaired));
    is_clean(&dir, "storage-2");
    for kept in ["damaged-1", "damaged-2"] {
        assert!(log.with_extension(kept).is_dir(), "the damaged files are kept");
    }
    spread.start_again("storage-2");
    refused = repair(&[]);
    assert_eq!(refused.status.code(), Some(64), "it runs: {}", text(&refused));
    wait_for("the list to be whole", || (completeness(&dir, "storage-2")? == "whole").then_some(()));

    spread.kill("storage-1");
    merges.iter().for_each(|node| spread.start_again(node));
    demand_all(&[spread.session()], &promised);
}
