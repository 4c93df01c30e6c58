//! What a check found: which file, where in it, and what should be there.

use crate::error::StoreError;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Most places that are remembered, so that one that is bad for many entries is told once.
const MAX_PLACES: usize = 100_000;

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// From this byte on.
    Byte(u64),
    /// This row of this table.
    Row {
        /// The table.
        table: &'static str,
        /// Its key.
        row: String,
    },
    /// The file as a whole.
    File,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub place: Place,
    /// Which part it is.
    pub what: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.place {
            Place::Byte(offset) => write!(f, "offset {offset}: ")?,
            Place::Row { table, row } => write!(f, "{table} {row}: ")?,
            Place::File => {}
        }
        write!(f, "{}: expected {}, found {}", self.what, self.expected, self.found)
    }
}

impl Finding {
    /// Bytes of a file that are wrong.
    pub(crate) fn byte(
        path: &Path,
        offset: u64,
        what: impl ToString,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        let (what, place) = (what.to_string(), Place::Byte(offset));
        Self { path: path.to_owned(), place, what, expected: expected.to_string(), found: found.to_string() }
    }

    /// A row of a database that is wrong.
    pub(crate) fn row(
        path: &Path,
        (table, row): (&'static str, impl ToString),
        what: impl ToString,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        let place = Place::Row { table, row: row.to_string() };
        let (what, path) = (what.to_string(), path.to_owned());
        Self { path, place, what, expected: expected.to_string(), found: found.to_string() }
    }

    /// That a directory cannot be looked at.
    pub fn unreadable(dir: &Path, error: &StoreError) -> Self {
        Self::of(error, dir)
    }

    /// What an error says is wrong; `path` for errors that name none.
    pub(crate) fn of(error: &StoreError, path: &Path) -> Self {
        let whole = |path: &Path, what: &str, found: &dyn fmt::Display| Self {
            path: path.to_owned(),
            place: Place::File,
            what: what.to_owned(),
            expected: "to be readable".to_owned(),
            found: found.to_string(),
        };
        match error {
            StoreError::Corrupt { path, offset, what, expected, found } => {
                Self::byte(path, *offset, what, expected, found)
            }
            StoreError::Version { path, format, found, supported } => {
                Self::byte(path, 6, format!("{format} version"), supported, found)
            }
            StoreError::Io { path, source, op } => whole(path, op, source),
            StoreError::Sql { path, source, op } => whole(path, op, source),
            other => whole(path, "contents", other),
        }
    }
}

/// Findings of a check, each place once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    new: Vec<Finding>,
    seen: BTreeSet<(PathBuf, Place)>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        let place = (finding.path.clone(), finding.place.clone());
        if self.seen.len() < MAX_PLACES && !self.seen.insert(place) {
            return;
        }
        self.new.push(finding);
    }

    /// What was added since it was asked last.
    pub(crate) fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.new)
    }
}
