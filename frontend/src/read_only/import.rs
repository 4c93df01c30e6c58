//! The copy while it is being filled: whoever fetches the entries hands them over here.
//!
//! Crash contract: what [`Import::append`] returned for is there, and is gone on from; it counts for nothing. What is shown
//! changes only in [`Import::show`], in one commit (docs/protocol.md, A2, A3).

use super::rows::{self, Whose};
use super::{ReadOnlyError, read_back};
use crate::internal::options;
use ct::archive::ArchivedEntry;
use ct::entry::LogKind;
use ct::hash::{Fingerprint, RootHash};
use ct::index::TreeSize;
use ct::key::LogKey;
use ct::sth::VerifiedSth;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use store::StoreError;
use store::log::{Append, Commit, Writer};

/// An entry as it was fetched: what is stored of it, and the certificates of its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The entry.
    pub entry: ArchivedEntry,
    /// Its chain, in the order of [`ArchivedEntry::chain`].
    pub issuers: Vec<Vec<u8>>,
}

impl Imported {
    /// How large it is, in bytes.
    pub fn size(&self) -> usize {
        let precertificate = self.entry.precertificate().map_or(0, <[u8]>::len);
        self.entry.leaf_bytes().len() + precertificate + self.issuers.iter().map(Vec::len).sum::<usize>()
    }
}

/// A copy that is being filled. Nobody else has it open.
pub struct Import {
    dir: PathBuf,
    writer: Writer,
    target: Option<VerifiedSth>,
    shown: Option<VerifiedSth>,
}

