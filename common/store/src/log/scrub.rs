//! Reading everything again, before somebody needs it.

use super::copy::name_of;
use super::reader::Reader;
use super::rows::OrderRow;
use super::shared::{Shared, roots_of};
use super::tile::{HEIGHT, PAGE, WIDTH};
use super::writer::Writer;
use crate::error::{Result, StoreError};
use ct::index::{LeafIndex, TreeSize};

/// What a part of a scrub found.
#[derive(Debug, Default)]
pub struct Scrubbed {
    /// Where to go on; the length of the log when all was read.
    pub next: TreeSize,
    /// Entries whose copies are damaged, or not those that the order names.
    pub entries: Vec<(LeafIndex, StoreError)>,
    /// Tiles (of 256 entries) whose pages are damaged: [`Writer::mend_tile`] makes them anew.
    pub tiles: Vec<(u64, StoreError)>,
}

impl Shared {
    fn check_entry(&self, index: u64, row: &OrderRow) -> Result<()> {
        let encoded = self.encoded(index, row)?;
        let name = name_of(&encoded)?;
        let path = || {
            let sealed = self.sealed.has(index);
            if sealed { self.sealed.path(index / self.sealed.run()) } else { self.dir.join("segments") }
        };
        if name != row.record.name {
            return Err(StoreError::corrupt(&path(), index, "entry", row.record.name, name));
        }
        match self.extra_hash_in(&encoded)? {
            Some(extra) if extra == row.record.extra => Ok(()),
            found => {
                let found = found.map_or("a missing issuer".to_owned(), |extra| extra.to_string());
                Err(StoreError::corrupt(&path(), index, "extra data", row.record.extra, found))
            }
        }
    }

    fn check_tile(&self, number: u64) -> Result<()> {
        let Some(root) = self.view().public.node(HEIGHT, number) else { return Ok(()) };
        let found = self.tiles.read(number)?.node(HEIGHT, 0);
        if found == root {
            return Ok(());
        }
        Err(StoreError::corrupt(&self.dir.join("tiles"), number * PAGE as u64, "tile root", root, found))
    }
}

impl Reader {
    /// Reads and hashes again the entries from `from` on, at most `count`, and the tiles that begin among them.
    ///
    /// # Errors
    /// SQL errors. Damage is what it looks for, and no error.
    pub fn scrub(&self, from: LeafIndex, count: u64) -> Result<Scrubbed> {
        let _reading = self.shared.reading();
        let len = self.shared.len();
        let (from, end) = (from.get().min(len), len.min(from.get() + count));
        let mut found = Scrubbed { next: TreeSize::ZERO.plus(end), ..Scrubbed::default() };
        for (index, row) in (from..end).zip(self.shared.rows(|rows| rows.range(from..end))?) {
            if let Err(error) = self.shared.check_entry(index, &row) {
                found.entries.push((TreeSize::ZERO.plus(index).next_index(), error));
            }
            if index % WIDTH == 0
                && let Err(error) = self.shared.check_tile(index / WIDTH)
            {
                found.tiles.push((index / WIDTH, error));
            }
        }
        Ok(found)
    }
}

impl Writer {
    /// Makes the page of a full tile anew from the order, if the order leads to the root that is known.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if the tile is not full, [`StoreError::Corrupt`] if the order leads to another root,
    /// [`StoreError::Poisoned`], I/O and SQL errors.
    pub fn mend_tile(&mut self, number: u64) -> Result<()> {
        let end = self.shared.len() / WIDTH;
        let known = self.shared.view().public.node(HEIGHT, number);
        let Some(known) = known else {
            return Err(StoreError::OutOfRange { what: "tile", asked: number, begin: 0, end });
        };
        let (public, internal) = self.shared.tiles_from_rows(self.rows(), number, WIDTH)?;
        let roots = roots_of(&public, &internal).filter(|roots| roots.public == known);
        let Some(roots) = roots else {
            let row = number * WIDTH;
            return Err(StoreError::corrupt(
                self.db.path(),
                row,
                "order rows",
                known,
                "rows of another root",
            ));
        };
        self.shared.tiles.write(number, &public.page(number))?;
        self.roots.write(number, &[roots])?;
        self.shared.tiles.sync()?;
        self.roots.sync()
    }
}
