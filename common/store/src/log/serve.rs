//! Entries as get-entries serves them: many at once, without decoding.

use super::raw;
use super::reader::Reader;
use super::shared::{Shared, undecodable};
use crate::error::{Result, StoreError};
use ct::entry::LogKind;
use ct::hash::{Fingerprint, Name};
use ct::index::{LeafIndex, TreeSize};

/// An entry as RFC 6962 §4.6 serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// `MerkleTreeLeaf`.
    pub leaf: Vec<u8>,
    /// `extra_data`: the chain, behind the precertificate if there is one.
    pub extra: Vec<u8>,
}

impl Shared {
    fn served(&self, name: Option<Name>, encoded: &[u8]) -> Result<Served> {
        let parts = raw::parts(encoded).map_err(undecodable)?;
        let leaf = match self.kind {
            LogKind::Rfc6962 => parts.leaf.to_vec(),
        };
        let extra = self.extra_data(&parts)?;
        let unknown = || self.unknown_issuer(name, parts.chain);
        Ok(Served { leaf, extra: extra.ok_or_else(unknown)? })
    }

    /// The error for an entry of which an issuer is not held.
    fn unknown_issuer(&self, name: Option<Name>, chain: &[u8]) -> StoreError {
        let fingerprints = chain.as_chunks::<32>().0.iter().map(|f| Fingerprint::new(*f));
        let missing =
            fingerprints.into_iter().find(|f| !matches!(self.issuers.get(&self.pool, f), Ok(Some(_))));
        let name = name.unwrap_or(Name::new([0; 32]));
        StoreError::UnknownIssuer { name, fingerprint: missing.unwrap_or(Fingerprint::new([0; 32])) }
    }
}

impl Reader {
    /// Up to `count` entries from `start` on, all below `size`.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if `size` is above [`Reader::len`] or `start` not below `size`;
    /// [`StoreError::Corrupt`], I/O and SQL errors.
    pub fn range(&self, start: LeafIndex, count: usize, size: TreeSize) -> Result<Vec<Served>> {
        let shared = &self.shared;
        let _reading = shared.reading();
        let size = shared.within(size)?;
        let from = start.get();
        if from >= size {
            return Err(StoreError::OutOfRange { what: "leaf index", asked: from, begin: 0, end: size });
        }
        let end = size.min(from + count as u64);
        let mut served = Vec::with_capacity((end - from) as usize);
        let sealed = shared.sealed.end().clamp(from, end);
        shared.sealed.each(from, sealed, |_, bytes| {
            served.push(shared.served(None, bytes)?);
            Ok(())
        })?;
        match self.unsealed(sealed, end) {
            Ok(rest) => served.extend(rest),
            // Sealed, and its segments dropped, since we looked.
            Err(_) if shared.sealed.end() > sealed => {
                drop(_reading);
                return self.range(start, count, TreeSize::ZERO.plus(size));
            }
            Err(error) => return Err(error),
        }
        Ok(served)
    }

    fn unsealed(&self, from: u64, end: u64) -> Result<Vec<Served>> {
        let rows = self.shared.rows(|rows| rows.range(from..end))?;
        let places: Vec<_> = rows.iter().map(|row| row.at).collect();
        let mut served: Vec<Option<Served>> = vec![None; rows.len()];
        self.shared.segments.read_many(&places, |i, bytes| {
            served[i] = Some(self.shared.served(Some(rows[i].record.name), bytes)?);
            Ok(())
        })?;
        Ok(served.into_iter().flatten().collect())
    }
}