impl Import {
    /// Goes on with the copy of the log of this key in `dir`, or makes it: an import is the deliberate act that does.
    ///
    /// # Errors
    /// State of another log; [`StoreError::Locked`] while a frontend serves it; state that is damaged; the disk.
    pub fn begin(dir: &Path, key: &LogKey) -> Result<Self, ReadOnlyError> {
        let kind = options(LogKind::Rfc6962);
        let mut writer = match Writer::open(dir, &kind) {
            Err(StoreError::Missing { .. }) => Writer::create(dir, &kind)?,
            opened => opened?,
        };
        let reader = writer.reader();
        if rows::whose(&reader, dir, key)? == Whose::Nobodys {
            writer.commit(&Commit { state: vec![rows::copy_of(key)?], ..Commit::default() })?;
        }
        let target = rows::read_target(&reader, dir, key)?;
        let shown = rows::read_shown(&reader, dir, key)?;
        Ok(Self { dir: dir.to_owned(), writer, target, shown })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// Entries on disk, shown or not.
    pub fn len(&self) -> TreeSize {
        self.writer.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.writer.is_empty()
    }
    /// The STH that is being imported, by this process or an earlier one.
    pub const fn target(&self) -> Option<&VerifiedSth> {
        self.target.as_ref()
    }
    /// The STH that is shown.
    pub const fn shown(&self) -> Option<&VerifiedSth> {
        self.shown.as_ref()
    }

    /// What is never cut: it is shown, or compressed.
    pub fn fixed(&self) -> TreeSize {
        self.shown_size().max(self.writer.sealed())
    }

    fn shown_size(&self) -> TreeSize {
        self.shown.as_ref().map_or(TreeSize::ZERO, |sth| sth.head().tree_size)
    }

    /// The root of the first entries on disk, `size` of them.
    pub fn root_at(&self, size: TreeSize) -> Result<RootHash, ReadOnlyError> {
        Ok(self.writer.reader().roots_at(size)?.0)
    }

    /// The leaf and the extra data at a place, if there is an entry on disk.
    pub fn served(&self, at: TreeSize) -> Result<Option<store::log::Served>, ReadOnlyError> {
        if at >= self.len() {
            return Ok(None);
        }
        let served = self.writer.reader().range(at.next_index(), 1, self.len())?;
        Ok(served.into_iter().next())
    }

    /// From now on this STH is imported. The caller has verified that it extends the one before.
    pub fn aim(&mut self, sth: &VerifiedSth) -> Result<(), ReadOnlyError> {
        if self.target.as_ref() != Some(sth) {
            self.state(vec![rows::target(sth)?])?;
            self.target = Some(sth.clone());
        }
        Ok(())
    }

    /// Adds entries, which begin at place `first`. Those that are held already are passed over.
    pub fn append(&mut self, first: TreeSize, entries: &[Imported]) -> Result<(), ReadOnlyError> {
        let held = self.len();
        if first > held {
            return Err(ReadOnlyError::Gap { first, held });
        }
        let known = (held.since(first) as usize).min(entries.len());
        let new = &entries[known..];
        if new.is_empty() {
            return Ok(());
        }
        let issuers = self.new_issuers(new)?;
        let entries: Vec<_> = new.iter().map(|imported| imported.entry.clone()).collect();
        let records = self.writer.put_archived(&entries, &issuers)?;
        let append = entries.iter().zip(records).map(|(entry, record)| Append {
            name: record.name,
            extra: record.extra,
            leaf_hash: entry.leaf_hash(),
            identity: None,
        });
        Ok(self.writer.commit(&Commit { base: held, append: append.collect(), state: Vec::new() })?)
    }

    fn new_issuers(&self, entries: &[Imported]) -> Result<Vec<Vec<u8>>, ReadOnlyError> {
        let mut brought: BTreeMap<Fingerprint, &Vec<u8>> = BTreeMap::new();
        for imported in entries {
            brought.extend(imported.entry.chain().iter().copied().zip(&imported.issuers));
        }
        let fingerprints: Vec<_> = brought.keys().copied().collect();
        let missing = self.writer.reader().missing_issuers(&fingerprints)?;
        Ok(missing
            .iter()
            .filter_map(|fingerprint| brought.get(fingerprint))
            .map(|der| (*der).clone())
            .collect())
    }

    /// Takes away everything from `to` on: it turned out wrong, or is not known to be right.
    pub fn cut(&mut self, to: TreeSize) -> Result<(), ReadOnlyError> {
        let fixed = self.fixed();
        if to < fixed {
            return Err(ReadOnlyError::Fixed { to, fixed });
        }
        if to < self.len() {
            self.writer.commit(&Commit { base: to, ..Commit::default() })?;
            // What was cut stays staged, and is not wanted.
            self.writer.drop_staged();
        }
        Ok(())
    }

    /// Compresses full runs of entries that are proven to be in the log, and so never cut.
    pub fn seal(&mut self, proven: TreeSize) -> Result<(), ReadOnlyError> {
        while self.writer.seal_step(proven)? {}
        Ok(())
    }

    /// Shows the STH that was imported, with the roots that the log accepted if they are known, after the tree was
    /// recomputed from what is read back from disk. `progress` is told how far that is.
    ///
    /// # Errors
    /// [`ReadOnlyError::Unfinished`], [`ReadOnlyError::Root`]: nothing has changed then.
    pub fn show(
        &mut self,
        roots: Option<&[Vec<u8>]>,
        progress: &mut dyn FnMut(TreeSize),
    ) -> Result<VerifiedSth, ReadOnlyError> {
        let held = self.len();
        let of = self.target.as_ref().map(|sth| sth.head().tree_size);
        let Some(target) = self.target.clone().filter(|sth| sth.head().tree_size == held) else {
            return Err(ReadOnlyError::Unfinished { dir: self.dir.clone(), held, of });
        };
        let computed = read_back::root(&self.writer.reader(), self.shown_size(), held, progress)?;
        let signed = target.head().root_hash;
        if computed != signed {
            return Err(ReadOnlyError::Root { size: held, computed, signed });
        }
        let mut state = vec![rows::shown(&target)?];
        if let Some(roots) = roots {
            state.push(rows::roots(roots)?);
        }
        self.state(state)?;
        self.shown = Some(target.clone());
        self.seal(held)?;
        Ok(target)
    }

    fn state(&mut self, state: Vec<rows::Row>) -> Result<(), ReadOnlyError> {
        Ok(self.writer.commit(&Commit { base: self.len(), state, ..Commit::default() })?)
    }
}
