//! One pass over everything in a log's directory: every entry hashed again and held against the order, the order against
//! the tree, the tree against roots that somebody signed, and every row and record besides.
//!
//! It reads what is on disk through handles of its own, in steps of 256 entries or about a megabyte, and remembers
//! nothing of an entry but what is wrong with it. Of a log that is open it covers what is published: that is never cut.

mod order;
mod segments;
mod source;
mod tables;

pub use source::ClosedLog;

use super::reader::Reader;
use super::rows::LEN;
use crate::check::{Check, Step};
use crate::error::Result;
use crate::finding::{Finding, Findings};
use crate::lock::DirLock;
use crate::segment::Location;
use ct::hash::{Fingerprint, InternalRoot, LeafHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::order::{BothTrees, OrderRecord};
use order::Indexed;
use segments::Records;
use source::{OpenRun, Source};
use std::collections::{BTreeMap, BTreeSet};
use tables::Table;

/// A root that the log must have, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who: "the published tree head", say.
    pub what: &'static str,
    /// Entries under it.
    pub size: TreeSize,
    /// The root.
    pub root: RootHash,
    /// The root over the order records, if that is known too.
    pub internal: Option<InternalRoot>,
}

/// What comes next.
enum Stage {
    Begin,
    Order,
    Files(Records),
    Table(Table),
    Over,
}

/// The trees over the order, as far as it can be read.
enum Trees {
    Known(Box<BothTrees>),
    /// A row is missing.
    Unknown,
}

/// A pass over a log.
pub struct LogCheck {
    source: Source,
    known: Vec<Known>,
    findings: Findings,
    stage: Stage,
    /// Entries in the order when it began.
    len: u64,
    /// Up to where entries are checked.
    end: u64,
    next: u64,
    trees: Trees,
    indexed: Indexed,
    damaged: Vec<u64>,
    /// Rows of the tile that is looked at which are wrong, and what they are by the copies of their entries.
    wrong_rows: BTreeMap<u64, OrderRecord>,
    /// Rows that are wrong, and what page and roots of their tiles prove them to be.
    proven_rows: BTreeMap<u64, OrderRecord>,
    bad_tiles: Vec<u64>,
    bad_issuers: BTreeSet<Fingerprint>,
    bad_records: Vec<(Location, u64)>,
    bad_segments: BTreeSet<u32>,
    bad_roots: bool,
    bad_indexes: bool,
    run: Option<OpenRun>,
    _lock: Option<DirLock>,
}

impl LogCheck {
    /// A pass over all of a log that nobody has open, against these roots.
    ///
    /// # Errors
    /// The length of the log cannot be read.
    pub fn closed(log: ClosedLog, known: Vec<Known>) -> Result<Self> {
        let len = log.source.number(LEN)?;
        Ok(Self { _lock: Some(log.lock), ..Self::over(log.source, (len, len), known) })
    }

    /// A pass over the published part of a log that is open: `known` is a tree head that is never cut.
    pub fn live(reader: &Reader, known: Known) -> Self {
        let len = reader.len().get();
        let end = known.size.get().min(len);
        Self::over(Source::of(reader), (len, end), vec![known])
    }

    fn over(source: Source, (len, end): (u64, u64), mut known: Vec<Known>) -> Self {
        known.sort_by_key(|known| std::cmp::Reverse(known.size));
        Self {
            source,
            known,
            findings: Findings::default(),
            stage: Stage::Begin,
            len,
            end,
            next: 0,
            trees: Trees::Known(Box::new(BothTrees::empty())),
            indexed: Indexed::default(),
            damaged: Vec::new(),
            wrong_rows: BTreeMap::new(),
            proven_rows: BTreeMap::new(),
            bad_tiles: Vec::new(),
            bad_issuers: BTreeSet::new(),
            bad_records: Vec::new(),
            bad_segments: BTreeSet::new(),
            bad_roots: false,
            bad_indexes: false,
            run: None,
            _lock: None,
        }
    }
}

/// What was found that can be put right, by what it concerns.
#[derive(Debug, Default)]
pub struct Damage {
    /// Entries whose copies are damaged, or are not those that the order names.
    pub entries: Vec<LeafIndex>,
    /// Order rows that are not what copy, page and roots agree on, and that.
    pub order: BTreeMap<LeafIndex, OrderRecord>,
    /// Tiles whose pages or roots are not those of the order.
    pub tiles: Vec<u64>,
    /// Issuers that are damaged, or missing.
    pub issuers: BTreeSet<Fingerprint>,
    /// Records of segments that are damaged, whether an entry is in them or not, and where they end.
    pub records: Vec<(Location, u64)>,
    /// Segments that are missing, or whose headers are damaged.
    pub segments: BTreeSet<u32>,
    /// Whether rows of `tile-roots`, or its header, are not those of the order.
    pub roots: bool,
    /// Whether an index does not lead where it should.
    pub indexes: bool,
}

