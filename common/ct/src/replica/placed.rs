//! An entry that takes its place.

use crate::hash::LeafHash;
use crate::order::OrderRecord;

/// An order record with its leaf hash, computed from bytes that were read from disk: what the store appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// What the order says of it.
    pub record: OrderRecord,
    /// Its leaf hash.
    pub leaf: LeafHash,
}
