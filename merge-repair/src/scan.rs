//! What the nodes of a log say, and how old its newest tree head is.

use ct::key::LogKey;
use ct::names::{NodeName, Role};
use ct::sth::VerifiedSth;
use ct::time::Timestamp;
use ct::wire::status::{Detail, Status};
use std::time::Duration;

/// What one node said, or that it did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whom was asked.
    pub node: NodeName,
    /// Its role.
    pub role: Role,
    /// What it said; or why it could not be asked.
    pub answer: Result<Status, String>,
}

/// One look at every node of a log. Frontends and signers are asked before merge nodes: then every tree head that is seen
/// had been accepted by a majority before a merge node said what it accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// When, by repair's own clock.
    pub now: Timestamp,
    /// Every node of the log, once.
    pub looks: Vec<Look>,
}

/// How old the newest tree head is that the public can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// No majority of frontends answered. Silence is not age (docs/protocol.md, R5).
    Silence {
        /// Frontends that answered.
        answered: usize,
        /// Frontends.
        frontends: usize,
    },
    /// A majority answered, and none shows a tree head: the log was never published.
    Unpublished,
    /// So old.
    Known(Duration),
}

impl Scan {
    /// The answer of a node.
    pub fn status(&self, node: &NodeName) -> Option<&Status> {
        self.looks.iter().find(|look| look.node == *node)?.answer.as_ref().ok()
    }

    fn frontends(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(|look| look.role == Role::Frontend)
    }

    fn statuses(&self) -> impl Iterator<Item = &Status> {
        self.looks.iter().filter_map(|look| look.answer.as_ref().ok())
    }

    /// The newest tree head of the log that any node knows, and under whose signature it can be believed.
    pub fn newest_sth(&self, key: &LogKey) -> Option<VerifiedSth> {
        let known = self.statuses().flat_map(|status| status.detail.sths());
        known.filter_map(|sth| key.verify_sth(sth.clone()).ok()).max_by_key(order)
    }

    /// The age of the newest tree head on any frontend. Each frontend's own clock and repair's have a say in what time it
    /// is, and the one in the middle is believed: a single wrong clock neither starts a repair nor prevents one.
    pub fn age(&self, key: &LogKey) -> Age {
        let frontends = self.frontends().count();
        let answers: Vec<&Status> = self.frontends().filter_map(|look| look.answer.as_ref().ok()).collect();
        let answered = answers.len();
        if answered <= frontends / 2 {
            return Age::Silence { answered, frontends };
        }
        let published = answers.iter().filter_map(|status| match &status.detail {
            Detail::Frontend { published, .. } => published.clone(),
            _ => None,
        });
        let newest = published.filter_map(|sth| key.verify_sth(sth).ok()).max_by_key(order);
        let Some(newest) = newest else { return Age::Unpublished };
        let mut clocks: Vec<Timestamp> = answers.iter().map(|status| status.now).chain([self.now]).collect();
        clocks.sort_unstable();
        // Of an even number the earlier one in the middle: rather later than for nothing.
        let now = clocks[(clocks.len() - 1) / 2];
        Age::Known(now.since(newest.head().timestamp))
    }
}

fn order(sth: &VerifiedSth) -> (ct::index::TreeSize, Timestamp) {
    (sth.head().tree_size, sth.head().timestamp)
}
