//! The keys of the logs that are known.

use crate::failure::Failure;
use crate::target::read_key;
use crate::upfile::{DEFAULT_DIR, UpFile};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::LogId;
use ct::key::LogKey;
use ct::sth::{Sth, VerifiedSth};
use monitor::loglist::LogList;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where keys come from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KeyArgs {
    /// Public key of a log, base64 or a PEM file; repeat it for each log
    #[arg(long = "key", value_name = "KEY")]
    pub keys: Vec<String>,
    /// Chrome's list of logs (JSON, version 3), whose keys are taken
    #[arg(long, value_name = "FILE")]
    pub log_list: Option<PathBuf>,
    /// Directory of a running `wolffish up`, whose logs' keys are taken [default: wolffish-data, where no key is given]
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// A log whose key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// What to call it.
    pub name: String,
    /// Its key.
    pub key: LogKey,
}

/// The logs that are known.
#[derive(Debug, Default)]
pub struct KnownLogs {
    logs: BTreeMap<LogId, KnownLog>,
    /// Those whose key cannot be used, and why.
    unusable: BTreeMap<LogId, String>,
}

impl KeyArgs {
    /// Whether any source is named.
    pub const fn are_given(&self) -> bool {
        !self.keys.is_empty() || self.log_list.is_some() || self.dir.is_some()
    }

    /// Reads the keys; from the default directory if no source is named.
    pub fn load(&self) -> Result<KnownLogs, Failure> {
        let mut known = KnownLogs::default();
        for (number, text) in self.keys.iter().enumerate() {
            known.add(format!("--key {}", number + 1), read_key(text)?);
        }
        if let Some(path) = &self.log_list {
            known.add_list(path)?;
        }
        let default = (!self.are_given()).then_some(Path::new(DEFAULT_DIR));
        if let Some(dir) = self.dir.as_deref().or(default) {
            known.add_up(dir)?;
        }
        Ok(known)
    }
}

impl KnownLogs {
    fn add(&mut self, name: String, key: LogKey) {
        self.logs.entry(key.log_id()).or_insert(KnownLog { name, key });
    }

    fn add_up(&mut self, dir: &Path) -> Result<(), Failure> {
        let file = UpFile::read(dir)?;
        for log in file.logs.into_iter().chain(file.read_only_logs) {
            self.add(log.name.to_string(), read_key(&log.key)?);
        }
        Ok(())
    }

    fn add_list(&mut self, path: &Path) -> Result<(), Failure> {
        let list = LogList::read(path)
            .map_err(|error| Failure::Usage(format!("--log-list {}: {error}", path.display())))?;
        let logs = list.logs().iter().map(|log| (log.log_id, log.name(), log.key()));
        let tiled = list.tiled().iter().map(|log| (log.log_id, log.name(), log.key()));
        for (id, name, key) in logs.chain(tiled) {
            match key {
                Ok(key) => self.add(name.to_owned(), key),
                Err(error) => drop(self.unusable.insert(id, format!("{name}: {error}"))),
            }
        }
        Ok(())
    }

    /// The log with that ID.
    pub fn by_id(&self, id: LogId) -> Result<&KnownLog, String> {
        self.logs.get(&id).ok_or_else(|| match self.unusable.get(&id) {
            Some(why) => format!("the key of the log cannot be used: {why}"),
            None => {
                let known = self.logs.len();
                format!("log ID {} is none of the {known} known logs", STANDARD.encode(id))
            }
        })
    }

    /// The log that signed a tree head: the one of that ID, or any.
    pub fn signer_of(&self, sth: &Sth, id: Option<LogId>) -> Result<(&KnownLog, VerifiedSth), Unsigned<'_>> {
        let candidates: Vec<&KnownLog> = match id {
            Some(id) => vec![self.by_id(id).map_err(|why| Unsigned { log: None, why })?],
            None => self.logs.values().collect(),
        };
        let mut last = Unsigned { log: None, why: "no key is known".to_owned() };
        for log in &candidates {
            match log.key.verify_sth(sth.clone()) {
                Ok(verified) => return Ok((log, verified)),
                Err(error) => last = Unsigned { log: Some(log), why: error.to_string() },
            }
        }
        match candidates.len() {
            0 | 1 => Err(last),
            known => {
                let why = format!("the signature verifies under none of the {known} known keys");
                Err(Unsigned { log: None, why })
            }
        }
    }
}

/// A tree head that no known log signed.
#[derive(Debug)]
pub struct Unsigned<'a> {
    /// The only log that could have.
    pub log: Option<&'a KnownLog>,
    /// Why it has not.
    pub why: String,
}
