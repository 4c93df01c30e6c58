//! The bounds of an evidence file, and what can be wrong with one.

use ct::hash::HASH_LEN;
use ct::key::KeyError;
use ct::tls::{DecodeError, TooLong};

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u64 = 1;
/// Greatest file, in bytes: the longest leaf that RFC 6962 can encode fits, in base64.
pub const MAX_FILE: u64 = 32 << 20;
/// Most bytes of a text (a name, an address, an answer); longer ones are cut when they are written.
pub const MAX_TEXT: usize = 4096;
/// Most addresses of a log.
pub const MAX_URLS: usize = 64;
/// Most nodes of a path: one for each bit of a size, and the first root.
pub const MAX_NODES: usize = 65;

/// Greatest maximum merge delay, in seconds: a year.
pub const MAX_MMD: u64 = 366 * 86_400;

/// Why bytes are not a piece of evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The file is too large.
    #[error("evidence: more than {MAX_FILE} bytes")]
    TooLarge,
    /// Not JSON of the right shape.
    #[error("not evidence: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another version.
    #[error("wolffish_evidence: version {found}, this program reads {VERSION}")]
    Version {
        /// The version found.
        found: u64,
    },
    /// A part is longer than it may be.
    #[error("{field}: {found}, the limit is {limit}")]
    Limit {
        /// The part.
        field: &'static str,
        /// Its length, or how many there are.
        found: usize,
        /// The greatest.
        limit: usize,
    },
    /// A hash is not as long as one.
    #[error("{field}: {found} bytes, a hash has {HASH_LEN}")]
    Hash {
        /// The part.
        field: &'static str,
        /// Bytes found.
        found: usize,
    },
    /// The key cannot be one of a log.
    #[error("log.key: {0}")]
    Key(#[from] KeyError),
    /// An address is none, or there is none.
    #[error("log.urls: {0}")]
    Url(String),
    /// The SCT is none.
    #[error("sct: {0}")]
    Sct(#[from] DecodeError),
    /// The SCT cannot be written.
    #[error("sct: {0}")]
    SctTooLong(#[from] TooLong),
}
