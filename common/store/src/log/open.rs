//! Making and opening a log.

use super::options::StoreOptions;
use super::roots::{RootsFile, TileRoots};
use super::rows::{self, LEN, RUN, RUNS, Rows, SCHEMA, SEGMENTS, TILES};
use super::sealed::{Sealed, file_name};
use super::shared::{Shared, View, roots_of};
use super::staged::Staged;
use super::tile::{HEIGHT, Tile, Upper, WIDTH};
use super::tiles::Tiles;
use super::writer::Writer;
use crate::db::{Db, Pool, sql};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::issuers::Issuers;
use crate::lock::DirLock;
use crate::segment::{Location, Segments};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

fn database(dir: &Path) -> PathBuf {
    dir.join("log.db")
}

/// The parts of a log while it is being opened.
struct Parts {
    dir: PathBuf,
    options: StoreOptions,
    disk: Disk,
    lock: DirLock,
    db: Db,
    segments: Segments,
    tiles: Tiles,
    roots: RootsFile,
}

impl Writer {
    /// Makes an empty log in `dir`, which is made too.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is a log already, [`StoreError::Locked`], I/O and SQL errors.
    pub fn create(dir: &Path, options: &StoreOptions) -> Result<Self> {
        let lock = DirLock::make(dir)?;
        if Db::is_there(&database(dir))? {
            return Err(StoreError::Exists { dir: dir.to_owned() });
        }
        let disk = Disk::new(options.files.clone());
        for part in ["segments", "sealed"] {
            disk.create_dir(&dir.join(part))?;
        }
        let segments = Segments::create(&disk, &dir.join("segments"), options.segment_bytes)?;
        let tiles = Tiles::open(&disk, dir)?;
        let roots = RootsFile::open(&disk, dir)?;
        disk.sync_dir(dir)?;
        let run = options.run.next_multiple_of(WIDTH).max(WIDTH);
        let db = Db::create(&database(dir), SCHEMA, disk.poison.clone(), |tx| {
            for key in [LEN, TILES, SEGMENTS, RUNS] {
                rows::set_number(tx, key, 0)?;
            }
            rows::set_number(tx, RUN, run)
        })?;
        let (dir, options) = (dir.to_owned(), options.clone());
        Parts { dir, options, disk, lock, db, segments, tiles, roots }.assemble()
    }

    /// Opens the log in `dir`. The cost does not grow with the entries, but for the row of 68 bytes read for each tile
    /// of 256.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none, [`StoreError::Locked`] if it is open elsewhere,
    /// [`StoreError::Corrupt`] and [`StoreError::Version`], which name the file, I/O and SQL errors.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        if !Db::is_there(&database(dir))? {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        let disk = Disk::new(options.files.clone());
        let db = Db::open(&database(dir), SCHEMA, disk.poison.clone())?;
        let known = Rows { connection: db.connection(), path: db.path() }.number(SEGMENTS)?;
        let segments = Segments::open(
            &disk,
            &dir.join("segments"),
            options.segment_bytes,
            Location::from_packed(known),
            |_, _, _| Ok(()),
        )?;
        let tiles = Tiles::open(&disk, dir)?;
        let roots = RootsFile::open(&disk, dir)?;
        let (dir, options) = (dir.to_owned(), options.clone());
        Parts { dir, options, disk, lock, db, segments, tiles, roots }.assemble()
    }
}

impl Parts {
    fn number(&self, key: &'static str) -> Result<u64> {
        self.rows().number(key)
    }

