//! What a monitor tells while it works, for whoever shows it.

use crate::finding::Finding;
use ct::index::TreeSize;

/// Something that happened to one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News<'a> {
    /// A head was verified, and agrees with all others: the tree has this size now.
    Head(TreeSize),
    /// Entries were read.
    Read {
        /// So far.
        to: TreeSize,
        /// Up to the newest head there will be so many.
        of: TreeSize,
    },
    /// What others have seen was checked.
    Checked {
        /// So much.
        done: usize,
        /// Of so much.
        of: usize,
    },
    /// Something is wrong.
    Finding(&'a Finding),
    /// What was wrong is right again.
    Recovered,
}

/// Is told what happens. It must be quick: the log waits.
pub trait Observer: Send + Sync {
    /// Something happened to log number `log`, counted from 0 in the order in which the logs were given.
    fn tell(&self, log: usize, news: News<'_>);
}

/// Says nothing to anybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn tell(&self, _log: usize, _news: News<'_>) {}
}
