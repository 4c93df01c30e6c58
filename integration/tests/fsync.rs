//! fsync is real: a promise waits for it, and without it there is none. strace delays or fails the system call itself, so
//! nothing in the program can know.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, may_trace, wait_for};
use integration::spread::Spread;
use judge::JudgeError;
use judge::session::{Case, Session, Submission};
use std::time::{Duration, Instant};

const DELAY: Duration = Duration::from_millis(400);

fn submit(session: &Session) -> Result<Submission, JudgeError> {
    let chain = session.lab.root.issue_chain(&session.lab.leaf()?)?;
    session.accept(Case::certificate("while syncs are slow", chain))
}

/// A cluster whose storage nodes run behind `inject`, and everything else as usual.
fn cluster_with(inject: &str) -> Spread {
    let mut spread = Spread::take_over(Cluster::start(&[]));
    let inject = format!("inject=fsync,fdatasync:{inject}");
    spread
        .start("storage", &["strace", "-f", "--seccomp-bpf", "-qq", "-I2", "-o", "/dev/null", "-e", &inject]);
    for role in ["signer", "merge", "frontend"] {
        spread.start(role, &[]);
    }
    spread
}

#[test]
fn no_promise_comes_sooner_than_the_sync() {
    if !may_trace() {
        println!("skipped: ptrace is refused here, or there is no strace");
        return;
    }
    let spread = cluster_with(&format!("delay_exit={}", DELAY.as_micros()));
    let session = spread.session();
    wait_for("a promise", || submit(&session).ok());
    for _ in 0..5 {
        let begin = Instant::now();
        submit(&session).unwrap();
        assert!(
            begin.elapsed() >= DELAY,
            "a promise after {:?}, before any sync can have ended",
            begin.elapsed()
        );
    }
}

#[test]
fn no_promise_comes_without_the_sync_and_the_node_stops() {
    if !may_trace() {
        println!("skipped: ptrace is refused here, or there is no strace");
        return;
    }
    let mut spread = cluster_with("error=EIO");
    let session = spread.session();
    // Each submission costs the storage nodes their lives; until all have ended, and after, there is no promise.
    wait_for("every storage node to stop", || {
        if let Ok(submission) = submit(&session) {
            panic!("a promise without a sync: {}", submission.sct.timestamp);
        }
        (spread.ended("storage").len() == 3).then_some(())
    });
    for said in spread.ended("storage") {
        assert!(said.contains("Input/output error"), "it does not say why it stopped: {said}");
    }
}
