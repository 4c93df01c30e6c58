//! `kill -9` at any node, at any moment: nothing that was promised is lost, and the log goes on.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, wait_for};
use judge::JudgeError;
use judge::session::{Case, Session, Submission};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A new certificate through this frontend: the promise, verified; or `None` if none was made.
fn promise(session: &Session) -> Option<Submission> {
    let chain = session.lab.root.issue_chain(&session.lab.leaf().unwrap()).unwrap();
    match session.accept(Case::certificate("under fire", chain)) {
        Ok(submission) => Some(submission),
        // A frontend that is down answers nothing, one that cannot promise says 503. All else is a broken answer.
        Err(JudgeError::Transport { .. } | JudgeError::Status { found: 503, .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Submits through both frontends while `trouble` happens; returns everything that was promised.
fn under_load(cluster: &Cluster, trouble: impl FnOnce()) -> Vec<(usize, Submission)> {
    let (stop, promised) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let sessions = [cluster.session(0), cluster.session(1)];
    std::thread::scope(|scope| {
        for (frontend, session) in sessions.iter().enumerate() {
            let (stop, promised) = (&stop, &promised);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if let Some(submission) = promise(session) {
                        promised.lock().unwrap().push((frontend, submission));
                    }
                }
            });
        }
        trouble();
        stop.store(true, Ordering::Relaxed);
    });
    promised.into_inner().unwrap()
}

fn demand_all(cluster: &Cluster, promised: &[(usize, Submission)]) {
    assert!(!promised.is_empty(), "nothing was promised, so nothing was tested");
    // Each through the other frontend than the one that promised it.
    let sessions = [cluster.session(0), cluster.session(1)];
    for (frontend, submission) in promised {
        sessions[1 - frontend].included(submission).unwrap();
    }
}

#[test]
fn every_role_may_be_killed_during_submissions() {
    let cluster = Cluster::start(&["--sth-interval", "2s"]);
    let promised = under_load(&cluster, || {
        for victim in ["storage-1", "frontend-2", "merge-2", "signer-1", "merge-1", "storage-3", "frontend-1"]
        {
            let old = cluster.kill(victim);
            cluster.await_restart(&old);
            let session = cluster.session(usize::from(victim == "frontend-1"));
            wait_for("a promise after the kill", || promise(&session));
        }
    });
    demand_all(&cluster, &promised);
    // Nothing is lost either when everything stops and starts again.
    let cluster = cluster.restart();
    demand_all(&cluster, &promised);
    let session = cluster.session(0);
    wait_for("a promise after the restart", || promise(&session));
}
