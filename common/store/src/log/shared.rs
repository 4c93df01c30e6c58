//! What the writer and all readers of a log share.

use super::raw;
use super::roots::TileRoots;
use super::rows::{OrderRow, Rows};
use super::sealed::Sealed;
use super::staged::Staged;
use super::tile::{Tile, Upper, WIDTH};
use super::tiles::Tiles;
use crate::db::Pool;
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::issuers::{Issuers, MAX_CACHED};
use crate::segment::SegmentReader;
use ct::entry::LogKind;
use ct::hash::{Name, NodeHash};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The tree as far as it is published to readers.
pub(super) struct View {
    pub len: u64,
    pub public: Upper,
    pub internal: Upper,
    /// The unfinished tile of each tree.
    pub public_tile: Arc<Tile>,
    pub internal_tile: Arc<Tile>,
}

pub(super) struct Shared {
    pub dir: PathBuf,
    pub disk: Disk,
    pub kind: LogKind,
    pub segments: SegmentReader,
    pub tiles: Tiles,
    pub pool: Pool,
    pub issuers: Issuers,
    /// `certificate_chain` of extra_data, encoded, by the fingerprints in it.
    pub chains: Mutex<BTreeMap<Vec<u8>, Arc<[u8]>>>,
    pub most_chains: usize,
    pub view: RwLock<View>,
    /// Held by whoever reads; taken by the writer only to cut, for then what is below a reader's size may change.
    pub gate: RwLock<()>,
    pub staged: RwLock<Staged>,
    pub sealed: Sealed,
}

impl Shared {
    pub(super) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn staged(&self) -> RwLockReadGuard<'_, Staged> {
        self.staged.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn staged_mut(&self) -> RwLockWriteGuard<'_, Staged> {
        self.staged.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn reading(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn cutting(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn len(&self) -> u64 {
        self.view().len
    }

    /// Lends a read connection.
    pub(super) fn rows<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T>) -> Result<T> {
        self.pool.with(|connection| work(Rows { connection, path: self.pool.path() }))
    }

    /// The tile's tree-leaf hash of an entry. The door into the tree: see [`ct::entry::OrderedEntry::leaf_hash`].
    pub(super) fn leaf(&self, name: &Name) -> NodeHash {
        match self.kind {
            LogKind::Rfc6962 => NodeHash::new(*name.as_bytes()),
        }
    }

    /// Both trees over the first `count` entries of tile `number`, from the order.
    pub(super) fn tiles_from_rows(&self, rows: Rows<'_>, number: u64, count: u64) -> Result<(Tile, Tile)> {
        let (mut public, mut internal) = (Tile::default(), Tile::default());
        let first = number * WIDTH;
        rows.each(first..first + count, |_, row| {
            public.push(self.leaf(&row.record.name));
            internal.push(row.record.internal_leaf());
            Ok(())
        })?;
        Ok((public, internal))
    }

    /// The encoded entry at `index`, from the sealed runs or from where `row` says, without a late SCT.
    pub(super) fn encoded(&self, index: u64, row: &OrderRow) -> Result<Vec<u8>> {
        if self.sealed.has(index) {
            return self.sealed.entry(index);
        }
        match self.segments.read(row.at) {
            Ok((_, bytes)) => Ok(bytes),
            // Between the two looks the run was sealed, and its segment dropped.
            Err(_) if self.sealed.has(index) => self.sealed.entry(index),
            Err(error) => Err(error),
        }
    }

    /// The encoded `certificate_chain` of these fingerprints (32 bytes each) of an entry.
    pub(super) fn chain(&self, fingerprints: &[u8]) -> Result<Option<Arc<[u8]>>> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chain) = chains.get(fingerprints) {
            return Ok(Some(chain.clone()));
        }
        drop(chains);
        let mut issuers = Vec::new();
        for fingerprint in fingerprints.as_chunks::<32>().0 {
            match self.issuers.get(&self.pool, &(*fingerprint).into())? {
                Some(issuer) => issuers.push(issuer),
                None => return Ok(None),
            }
        }
        let chain: Arc<[u8]> = ct::entry::extra_data(None, &issuers)?.into();
        if chain.len() > MAX_CACHED {
            return Ok(Some(chain));
        }
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        if chains.len() >= self.most_chains {
            chains.clear();
        }
        chains.insert(fingerprints.to_vec(), chain.clone());
        Ok(Some(chain))
    }

    /// `extra_data` of an encoded entry; `None` if an issuer is not held.
    pub(super) fn extra_data(&self, parts: &raw::Parts<'_>) -> Result<Option<Vec<u8>>> {
        let Some(chain) = self.chain(parts.chain)? else { return Ok(None) };
        let mut out = Vec::with_capacity(parts.precertificate.len() + chain.len() + 3);
        if !parts.precertificate.is_empty() {
            ct::tls::put_vector(&mut out, "pre_certificate", 3, parts.precertificate)?;
        }
        out.extend_from_slice(&chain);
        Ok(Some(out))
    }
}

/// The decode error of an entry that checked when it was stored.
pub(super) fn undecodable(error: ct::tls::DecodeError) -> StoreError {
    StoreError::Entry(error.into())
}

/// Roots of a pair of full tiles; the caller knows that they are full.
pub(super) fn roots_of(public: &Tile, internal: &Tile) -> Option<TileRoots> {
    Some(TileRoots { public: public.root()?, internal: internal.root()? })
}
