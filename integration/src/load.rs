//! Submissions while something goes wrong, and the demand that every promise was kept.

use crate::cluster::wait_for;
use judge::JudgeError;
use judge::session::{Case, Session, Submission};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A new certificate through this frontend: the promise, verified; or `None` if none was made.
///
/// # Panics
/// If the answer is broken: neither a promise, nor 503, nor silence.
pub fn promise(session: &Session) -> Option<Submission> {
    let leaf = session.lab.leaf().expect("the lab makes certificates");
    let chain = session.lab.root.issue_chain(&leaf).expect("the lab issues them");
    match session.accept(Case::certificate("under fire", chain)) {
        Ok(submission) => Some(submission),
        // A frontend that is down answers nothing, one that cannot promise says 503. All else is a broken answer.
        Err(JudgeError::Transport { .. } | JudgeError::Status { found: 503, .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Submits through all these frontends while `trouble` happens; returns everything that was promised, with the place of
/// the frontend that promised it.
///
/// # Panics
/// As [`promise`].
pub fn under_load(sessions: &[Session], trouble: impl FnOnce()) -> Vec<(usize, Submission)> {
    let (stop, promised) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for (frontend, session) in sessions.iter().enumerate() {
            let (stop, promised) = (&stop, &promised);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if let Some(submission) = promise(session) {
                        promised.lock().expect("no submitter panicked").push((frontend, submission));
                    }
                }
            });
        }
        // A trouble that panics must not leave the submitters running.
        let _stop = StopOnDrop(&stop);
        trouble();
    });
    promised.into_inner().expect("no submitter panicked")
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Demands that each promise is in the tree, seen through another frontend than the one that gave it.
///
/// # Panics
/// If one is not, or if there is none.
pub fn demand_all(sessions: &[Session], promised: &[(usize, Submission)]) {
    assert!(!promised.is_empty(), "nothing was promised, so nothing was tested");
    // One that was started a moment ago shows nothing before the primary says what (docs/protocol.md, P8).
    for session in sessions {
        wait_for("the frontend to show a tree head", || session.sth().ok());
    }
    for (frontend, submission) in promised {
        let other = &sessions[(frontend + 1) % sessions.len()];
        other.included(submission).unwrap_or_else(|error| panic!("a promise was not kept: {error}"));
    }
}
