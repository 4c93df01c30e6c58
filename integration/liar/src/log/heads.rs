//! Signing heads.

use judge::merkle::Hash;
use judge::tls::sth_signed_data;

use super::{Branch, Log, State};
use crate::lie::Lie;
use crate::setup::Publishing;
use crate::signer::Signer;

/// A log that publishes on demand signs a head anew when it is this many milliseconds old.
const RESIGN: u64 = 100;

/// A signed tree head (RFC 6962 §3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Milliseconds since the epoch.
    pub timestamp: u64,
    /// Root of the tree.
    pub root: Hash,
    /// A `DigitallySigned`.
    pub signature: Vec<u8>,
}

impl Log {
    /// Signs a head for what the log holds, dated now, but always after the last one.
    pub(crate) fn publish(&self) -> Head {
        let mut state = self.state();
        let last = state.trunk.head.as_ref().map_or(0, |head| head.timestamp + 1);
        self.publish_state(&mut state, self.clock.now().max(last))
    }

    /// Signs a head with this date, wise or not.
    pub(crate) fn publish_at(&self, timestamp: u64) -> Head {
        self.publish_state(&mut self.state(), timestamp)
    }

    fn publish_state(&self, state: &mut State, timestamp: u64) -> Head {
        if state.fork.is_some() {
            self.publish_branch(state, Branch::Fork, timestamp);
        }
        self.publish_branch(state, Branch::Trunk, timestamp)
    }

    fn publish_branch(&self, state: &mut State, branch: Branch, timestamp: u64) -> Head {
        let tree = state.tree_mut(branch);
        let size = tree.len();
        let head = self.signed_head(timestamp, size as u64, tree.root(size));
        tree.head = Some(head.clone());
        head
    }

    /// Makes a fork, with a head of the same size and date as the trunk's.
    pub(crate) fn fork_at(&self, size: u64) {
        let mut state = self.state();
        let published = state.trunk.head.as_ref().map(|head| (head.size, head.timestamp));
        let now = published.map_or_else(|| self.clock.now(), |(_, timestamp)| timestamp);
        state.fork_at(size as usize, now);
        if let (Some((size, timestamp)), Some(fork)) = (published, &mut state.fork) {
            fork.head = Some(self.signed_head(timestamp, size, fork.root(size as usize)));
        }
    }

    /// Makes a fork that shares nothing, unless there is a fork already.
    pub(crate) fn fork_if_none(&self) {
        if self.state().fork.is_none() {
            self.fork_at(0);
        }
    }

    /// The head of this branch, published now if that is this log's way and there is reason to.
    pub(crate) fn head(&self, branch: Branch, lie: Lie) -> Head {
        let mut state = self.state();
        let now = self.clock.now();
        let tree = state.tree(branch);
        match &tree.head {
            None => self.publish_branch(&mut state, branch, now),
            Some(head) if self.publishing == Publishing::ByHand => head.clone(),
            Some(head) => {
                let old = now.saturating_sub(head.timestamp) >= RESIGN && lie != Lie::SthFrozen;
                let due = (head.size as usize) < tree.len() || old;
                let next = head.timestamp + 1;
                // Two heads of one millisecond would be one too many; a stopped clock never gets beyond it.
                if !due || (now < next && !self.clock.is_stopped()) {
                    return head.clone();
                }
                self.publish_branch(&mut state, branch, now.max(next))
            }
        }
    }

    pub(crate) fn signed_head(&self, timestamp: u64, size: u64, root: Hash) -> Head {
        sign(&self.signer, timestamp, size, root)
    }

    /// A head that somebody else signed.
    pub(crate) fn strangely_signed_head(&self, timestamp: u64, size: u64, root: Hash) -> Head {
        sign(&self.stranger, timestamp, size, root)
    }
}

fn sign(signer: &Signer, timestamp: u64, size: u64, root: Hash) -> Head {
    let signature = signer.sign(&sth_signed_data(timestamp, size, &root));
    Head { size, timestamp, root, signature }
}
