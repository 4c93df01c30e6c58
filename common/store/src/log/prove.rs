//! Nodes, roots and proofs.

use super::reader::Reader;
use super::shared::Shared;
use super::tile::{HEIGHT, Page, Tile, WIDTH};
use crate::error::{Result, StoreError};
use ct::hash::{InternalRoot, NodeHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::compact::Compact;
use ct::merkle::plan::{self, NodeId, Plan};
use ct::order::{BothTrees, LogHead};
use std::sync::Arc;

/// The nodes of one tile, wherever they come from.
enum Nodes {
    Page(Page),
    Tile(Arc<Tile>),
}

impl Nodes {
    fn get(&self, level: u32, index: u64) -> Option<NodeHash> {
        match self {
            Nodes::Page(page) => Some(page.node(level, index)),
            Nodes::Tile(tile) => tile.node(level, index),
        }
    }
}

/// Fetches nodes for one answer; it remembers the tile that it read last, for a proof takes up to eight nodes of it.
struct Fetch<'a> {
    shared: &'a Shared,
    last: Option<(u64, Nodes)>,
}

impl<'a> Fetch<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self { shared, last: None }
    }

    fn none(&self, id: NodeId) -> StoreError {
        let end = self.shared.len() >> id.level;
        StoreError::OutOfRange { what: "tree node", asked: id.index, begin: 0, end }
    }

    /// The node, which must be complete in the tree of the present length.
    fn node(&mut self, id: NodeId) -> Result<NodeHash> {
        if id.level >= HEIGHT {
            return self.shared.view().public.node(id.level, id.index).ok_or_else(|| self.none(id));
        }
        let below = HEIGHT - id.level;
        let (number, within) = (id.index >> below, id.index & ((1 << below) - 1));
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            let nodes = self.shared.nodes(number)?.ok_or_else(|| self.none(id))?;
            self.last = Some((number, nodes));
        }
        let found = self.last.as_ref().and_then(|(_, nodes)| nodes.get(id.level, within));
        found.ok_or_else(|| self.none(id))
    }

    fn internal_node(&mut self, id: NodeId) -> Result<NodeHash> {
        if id.level >= HEIGHT {
            return self.shared.view().internal.node(id.level, id.index).ok_or_else(|| self.none(id));
        }
        let below = HEIGHT - id.level;
        let (number, within) = (id.index >> below, id.index & ((1 << below) - 1));
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            self.last = Some((number, Nodes::Tile(self.shared.internal_tile(number)?)));
        }
        let found = self.last.as_ref().and_then(|(_, nodes)| nodes.get(id.level, within));
        found.ok_or_else(|| self.none(id))
    }
}

impl Shared {
    /// The nodes of a tile, the unfinished one included. A damaged page is made again from the order, if the result has
    /// the root that is known. `None`: there is no such tile.
    fn nodes(&self, number: u64) -> Result<Option<Nodes>> {
        let view = self.view();
        if number == view.len / WIDTH {
            return Ok(Some(Nodes::Tile(view.public_tile.clone())));
        }
        let Some(root) = view.public.node(HEIGHT, number) else { return Ok(None) };
        drop(view);
        let damage = match self.tiles.read(number) {
            Ok(page) if page.node(HEIGHT, 0) == root => return Ok(Some(Nodes::Page(page))),
            Ok(page) => {
                let (path, found) = (self.dir.join("tiles"), page.node(HEIGHT, 0));
                StoreError::corrupt(&path, number * super::tile::PAGE as u64, "tile root", root, found)
            }
            Err(error) => error,
        };
        let (tile, _) = self.rows(|rows| self.tiles_from_rows(rows, number, WIDTH))?;
        if tile.root() == Some(root) { Ok(Some(Nodes::Tile(Arc::new(tile)))) } else { Err(damage) }
    }

    /// The tile of the tree over the order records, as far as it goes.
    fn internal_tile(&self, number: u64) -> Result<Arc<Tile>> {
        let view = self.view();
        if number == view.len / WIDTH {
            return Ok(view.internal_tile.clone());
        }
        drop(view);
        Ok(Arc::new(self.rows(|rows| self.tiles_from_rows(rows, number, WIDTH))?.1))
    }

    fn compact(&self, size: TreeSize, mut node: impl FnMut(NodeId) -> Result<NodeHash>) -> Result<Compact> {
        let peaks = plan::peaks(size).into_iter().map(&mut node).collect::<Result<Vec<_>>>()?;
        // `peaks` has one node for every bit that is set in the size.
        Ok(Compact::from_peaks(size, peaks).expect("the plan has as many peaks as the size has bits"))
    }

    /// Both trees at `size`, which is within the length.
    pub(super) fn trees(&self, size: TreeSize) -> Result<BothTrees> {
        let mut fetch = Fetch::new(self);
        let public = self.compact(size, |id| fetch.node(id))?;
        let mut fetch = Fetch::new(self);
        let internal = self.compact(size, |id| fetch.internal_node(id))?;
        Ok(BothTrees::new(public, internal).expect("both were made for the same size"))
    }

    fn finish(&self, plan: &Plan) -> Result<Vec<NodeHash>> {
        let mut fetch = Fetch::new(self);
        plan.finish(|id| fetch.node(id))
    }
}

impl Reader {
    /// A complete node of the tree.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if it is not complete below [`Reader::len`]; [`StoreError::Corrupt`], I/O, SQL.
    pub fn node(&self, id: NodeId) -> Result<NodeHash> {
        let _reading = self.shared.reading();
        Fetch::new(&self.shared).node(id)
    }

    /// Both trees at `size`, ready to grow.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if `size` is above [`Reader::len`]; [`StoreError::Corrupt`], I/O, SQL.
    pub fn trees_at(&self, size: TreeSize) -> Result<BothTrees> {
        let _reading = self.shared.reading();
        self.shared.within(size)?;
        self.shared.trees(size)
    }

    /// Both roots at `size`.
    ///
    /// # Errors
    /// As [`Reader::trees_at`].
    pub fn roots_at(&self, size: TreeSize) -> Result<(RootHash, InternalRoot)> {
        let head = self.head_at(size)?;
        Ok((head.root, head.internal_root))
    }

    /// `size` with both roots.
    ///
    /// # Errors
    /// As [`Reader::trees_at`].
    pub fn head_at(&self, size: TreeSize) -> Result<LogHead> {
        Ok(self.trees_at(size)?.head())
    }

    /// The audit path of the entry at `index` in the tree of `size`.
    ///
    /// # Errors
    /// [`StoreError::Impossible`] if `index` is not below `size`, [`StoreError::OutOfRange`] if `size` is above
    /// [`Reader::len`]; [`StoreError::Corrupt`], I/O, SQL.
    pub fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<Vec<NodeHash>> {
        let _reading = self.shared.reading();
        self.shared.within(size)?;
        self.shared.finish(&plan::inclusion(index, size)?)
    }

    /// The consistency proof between two sizes.
    ///
    /// # Errors
    /// [`StoreError::Impossible`] if `first` is above `second`, [`StoreError::OutOfRange`] if `second` is above
    /// [`Reader::len`]; [`StoreError::Corrupt`], I/O, SQL.
    pub fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>> {
        let _reading = self.shared.reading();
        self.shared.within(second)?;
        self.shared.finish(&plan::consistency(first, second)?)
    }
}
