//! Files that prove to others what the log did.

use crate::clock::now;
use crate::records::Promised;
use crate::views::{Contradiction, Shown};
use client::Log;
use client::evidence::{BrokenPromise, Evidence, Served, TreeHeads};
use ct::hash::NodeHash;
use ct::sth::Sth;
use ct::time::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Keeps evidence about one log in one directory.
#[derive(Debug, Clone)]
pub struct Keeper {
    log: Log,
    directory: PathBuf,
}

impl Keeper {
    /// Files go to that directory.
    pub const fn new(log: Log, directory: PathBuf) -> Self {
        Self { log, directory }
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
