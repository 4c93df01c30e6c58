//! The state of a log made anew from what is whole of a damaged one (docs/protocol.md, D5).
//!
//! It is another list from then on, and *recovering*: what is missing counts as lost, and is copied from other storage nodes as
//! Z3 has it. That nothing is missing no list can tell: what is gone at its end leaves no trace. The new state is complete, and durable, before it takes the place of the old
//! one, which is kept beside it for a person to remove. A crash leaves the old state in its place, or under its other name, or
//! the new one.

use crate::error::StorageError;
use crate::state::{certificate_in, create, is_recovering, list_dir};
use ct::hash::Fingerprint;
use ct::term::{Incarnation, TermCertificate};
use ct::wire::storage::Completeness;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use store::StoreError;
use store::list::{EntryList, ListOptions, Salvage, Salvaged};

/// A damaged state, which no process has open, and none opens meanwhile.
pub struct Damaged {
    place: PathBuf,
    found: PathBuf,
    list: Salvage,
}

/// Where a damaged state of the log in `dir` is kept, once another took its place. No log has a name with a dot.
fn aside(dir: &Path, number: u64) -> PathBuf {
    dir.with_extension(format!("{ASIDE}{number}"))
}

const ASIDE: &str = "damaged-";

/// The greatest number of those that are kept: a person may have removed others.
fn last_aside(dir: &Path) -> Option<u64> {
    let inside = fs::read_dir(dir.parent()?).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let numbers = inside
        .filter(|path| path.file_stem() == dir.file_stem())
        .filter_map(|path| path.extension()?.to_str()?.strip_prefix(ASIDE)?.parse().ok());
    numbers.max()
}

/// The new state while it is being made.
fn unfinished(dir: &Path) -> PathBuf {
    dir.with_extension("new")
}

/// Whether a directory beside those of logs is one that is made here.
pub fn is_beside(dir: &Path) -> bool {
    let extension = dir.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.starts_with(ASIDE) || extension == "new")
}

/// What a damaged state became.
#[derive(Debug)]
pub struct Replaced {
    /// What is in the new one.
    pub salvaged: Salvaged,
    /// Where the damaged one is kept.
    pub kept: PathBuf,
}

impl Damaged {
    /// The state of the log in `dir`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if nothing is left of its list, [`StoreError::Locked`]; a directory that cannot be read.
    pub fn open(dir: &Path) -> Result<Self, StorageError> {
        // Cut short between the two names, the last one that was put aside is the one in force.
        let last = || Some(aside(dir, last_aside(dir)?));
        let found = if dir.is_dir() { None } else { last() }.unwrap_or_else(|| dir.to_owned());
        let list = Salvage::open(&list_dir(&found), &ListOptions::default())?;
        Ok(Self { place: dir.to_owned(), found, list })
    }

    /// Whether the node was being filled anyway, as far as its state tells.
    pub fn is_recovering(&self) -> bool {
        is_recovering(&self.found)
    }

    /// Issuers that somebody else has to give.
    pub fn lacking(&self) -> BTreeSet<Fingerprint> {
        self.list.lacking()
    }

    /// The certificate, if it can be read. The caller checks it.
    pub fn certificate(&self) -> Option<TermCertificate> {
        certificate_in(&self.found).ok()
    }

    /// Puts a new state in the place of the damaged one. The caller has checked the certificate; `certificates` are issuers.
    ///
    /// # Errors
    /// Those of making the new state.
    pub fn replace(
        self,
        certificate: &TermCertificate,
        incarnation: Incarnation,
        certificates: &[Vec<u8>],
    ) -> Result<Replaced, StorageError> {
        let Self { place, found, list } = self;
        let new = unfinished(&place);
        remove(&new)?;
        create(&new, certificate, incarnation, Completeness::Recovering)?;
        let mut into = EntryList::open(&list_dir(&new), &ListOptions::default())?;
        let salvaged = list.pour(certificates, &mut into)?;
        drop(into);
        let kept = if found == place {
            let kept = aside(&place, last_aside(&place).unwrap_or(0) + 1);
            rename(&place, &kept)?;
            kept
        } else {
            found
        };
        rename(&new, &place)?;
        let parent = place.parent().unwrap_or(&place);
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(at("sync directory", parent))?;
        Ok(Replaced { salvaged, kept })
    }
}

fn remove(dir: &Path) -> Result<(), StorageError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", dir)(error)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(at("rename", from))
}

