//! Flipped bits: found, and named, or mended from what is whole; never served.

use super::{list, log, sample};
use crate::error::{Result, StoreError};
use crate::list::EntryList;
use crate::log::Writer;
use crate::sim::{Crash, Random, SimFiles};
use ct::index::{LeafIndex, Position, TreeSize};
use std::path::Path;

/// What became of a flipped bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An error named the file.
    Named,
    /// Everything read was right.
    Right,
}

fn outcome(read: Result<()>, file: &Path, offset: u64) -> Outcome {
    match read {
        Ok(()) => Outcome::Right,
        Err(StoreError::Corrupt { path, .. } | StoreError::Version { path, .. }) => {
            // Damage in one file may be seen as its disagreement with another, which is then named.
            assert!(path == file || path.starts_with(file.parent().unwrap_or(file)), "{path:?} for {file:?}");
            Outcome::Named
        }
        Err(StoreError::Io { path, .. }) if path == file => Outcome::Named,
        Err(error) => panic!("bit at {offset} of {}: {error}", file.display()),
    }
}

/// Makes a list in `dir`, flips one bit of the file that `seed` picks, and reads everything.
pub fn list(dir: &Path, seed: u64) -> (String, Outcome) {
    let files = SimFiles::new();
    let options = list::options(&files);
    let entries: Vec<_> = (0..40).map(sample::entry).collect();
    let mut made = EntryList::create(dir, &options).expect("nothing is broken yet");
    made.add_issuers(&sample::issuers()).expect("nothing is broken yet");
    for batch in entries.chunks(4) {
        made.append(batch).and_then(|_| made.sync()).expect("nothing is broken yet");
    }
    drop(made);
    files.crash(Crash::Process);
    let (file, offset) = flip(&files, seed);
    let read = || -> Result<()> {
        let list = EntryList::open(dir, &options)?;
        let reader = list.reader();
        let described = reader.describe(Position::ZERO, usize::MAX)?;
        assert_eq!(described.len(), entries.len());
        for (line, entry) in described.iter().zip(&entries) {
            assert_eq!((line.name, line.timestamp), (entry.name(), entry.timestamp()));
            assert_eq!(reader.get(line.position)?.as_ref(), Some(entry));
        }
        Ok(())
    };
    (kind(&file), outcome(read(), &file, offset))
}

/// Makes a log in `dir`, flips one bit of the file that `seed` picks, and reads everything.
pub fn log(dir: &Path, seed: u64) -> (String, Outcome) {
    let files = SimFiles::new();
    let options = log::options(&files);
    let entries: Vec<_> = (0..700).map(sample::entry).collect();
    let mut made = Writer::create(dir, &options).expect("nothing is broken yet");
    for (i, batch) in entries.chunks(70).enumerate() {
        log::put_and_commit(&mut made, i as u64 * 70, batch, "1").expect("nothing is broken yet");
    }
    made.seal_step(made.len()).expect("nothing is broken yet");
    let head = made.reader().head_at(made.len()).expect("nothing is broken yet");
    drop(made);
    files.crash(Crash::Process);
    let (file, offset) = flip(&files, seed);
    let read = || -> Result<()> {
        let made = Writer::open(dir, &options)?;
        let (reader, len) = (made.reader(), made.len());
        assert_eq!(reader.head_at(len)?, head);
        for (at, entry) in entries.iter().enumerate() {
            let at = log::index(at as u64);
            assert_eq!(&reader.entry(at)?, entry);
            reader.inclusion(at, len)?;
        }
        assert_eq!(reader.range(LeafIndex::ZERO, entries.len(), len)?.len(), entries.len());
        let records = reader.records(TreeSize::ZERO, len)?;
        log::check_proofs(&reader, &records, &mut Random::new(seed));
        Ok(())
    };
    (kind(&file), outcome(read(), &file, offset))
}

fn kind(file: &Path) -> String {
    let name =
        |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    name(file.extension().or(file.file_name()))
}

fn flip(files: &SimFiles, seed: u64) -> (std::path::PathBuf, u64) {
    let mut random = Random::new(seed);
    let sizes: Vec<_> = files.sizes().into_iter().filter(|(_, size)| *size > 0).collect();
    let (file, size) = sizes[random.below(sizes.len() as u64) as usize].clone();
    let offset = random.below(size);
    files.flip(&file, offset, random.next() as u8);
    (file, offset)
}