impl LogCheck {
    /// What the pass found so far, for repair.
    pub fn damage(self) -> Damage {
        let index = |at: u64| TreeSize::ZERO.plus(at).next_index();
        Damage {
            entries: self.damaged.into_iter().map(index).collect(),
            order: self.proven_rows.into_iter().map(|(at, record)| (index(at), record)).collect(),
            tiles: self.bad_tiles,
            issuers: self.bad_issuers,
            records: self.bad_records,
            segments: self.bad_segments,
            roots: self.bad_roots,
            indexes: self.bad_indexes,
        }
    }

    /// Puts the next order record under the trees; where a root is known, it must be theirs.
    fn grow(&mut self, record: &OrderRecord) {
        self.compare();
        if let Trees::Known(trees) = &mut self.trees {
            trees.append(record, LeafHash::new(*self.source.leaf(&record.name).as_bytes()));
        }
    }

    /// Compares with the roots that are known for the size that is reached.
    fn compare(&mut self) {
        let Trees::Known(trees) = &self.trees else { return };
        while let Some(known) = self.known.pop_if(|known| known.size <= trees.size()) {
            if known.size < trees.size() {
                continue;
            }
            let (head, path) = (trees.head(), self.source.database());
            let row = ("orders", format!("below {}", known.size));
            if head.root != known.root {
                let what = format!("root of {}", known.what);
                self.findings.add(Finding::row(path, row, what, known.root, head.root));
            } else if let Some(internal) = known.internal.filter(|root| *root != head.internal_root) {
                let what = format!("internal root of {}", known.what);
                self.findings.add(Finding::row(path, row, what, internal, head.internal_root));
            }
        }
    }

    fn order_ends(&mut self) {
        self.compare();
        let path = self.source.database().to_owned();
        for known in std::mem::take(&mut self.known) {
            let (row, what) = (("meta", "len"), format!("size of {}", known.what));
            if known.size.get() > self.len {
                self.findings.add(Finding::row(&path, row, what, known.size, self.len));
            }
        }
    }

    fn advance(&mut self) -> Result<u64> {
        let (stage, read) = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Begin => {
                self.begin_step()?;
                (Stage::Order, 0)
            }
            Stage::Order if self.next < self.end => (Stage::Order, self.order_step()?),
            Stage::Order => {
                self.order_ends();
                (Stage::Files(self.records()?), 0)
            }
            Stage::Files(records) => match self.records_step(records)? {
                (Some(records), read) => (Stage::Files(records), read),
                (None, read) => (Stage::Table(Table::FIRST), read),
            },
            Stage::Table(table) => match self.table_step(table) {
                (Some(table), read) => (Stage::Table(table), read),
                (None, read) => (Stage::Over, read),
            },
            Stage::Over => (Stage::Over, 0),
        };
        self.stage = stage;
        Ok(read)
    }
}

impl Check for LogCheck {
    fn step(&mut self) -> Option<Step> {
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        let reader = self.source.reader.clone();
        let reading = reader.as_ref().map(|reader| reader.shared.reading());
        let tables_left = !matches!(self.stage, Stage::Table(_));
        let bytes = self.advance().unwrap_or_else(|error| {
            self.findings.add(Finding::of(&error, &self.source.dir));
            // What a stage cannot do without is gone; the tables can still be looked at.
            self.stage = if tables_left { Stage::Table(Table::FIRST) } else { Stage::Over };
            0
        });
        drop(reading);
        Some(Step { findings: self.findings.take(), bytes })
    }

    fn total(&self) -> u64 {
        let size = |path: std::path::PathBuf| {
            let open = self.source.disk.open(&path, crate::files::Mode::Read);
            open.and_then(|handle| handle.size()).unwrap_or(0)
        };
        let inside = |part: &str| {
            let dir = self.source.dir.join(part);
            let names = self.source.disk.list(&dir).unwrap_or_default();
            names.into_iter().map(|name| size(dir.join(name))).sum::<u64>()
        };
        let database = std::fs::metadata(self.source.database()).map_or(0, |file| file.len());
        inside("segments") * 2 + inside("sealed") + size(self.source.dir.join("tiles")) + database
    }
}
