//! Files that prove to others what the log did.

use crate::clock::now;
use crate::records::Promised;
use crate::views::{Contradiction, Shown};
use client::Log;
use client::evidence::{BrokenPromise, Evidence, Served, TreeHeads};
use ct::hash::NodeHash;
use ct::sth::Sth;
use ct::time::Timestamp;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A directory for evidence that is of no use.
#[derive(Debug, thiserror::Error)]
#[error("no evidence can be kept in {directory}: {error}")]
pub struct Unusable {
    /// The directory.
    pub directory: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

/// Whether a new file can be made in a directory, and written: makes one, and takes it away.
pub fn usable(directory: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".probe-").tempfile_in(directory)?;
    file.write_all(b"probe")?;
    file.as_file().sync_all()?;
    file.close()
}

/// Keeps evidence about one log in one directory.
#[derive(Debug, Clone)]
pub struct Keeper {
    log: Log,
    directory: PathBuf,
}

impl Keeper {
    /// Files go to that directory, which is made if it is not there. One that cannot be written to is found out now, and
    /// not when there is something to keep.
    pub fn open(log: Log, directory: PathBuf) -> Result<Self, Unusable> {
        let made = std::fs::create_dir_all(&directory);
        match made.and_then(|()| usable(&directory)) {
            Ok(()) => Ok(Self { log, directory }),
            Err(error) => Err(Unusable { directory, error }),
        }
    }

    /// Two tree heads that do not go together, and the log's path between them. `None` if there is nothing in them that
    /// others could check: a frontend that went back signed nothing wrong.
    pub fn contradiction(
        &self,
        contradiction: &Contradiction,
        consistency: Option<Vec<NodeHash>>,
    ) -> Result<Option<PathBuf>, String> {
        if contradiction.kind == Contradiction::WENT_BACK {
            return Ok(None);
        }
        let served = |shown: &Shown| self.served(shown.sth.sth(), shown.frontend, shown.received);
        let (first, second) = (served(&contradiction.first), served(&contradiction.second));
        let heads = TreeHeads { first, second, consistency };
        self.write(&Evidence::of_heads(self.log.clone(), now(), heads))
    }

    /// A promise, and a tree head so late that it must be kept there.
    pub fn broken(
        &self,
        promised: &Promised,
        mmd: Duration,
        later: &Shown,
        answer: String,
    ) -> Result<Option<PathBuf>, String> {
        let later = self.served(later.sth.sth(), later.frontend, later.received);
        let (sct, leaf_input) = (promised.sct.clone(), promised.leaf_input.clone());
        let promise = BrokenPromise { sct, leaf_input, mmd, later, answer };
        self.write(&Evidence::of_promise(self.log.clone(), now(), promise))
    }

    fn served(&self, sth: &Sth, frontend: usize, received: Timestamp) -> Served {
        let urls = self.log.urls();
        Served { sth: sth.clone(), url: urls[frontend % urls.len()].to_string(), received }
    }

    fn write(&self, evidence: &Evidence) -> Result<Option<PathBuf>, String> {
        evidence.write(&self.directory).map(Some).map_err(|error| error.to_string())
    }

    /// Where the files go.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
