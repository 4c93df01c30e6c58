//! Judging a signed tree head by all that was seen of its log: pure, so that every story can be told in a test.
//!
//! The heads that agree do so with each other: same size, same root; a larger tree extends a smaller one and is of a later
//! moment. So a new head that agrees with its neighbours in size agrees with all of them, and one proof is enough. Those that
//! still wait for a proof have no such order: a new head is held against each, for two signatures may contradict each other
//! without any proof, and a log that forks would rather not give one.

#[cfg(test)]
mod tests;

use client::evidence::Served;
use ct::index::TreeSize;
use ct::merkle::EMPTY_ROOT;
use ct::sth::TreeHead;

/// What is on record around a head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// A head of this very size.
    pub at: Option<Served>,
    /// Of the nearest smaller size, the latest.
    pub below: Option<Served>,
    /// Of the nearest larger size, the earliest.
    pub above: Option<Served>,
    /// One that waits for its proof and does not go with this one, whatever will be proved: [`contradiction`].
    pub unproven: Option<Served>,
}

/// What is to be said of a new head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It agrees with all that was seen.
    Agrees,
    /// It does if the tree of `first` is proved to be the beginning of that of `second`; one of the two is the new one.
    Prove {
        /// The smaller tree.
        first: TreeHead,
        /// The larger tree.
        second: TreeHead,
        /// The one that was on record.
        other: Box<Served>,
    },
    /// It contradicts a head on record.
    Contradicts(Contradiction, Box<Served>),
    /// No tree has such a head.
    Impossible,
}

/// How two heads contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// Two roots for one size.
    Fork,
    /// The smaller tree is not of an earlier moment (RFC 6962 §3.5: timestamps rise from update to update).
    Shrunk,
}

/// How two heads contradict each other by themselves alone, if they do.
pub fn contradiction(one: &TreeHead, other: &TreeHead) -> Option<Contradiction> {
    let (small, large) = if one.tree_size < other.tree_size { (one, other) } else { (other, one) };
    if small.tree_size == large.tree_size {
        (small.root_hash != large.root_hash).then_some(Contradiction::Fork)
    } else {
        (small.timestamp >= large.timestamp).then_some(Contradiction::Shrunk)
    }
}

/// Judges a head whose signature is good.
pub fn judge(new: &TreeHead, around: Around) -> Judgement {
    if new.tree_size == TreeSize::ZERO && new.root_hash != EMPTY_ROOT {
        return Judgement::Impossible;
    }
    let known = around.at.is_some();
    for other in [&around.at, &around.below, &around.above, &around.unproven].into_iter().flatten() {
        if let Some(how) = contradiction(new, &other.sth.head) {
            return Judgement::Contradicts(how, Box::new(other.clone()));
        }
    }
    match (around.above, around.below) {
        _ if known => Judgement::Agrees,
        (Some(above), _) => Judgement::Prove { first: *new, second: above.sth.head, other: Box::new(above) },
        (None, Some(below)) => {
            Judgement::Prove { first: below.sth.head, second: *new, other: Box::new(below) }
        }
        (None, None) => Judgement::Agrees,
    }
}
