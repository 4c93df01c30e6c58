//! What a piece of evidence proves, and what it does not.

use super::{BrokenPromise, Case, Evidence, TreeHeads};
use ct::entry::Leaf;
use ct::hash::{LeafHash, RootHash};
use ct::index::TreeSize;
use ct::key::{BadSignature, LogKey, SctError};
use ct::merkle::leaf_hash;
use ct::merkle::verify::{ProofError, Relation, relation};
use ct::sth::TreeHead;
use ct::time::Timestamp;
use ct::tls::DecodeError;
use std::fmt;

/// What a piece of evidence proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Proven: the log has shown two trees, of which neither extends the other.
    Fork(Fork),
    /// Proven: the log has signed a smaller tree after a larger one, or for the same moment.
    Shrunk {
        /// The larger tree, which was there already.
        before: TreeHead,
        /// The smaller tree.
        after: TreeHead,
    },
    /// Proven: the log has promised an entry, and signed a tree so late that the entry must be in it. That it is not cannot
    /// be seen offline; the log can be asked, by anybody.
    Due {
        /// The entry.
        leaf: LeafHash,
        /// When it had to be in the tree.
        due: Timestamp,
        /// The tree that must have it.
        head: TreeHead,
    },
    /// Nothing is proven.
    NotProven(Doubt),
}

/// How a fork shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// Two signed roots for one size.
    SameSize {
        /// The size.
        size: TreeSize,
        /// The two roots.
        roots: [RootHash; 2],
    },
    /// The larger signed tree begins with other entries than the smaller has.
    OtherPrefix {
        /// Size of the smaller tree.
        first: TreeSize,
        /// Its root, signed.
        root: RootHash,
        /// Size of the larger tree.
        second: TreeSize,
        /// The root over as many entries of the larger tree.
        computed: RootHash,
    },
}

/// Why nothing is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// A tree head is not the log's.
    #[error("the {which} tree head is not the log's: {error}")]
    TreeHead {
        /// Which of them.
        which: &'static str,
        /// Why.
        error: BadSignature,
    },
    /// The two tree heads go together.
    #[error("the two tree heads are consistent")]
    Consistent,
    /// There is no path between the trees.
    #[error(
        "sizes and times rise together, and there is no path between the trees: the log owes a consistency proof"
    )]
    NoPath,
    /// The path is no proof of anything.
    #[error(
        "sizes and times rise together, and the path proves nothing: {0}; a log that gives no better one is suspect"
    )]
    BadPath(ProofError),
    /// What is called the leaf is none.
    #[error("leaf_input is no leaf: {0}")]
    Leaf(DecodeError),
    /// The SCT promises another leaf.
    #[error("leaf_input has another {0} than the SCT")]
    OtherLeaf(&'static str),
    /// The SCT is not the log's.
    #[error("the promise is not the log's: {0}")]
    Sct(SctError),
    /// The tree head is too early.
    #[error("the entry is due at {due}, and the tree head is of {at}, not later")]
    NotDue {
        /// When the entry must be in the tree.
        due: Timestamp,
        /// Time of the tree head.
        at: Timestamp,
    },
}

impl Verdict {
    /// One word, the same in every version.
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Fork(_) => "fork",
            Verdict::Shrunk { .. } => "shrunk",
            Verdict::Due { .. } => "due",
            Verdict::NotProven(_) => "not-proven",
        }
    }

    /// Whether the evidence proves what it is about.
    pub const fn is_proven(&self) -> bool {
        !matches!(self, Verdict::NotProven(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Fork(Fork::SameSize { size, roots: [one, other] }) => {
                write!(f, "proven fork: two signed trees of {size} entries, with the roots {one} and {other}")
            }
            Verdict::Fork(Fork::OtherPrefix { first, root, second, computed }) => write!(
                f,
                "proven fork: the first {first} entries of the signed tree of {second} have the root {computed}, \
                 and the signed tree of {first} has {root}"
            ),
            Verdict::Shrunk { before, after } => {
                let (large, small) = (before.tree_size, after.tree_size);
                let (then, now) = (before.timestamp, after.timestamp);
                write!(f, "proven to have shrunk: {large} entries signed at {then}, {small} at {now}")
            }
            Verdict::Due { leaf, due, head } => write!(
                f,
                "proven: the log promised the leaf {leaf} for {due} at the latest, and signed the tree of {} entries \
                 at {}, which must have it; whether it has is not decided by this file, but by asking the log",
                head.tree_size, head.timestamp
            ),
            Verdict::NotProven(doubt) => write!(f, "not proven: {doubt}"),
        }
    }
}

impl Evidence {
    /// Judges the evidence by itself alone.
    pub fn verdict(&self) -> Verdict {
        let judged = match &self.case {
            Case::TreeHeads(heads) => heads.judge(self.log.key()),
            Case::BrokenPromise(promise) => promise.judge(self.log.key()),
        };
        judged.unwrap_or_else(Verdict::NotProven)
    }
}

impl TreeHeads {
    fn judge(&self, key: &LogKey) -> Result<Verdict, Doubt> {
        for (which, served) in [("first", &self.first), ("second", &self.second)] {
            key.verify_sth(served.sth.clone()).map_err(|error| Doubt::TreeHead { which, error })?;
        }
        let mut heads = [self.first.sth.head, self.second.sth.head];
        heads.sort_by_key(|head| (head.tree_size, head.timestamp));
        let [small, large] = heads;
        let path = self.consistency.as_deref();
        let found = relation(
            small.tree_size,
            small.root_hash,
            large.tree_size,
            large.root_hash,
            path.unwrap_or_default(),
        );
        let shrunk = small.tree_size < large.tree_size && small.timestamp >= large.timestamp;
        match found {
            Relation::OtherPrefix { computed } => Ok(Verdict::Fork(fork(&small, &large, computed))),
            Relation::Extends | Relation::Unproven(_) if shrunk => {
                Ok(Verdict::Shrunk { before: large, after: small })
            }
            Relation::Extends => Err(Doubt::Consistent),
            Relation::Unproven(_) if path.is_none() => Err(Doubt::NoPath),
            Relation::Unproven(error) => Err(Doubt::BadPath(error)),
        }
    }
}

const fn fork(small: &TreeHead, large: &TreeHead, computed: RootHash) -> Fork {
    let (first, second) = (small.tree_size, large.tree_size);
    if first.get() == second.get() {
        Fork::SameSize { size: first, roots: [small.root_hash, large.root_hash] }
    } else {
        Fork::OtherPrefix { first, root: small.root_hash, second, computed }
    }
}

impl BrokenPromise {
    fn judge(&self, key: &LogKey) -> Result<Verdict, Doubt> {
        let leaf = Leaf::decode(&self.leaf_input).map_err(Doubt::Leaf)?;
        if leaf.timestamp != self.sct.timestamp {
            return Err(Doubt::OtherLeaf("timestamp"));
        }
        if leaf.extensions != self.sct.extensions {
            return Err(Doubt::OtherLeaf("value of extensions"));
        }
        key.verify_sct(&self.sct, &leaf.entry).map_err(Doubt::Sct)?;
        let later = key.verify_sth(self.later.sth.clone());
        let head = *later.map_err(|error| Doubt::TreeHead { which: "later", error })?.head();
        let due = self.sct.timestamp.plus(self.mmd);
        if head.timestamp <= due {
            return Err(Doubt::NotDue { due, at: head.timestamp });
        }
        Ok(Verdict::Due { leaf: leaf_hash(&self.leaf_input), due, head })
    }
}