    fn rows(&self) -> Rows<'_> {
        Rows { connection: self.db.connection(), path: self.db.path() }
    }

    fn assemble(self) -> Result<Writer> {
        let len = self.number(LEN)?;
        let greatest = self.rows().greatest()?.map_or(0, |index| index + 1);
        if greatest != len {
            return Err(StoreError::corrupt(self.db.path(), greatest, "order length", len, greatest));
        }
        let runs = self.number(RUNS)?;
        let run = self.number(RUN)?;
        self.check_runs(runs)?;
        let sealed = Sealed::new(&self.disk, &self.dir, run, runs, self.options.cached_blocks);
        let empty = View {
            len,
            public: Upper::default(),
            internal: Upper::default(),
            public_tile: Arc::default(),
            internal_tile: Arc::default(),
        };
        let shared = Shared {
            dir: self.dir.clone(),
            disk: self.disk.clone(),
            kind: self.options.kind,
            segments: self.segments.reader(),
            tiles: self.tiles.clone(),
            pool: Pool::new(&database(&self.dir), self.options.connections),
            issuers: Issuers::new(self.options.cached_issuers),
            chains: Mutex::new(BTreeMap::new()),
            most_chains: self.options.cached_issuers,
            view: RwLock::new(empty),
            gate: RwLock::new(()),
            staged: RwLock::new(Staged::default()),
            sealed,
        };
        let mut writer = Writer {
            shared: Arc::new(shared),
            db: self.db,
            segments: self.segments,
            roots: self.roots,
            late: BTreeMap::new(),
            block: self.options.block.max(1),
            zstd_level: self.options.zstd_level,
            _lock: self.lock,
        };
        writer.load_tree(len)?;
        Ok(writer)
    }

    /// Every sealed run must have its file; files of runs that do not count, and half-made ones, go.
    fn check_runs(&self, runs: u64) -> Result<()> {
        let dir = self.dir.join("sealed");
        let names: BTreeSet<String> = self.disk.list(&dir)?.into_iter().collect();
        let counted: BTreeSet<String> = (0..runs).map(file_name).collect();
        if let Some(missing) = counted.difference(&names).next() {
            return Err(StoreError::corrupt(&dir.join(missing), 0, "sealed run", "a file", "none"));
        }
        for left in names.difference(&counted) {
            self.disk.remove(&dir.join(left))?;
        }
        Ok(())
    }
}

impl Writer {
    /// Reads the roots of full tiles, makes again what is missing or damaged, and rebuilds what is above and beside.
    fn load_tree(&mut self, len: u64) -> Result<()> {
        let full = len / WIDTH;
        let counted = self.rows().number(TILES)?.min(full);
        let mut found = self.roots.read(counted)?;
        found.resize(full as usize, None);
        let pages = self.shared.tiles.pages()?.min(counted);
        let (mut public, mut internal) = (Upper::default(), Upper::default());
        let mut rebuilt = false;
        for (number, roots) in (0..full).zip(found) {
            let roots = match roots {
                Some(roots) if number < pages => roots,
                known => {
                    rebuilt = true;
                    self.rebuild(number, known, number < pages)?
                }
            };
            public.push(roots.public);
            internal.push(roots.internal);
        }
        if rebuilt {
            self.shared.tiles.sync()?;
            self.roots.sync()?;
        }
        if self.rows().number(TILES)? != full {
            let at = sql("count tiles", self.db.path());
            self.db.transact("count tiles", |tx| rows::set_number(tx, TILES, full).map_err(at))?;
        }
        let (public_tile, internal_tile) = self.shared.tiles_from_rows(self.rows(), full, len % WIDTH)?;
        let mut view = self.shared.view_mut();
        (view.public, view.internal) = (public, internal);
        (view.public_tile, view.internal_tile) = (Arc::new(public_tile), Arc::new(internal_tile));
        Ok(())
    }

    /// Makes page and roots of a tile from the order. What is known of it, its roots or a page that checks, must agree.
    fn rebuild(&self, number: u64, known: Option<TileRoots>, has_page: bool) -> Result<TileRoots> {
        let (public, internal) = self.shared.tiles_from_rows(self.rows(), number, WIDTH)?;
        let roots = roots_of(&public, &internal).unwrap_or_else(|| unreachable_tile(&public));
        let row = number * WIDTH;
        if let Some(known) = known.filter(|known| *known != roots) {
            return Err(StoreError::corrupt(self.db.path(), row, "order rows", known.public, roots.public));
        }
        if has_page
            && let Ok(page) = self.shared.tiles.read(number)
            && page.node(HEIGHT, 0) != roots.public
        {
            let expected = page.node(HEIGHT, 0);
            return Err(StoreError::corrupt(self.db.path(), row, "order rows", expected, roots.public));
        }
        self.shared.tiles.write(number, &public.page(number))?;
        self.roots.write(number, &[roots])?;
        Ok(roots)
    }
}

/// `tiles_from_rows` fails unless it has all 256 rows, so its tiles are full.
fn unreachable_tile(tile: &Tile) -> TileRoots {
    unreachable!("a tile of {} rows was made from {WIDTH}", tile.leaves().len())
}
