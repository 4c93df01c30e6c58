//! One frontend, what it has still to prove, and when it may be asked again.

use client::{ClientError, Patience};
use ct::hash::LeafHash;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A tree of the same size has no leaf that it did not have before; but a frontend may have failed to say so.
const SAME_TREE: Duration = Duration::from_secs(1);
/// Longest pause that a frontend gets because it asked for it: no run lasts longer.
const LONGEST_ASKED: Duration = Duration::from_secs(7 * 86_400);
/// A pass ends after so many failures in a row: what is not answered now may be later.
const FAILURES: u32 = 8;

/// One frontend, and what it has still to prove.
pub(super) struct Pending {
    pub(super) frontend: usize,
    pub(super) leaves: BTreeMap<LeafHash, Timestamp>,
    /// What was answered last about a leaf.
    pub(super) last: BTreeMap<LeafHash, String>,
    looked: Option<(TreeHead, Instant)>,
    /// Passes in a row that ended early.
    failed: u32,
    resume: Instant,
}

/// How a pass over the leaves of a frontend goes.
#[derive(Debug, Default)]
pub(super) struct Pass {
    failures: u32,
    asked: Option<Duration>,
    over: Over,
}

/// Whether a pass is to go on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Over {
    #[default]
    No,
    Yes,
}

impl Pass {
    /// A request was answered.
    pub(super) const fn answered(&mut self) {
        self.failures = 0;
    }

    /// A request failed. One that says no has been answered all the same.
    pub(super) fn failed(&mut self, error: &ClientError) {
        if !error.may_pass() {
            return self.answered();
        }
        self.failures += 1;
        self.asked = self.asked.max(error.retry_after());
        if self.failures >= FAILURES || self.asked.is_some() {
            self.over = Over::Yes;
        }
    }

    /// Whether nothing more is to be asked in it.
    pub(super) fn is_over(&self) -> bool {
        self.over == Over::Yes
    }
}

impl Pending {
    pub(super) fn new(frontend: usize, leaves: BTreeMap<LeafHash, Timestamp>) -> Self {
        let (last, resume) = (BTreeMap::new(), Instant::now());
        Self { frontend, leaves, last, looked: None, failed: 0, resume }
    }

    /// Whether it is worth looking into this tree.
    pub(super) fn is_news(&mut self, head: &TreeHead) -> bool {
        let same = |(looked, at): &(TreeHead, Instant)| {
            looked.tree_size == head.tree_size && at.elapsed() < SAME_TREE
        };
        if head.tree_size.get() == 0 || self.looked.as_ref().is_some_and(same) {
            return false;
        }
        self.looked = Some((*head, Instant::now()));
        true
    }

    /// Whether there is something to ask it, and it may be asked now.
    pub(super) fn is_due(&self) -> bool {
        !self.leaves.is_empty() && self.resume <= Instant::now()
    }

    /// Whether there is something to ask it, and time for that.
    pub(super) fn may_be_asked_before(&self, deadline: Instant) -> bool {
        !self.leaves.is_empty() && self.resume.max(Instant::now()) < deadline
    }

    /// After a pass: one that failed is followed by a pause, at least the one that the log asked for.
    pub(super) fn rest(&mut self, pass: &Pass) {
        if !pass.is_over() && pass.failures == 0 {
            self.failed = 0;
            return;
        }
        self.failed = self.failed.saturating_add(1);
        let asked = pass.asked.map(|asked| asked.min(LONGEST_ASKED));
        self.resume = Instant::now() + Patience::default().pause_after(self.failed, asked, fastrand::f64());
    }

    /// What is known of a leaf that was not proved.
    pub(super) fn last(&mut self, leaf: LeafHash, promised: Timestamp) -> String {
        self.last.remove(&leaf).unwrap_or_else(|| match &self.looked {
            Some((head, _)) if head.timestamp >= promised => "there was no time to ask for it".to_owned(),
            _ => "no tree head later than it".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after: Option<Duration>) -> ClientError {
        ClientError::Status { url: String::new(), status, retry_after, text: String::new() }
    }

    fn pending() -> Pending {
        Pending::new(0, BTreeMap::from([(LeafHash::new([1; 32]), Timestamp::EPOCH)]))
    }

    #[test]
    fn a_pass_ends_after_failures_in_a_row_and_not_for_a_no() {
        let (mut pass, down, no) = (Pass::default(), status(500, None), status(404, None));
        for error in [&down, &no, &down, &down, &no].into_iter().cycle().take(100) {
            pass.failed(error);
            assert!(!pass.is_over());
        }
        (0..FAILURES).for_each(|_| pass.failed(&down));
        assert!(pass.is_over());
    }

    #[test]
    fn a_pause_that_is_asked_for_ends_a_pass_and_is_kept() {
        let (mut front, mut pass) = (pending(), Pass::default());
        let begun = Instant::now();
        assert!(front.is_due() && front.may_be_asked_before(begun + Duration::from_secs(60)));
        pass.failed(&status(429, Some(Duration::from_secs(3600))));
        assert!(pass.is_over());
        front.rest(&pass);
        assert!(!front.is_due());
        assert!(!front.may_be_asked_before(begun + Duration::from_secs(3600)));
        assert!(front.may_be_asked_before(begun + Duration::from_secs(3700)));
        pass.failed(&status(429, Some(Duration::MAX)));
        front.rest(&pass);
        assert!(!front.may_be_asked_before(begun + Duration::from_secs(3700)));
    }
}
