//! The order, 256 entries at a time: copies, rows, the page and the roots of the tile, and the way back from both indexes.

use super::super::index::{IDENTITIES, NAMES};
use super::super::raw;
use super::super::roots::{self, TileRoots};
use super::super::rows::{OrderRow, TILES};
use super::super::shared::{roots_of, undecodable};
use super::super::tile::{PAGE, Page, Tile, WIDTH};
use super::source::{Said, Source};
use super::{LogCheck, Trees};
use crate::error::{Result, StoreError};
use crate::files::Mode;
use crate::finding::{Finding, Findings};
use ct::archive::is_archived;
use ct::hash::{Fingerprint, Identity, NodeHash, hex, sha256};
use ct::order::OrderRecord;
use std::path::Path;

/// How many rows of each index the entries account for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Indexed {
    pub names: u64,
    pub identities: u64,
}

/// The files of the tree, as far as they can be read.
struct TilePage {
    bytes: Vec<u8>,
    /// None: its checksum is wrong.
    page: Option<Page>,
}

impl LogCheck {
    /// Checks the next tile's worth of entries. Answers how many bytes were read.
    pub(super) fn order_step(&mut self) -> Result<u64> {
        let first = self.next;
        let end = self.end.min((first / WIDTH + 1) * WIDTH);
        self.next = end;
        let number = first / WIDTH;
        let counted = number < self.source.number(TILES)? && end == (number + 1) * WIDTH;
        let page = if counted { self.page(number) } else { None };
        let mut read = if counted { PAGE as u64 } else { 0 };
        let (mut public, mut internal) = (Tile::default(), Tile::default());
        let mut whole = true;
        self.wrong_rows.clear();
        for index in first..end {
            let row = match self.source.rows(|rows| rows.get(index)) {
                Ok(row) => row,
                Err(error) => {
                    self.findings.add(order_row(&self.source, index, "row", "a row", &error));
                    None
                }
            };
            let Some(row) = row else {
                self.findings.add(order_row(&self.source, index, "row", "a row", &"none"));
                match self.record_of_copy(index) {
                    Some(record) => {
                        self.wrong_rows.insert(index, record);
                        public.push(self.source.leaf(&record.name));
                        internal.push(record.internal_leaf());
                        self.grow(&record);
                    }
                    None => (whole, self.trees) = (false, Trees::Unknown),
                }
                continue;
            };
            let seen = page.as_ref().and_then(|page| page.page.as_ref()).map(|p| p.node(0, index - first));
            match self.entry(index, &row, seen) {
                Ok(Some(bytes)) => read += bytes,
                Ok(None) => self.damaged.push(index),
                Err(error) => {
                    let segments = self.source.dir.join("segments");
                    let mut finding = Finding::of(&error, &segments);
                    finding.what = format!("{} of entry {index}", finding.what);
                    self.findings.add(finding);
                    self.damaged.push(index);
                }
            }
            let record = self.wrong_rows.get(&index).copied().unwrap_or(row.record);
            public.push(self.source.leaf(&record.name));
            internal.push(record.internal_leaf());
            self.grow(&record);
        }
        if whole
            && counted
            && let Some(roots) = roots_of(&public, &internal)
        {
            // A row that was named already must not have the page named too, which showed it.
            let wrong = std::mem::take(&mut self.wrong_rows);
            if wrong.is_empty() {
                self.tile(number, &public, page, roots);
            } else if self.proves(number, &public, page, &roots) {
                self.proven_rows.extend(wrong);
            }
        }
        Ok(read)
    }

    /// What the order should say of a sealed entry, by its copy: of others only the order knows where they are.
    fn record_of_copy(&mut self, index: u64) -> Option<OrderRecord> {
        let (_, run) = self.source.sealed().ok().filter(|(sealed, _)| index < *sealed)?;
        let bytes = self.source.sealed_entry(index, run, &mut self.run).ok().flatten()?;
        let said = self.source.said(bytes).ok()?;
        Some(OrderRecord { name: said.name, extra: said.extra? })
    }