fn at(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.to_owned();
    move |source| StoreError::Io { op, path, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::founding;
    use crate::state::State;
    use ct::index::Position;
    use store::conformance::sample;

    const OLD: Incarnation = Incarnation::new([1; 16]);
    const NEW: Incarnation = Incarnation::new([2; 16]);

    /// A whole state with a list of three entries.
    fn state() -> (tempfile::TempDir, PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("logs/anytime");
        create(&dir, &founding(), OLD, Completeness::Whole).unwrap();
        let mut list = EntryList::open(&list_dir(&dir), &ListOptions::default()).unwrap();
        list.add_issuers(&sample::issuers()).unwrap();
        list.append(&[0, 1, 2].map(sample::entry)).unwrap();
        list.sync().unwrap();
        (scratch, dir)
    }

    fn replace(dir: &Path) -> Replaced {
        let damaged = Damaged::open(dir).unwrap();
        assert_eq!(damaged.certificate(), Some(founding()));
        assert_eq!(damaged.lacking(), BTreeSet::new());
        damaged.replace(&founding(), NEW, &[]).unwrap()
    }

    fn damage(dir: &Path) -> Vec<u8> {
        let segment = list_dir(dir).join("segments/00000000.seg");
        let mut bytes = fs::read(&segment).unwrap();
        bytes[32 + 16 + 20] ^= 1;
        fs::write(&segment, &bytes).unwrap();
        bytes
    }

    /// It is another list, which counts for nothing before it is filled, and none of it is known to be published.
    fn is_new(dir: &Path, entries: u64) {
        let (state, loaded) = State::open(dir).unwrap();
        assert_eq!((loaded.incarnation, loaded.completeness), (NEW, Completeness::Recovering));
        assert_eq!((loaded.start, loaded.certificate), (Position::ZERO, founding()));
        assert_eq!(state.published_at(ct::time::Timestamp::from_millis(u64::MAX)), None);
        let list = EntryList::open(&list_dir(dir), &ListOptions::default()).unwrap();
        assert_eq!(list.end().get(), entries);
    }

    #[test]
    fn a_damaged_entry_is_left_behind_and_the_list_counts_for_nothing() {
        let (_scratch, dir) = state();
        let bytes = damage(&dir);
        let Replaced { salvaged, kept } = replace(&dir);
        assert_eq!(salvaged, Salvaged { entries: 2, lost: 1, without_issuer: 0 });
        is_new(&dir, 2);
        assert!(Damaged::open(&dir).unwrap().is_recovering());
        assert_eq!(fs::read(list_dir(&kept).join("segments/00000000.seg")).unwrap(), bytes, "it is kept");
    }

    /// Where nothing is, nothing is damaged: such a list was taken for whole, and counted as read with all its entries gone.
    #[test]
    fn a_list_whose_files_are_gone_counts_for_nothing() {
        let (_scratch, dir) = state();
        fs::remove_dir_all(list_dir(&dir).join("segments")).unwrap();
        assert_eq!(replace(&dir).salvaged, Salvaged::default());
        is_new(&dir, 0);
    }

    #[test]
    fn a_crash_at_any_step_leaves_what_the_next_run_finds() {
        let (_scratch, dir) = state();
        // Cut short while the new state was being made.
        fs::create_dir_all(unfinished(&dir).join("list")).unwrap();
        fs::write(unfinished(&dir).join("list/list.db"), b"half").unwrap();
        // And between the two names.
        fs::rename(&dir, aside(&dir, 1)).unwrap();
        assert_eq!(replace(&dir).kept, aside(&dir, 1));
        is_new(&dir, 3);
        assert!(!unfinished(&dir).exists() && is_beside(&aside(&dir, 1)) && is_beside(&unfinished(&dir)));
        assert!(!is_beside(&dir));
        // Done over, it keeps what there was before: some of it may be nowhere else.
        damage(&dir);
        assert_eq!(replace(&dir).kept, aside(&dir, 2));
        assert!(aside(&dir, 1).is_dir() && aside(&dir, 2).is_dir());
        // A person removes the first. The newest is gone on from all the same, and never one of before.
        fs::remove_dir_all(aside(&dir, 1)).unwrap();
        fs::rename(&dir, aside(&dir, 3)).unwrap();
        let Replaced { salvaged, kept } = replace(&dir);
        assert_eq!((salvaged.entries, kept), (2, aside(&dir, 3)));
    }

    #[test]
    fn what_runs_or_is_gone_is_left_alone() {
        let (_scratch, dir) = state();
        let open = EntryList::open(&list_dir(&dir), &ListOptions::default()).unwrap();
        let refused = Damaged::open(&dir).err();
        assert!(matches!(refused, Some(StorageError::Store(StoreError::Locked { .. }))), "{refused:?}");
        drop(open);
        fs::remove_dir_all(&dir).unwrap();
        let refused = Damaged::open(&dir).err();
        assert!(matches!(refused, Some(StorageError::Store(StoreError::Missing { .. }))), "{refused:?}");
    }
}
