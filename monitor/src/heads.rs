//! Judging a signed tree head by all that was seen of its log: pure, so that every story can be told in a test.
//!
//! The heads on record agree with each other: same size, same root; a larger tree extends a smaller one and is of a later
//! moment. So a new head that agrees with its neighbours in size agrees with all, and one proof is enough.

#[cfg(test)]
mod tests;

use client::evidence::Served;
use ct::index::TreeSize;
use ct::merkle::EMPTY_ROOT;
use ct::sth::TreeHead;

/// What is on record about a size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// A head of this very size.
    pub at: Option<Served>,
    /// Of the nearest smaller size, the latest.
    pub below: Option<Served>,
    /// Of the nearest larger size, the earliest.
    pub above: Option<Served>,
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

/// Judges a head whose signature is good.
pub fn judge(new: &TreeHead, around: Around) -> Judgement {
    if new.tree_size == TreeSize::ZERO && new.root_hash != EMPTY_ROOT {
        return Judgement::Impossible;
    }
    let contradicts = |kind, other: Served| Judgement::Contradicts(kind, Box::new(other));
    let known = around.at.is_some();
    if let Some(at) = around.at
        && at.sth.head.root_hash != new.root_hash
    {
        return contradicts(Contradiction::Fork, at);
    }
    if let Some(below) = &around.below
        && below.sth.head.timestamp >= new.timestamp
    {
        return contradicts(Contradiction::Shrunk, below.clone());
    }
    if let Some(above) = &around.above
        && above.sth.head.timestamp <= new.timestamp
    {
        return contradicts(Contradiction::Shrunk, above.clone());
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