    /// Whether page and roots of a tile, both whole, are those of these records.
    fn proves(&self, number: u64, public: &Tile, page: Option<TilePage>, known: &TileRoots) -> bool {
        let (begin, expected) = roots::row(number, known);
        let read = self.source.disk.open(&self.source.dir.join("tile-roots"), Mode::Read);
        let row = read.and_then(|handle| handle.read_up_to(begin, expected.len()));
        page.is_some_and(|page| page.page.is_some() && page.bytes == public.page(number))
            && row.is_ok_and(|row| row == expected)
    }

    /// Checks one entry. `Ok(None)`: what it lies in was named before; else the bytes of its copy.
    fn entry(&mut self, index: u64, row: &OrderRow, page: Option<NodeHash>) -> Result<Option<u64>> {
        let Some(bytes) = self.source.encoded(index, row, &mut self.run)? else { return Ok(None) };
        let said = self.source.said(bytes)?;
        let (expected, found) = (row.record.name, said.name);
        if expected != found {
            // Two against one: the page says whether the copy or the row was changed.
            if page != Some(self.source.leaf(&found)) {
                return Err(self.misplaced(index, row, &said));
            }
            let extra = said.extra.unwrap_or(row.record.extra);
            self.wrong_rows.insert(index, OrderRecord { name: found, extra });
            self.findings.add(order_row(&self.source, index, "name", found, &expected));
        }
        match said.extra {
            Some(extra) if extra == row.record.extra => {}
            Some(extra) => {
                self.wrong_rows.insert(index, OrderRecord { name: found, extra });
                self.findings.add(order_row(
                    &self.source,
                    index,
                    "hash of extra data",
                    extra,
                    &row.record.extra,
                ));
            }
            None => self.missing_issuers(index, &said.bytes),
        }
        if expected == found {
            self.look_up(index, &said)?;
        }
        Ok(Some(said.bytes.len() as u64))
    }

    fn missing_issuers(&mut self, index: u64, bytes: &[u8]) {
        let source = &self.source;
        let chain = raw::parts(bytes).map(|parts| parts.chain).unwrap_or_default();
        for fingerprint in chain.as_chunks::<32>().0.iter().map(|bytes| Fingerprint::new(*bytes)) {
            if !matches!(source.issuers.get(&source.pool, &fingerprint), Ok(Some(_))) {
                let (row, what) = (hex(fingerprint.as_bytes()), format!("an issuer of entry {index}"));
                let (row, expected) = (("issuers", row), "a certificate of this hash");
                self.findings.add(Finding::row(source.database(), row, what, expected, "none"));
                self.bad_issuers.insert(fingerprint);
            }
        }
    }

    /// The copy is whole, and that of another entry.
    fn misplaced(&self, index: u64, row: &OrderRow, said: &Said) -> StoreError {
        let (name, found) = (row.record.name, said.name);
        match self.source.sealed() {
            Ok((sealed, run)) if index < sealed => {
                StoreError::corrupt(&self.source.run_path(index / run), 0, "copy", name, found)
            }
            _ => {
                let file = crate::segment::file_name(row.at.segment());
                let path = self.source.dir.join("segments").join(file);
                StoreError::corrupt(&path, row.at.offset().into(), "copy", name, found)
            }
        }
    }

    /// Both indexes must lead from the entry to the lowest index that has its key.
    fn look_up(&mut self, index: u64, said: &Said) -> Result<()> {
        let (source, len) = (&self.source, self.len);
        let by_name = source.rows(|rows| {
            NAMES.find(rows.connection, rows.path, said.name.as_bytes(), |at| {
                Ok(at < len && rows.get(at)?.is_some_and(|row| row.record.name == said.name))
            })
        });
        let counter = (&mut self.findings, &mut self.indexed.names);
        self.bad_indexes |= !leads("name_index", by_name, index, self.source.database(), counter);
        if is_archived(&said.bytes) {
            return Ok(());
        }
        let identity = identity(&said.bytes)?;
        let mut others = Vec::new();
        let by_identity = self.source.rows(|rows| {
            IDENTITIES.find(rows.connection, rows.path, identity.as_bytes(), |at| {
                if at != index {
                    others.push(at);
                }
                Ok(at == index)
            })
        });
        let lower = others.into_iter().filter(|at| *at < index).find(|at| self.has(*at, &identity));
        let found = if lower.is_some() { Ok(lower) } else { by_identity };
        let counter = (&mut self.findings, &mut self.indexed.identities);
        self.bad_indexes |= !leads("identity_index", found, index, self.source.database(), counter);
        Ok(())
    }

