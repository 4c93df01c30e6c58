//! The report of repair: a text for a person, a JSON file for programs, and a command that is told.

use crate::run::Report;
use ct::names::{LogName, NodeName};
use ct::time::Timestamp;
use node::files::{FileError, replace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The report for programs, in the state directory. While it is there, this repair was used.
pub const JSON_FILE: &str = "report.json";
/// The report for people.
pub const TEXT_FILE: &str = "report.txt";

/// How long the command may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);

/// How every log fared that was looked at closely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullReport {
    /// The repair node.
    pub node: NodeName,
    /// When, by its clock.
    pub at: Timestamp,
    /// Whether every log in it is repaired.
    pub success: bool,
    /// The logs.
    pub logs: BTreeMap<LogName, Report>,
}

impl FullReport {
    /// Of these logs.
    pub fn new(node: NodeName, at: Timestamp, logs: BTreeMap<LogName, Report>) -> Self {
        let success = !logs.is_empty() && logs.values().all(Report::is_success);
        Self { node, at, success, logs }
    }

    /// Writes both files.
    ///
    /// # Errors
    /// The disk.
    pub fn write(&self, state_dir: &Path) -> Result<(), FileError> {
        let json =
            serde_json::to_vec_pretty(self).expect("a report has string keys only, so it has a JSON form");
        replace(&state_dir.join(TEXT_FILE), self.to_string().as_bytes())?;
        replace(&state_dir.join(JSON_FILE), &json)
    }

    /// Runs the operator's command with the report as JSON on its standard input. It cannot make the repair fail.
    pub async fn tell(&self, command: &str) {
        let json = serde_json::to_vec(self).expect("a report has string keys only, so it has a JSON form");
        match tokio::time::timeout(COMMAND_PATIENCE, run(command, &json)).await {
            Ok(Ok(status)) if status.success() => tracing::info!(command, "the report command ran"),
            Ok(Ok(status)) => tracing::error!(command, %status, "the report command failed"),
            Ok(Err(error)) => tracing::error!(command, %error, "the report command cannot be run"),
            Err(_) => {
                tracing::error!(command, limit = ?COMMAND_PATIENCE, "the report command did not end in time")
            }
        }
    }
}

async fn run(command: &str, input: &[u8]) -> std::io::Result<std::process::ExitStatus> {
    let mut shell = Command::new("/bin/sh");
    let mut child = shell.arg("-c").arg(command).stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input is free not to.
        let _ = stdin.write_all(input).await;
    }
    child.wait().await
}

/// Puts the reports of the last run aside, so that they are not taken for those of the next.
///
/// # Errors
/// The disk.
pub fn put_aside(state_dir: &Path, now: Timestamp) -> std::io::Result<()> {
    for (file, kept) in [
        (JSON_FILE, format!("report-{}.json", now.millis())),
        (TEXT_FILE, format!("report-{}.txt", now.millis())),
    ] {
        match std::fs::rename(state_dir.join(file), state_dir.join(kept)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl fmt::Display for FullReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.success { "success" } else { "NOT a success" };
        writeln!(f, "merge-repair report of {}, {}: {word}", self.node, self.at)?;
        for (log, report) in &self.logs {
            writeln!(f, "log {log}: {report}")?;
        }
        writeln!(f, "A new run begins only after `wolffish repair --rearm`.")
    }
}
