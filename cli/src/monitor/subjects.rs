//! Which logs are meant, and where their keys come from.

use crate::failure::Failure;
use crate::out;
use crate::span;
use crate::target::{TargetArgs, read_key};
use crate::upfile::{DEFAULT_DIR, UpFile};
use ::monitor::loglist::{Filter, ListError, LogList};
use ::monitor::{Claims, Subject};
use client::Log;
use ct::hash::{Base64, LogId};
use ct::key::LogKey;
use ct::names::LogName;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The arguments that name logs.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SubjectArgs {
    /// Base URLs of logs, below which ct/v1/ lies; those with the same key are frontends of one log
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,
    /// Public key of the logs, base64 or a PEM file: one for all URLs, or one for each, in their order
    #[arg(long = "key", value_name = "KEY", requires = "urls", conflicts_with = "log_list")]
    pub keys: Vec<String>,
    /// Chrome's log list (version 3, JSON): has the keys of URLs; without URL, its logs are followed
    #[arg(long, value_name = "FILE")]
    pub log_list: Option<PathBuf>,
    /// Of the list, only the log with this ID, base64
    #[arg(long, value_name = "ID", requires = "log_list", conflicts_with = "urls", value_parser = log_id)]
    pub log_id: Vec<LogId>,
    /// Of the list, only logs whose operator's name has TEXT in it
    #[arg(long, value_name = "TEXT", requires = "log_list", conflicts_with = "urls")]
    pub operator: Option<String>,
    /// Of the list, only logs whose description has TEXT in it
    #[arg(long, value_name = "TEXT", requires = "log_list", conflicts_with = "urls")]
    pub description: Option<String>,
    /// Directory of a running `wolffish up`: has the keys of its logs; without URL, they are followed [default: wolffish-data]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Of that directory, only this log
    #[arg(long, conflicts_with_all = ["urls", "log_list"])]
    pub log: Vec<LogName>,
    /// Maximum merge delay, where neither list nor directory knows it: older tree heads are spoken of
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub mmd: Option<Duration>,
}

fn log_id(text: &str) -> Result<LogId, String> {
    let quoted = serde_json::Value::from(text);
    let bytes: Base64 = serde_json::from_value(quoted).map_err(|error| error.to_string())?;
    let count = bytes.0.len();
    bytes.0.try_into().map(LogId::new).map_err(|_| format!("{count} bytes, a log ID has 32"))
}

impl SubjectArgs {
    /// Finds the logs; at least one, each once.
    pub fn resolve(&self) -> Result<Vec<Subject>, Failure> {
        let found = match (&self.log_list, self.urls.is_empty(), self.keys.is_empty()) {
            (None, false, false) => self.by_keys()?,
            (Some(path), false, _) => self.by_list(&read_list(path)?)?,
            (Some(path), true, _) => self.of_list(path)?,
            (None, false, true) => self.by_directory()?,
            (None, true, _) => self.of_directory()?,
        };
        merge(found)
    }

    fn by_keys(&self) -> Result<Vec<Subject>, Failure> {
        let keys = self.keys.iter().map(|key| read_key(key)).collect::<Result<Vec<_>, _>>()?;
        let (urls, count) = (self.urls.len(), keys.len());
        if count != 1 && count != urls {
            return Err(Failure::Usage(format!(
                "--key: {count} keys for {urls} URLs; give one, or one for each"
            )));
        }
        let key = |number: usize| keys.get(number).unwrap_or(&keys[0]).clone();
        let subject = |(number, url): (usize, &String)| {
            let url = base_url(url)?;
            Ok(self.subject(log(url.to_string(), url, key(number))?, None))
        };
        self.urls.iter().enumerate().map(subject).collect()
    }