    /// Whether the entry at another index has this identity; one that is damaged is named in its place.
    fn has(&self, at: u64, wanted: &Identity) -> bool {
        let row = self.source.rows(|rows| rows.get(at)).ok().flatten();
        let bytes = row.and_then(|row| self.source.encoded(at, &row, &mut None).ok().flatten());
        bytes.is_some_and(|bytes| identity(&bytes).is_ok_and(|found| found == *wanted))
    }

    fn page(&mut self, number: u64) -> Option<TilePage> {
        let path = self.source.dir.join("tiles");
        let read = self.source.disk.open(&path, Mode::Read);
        match read.and_then(|handle| handle.read_up_to(number * PAGE as u64, PAGE)) {
            Ok(bytes) => Some(TilePage { page: Page::check(bytes.clone(), number, &path).ok(), bytes }),
            Err(error) => {
                self.findings.add(Finding::of(&error, &path));
                None
            }
        }
    }

    /// Page and roots of a tile must be those that its rows lead to.
    fn tile(&mut self, number: u64, public: &Tile, page: Option<TilePage>, known: TileRoots) {
        if let Some(TilePage { bytes, page }) = page {
            let path = self.source.dir.join("tiles");
            let what = if page.is_some() { "hash in a tile" } else { "tile" };
            let begin = number * PAGE as u64;
            if let Some(finding) = differs(&path, begin, what, &public.page(number), &bytes) {
                self.bad_tiles.push(number);
                self.findings.add(finding);
            }
        }
        let path = self.source.dir.join("tile-roots");
        let (begin, expected) = roots::row(number, &known);
        let read = self.source.disk.open(&path, Mode::Read);
        match read.and_then(|handle| handle.read_up_to(begin, expected.len())) {
            Ok(found) => {
                if let Some(finding) = differs(&path, begin, "roots of a tile", &expected, &found) {
                    self.bad_roots = true;
                    self.findings.add(finding);
                }
            }
            Err(error) => {
                self.bad_roots = true;
                self.findings.add(Finding::of(&error, &path));
            }
        }
    }
}

/// The first byte that is not as expected.
fn differs(path: &Path, begin: u64, what: &str, expected: &[u8], found: &[u8]) -> Option<Finding> {
    let at = expected.iter().zip(found).position(|(expected, found)| expected != found);
    let at = at.or((found.len() < expected.len()).then_some(found.len()))?;
    let byte = |bytes: &[u8]| bytes.get(at).map_or("nothing".to_owned(), |byte| format!("{byte:#04x}"));
    Some(Finding::byte(path, begin + at as u64, what, byte(expected), byte(found)))
}

fn order_row(
    source: &Source,
    index: u64,
    what: &str,
    expected: impl ToString,
    found: &dyn std::fmt::Display,
) -> Finding {
    Finding::row(source.database(), ("orders", index), what, expected, found)
}

fn identity(bytes: &[u8]) -> Result<Identity> {
    let leaf = raw::parts(bytes).map_err(undecodable)?.leaf;
    // Behind version, leaf type and timestamp, before the two bytes of empty extensions.
    let body = leaf.get(10..leaf.len().saturating_sub(2)).unwrap_or_default();
    Ok(Identity::new(sha256(&[body])))
}

/// Whether an index led to an entry, or to an earlier one with its key.
fn leads(
    table: &'static str,
    found: Result<Option<u64>>,
    index: u64,
    path: &Path,
    (findings, rows): (&mut Findings, &mut u64),
) -> bool {
    let wrong = match found {
        Ok(Some(at)) if at == index => {
            *rows += 1;
            return true;
        }
        Ok(Some(at)) if at < index => return true,
        Ok(Some(at)) => at.to_string(),
        Ok(None) => "none".to_owned(),
        Err(error) => error.to_string(),
    };
    let row = (table, format!("of entry {index}"));
    findings.add(Finding::row(path, row, "index row", index, wrong));
    false
}
