//! Whatever is whole in a damaged list, for a new one. What it has not got is to be copied from other lists, so nothing here
//! guesses: a record whose checksum is wrong is left behind, and so is an entry whose issuers nobody has.

use super::open::{database, segments_dir};
use super::{EntryList, ListOptions, sct};
use crate::db::{Pool, sql};
use crate::disk::Disk;
use crate::error::Result;
use crate::issuers::Issuers;
use crate::lock::DirLock;
use crate::segment::walk::{Stands, Walk, durable_end};
use crate::segment::{Kind, Location, numbers_in};
use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, sha256};
use ct::sct::DigitallySigned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Issuers kept in memory.
const CACHED: usize = 1024;

/// A damaged list, which no process has open, and none opens meanwhile. Nothing is written to it.
pub struct Salvage {
    dir: PathBuf,
    disk: Disk,
    pool: Pool,
    issuers: Issuers,
    numbers: Vec<u32>,
    _lock: DirLock,
}

/// What became of a damaged list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Entries that are in the new list.
    pub entries: u64,
    /// Places in which there was an entry, or may have been several. None says nothing: a file that is gone at the end of the
    /// list leaves no trace.
    pub lost: u64,
    /// Entries that are whole, and were left behind for an issuer that nobody had.
    pub without_issuer: u64,
}

/// What is whole of one segment.
#[derive(Default)]
struct Whole {
    entries: Vec<StoredEntry>,
    lost: u64,
}

impl Salvage {
    /// # Errors
    /// [`Missing`](crate::StoreError::Missing) if there is no such directory, [`Locked`](crate::StoreError::Locked); a directory that cannot be read.
    pub fn open(dir: &Path, options: &ListOptions) -> Result<Self> {
        let lock = DirLock::open(dir)?;
        let disk = Disk::new(options.files.clone());
        let segments = segments_dir(dir);
        let numbers = if segments.is_dir() { numbers_in(&disk, &segments)? } else { Vec::new() };
        let (pool, issuers) = (Pool::new(&database(dir), 1), Issuers::new(CACHED));
        Ok(Self { dir: dir.to_owned(), disk, pool, issuers, numbers, _lock: lock })
    }

    /// Issuers that whole entries name, and that are damaged or gone here.
    pub fn lacking(&self) -> BTreeSet<Fingerprint> {
        let mut named = BTreeSet::new();
        for number in &self.numbers {
            for entry in self.segment(*number).entries {
                named.extend(entry.chain());
            }
        }
        named.retain(|fingerprint| self.issuer(fingerprint).is_none());
        named
    }

    /// Appends all that is whole to a new list, in its order and durably. `certificates` are issuers that others had.
    ///
    /// # Errors
    /// Those of writing the new list. Damage in the old one is none.
    pub fn pour(&self, certificates: &[Vec<u8>], into: &mut EntryList) -> Result<Salvaged> {
        let brought: BTreeMap<_, _> =
            certificates.iter().map(|der| (Fingerprint::new(sha256(&[der])), der.clone())).collect();
        let gaps = self.numbers.windows(2).map(|pair| u64::from(pair[1] - pair[0] - 1)).sum();
        let mut salvaged = Salvaged { lost: gaps, ..Salvaged::default() };
        for number in &self.numbers {
            let Whole { mut entries, lost } = self.segment(*number);
            let named: BTreeSet<_> = entries.iter().flat_map(StoredEntry::chain).copied().collect();
            let mut issuers = BTreeMap::new();
            for fingerprint in named {
                let der = self.issuer(&fingerprint).or_else(|| brought.get(&fingerprint).cloned());
                issuers.extend(der.map(|der| (fingerprint, der)));
            }
            let whole = entries.len();
            entries.retain(|entry| entry.chain().iter().all(|issuer| issuers.contains_key(issuer)));
            into.add_issuers(&issuers.into_values().collect::<Vec<_>>())?;
            into.append(&entries)?;
            into.sync()?;
            salvaged.entries += entries.len() as u64;
            salvaged.lost += lost;
            salvaged.without_issuer += (whole - entries.len()) as u64;
        }
        Ok(salvaged)
    }

    fn issuer(&self, fingerprint: &Fingerprint) -> Option<Vec<u8>> {
        self.issuers.get(&self.pool, fingerprint).ok().flatten().map(|der| der.to_vec())
    }

    /// A segment that cannot be read at all counts as one place.
    fn segment(&self, number: u32) -> Whole {
        self.read(number).unwrap_or(Whole { entries: Vec::new(), lost: 1 })
    }

    /// What can be read of a segment, up to where the disk itself gives up.
    fn read(&self, number: u32) -> Result<Whole> {
        let mut walk = Walk::open(&self.disk, &segments_dir(&self.dir), number, None)?;
        let first = walk.segment.first;
        let (mut entries, mut scts, mut lost) = (Vec::new(), Vec::new(), 0);
        // What is not whole behind that was never acknowledged.
        let durable = match self.numbers.last() {
            Some(last) if *last == number => {
                let (dir, known) = (segments_dir(&self.dir), Location::new(0, 0));
                durable_end(&self.disk, &dir, number, known).unwrap_or(u64::MAX)
            }
            _ => u64::MAX,
        };
        // Behind a header that is damaged nobody knows how many entries there were, and so which one an SCT is of.
        let mut countable = true;
        while !walk.is_over() {
            let read = walk.piece(|offset, _, stands| match stands {
                Stands::Whole(Kind::Entry, payload) => {
                    let entry = StoredEntry::decode(payload).ok();
                    lost += u64::from(entry.is_none());
                    entries.push(entry);
                }
                Stands::Bad(Some(Kind::Entry)) => {
                    entries.push(None);
                    lost += u64::from(offset < durable);
                }
                Stands::Whole(Kind::Sct, payload) if countable => scts.extend(sct::decode(payload)),
                Stands::Bad(None) => {
                    countable = false;
                    lost += u64::from(offset < durable);
                }
                Stands::Whole(..) | Stands::Bad(Some(_)) => {}
            });
            if read.is_err() {
                countable = false;
                lost += 1;
                break;
            }
        }
        if countable {
            scts.extend(self.late(first, first + entries.len() as u64).unwrap_or_default());
        }
        for (position, sct) in scts {
            let place = position.checked_sub(first).and_then(|at| entries.get_mut(at as usize));
            if let Some(place) = place {
                *place = place.take().map(|entry: StoredEntry| entry.with_sct(sct));
            }
        }
        Ok(Whole { entries: entries.into_iter().flatten().collect(), lost })
    }

    /// SCTs that came when their entry's segment was closed.
    fn late(&self, from: u64, end: u64) -> Result<Vec<(u64, DigitallySigned)>> {
        let at = sql("read SCTs", self.pool.path());
        let rows: Vec<(i64, Vec<u8>)> = self.pool.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT position, sct FROM late_scts WHERE position >= ?1 AND position < ?2")
                .map_err(&at)?;
            let found = statement.query_map((from as i64, end as i64), |row| Ok((row.get(0)?, row.get(1)?)));
            found.and_then(Iterator::collect).map_err(&at)
        })?;
        let whole =
            |(position, sct): (i64, Vec<u8>)| Some((position as u64, DigitallySigned::decode(&sct).ok()?));
        Ok(rows.into_iter().filter_map(whole).collect())
    }
}
