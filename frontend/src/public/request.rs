//! What each GET asks for (RFC 6962 §4.3–4.8), checked as far as that needs no log.

use super::base64::decode;
use super::query::{Query, QueryError};
use ct::hash::LeafHash;

/// get-sth-consistency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consistency {
    /// Size of the first tree.
    pub first: u64,
    /// Size of the second, not below the first.
    pub second: u64,
}

/// get-proof-by-hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofByHash {
    /// The leaf.
    pub hash: LeafHash,
    /// Size of the tree, at least 1.
    pub tree_size: u64,
}

/// get-entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entries {
    /// The first entry.
    pub start: u64,
    /// The last one, not below the first.
    pub end: u64,
}

/// get-entry-and-proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryAndProof {
    /// The entry.
    pub leaf_index: u64,
    /// Size of the tree, above the index.
    pub tree_size: u64,
}

impl Consistency {
    /// Reads the parameters.
    pub fn parse(query: &Query) -> Result<Self, QueryError> {
        let (first, second) = (query.number("first", 0)?, query.number("second", 0)?);
        ordered(("first", first), "at most", ("second", second), first <= second)?;
        Ok(Self { first, second })
    }
}

impl ProofByHash {
    /// Reads the parameters. A `+` that was not escaped arrives as a space and is taken for what it was.
    pub fn parse(query: &Query) -> Result<Self, QueryError> {
        let text: Vec<u8> =
            query.required("hash")?.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect();
        let hash = decode(&text).ok_or(QueryError::HashBase64)?;
        let tree_size = query.number("tree_size", 1)?;
        let hash: [u8; 32] =
            hash.try_into().map_err(|hash: Vec<u8>| QueryError::HashLength { found: hash.len() })?;
        Ok(Self { hash: LeafHash::new(hash), tree_size })
    }
}

impl Entries {
    /// Reads the parameters.
    pub fn parse(query: &Query) -> Result<Self, QueryError> {
        let (start, end) = (query.number("start", 0)?, query.number("end", 0)?);
        ordered(("start", start), "at most", ("end", end), start <= end)?;
        Ok(Self { start, end })
    }

    /// The range that is answered: at most `limit` entries, and if `align` is set and at least `limit` were asked for,
    /// one that ends before a multiple of `limit`, so that caches see the same ranges again and again.
    #[must_use]
    pub fn coerced(self, limit: u64, align: bool) -> Self {
        let Self { start, end } = self;
        // Both are below 2⁶³.
        let asked = end - start + 1;
        let mut end = end.min(start + limit - 1);
        if align && asked >= limit {
            end -= (end + 1) % limit;
        }
        Self { start, end }
    }

    /// How many entries it spans.
    pub const fn count(self) -> u64 {
        self.end - self.start + 1
    }
}

impl EntryAndProof {
    /// Reads the parameters.
    pub fn parse(query: &Query) -> Result<Self, QueryError> {
        let (leaf_index, tree_size) = (query.number("leaf_index", 0)?, query.number("tree_size", 1)?);
        ordered(("leaf_index", leaf_index), "below", ("tree_size", tree_size), leaf_index < tree_size)?;
        Ok(Self { leaf_index, tree_size })
    }
}

fn ordered(
    (low, low_value): (&'static str, u64),
    relation: &'static str,
    (high, high_value): (&'static str, u64),
    holds: bool,
) -> Result<(), QueryError> {
    if holds { Ok(()) } else { Err(QueryError::Order { low, low_value, relation, high, high_value }) }
}

#[cfg(test)]
mod tests;
