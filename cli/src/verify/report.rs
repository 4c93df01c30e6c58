//! What is said of each check, and the exit code of all.

use super::keys::KnownLog;
use crate::decode::{Fault, json_line, printable};
use crate::failure::Failure;
use crate::out;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::key::LogKey;
use serde_json::{Value, json};
use std::path::Path;

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was checked.
    pub what: String,
    /// Against whose key, if it came to that.
    pub log: Option<KnownLog>,
    /// Why it holds, or why it does not.
    pub outcome: Result<String, String>,
}

impl Checked {
    /// A check under a log's key.
    pub fn under(what: impl Into<String>, log: Option<&KnownLog>, outcome: Result<String, String>) -> Self {
        Self { what: what.into(), log: log.cloned(), outcome }
    }

    /// It could not even be read.
    pub fn unread(what: impl Into<String>, fault: Fault) -> Self {
        Self::under(what, None, Err(fault.to_string()))
    }

    fn json(&self, file: &str) -> Value {
        let key = self.log.as_ref().map(|log| &log.key);
        let (Ok(reason) | Err(reason)) = &self.outcome;
        json!({
            "file": file, "check": self.what, "holds": self.outcome.is_ok(), "reason": reason,
            "log": self.log.as_ref().map(|log| &log.name),
            "log_id": key.map(|key| STANDARD.encode(key.log_id())),
            "key": key.map(|key| key.algorithm().to_string()),
        })
    }

    fn line(&self, file: &str) -> String {
        let by = self.log.as_ref().map_or_else(String::new, |log| {
            format!(" under the key of {} ({})", log.name, describe(&log.key))
        });
        match &self.outcome {
            Ok(reason) => format!("{file}: {}: holds{by}: {reason}", self.what),
            Err(reason) => format!("{file}: {}: DOES NOT HOLD{by}: {reason}", self.what),
        }
    }
}

/// A key in a few words.
fn describe(key: &LogKey) -> String {
    format!("{}, log ID {}", key.algorithm(), STANDARD.encode(key.log_id()))
}

/// Prints as it goes, and counts.
#[derive(Debug)]
pub struct Report {
    json: bool,
    all: usize,
    failed: usize,
}

impl Report {
    /// In text, or in JSON.
    pub const fn new(json: bool) -> Self {
        Self { json, all: 0, failed: 0 }
    }

    /// A check was made.
    pub fn add(&mut self, file: &Path, checked: Checked) {
        self.all += 1;
        self.failed += usize::from(checked.outcome.is_err());
        let file = file.display().to_string();
        // Names and reasons may come from whoever made the file.
        out::line(if self.json { json_line(&checked.json(&file)) } else { printable(&checked.line(&file)) });
    }

    /// A failure if a check does not hold, or if there was none.
    pub fn finish(self) -> Result<(), Failure> {
        match (self.all, self.failed) {
            (0, _) => Err(Failure::Check("there was nothing to check".to_owned())),
            (_, 0) => Ok(()),
            (all, failed) => Err(Failure::Check(format!("{failed} of {all} checks do not hold"))),
        }
    }
}
