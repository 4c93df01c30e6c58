//! Chrome's list of logs, version 3 of its JSON (<https://www.gstatic.com/ct/log_list/v3/log_list.json>).
//!
//! Strict about what makes a log the right one (its key, its ID, its address), silent about fields it does not know. A
//! list with one wrong log is refused whole: half a list would look like a shorter one.

mod raw;
mod select;
#[cfg(test)]
mod tests;

pub use select::{Filter, Selection};

use client::log::base_url;
use client::{Log, log::NoUrl};
use ct::hash::{LogId, sha256};
use ct::key::{KeyError, LogKey};
use ct::time::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Greatest list that is read, in bytes; Chrome's has 100 KiB, the one with all logs ever 300 KiB.
pub const MAX_LIST: u64 = 16 << 20;

/// Most logs in a list.
pub const MAX_LOGS: usize = 10_000;

/// A list of logs, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogList {
    logs: Vec<ListedLog>,
    tiled: Vec<TiledLog>,
}

/// An RFC 6962 log of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLog {
    /// Who runs it.
    pub operator: String,
    /// What people call it.
    pub description: String,
    /// The hash of its key.
    pub log_id: LogId,
    /// Its address.
    pub url: Url,
    /// Maximum merge delay.
    pub mmd: Duration,
    /// What browsers make of it, if the list says so.
    pub state: Option<State>,
    /// Which notAfter it accepts; any if there is none.
    pub interval: Option<Interval>,
    spki: Vec<u8>,
}

/// A static-ct-api log of the list. It cannot be read here, and is kept so that it can be called by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TiledLog {
    /// Who runs it.
    pub operator: String,
    /// What people call it.
    pub description: String,
    /// The hash of its key.
    pub log_id: LogId,
    /// Where it is read.
    pub url: Url,
    spki: Vec<u8>,
}

/// What browsers make of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Asked to be let in.
    Pending,
    /// Let in, not yet everywhere.
    Qualified,
    /// Its SCTs count.
    Usable,
    /// Takes nothing new; its SCTs count.
    ReadOnly,
    /// Only its SCTs of the past count.
    Retired,
    /// None of its SCTs count.
    Rejected,
    /// A state that this program does not know.
    Other,
}

/// A window of notAfter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first moment inside.
    pub start_inclusive: Timestamp,
    /// The first moment after it.
    pub end_exclusive: Timestamp,
}

