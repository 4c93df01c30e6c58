//! How long the judge waits and how much it asks for.

use std::time::Duration;

use crate::target::Target;

/// Bounds on waiting and on load. [`Limits::for_target`] gives values for a log at rest on one machine.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For one ordinary request, from connecting to the last byte.
    pub request: Duration,
    /// Between two looks at get-sth while waiting.
    pub poll_interval: Duration,
    /// From SCT to inclusion in a published STH; never more than the MMD allows.
    pub inclusion: Duration,
    /// From one STH to the next of an idle log. A log re-signs when it likes within its MMD, so raise this for
    /// one that does it rarely.
    pub idle_sth: Duration,
    /// How far the log's clock may be ahead of the judge's. Zero on one machine: an SCT must never be post-dated.
    pub clock_ahead: Duration,
    /// How old the SCT of a fresh certificate may be when it arrives.
    pub sct_age: Duration,
    /// How soon a body that arrives byte by byte must be cut off or answered.
    pub drip: Duration,
    /// Between two bytes of that body.
    pub drip_interval: Duration,
    /// How long other requests may take meanwhile.
    pub drip_neighbour: Duration,
    /// How many indexes get-entry-and-proof is asked for; more entries than this are sampled evenly.
    pub entry_and_proof_indexes: u64,
    /// How many seen STHs are compared pairwise.
    pub consistency_heads: usize,
    /// Whether the log declares that it refuses expired certificates.
    pub expired_refused: bool,
}

impl Limits {
    /// Bounds that fit the log's MMD, with a ceiling so that an MMD of a day does not make a run of a day.
    pub fn for_target(target: &Target) -> Self {
        let ceiling = Duration::from_secs(120);
        Self {
            request: Duration::from_secs(30),
            poll_interval: Duration::from_millis(25),
            inclusion: target.mmd.min(ceiling),
            idle_sth: (target.mmd + Duration::from_secs(5)).min(ceiling),
            clock_ahead: Duration::ZERO,
            sct_age: Duration::from_secs(60),
            drip: Duration::from_secs(150),
            drip_interval: Duration::from_millis(50),
            drip_neighbour: Duration::from_secs(2),
            entry_and_proof_indexes: 2000,
            consistency_heads: 24,
            expired_refused: false,
        }
    }
}
