//! Which log is judged, and how the judge learns of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::error::{JudgeError, Result};
use crate::merkle::sha256;
use crate::time;

/// The notAfter dates a temporally sharded log accepts, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalInterval {
    /// The first accepted instant.
    pub start_inclusive: i64,
    /// The first instant no longer accepted.
    pub end_exclusive: i64,
}

impl TemporalInterval {
    /// Whether the log must accept this notAfter.
    pub fn contains(&self, not_after: i64) -> bool {
        (self.start_inclusive..self.end_exclusive).contains(&not_after)
    }
}

/// Everything the judge needs to know of a log.
#[derive(Clone, Debug)]
pub struct Target {
    /// A name for reports.
    pub name: String,
    /// `http://host:port[/prefix]`; the endpoints are at `<base_url>/ct/v1/…`.
    pub base_url: String,
    /// The log's SubjectPublicKeyInfo.
    pub log_key_spki_der: Vec<u8>,
    /// Maximum merge delay.
    pub mmd: Duration,
    /// None for a log that accepts any notAfter.
    pub temporal_interval: Option<TemporalInterval>,
    /// An accepted root, as PEM.
    pub test_ca_cert_pem: String,
    /// The private key of that root, as PEM.
    pub test_ca_key_pem: String,
}

/// The description of a running cluster (`up.json`).
#[derive(Clone, Debug)]
pub struct UpFile {
    logs: Vec<Value>,
    directory: PathBuf,
}

impl UpFile {
    /// Reads the file; relative PEM paths in it are taken from its own directory.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read(path)?;
        let directory = path.parent().unwrap_or(Path::new(".")).to_path_buf();
        Self::parse(&text, directory)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &str, directory: PathBuf) -> Result<Self> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| JudgeError::setup("up.json", "a JSON object", error))?;
        let logs = value.get("logs").and_then(Value::as_array).cloned().unwrap_or_default();
        if logs.is_empty() {
            return Err(JudgeError::setup("up.json logs", "at least one log", "none"));
        }
        Ok(Self { logs, directory })
    }

    /// The names of the logs, in file order.
    pub fn log_names(&self) -> Vec<&str> {
        self.logs.iter().filter_map(|log| log.get("name")?.as_str()).collect()
    }

    /// The log of this name as its `frontend`th frontend serves it.
    pub fn target(&self, name: &str, frontend: usize) -> Result<Target> {
        let log = self.logs.iter().find(|log| log.get("name").and_then(Value::as_str) == Some(name));
        let log = log.ok_or_else(|| JudgeError::setup("log", format!("{:?}", self.log_names()), name))?;
        self.read_target(log, frontend)
    }

    /// The log that general checks run against (the first without a window, else the first), and the windowed
    /// one for the checks of the window's edges: that of the current year, else the first with a window.
    pub fn targets(&self, frontend: usize) -> Result<(Target, Option<Target>)> {
        let targets =
            self.logs.iter().map(|log| self.read_target(log, frontend)).collect::<Result<Vec<_>>>()?;
        let now = time::now_seconds();
        let windowed = targets.iter().filter(|target| target.temporal_interval.is_some());
        let current =
            windowed.clone().find(|target| target.temporal_interval.is_some_and(|i| i.contains(now)));
        let windowed = current.or(windowed.into_iter().next()).cloned();
        let general = targets.iter().find(|target| target.temporal_interval.is_none()).unwrap_or(&targets[0]);
        Ok((general.clone(), windowed))
    }

    fn read_target(&self, log: &Value, frontend: usize) -> Result<Target> {
        let name = text(log, "name")?;
        let urls = log.get("urls").and_then(Value::as_array).cloned().unwrap_or_default();
        let base_url = urls.get(frontend).and_then(Value::as_str).ok_or_else(|| {
            JudgeError::setup(format!("urls of {name}"), format!("a URL at place {frontend}"), urls.len())
        })?;
        let key = text(log, "key")?;
        let log_key_spki_der = STANDARD
            .decode(key)
            .map_err(|_| JudgeError::setup(format!("key of {name}"), "base64 of an SPKI", key))?;
        let log_id = STANDARD.encode(sha256(&log_key_spki_der));
        match log.get("log_id").and_then(Value::as_str) {
            Some(given) if given != log_id => {
                return Err(JudgeError::setup(format!("log_id of {name}"), log_id, given));
            }
            _ => {}
        }
        let mmd = log.get("mmd").and_then(Value::as_u64).ok_or_else(|| {
            JudgeError::setup(
                format!("mmd of {name}"),
                "whole seconds",
                log.get("mmd").unwrap_or(&Value::Null),
            )
        })?;
        Ok(Target {
            name: name.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            log_key_spki_der,
            mmd: Duration::from_secs(mmd),
            temporal_interval: interval(log)?,
            test_ca_cert_pem: read(&self.directory.join(text(log, "test_ca_cert")?))?,
            test_ca_key_pem: read(&self.directory.join(text(log, "test_ca_key")?))?,
        })
    }
}

fn interval(log: &Value) -> Result<Option<TemporalInterval>> {
    match log.get("temporal_interval") {
        None | Some(Value::Null) => Ok(None),
        Some(interval) => Ok(Some(TemporalInterval {
            start_inclusive: time::parse_rfc3339(text(interval, "start_inclusive")?)?,
            end_exclusive: time::parse_rfc3339(text(interval, "end_exclusive")?)?,
        })),
    }
}

fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    let value = object.get(field).and_then(Value::as_str);
    value.ok_or_else(|| {
        JudgeError::setup(format!("up.json {field}"), "a string", object.get(field).unwrap_or(&Value::Null))
    })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| JudgeError::setup(path.display().to_string(), "a readable file", error))
}
