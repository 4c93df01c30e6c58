//! A tile: up to 256 leaf hashes and every complete node above them; and the nodes above full tiles.

use crate::crc::{crc, hash_at};
use crate::error::{Result, StoreError};
use crate::header::{Format, HEADER_LEN, Header};
use ct::hash::NodeHash;
use ct::merkle::node_hash;
use std::path::Path;

/// Height of a full tile.
pub(super) const HEIGHT: u32 = 8;
/// Leaves in a full tile.
pub(super) const WIDTH: u64 = 1 << HEIGHT;
/// Bytes of a page: a header of 32, 511 hashes.
pub(super) const PAGE: usize = 16_384;

const TILE: Format = Format { name: "tile", magic: b"WLFTIL", version: 1 };

/// A tile that grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Tile {
    levels: [Vec<NodeHash>; HEIGHT as usize + 1],
}

impl Tile {
    pub(super) fn leaves(&self) -> &[NodeHash] {
        &self.levels[0]
    }

    pub(super) fn push(&mut self, leaf: NodeHash) {
        let mut node = leaf;
        for level in 0..self.levels.len() {
            self.levels[level].push(node);
            let [.., left, right] = self.levels[level].as_slice() else { return };
            if self.levels[level].len() % 2 == 1 {
                return;
            }
            node = node_hash(left, right);
        }
    }

    /// The node at `index` of `level` within this tile, if it is complete.
    pub(super) fn node(&self, level: u32, index: u64) -> Option<NodeHash> {
        self.levels.get(level as usize)?.get(index as usize).copied()
    }

    /// The root of a full tile.
    pub(super) fn root(&self) -> Option<NodeHash> {
        self.levels[HEIGHT as usize].first().copied()
    }

    /// The page of a full tile.
    pub(super) fn page(&self, number: u64) -> Vec<u8> {
        let mut page = vec![0; HEADER_LEN];
        for node in self.levels.iter().flatten() {
            page.extend_from_slice(node.as_bytes());
        }
        let salt = crc(&[&page[HEADER_LEN..]]);
        page[..HEADER_LEN].copy_from_slice(&Header { a: number, b: 0, salt }.encode(TILE));
        page
    }
}

/// A page that was read and checked.
pub(super) struct Page(Vec<u8>);

impl Page {
    /// Checks the bytes of page `number`.
    pub(super) fn check(bytes: Vec<u8>, number: u64, path: &Path) -> Result<Self> {
        let offset = number * PAGE as u64;
        let header = Header::decode(&bytes, TILE, path, offset)?;
        if header.a != number {
            return Err(StoreError::corrupt(path, offset + 8, "tile number", number, header.a));
        }
        if bytes.len() != PAGE {
            let found = format!("{} bytes", bytes.len());
            return Err(StoreError::corrupt(path, offset, "tile", "16384 bytes", found));
        }
        let sum = crc(&[&bytes[HEADER_LEN..]]);
        if sum != header.salt {
            return Err(StoreError::corrupt(path, offset, "tile checksum", header.salt, sum));
        }
        Ok(Self(bytes))
    }

    /// The node at `index` of `level` ≤ 8.
    pub(super) fn node(&self, level: u32, index: u64) -> NodeHash {
        let before = 2 * WIDTH - ((2 * WIDTH) >> level);
        NodeHash::new(hash_at(&self.0, HEADER_LEN + 32 * (before + index) as usize))
    }
}

/// The roots of full tiles, and the complete nodes above them.
#[derive(Debug, Clone, Default)]
pub(super) struct Upper {
    levels: Vec<Vec<NodeHash>>,
}

impl Upper {
    pub(super) fn push(&mut self, root: NodeHash) {
        let mut node = root;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(node);
            let [.., left, right] = self.levels[level].as_slice() else { return };
            if self.levels[level].len() % 2 == 1 {
                return;
            }
            node = node_hash(left, right);
        }
    }

    /// Keeps the first `tiles` tiles.
    pub(super) fn truncate(&mut self, tiles: u64) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            nodes.truncate((tiles >> level) as usize);
        }
    }

    /// The node at `index` of `level` ≥ 8 of the whole tree, if it is complete.
    pub(super) fn node(&self, level: u32, index: u64) -> Option<NodeHash> {
        self.levels.get((level - HEIGHT) as usize)?.get(index as usize).copied()
    }
}
