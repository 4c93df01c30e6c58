//! The merge role: the order of entries, a full copy of the log, the tree.
//!
//! What it decides is pure and lies in [`machine`] (a copy of the log) and [`primary`] (what the primary of a term does);
//! around that, a thread for each log commits and acts.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod caller;
mod create;
mod error;
mod keeper;
mod law;
pub mod machine;
pub mod message;
pub mod primary;
mod rows;
mod run;
mod scrub;
mod service;
mod snapshot;
mod start;
mod watch;

pub use create::{adopt_copy, create};
pub use error::MergeError;
pub use rows::RowsError;
pub use run::run;
