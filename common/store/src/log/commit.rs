//! The commit: order, indexes, tree and state change together, or not at all.

use super::growth::Growth;
use super::rows::{self, OrderRow, TILES};
use super::tile::WIDTH;
use super::work::{Work, keep_scts};
use super::writer::Writer;
use crate::db::sql;
use crate::error::{Result, StoreError};
use crate::segment::Location;
use ct::hash::{ExtraHash, Identity, LeafHash, Name, NodeHash};
use ct::index::TreeSize;
use ct::order::OrderRecord;

/// An entry that takes the next place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Append {
    /// Which entry.
    pub name: Name,
    /// With which extra data: a copy with exactly this must be held.
    pub extra: ExtraHash,
    /// Its leaf hash at that place.
    pub leaf_hash: LeafHash,
    /// What the identity index is to know it by; none where nothing is submitted, in a read-only log.
    pub identity: Option<Identity>,
}

impl Append {
    const fn record(&self) -> OrderRecord {
        OrderRecord { name: self.name, extra: self.extra }
    }
}

/// What changes in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Everything at and above this index is cut; at most the length, which cuts nothing.
    pub base: TreeSize,
    /// Goes from `base` on.
    pub append: Vec<Append>,
    /// Keys and their new JSON, `None` to remove one.
    pub state: Vec<(String, Option<String>)>,
}

impl Writer {
    /// Cuts, appends and sets state in one durable step.
    ///
    /// # Errors
    /// Before anything is written: [`StoreError::OutOfRange`] if `base` is above the length, [`StoreError::CutsSealed`],
    /// [`StoreError::NotHeld`] for an append of which no copy with that extra data is held, [`StoreError::LeafHash`].
    /// Then I/O and SQL errors, after which the store is poisoned if it is not known what they left.
    pub fn commit(&mut self, commit: &Commit) -> Result<()> {
        let (base, len) = (commit.base.get(), self.shared.len());
        self.check_base(base, len)?;
        let places = self.places(&commit.append, base)?;
        let rows: Vec<OrderRow> =
            commit.append.iter().zip(places).map(|(a, at)| OrderRow { record: a.record(), at }).collect();
        self.segments.sync()?;
        let cut = self.rows().range(base..len)?;
        let growth = self.grow(base, len, &rows)?;
        let new_len = base + rows.len() as u64;
        let cuts = base < len;
        let tiles = if cuts { base / WIDTH } else { new_len / WIDTH };
        let segments = self.segments.reader().durable_end();
        let work = Work { commit, base, len, new_len, rows, cut, tiles, segments };
        if cuts {
            self.commit_with_cut(&work, &growth)?;
        } else {
            self.write_tiles(&growth)?;
            self.sync_tiles(&growth)?;
            self.transact(&work)?;
            self.shared.publish(work.base, work.new_len, growth);
        }
        self.restage(&work);
        Ok(())
    }

    fn check_base(&self, base: u64, len: u64) -> Result<()> {
        if base > len {
            return Err(StoreError::OutOfRange { what: "commit base", asked: base, begin: 0, end: len + 1 });
        }
        let sealed = self.shared.sealed.end();
        if base < sealed { Err(StoreError::CutsSealed { base, sealed }) } else { Ok(()) }
    }

    /// Pages of cut tiles are replaced only after the transaction says that they no longer count; readers wait meanwhile.
    fn commit_with_cut(&mut self, work: &Work<'_>, growth: &Growth) -> Result<()> {
        let shared = self.shared.clone();
        let cutting = shared.cutting();
        self.transact(work)?;
        let written = self.write_tiles(growth);
        let (first, roots) = (growth.first, growth.roots.clone());
        let (public, internal) = (growth.public.clone(), growth.internal.clone());
        shared.publish(work.base, work.new_len, Growth { first, pages: Vec::new(), roots, public, internal });
        drop(cutting);
        written?;
        self.sync_tiles(growth)?;
        let at = sql("count tiles", self.db.path());
        let tiles = work.new_len / WIDTH;
        self.db.transact("count tiles", |tx| rows::set_number(tx, TILES, tiles).map_err(at))
    }

    /// Where the copies of these entries are.
    fn places(&mut self, appends: &[Append], base: u64) -> Result<Vec<Location>> {
        let mut places = Vec::with_capacity(appends.len());
        let mut unseal = Vec::new();
        for (i, append) in appends.iter().enumerate() {
            let record = append.record();
            if self.shared.leaf(&append.name) != NodeHash::from(append.leaf_hash) {
                let (name, index, leaf_hash) = (append.name, base + i as u64, append.leaf_hash);
                return Err(StoreError::LeafHash { name, index, leaf_hash });
            }
            let staged = self.shared.staged().exact(&record);
            places.push(match staged {
                Some(at) => at,
                None => match self.ordered_copy(&record)? {
                    (index, _) if self.shared.sealed.has(index) => {
                        unseal.push((i, index));
                        Location::new(0, 0)
                    }
                    (_, at) => at,
                },
            });
        }
        for (i, index) in unseal {
            let bytes = self.shared.sealed.entry(index)?;
            places[i] = self.append(&bytes)?;
        }
        Ok(places)
    }

    /// The place of a copy that the order has already, perhaps in what is about to be cut.
    fn ordered_copy(&self, record: &OrderRecord) -> Result<(u64, Location)> {
        let not_held = StoreError::NotHeld { name: record.name };
        let Some(index) = self.shared.find_name(&record.name, self.shared.len())? else {
            return Err(not_held);
        };
        match self.rows().get(index)? {
            Some(row) if row.record == *record => Ok((index, row.at)),
            _ => Err(not_held),
        }
    }

    fn grow(&self, base: u64, len: u64, rows: &[OrderRow]) -> Result<Growth> {
        let (public, internal) = if base == len {
            let view = self.shared.view();
            (view.public_tile.as_ref().clone(), view.internal_tile.as_ref().clone())
        } else {
            self.shared.tiles_from_rows(self.rows(), base / WIDTH, base % WIDTH)?
        };
        let first = base / WIDTH;
        let mut growth = Growth { first, pages: Vec::new(), roots: Vec::new(), public, internal };
        for row in rows {
            growth.push(self.shared.leaf(&row.record.name), row.record.internal_leaf());
        }
        Ok(growth)
    }

    fn write_tiles(&self, growth: &Growth) -> Result<()> {
        if growth.roots.is_empty() {
            return Ok(());
        }
        self.shared.tiles.write(growth.first, &growth.pages)?;
        self.roots.write(growth.first, &growth.roots)
    }

    fn sync_tiles(&self, growth: &Growth) -> Result<()> {
        if growth.roots.is_empty() {
            return Ok(());
        }
        self.shared.tiles.sync()?;
        self.roots.sync()
    }

    fn transact(&mut self, work: &Work<'_>) -> Result<()> {
        let (shared, late) = (&self.shared, &mut self.late);
        self.db.transact("commit", |tx| {
            work.cut_rows(tx, shared)?;
            work.append_rows(tx, shared)?;
            work.set_state(tx, shared)?;
            keep_scts(tx, shared, late, work.new_len)
        })
    }

    /// After a commit: what was ordered is no longer staged; what was cut, and is not ordered again, is.
    fn restage(&mut self, work: &Work<'_>) {
        let mut staged = self.shared.staged_mut();
        for row in &work.cut {
            staged.add(row.record, row.at);
        }
        for row in &work.rows {
            staged.remove(&row.record.name);
        }
    }
}
