//! What a commit adds to both trees.

use super::roots::TileRoots;
use super::shared::{Shared, roots_of};
use super::tile::{Tile, WIDTH};
use ct::hash::NodeHash;
use std::sync::Arc;

/// Both trees, grown.
pub(super) struct Growth {
    /// Number of the first tile that became full.
    pub first: u64,
    pub pages: Vec<u8>,
    pub roots: Vec<TileRoots>,
    pub public: Tile,
    pub internal: Tile,
}

impl Growth {
    pub(super) fn push(&mut self, leaf: NodeHash, internal: NodeHash) {
        self.public.push(leaf);
        self.internal.push(internal);
        if let Some(roots) = roots_of(&self.public, &self.internal) {
            self.pages.extend_from_slice(&self.public.page(self.first + self.roots.len() as u64));
            self.roots.push(roots);
            self.public = Tile::default();
            self.internal = Tile::default();
        }
    }
}

impl Shared {
    /// Shows a commit to readers.
    pub(super) fn publish(&self, base: u64, len: u64, growth: Growth) {
        let mut view = self.view_mut();
        view.public.truncate(base / WIDTH);
        view.internal.truncate(base / WIDTH);
        for roots in &growth.roots {
            view.public.push(roots.public);
            view.internal.push(roots.internal);
        }
        view.public_tile = Arc::new(growth.public);
        view.internal_tile = Arc::new(growth.internal);
        view.len = len;
    }
}
