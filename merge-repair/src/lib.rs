//! The merge-repair role: it decides who is primary, and nothing that others could not check.
//!
//! [`scan`] is what the nodes say; [`plan`] is what would be done about it; [`machine`] does it, and survives crashes of
//! its own; [`run`] is what comes of it. Around that, [`state`] is its disk, and [`repair`] brings all logs together.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod ask;
mod drive;
mod error;
pub mod from_frontends;
pub mod machine;
pub mod plan;
mod process;
pub mod repair;
pub mod report;
pub mod run;
pub mod scan;
pub mod state;
#[cfg(test)]
mod tests;
pub mod wanted;

pub use error::RepairError;
pub use process::run;
pub use state::create;
