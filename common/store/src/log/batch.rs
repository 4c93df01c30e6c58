//! Entries and issuers for a peer that lost them.

use super::reader::Reader;
use crate::error::{Result, StoreError};
use ct::hash::{Fingerprint, Name};
use ct::index::LeafIndex;
use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES};
use ct::wire::EntryBatch;

impl Reader {
    /// As many of these entries and issuers as one message carries, each entry only if it has this name; and what could not
    /// be read because it is damaged.
    ///
    /// # Errors
    /// I/O and SQL errors.
    pub fn batch(
        &self,
        entries: &[(LeafIndex, Name)],
        issuers: &[Fingerprint],
    ) -> Result<(EntryBatch, Vec<StoreError>)> {
        let (mut batch, mut damaged, mut bytes) = (EntryBatch::default(), Vec::new(), 0);
        for (index, name) in entries.iter().take(MAX_BATCH_ENTRIES) {
            if bytes >= MAX_BATCH_BYTES {
                return Ok((batch, damaged));
            }
            if index.get() >= self.len().get() || self.record(*index)?.name != *name {
                continue;
            }
            let Some(entry) = whole(self.entry(*index), &mut damaged)? else { continue };
            if entry.name() == *name {
                bytes += entry.leaf_bytes().len() + entry.precertificate().map_or(0, <[u8]>::len);
                batch.entries.push(entry);
            }
        }
        for fingerprint in issuers.iter().take(MAX_BATCH_ENTRIES) {
            if bytes >= MAX_BATCH_BYTES {
                return Ok((batch, damaged));
            }
            let Some(issuer) = whole(self.issuer(fingerprint), &mut damaged)?.flatten() else { continue };
            bytes += issuer.len();
            batch.issuers.push(issuer.to_vec());
        }
        Ok((batch, damaged))
    }
}

/// What is damaged here counts as absent, so that the caller asks another peer.
fn whole<T>(read: Result<T>, damaged: &mut Vec<StoreError>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_damage() || matches!(error, StoreError::Entry(_)) => {
            damaged.push(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
