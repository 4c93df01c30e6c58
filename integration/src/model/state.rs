//! The state of the whole: what is on every disk, and what was sent and may yet matter.

use super::pool::Id;
use std::collections::BTreeSet;

/// A state. Disks and messages are named; [`super::explored::Explored`] knows what they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) merges: Vec<Id>,
    pub(super) signers: Vec<Id>,
    pub(super) runs: Vec<RunState>,
    pub(super) proposals: BTreeSet<Id>,
    /// How many proposals there ever were.
    pub(super) proposed: u8,
    /// Of proposals that are not signed yet: proposal, endorsement. To sign again what is signed makes no other tree head.
    pub(super) endorsements: BTreeSet<(Id, Id)>,
    pub(super) certificates: BTreeSet<Id>,
    /// Proposal, tree head.
    pub(super) signed: BTreeSet<(Id, Id)>,
    /// Of the merge nodes, and of the first signer.
    pub(super) clocks: Vec<usize>,
    pub(super) wipes: u8,
    pub(super) clock_steps: u8,
    /// Which node took its last step.
    pub(super) halted: Option<usize>,
}

/// A run of repair.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunState {
    /// What its process keeps.
    pub(super) disk: Id,
    /// What it was answered while it stops: merge node, reply. It has no other use for them, and nobody else has any.
    pub(super) stops: BTreeSet<(usize, Id)>,
    /// The last word of the signer.
    pub(super) released: Option<Id>,
}
