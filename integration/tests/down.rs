//! One node is down and stays down. What must go on goes on, and what cannot be promised is not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, START, wait_for, wolffish};
use integration::spread::Spread;
use judge::JudgeError;
use judge::api::Submit;
use judge::session::{Case, Session, Submission};
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

fn submit(session: &Session) -> Result<Submission, JudgeError> {
    let chain = session.lab.root.issue_chain(&session.lab.leaf()?)?;
    session.accept(Case::certificate("with a node down", chain))
}

/// A running cluster with the first promise behind it.
fn cluster(options: &[&str]) -> (Spread, Session) {
    let mut spread = Spread::take_over(Cluster::start(options));
    spread.start_all();
    let session = spread.session();
    wait_for("a promise", || submit(&session).ok());
    (spread, session)
}

/// The answer to a submission that cannot be promised now.
fn refused(session: &Session) -> Option<String> {
    let chain = session.lab.root.issue_chain(&session.lab.leaf().unwrap()).unwrap();
    let response = session.api.submit_raw(Submit::Chain, &chain).unwrap();
    if response.status == 200 {
        return None;
    }
    assert_eq!(response.status, 503, "{}", response.excerpt());
    assert!(response.header("retry-after").is_some(), "503 without Retry-After: {}", response.excerpt());
    Some(response.excerpt())
}

fn reads_go_on(session: &Session, promised: &Submission) {
    session.included(promised).unwrap();
    session.api.entries(0, 0).unwrap();
    session.api.roots().unwrap();
}

#[test]
fn one_storage_node_one_secondary_or_one_frontend_down_is_no_matter() {
    let (mut spread, session) = cluster(&[]);
    for node in ["storage-2", "merge-3", "frontend-2"] {
        spread.kill(node);
        for _ in 0..3 {
            let promised = submit(&session).unwrap_or_else(|error| panic!("without {node}: {error}"));
            session.included(&promised).unwrap_or_else(|error| panic!("without {node}: {error}"));
        }
        spread.start_again(node);
    }
}

#[test]
fn without_the_signer_reads_go_on_and_nothing_is_promised() {
    let (mut spread, session) = cluster(&[]);
    let promised = submit(&session).unwrap();
    session.included(&promised).unwrap();
    spread.kill("signer-1");
    // The first answer may have to find out; then it is known, and said at once.
    wait_for("add-chain to answer 503", || refused(&session));
    let begin = Instant::now();
    let said = refused(&session).expect("nothing can be promised without a signer");
    assert!(begin.elapsed() < Duration::from_secs(2), "it took {:?} to say: {said}", begin.elapsed());
    reads_go_on(&session, &promised);
    spread.start_again("signer-1");
    let later = wait_for("a promise with the signer back", || submit(&session).ok());
    session.included(&later).unwrap();
}

#[test]
fn without_k_storage_nodes_nothing_is_promised() {
    let (mut spread, session) = cluster(&[]);
    let promised = submit(&session).unwrap();
    // Of an entry that is still unpublished the two nodes that go down may have the only copies.
    session.included(&promised).unwrap();
    spread.kill("storage-1");
    spread.kill("storage-3");
    wait_for("add-chain to answer 503", || refused(&session));
    reads_go_on(&session, &promised);
    spread.start_again("storage-3");
    wait_for("a promise with k storage nodes", || submit(&session).ok());
}

#[test]
fn without_the_primary_promises_end_when_the_tree_head_is_old() {
    // Promises end when the newest STH is older than MMD/2.
    let (mut spread, session) = cluster(&["--mmd", "8", "--sth-interval", "1s"]);
    let promised = wait_for("a first promise", || submit(&session).ok());
    session.included(&promised).unwrap();
    spread.kill("merge-1");
    let last = wait_for("a promise without a primary", || submit(&session).ok());
    let said = wait_for("add-chain to answer 503", || refused(&session));
    assert!(said.contains("old"), "it does not say that the tree head is old: {said}");
    reads_go_on(&session, &promised);
    // What was promised meanwhile is merged as soon as there is a primary again.
    spread.start_again("merge-1");
    session.included(&last).unwrap();
    wait_for("a promise with the primary back", || submit(&session).ok());
}

/// Whoever starts it again, at once or by hand, must see that it ended: it hung for ever, with its logs open and nobody to answer.
#[test]
fn a_node_whose_port_is_taken_says_so_and_ends() {
    let spread = Spread::take_over(Cluster::start(&[]));
    let node = spread.nodes().iter().find(|node| node.role == "merge").unwrap().clone();
    let _taken = TcpListener::bind(&node.address).unwrap();
    let (file, said) = (spread.dir().join("cluster.toml"), spread.dir().join("taken.log"));
    let log = File::create(&said).unwrap();
    let mut command = Command::new(wolffish());
    command.args(["run", "merge", "--node", &node.name, "--cluster"]).arg(file);
    command.arg("--state").arg(&node.state_dir).stdout(log.try_clone().unwrap()).stderr(log);
    let mut child = command.spawn().unwrap();
    let begin = Instant::now();
    let status = wait_for("it to end", || {
        if begin.elapsed() > START / 3 {
            // A failed test leaves nothing behind.
            child.kill().unwrap();
        }
        child.try_wait().unwrap()
    });
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("cannot listen on") && said.contains("Address already in use"), "{said}");
    assert_eq!(status.signal(), None, "it did not end by itself: {said}");
}
