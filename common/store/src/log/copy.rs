//! A copy of an entry, of a log of our own or of a read-only one, as far as the store looks at it.

use super::raw;
use super::shared::{Shared, undecodable};
use crate::error::Result;
use ct::archive::{ArchivedEntry, is_archived};
use ct::entry::{StoredEntry, extra_hash};
use ct::hash::{ExtraHash, Fingerprint, Name};
use ct::tls::TooLong;

/// What is staged.
pub(super) struct Copy<'a> {
    pub name: Name,
    pub precertificate: Option<&'a [u8]>,
    pub chain: &'a [Fingerprint],
    pub encoded: std::result::Result<Vec<u8>, TooLong>,
}

impl<'a> Copy<'a> {
    pub(super) fn own(entry: &'a StoredEntry) -> Self {
        let (name, encoded) = (entry.name(), entry.encode());
        Self { name, precertificate: entry.precertificate(), chain: entry.chain(), encoded }
    }

    pub(super) fn archived(entry: &'a ArchivedEntry) -> Self {
        let (name, encoded) = (entry.name(), entry.encode());
        Self { name, precertificate: entry.precertificate(), chain: entry.chain(), encoded }
    }
}

/// The name of an encoded entry of either kind, computed anew; all of it is decoded.
pub(super) fn name_of(encoded: &[u8]) -> Result<Name> {
    Ok(if is_archived(encoded) {
        ArchivedEntry::decode(encoded)?.name()
    } else {
        StoredEntry::decode(encoded)?.name()
    })
}

impl Shared {
    /// The hash of the `extra_data` of an encoded entry of either kind; `None` if an issuer is not held.
    pub(super) fn extra_hash_in(&self, encoded: &[u8]) -> Result<Option<ExtraHash>> {
        let parts = raw::parts(encoded).map_err(undecodable)?;
        Ok(self.extra_data(&parts)?.map(|data| extra_hash(&data)))
    }

    /// The hash of the `extra_data` of these parts; `None` if an issuer is not held.
    pub(super) fn extra_hash_of(
        &self,
        precertificate: Option<&[u8]>,
        chain: &[Fingerprint],
    ) -> Result<Option<ExtraHash>> {
        let chain: Vec<u8> = chain.iter().flat_map(|fingerprint| *fingerprint.as_bytes()).collect();
        let precertificate = precertificate.unwrap_or_default();
        let parts = raw::Parts { leaf: &[], precertificate, chain: &chain, sct: &[] };
        Ok(self.extra_data(&parts)?.map(|data| extra_hash(&data)))
    }
}