    fn by_list(&self, list: &LogList) -> Result<Vec<Subject>, Failure> {
        let subject = |text: &String| {
            let url = base_url(text)?;
            if let Some(tiled) = list.tiled().iter().find(|log| log.url == url) {
                return Err(no_rfc_6962(&tiled.description));
            }
            let unknown = || Failure::Usage(format!("--log-list has no log at {url}"));
            let listed = list.by_url(&url).ok_or_else(unknown)?;
            let found = listed.log().map_err(|error| Failure::Usage(error.to_string()))?;
            Ok(self.subject(found, Some(listed.mmd)))
        };
        self.urls.iter().map(subject).collect()
    }

    /// The logs of a list that are meant; those that cannot be followed are named.
    fn of_list(&self, path: &Path) -> Result<Vec<Subject>, Failure> {
        let list = read_list(path)?;
        let filter = Filter {
            ids: self.log_id.clone(),
            operator: self.operator.clone(),
            description: self.description.clone(),
        };
        let selection = filter.select(&list);
        for tiled in selection.tiled {
            out::note(no_rfc_6962(&tiled.description));
        }
        let mut subjects = Vec::new();
        for listed in selection.logs {
            match listed.log() {
                Ok(found) => subjects.push(self.subject(found, Some(listed.mmd))),
                Err(error) => out::note(format_args!("{error}; it is not followed")),
            }
        }
        if subjects.is_empty() {
            return Err(Failure::Usage(format!("{}: none of its logs can be followed", path.display())));
        }
        Ok(subjects)
    }

    fn by_directory(&self) -> Result<Vec<Subject>, Failure> {
        let target = |url: &String| TargetArgs {
            urls: vec![url.clone()],
            dir: self.dir.clone(),
            ..TargetArgs::default()
        };
        self.urls.iter().map(|url| self.of_target(&target(url))).collect()
    }

    fn of_directory(&self) -> Result<Vec<Subject>, Failure> {
        let dir = self.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
        let names = if self.log.is_empty() {
            UpFile::read(dir)?.logs.into_iter().map(|log| log.name).collect()
        } else {
            self.log.clone()
        };
        let target =
            |name: LogName| TargetArgs { dir: self.dir.clone(), log: Some(name), ..TargetArgs::default() };
        names.into_iter().map(|name| self.of_target(&target(name))).collect()
    }

    fn of_target(&self, target: &TargetArgs) -> Result<Subject, Failure> {
        let found = target.resolve()?;
        Ok(self.subject(found.log, found.mmd))
    }

    fn subject(&self, log: Log, mmd: Option<Duration>) -> Subject {
        Subject { log, mmd: self.mmd.or(mmd), claims: Claims::default() }
    }
}

/// One log for each key, with all its addresses.
fn merge(found: Vec<Subject>) -> Result<Vec<Subject>, Failure> {
    let mut merged: Vec<Subject> = Vec::new();
    for subject in found {
        let known = merged.iter_mut().find(|known| known.log.log_id() == subject.log.log_id());
        let Some(known) = known else {
            merged.push(subject);
            continue;
        };
        let mut urls = known.log.urls().to_vec();
        urls.extend(subject.log.urls().iter().filter(|url| !known.log.urls().contains(url)).cloned());
        let whole = Log::new(known.log.name().to_owned(), urls, known.log.key().clone());
        known.log = whole.map_err(|error| Failure::Internal(error.to_string()))?;
    }
    if merged.is_empty() { Err(Failure::Usage("no log is given".to_owned())) } else { Ok(merged) }
}

fn base_url(text: &str) -> Result<Url, Failure> {
    client::log::base_url(text).map_err(|error| Failure::Usage(error.to_string()))
}

fn log(name: String, url: Url, key: LogKey) -> Result<Log, Failure> {
    Log::new(name, vec![url], key).map_err(|error| Failure::Usage(error.to_string()))
}

fn read_list(path: &Path) -> Result<LogList, Failure> {
    LogList::read(path).map_err(|error| match error {
        ListError::Io { .. } => Failure::Usage(format!("--log-list {error}")),
        _ => Failure::Usage(format!("--log-list {}: {error}", path.display())),
    })
}

fn no_rfc_6962(name: &str) -> Failure {
    Failure::Usage(format!("{name}: a static-ct-api log; only RFC 6962 logs can be followed"))
}
