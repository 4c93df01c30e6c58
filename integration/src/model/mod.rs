//! Every order of events, not only drawn ones (docs/model.md): the machines of merge nodes, signers and repair, exactly as
//! the processes run them, under exhaustive exploration within small [`Bounds`].
//!
//! A state is what is on the disks, and every message that was sent and may yet matter; any of these may arrive at any time,
//! again, or never. A node begins every step from its disk, so a crash lies between any two. What is not a machine here is
//! the primary's haste: it may propose, wait and give up in any order that its laws allow (`possible.rs`).

mod action;
mod after;
mod bounds;
mod cluster;
mod explored;
mod found;
mod liar;
mod merge_node;
mod message;
mod pool;
mod possible;
mod property;
mod repair_run;
mod signer_node;
mod state;

pub use bounds::{Bounds, Honesty, Plant, Wanted};
pub use found::{Found, explore, explore_for};
pub use property::{FORK, HALT, LOST, SHRINK, TWIN};
