//! What may be found where a promise should be kept.

use crate::stats::Percentiles;
use crate::views::Shown;
use ct::hash::LeafHash;
use ct::time::Timestamp;
use serde::Serialize;

/// A promise that was not kept, or not seen kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unkept {
    /// The leaf.
    pub leaf: LeafHash,
    /// When it was promised.
    pub promised: Timestamp,
    /// What was found instead.
    pub found: Found,
}

/// What was found instead of a kept promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A tree head later than the maximum merge delay, without the leaf.
    Without {
        /// The tree head.
        later: Shown,
        /// How that is known.
        answer: String,
    },
    /// It is there, but the first tree head with it is later than the maximum merge delay.
    Late {
        /// The tree head.
        first: Shown,
    },
    /// Nothing in the time allowed; the maximum merge delay may not be over.
    Nothing {
        /// Where it was looked for.
        frontend: usize,
        /// What was said last.
        last: String,
    },
}

/// What came of proving.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofReport {
    /// Different leaves that were promised.
    pub promised: usize,
    /// Those that were proved on every frontend.
    pub proved: usize,
    /// From the SCT to the first tree head with the leaf, as far as tree heads were seen.
    pub merge_delay: Option<Percentiles>,
    /// Promises broken: they were not kept within the maximum merge delay.
    pub broken: usize,
    /// Promises that were not seen kept in the time allowed.
    pub unproved: usize,
    /// How long proving took, in seconds.
    pub seconds: f64,
}
