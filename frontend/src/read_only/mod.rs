//! The copy of a read-only log: of one that others made, or that has ended (docs/protocol.md, A1–A6).
//!
//! It has no term, no primary and no other node. [`Import`] fills it, in a process of its own, and shows an STH only after
//! the tree was recomputed from what is on disk; [`open`] serves what was shown, and nothing makes it grow meanwhile.

mod error;
mod import;
mod open;
mod read_back;
mod rows;

#[cfg(test)]
mod tests;

pub use error::ReadOnlyError;
pub use import::{Import, Imported};
pub(crate) use open::{Opened, open};