/// Why a file is not a list that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("the list has more than {MAX_LIST} bytes")]
    TooLarge,
    /// It has too many logs.
    #[error("the list has {found} logs, the limit is {MAX_LOGS}")]
    TooMany {
        /// Logs found.
        found: usize,
    },
    /// It is not JSON of the right shape.
    #[error("not a log list of version 3: {0}")]
    Json(#[from] serde_json::Error),
    /// A log in it is wrong.
    #[error("{place}.{field}: {reason}")]
    Field {
        /// Which log, such as `operators[1].logs[0]`.
        place: String,
        /// Which field of it.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// A log of the list that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its key is of a kind that is not supported.
    #[error("{description}: {error}")]
    Key {
        /// The log.
        description: String,
        /// Why not.
        error: KeyError,
    },
    /// It has no address.
    #[error(transparent)]
    NoUrl(#[from] NoUrl),
}

impl LogList {
    /// Reads a list from a file of at most [`MAX_LIST`] bytes.
    pub fn read(path: &Path) -> Result<Self, ListError> {
        use std::io::Read as _;
        let io = |source| ListError::Io { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(io)?;
        file.take(MAX_LIST + 1).read_to_end(&mut bytes).map_err(io)?;
        Self::parse(&bytes)
    }

    /// Reads a list.
    pub fn parse(bytes: &[u8]) -> Result<Self, ListError> {
        if bytes.len() as u64 > MAX_LIST {
            return Err(ListError::TooLarge);
        }
        let raw: raw::List = serde_json::from_slice(bytes)?;
        let found =
            raw.operators.iter().map(|operator| operator.logs.len() + operator.tiled_logs.len()).sum();
        if found > MAX_LOGS {
            return Err(ListError::TooMany { found });
        }
        let mut list = Self { logs: Vec::new(), tiled: Vec::new() };
        for (number, operator) in raw.operators.into_iter().enumerate() {
            let name = operator.name;
            for (index, log) in operator.logs.into_iter().enumerate() {
                let place = format!("operators[{number}].logs[{index}]");
                list.logs.push(listed(&name, log).map_err(|fault| fault.at(place))?);
            }
            for (index, log) in operator.tiled_logs.into_iter().enumerate() {
                let place = format!("operators[{number}].tiled_logs[{index}]");
                list.tiled.push(tiled(&name, log).map_err(|fault| fault.at(place))?);
            }
        }
        list.each_log_once()?;
        Ok(list)
    }

    fn each_log_once(&self) -> Result<(), ListError> {
        let mut seen = BTreeSet::new();
        let tiled = self.tiled.iter().map(|log| (&log.description, log.log_id));
        for (description, id) in self.logs.iter().map(|log| (&log.description, log.log_id)).chain(tiled) {
            if !seen.insert(id) {
                let fault = Fault::new("log_id", "the list has another log with this ID");
                return Err(fault.at(description.clone()));
            }
        }
        Ok(())
    }

    /// Its RFC 6962 logs.
    pub fn logs(&self) -> &[ListedLog] {
        &self.logs
    }

    /// Its static-ct-api logs.
    pub fn tiled(&self) -> &[TiledLog] {
        &self.tiled
    }

    /// The RFC 6962 log with that ID.
    pub fn by_id(&self, id: LogId) -> Option<&ListedLog> {
        self.logs.iter().find(|log| log.log_id == id)
    }

    /// The RFC 6962 log at that address, as [`base_url`] writes it.
    pub fn by_url(&self, url: &Url) -> Option<&ListedLog> {
        self.logs.iter().find(|log| log.url == *url)
    }
}

impl ListedLog {
    /// Its key, DER SubjectPublicKeyInfo; its hash is [`ListedLog::log_id`].
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its key, ready to verify, if it is of a kind that can be.
    pub fn key(&self) -> Result<LogKey, KeyError> {
        LogKey::from_spki(&self.spki)
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        if self.description.is_empty() { self.url.as_str() } else { &self.description }
    }

    /// The log for a client.
    pub fn log(&self) -> Result<Log, Unusable> {
        let key = self.key();
        let key = key.map_err(|error| Unusable::Key { description: self.name().to_owned(), error })?;
        Ok(Log::new(self.name().to_owned(), vec![self.url.clone()], key)?)
    }
}

impl TiledLog {
    /// Its key, ready to verify, if it is of a kind that can be: its SCTs are like those of any log.
    pub fn key(&self) -> Result<LogKey, KeyError> {
        LogKey::from_spki(&self.spki)
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        if self.description.is_empty() { self.url.as_str() } else { &self.description }
    }
}

/// What is wrong with a field, before it is known where it stands.
struct Fault {
    field: &'static str,
    reason: String,
}

impl Fault {
    fn new(field: &'static str, reason: impl ToString) -> Self {
        Self { field, reason: reason.to_string() }
    }

    fn at(self, place: String) -> ListError {
        ListError::Field { place, field: self.field, reason: self.reason }
    }
}

fn listed(operator: &str, log: raw::Log) -> Result<ListedLog, Fault> {
    let identity = identity(&log)?;
    let url = log.url.as_deref().ok_or_else(|| Fault::new("url", "there is none"))?;
    if log.mmd == 0 {
        return Err(Fault::new("mmd", "0 s, the least is 1"));
    }
    Ok(ListedLog {
        operator: operator.to_owned(),
        description: log.description,
        log_id: identity,
        url: base_url(url).map_err(|error| Fault::new("url", error))?,
        mmd: Duration::from_secs(log.mmd),
        state: log.state.as_ref().map(raw::state),
        interval: log.temporal_interval.as_ref().map(raw::interval).transpose()?,
        spki: log.key.0,
    })
}

fn tiled(operator: &str, log: raw::Log) -> Result<TiledLog, Fault> {
    let log_id = identity(&log)?;
    let url = log.monitoring_url.as_deref().ok_or_else(|| Fault::new("monitoring_url", "there is none"))?;
    let url = base_url(url).map_err(|error| Fault::new("monitoring_url", error))?;
    let (operator, description) = (operator.to_owned(), log.description);
    Ok(TiledLog { operator, description, log_id, url, spki: log.key.0 })
}

/// The ID must be what RFC 6962 §3.2 says that it is; a list that is wrong here would have us trust another key.
fn identity(log: &raw::Log) -> Result<LogId, Fault> {
    let found: [u8; 32] = log
        .log_id
        .0
        .as_slice()
        .try_into()
        .map_err(|_| Fault::new("log_id", format!("{} bytes, a log ID has 32", log.log_id.0.len())))?;
    let computed = LogId::new(sha256(&[&log.key.0]));
    if LogId::new(found) != computed {
        return Err(Fault::new("log_id", "it is not the hash of the key"));
    }
    Ok(computed)
}
