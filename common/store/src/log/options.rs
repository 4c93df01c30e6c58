//! How a log is kept.

use crate::files::{Files, RealFiles};
use crate::segment::SEGMENT_BYTES;
use ct::entry::LogKind;
use std::sync::Arc;

/// Entries in a block, unless an owner says otherwise.
pub(super) const BLOCK: usize = 128;

/// How a log is kept. `run` and `block` are properties of the files: a log is opened with those it was made with.
#[derive(Clone)]
pub struct StoreOptions {
    /// Where segments, tiles and sealed runs are; SQLite always uses the machine's own file system.
    pub files: Arc<dyn Files>,
    /// How leaves are made from entries.
    pub kind: LogKind,
    /// Greatest length of a segment, in bytes.
    pub segment_bytes: u64,
    /// Entries in a sealed run: a multiple of 256.
    pub run: u64,
    /// Entries in a compressed block of a sealed run.
    pub block: usize,
    /// zstd level of sealed runs.
    pub zstd_level: i32,
    /// Decompressed blocks kept in memory.
    pub cached_blocks: usize,
    /// Issuers, and encoded chains of them, kept in memory.
    pub cached_issuers: usize,
    /// Idle read connections kept.
    pub connections: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            files: Arc::new(RealFiles),
            kind: LogKind::Rfc6962,
            segment_bytes: SEGMENT_BYTES,
            run: 65_536,
            block: BLOCK,
            zstd_level: 3,
            cached_blocks: 32,
            cached_issuers: 4096,
            connections: 16,
        }
    }
}
