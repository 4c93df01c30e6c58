//! The messages between nodes (docs/protocol.md, N6). Control messages are JSON; entries, names and order records travel
//! as [`Bulk`].

mod bulk;
mod refusal;
pub mod signer;
pub mod status;
pub mod storage;
pub mod term;
pub mod tree;

pub use bulk::{Bulk, EntryBatch, WireError};
pub use refusal::Refusal;

use crate::term::TermCertificate;
use serde::{Deserialize, Serialize};

/// SetPrimary: a certificate, from whoever has a newer one (docs/protocol.md, T9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPrimary {
    /// It proves itself.
    pub certificate: TermCertificate,
}

/// An answer that says only that it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}
