//! The bulk form: a JSON header, then length-delimited items.

use crate::entry::{EntryError, StoredEntry};
use crate::limits::MAX_INTERNAL_BODY;
use crate::tls::{DecodeError, Reader, TooLong, put_uint};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Its framing is wrong.
    #[error("message: {0}")]
    Frame(#[from] DecodeError),
    /// Its JSON is wrong.
    #[error("message: {0}")]
    Json(#[from] serde_json::Error),
    /// An entry in it is wrong.
    #[error("message: item {at}: {error}")]
    Entry {
        /// Which item.
        at: usize,
        /// What is wrong with it.
        error: EntryError,
    },
    /// A part is too long.
    #[error("message: {0}")]
    TooLong(#[from] TooLong),
    /// An item is of no known kind.
    #[error("message: item {at} has kind {found}, known are 0 (entry) and 1 (issuer)")]
    Kind {
        /// Which item.
        at: usize,
        /// Its kind.
        found: u8,
    },
}

/// A header and items, as they travel: `u32 length ‖ JSON header ‖ (u32 length ‖ item)*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk<H> {
    /// The part an SRE would want to read.
    pub header: H,
    /// The part nobody reads.
    pub items: Vec<Vec<u8>>,
}

impl<H: Serialize + DeserializeOwned> Bulk<H> {
    /// The bytes to send.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let header = serde_json::to_vec(&self.header)?;
        let mut out =
            Vec::with_capacity(header.len() + self.items.iter().map(|i| i.len() + 4).sum::<usize>() + 4);
        for part in std::iter::once(&header).chain(&self.items) {
            if part.len() > MAX_INTERNAL_BODY {
                return Err(TooLong { field: "item", len: part.len(), limit: MAX_INTERNAL_BODY }.into());
            }
            put_uint(&mut out, 4, part.len() as u64);
            out.extend_from_slice(part);
        }
        Ok(out)
    }

    /// Reads what [`Bulk::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let header = serde_json::from_slice(reader.vector("header", 4)?)?;
        let mut items = Vec::new();
        while !reader.is_empty() {
            items.push(reader.vector("item", 4)?.to_vec());
        }
        Ok(Self { header, items })
    }
}

/// Entries, and issuers that their chains name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryBatch {
    /// Entries.
    pub entries: Vec<StoredEntry>,
    /// Issuer certificates, DER; whose they are is seen from their hashes.
    pub issuers: Vec<Vec<u8>>,
}

impl EntryBatch {
    /// Puts the batch behind a header.
    pub fn into_bulk<H>(self, header: H) -> Result<Bulk<H>, WireError> {
        let mut items = Vec::with_capacity(self.entries.len() + self.issuers.len());
        for entry in &self.entries {
            let mut item = vec![0];
            item.extend_from_slice(&entry.encode()?);
            items.push(item);
        }
        for issuer in self.issuers {
            let mut item = vec![1];
            item.extend_from_slice(&issuer);
            items.push(item);
        }
        Ok(Bulk { header, items })
    }

    /// Reads the items behind a header; every name is computed anew.
    pub fn from_items(items: &[Vec<u8>]) -> Result<Self, WireError> {
        let mut batch = Self::default();
        for (at, item) in items.iter().enumerate() {
            match item.split_first() {
                Some((0, entry)) => batch
                    .entries
                    .push(StoredEntry::decode(entry).map_err(|error| WireError::Entry { at, error })?),
                Some((1, issuer)) => batch.issuers.push(issuer.to_vec()),
                Some((found, _)) => return Err(WireError::Kind { at, found: *found }),
                None => return Err(WireError::Kind { at, found: u8::MAX }),
            }
        }
        Ok(batch)
    }
}
