//! Reading everything again in the background, at a bounded rate: a disk that lies is found out before somebody needs
//! what it lost.
//!
//! When the last complete pass ended stands in `scrub.json` in the log's directory, so that a node that is started often
//! does not begin again each time.

use crate::files;
use crate::host::Host;
use config::Scrubbing;
use ct::names::LogName;
use ct::time::Timestamp;
use ct::wire::status::Scrub;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file with the time of the last complete pass, in a log's directory.
pub const SCRUB_FILE: &str = "scrub.json";

/// Greatest such file.
const MAX_FILE: u64 = 4096;

/// How often it is looked whether a pass is due, and the gauges are set.
const LOOK: Duration = Duration::from_secs(1);

/// What one step of a pass did.
#[derive(Debug, Default)]
pub struct Piece {
    /// What is wrong, with file and place.
    pub findings: Vec<String>,
    /// Bytes that were read.
    pub bytes: u64,
}

/// A pass over what a node keeps of a log.
pub struct Pass {
    /// Bytes that it reads in all, about.
    pub total: u64,
    /// Goes on a little; `None` once all was read.
    pub step: Box<dyn FnMut() -> Option<Piece> + Send>,
}

/// The last complete pass.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    completed: Timestamp,
    findings: u64,
}

impl Last {
    /// One that cannot be read is none: then a pass is due.
    fn read(path: &Path) -> Option<Self> {
        let bytes = files::read_file(path, MAX_FILE).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn write(self, path: &Path) {
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        if let Err(error) = files::replace(path, &bytes) {
            tracing::warn!(%error, "it is not remembered when the scrub was complete");
        }
    }
}

/// Scrubs one log until the node stops.
pub struct Scrubber {
    host: Host,
    log: LogName,
    limits: Scrubbing,
    file: PathBuf,
    /// Since when age is counted as long as no pass was complete.
    begun: Timestamp,
    last: Option<Last>,
}

impl Scrubber {
    /// For the log that the node keeps in `dir`.
    pub fn new(host: &Host, log: &LogName, limits: Scrubbing) -> Self {
        let file = host.log_dir(log).join(SCRUB_FILE);
        let (begun, last) = (host.clock().now(), Last::read(&file));
        Self { host: host.clone(), log: log.clone(), limits, file, begun, last }
    }

    /// Begins a pass whenever one is due and there is something to be read: `begin` may answer that there is not.
    pub async fn run<F, P>(mut self, mut begin: F)
    where
        F: FnMut() -> P + Send,
        P: Future<Output = Option<Pass>> + Send,
    {
        let shutdown = self.host.shutdown();
        loop {
            self.show(0, None);
            let now = self.host.clock().now();
            // A clock that was set back counts as an interval too.
            let due = self
                .last
                .is_none_or(|last| now < last.completed || now.since(last.completed) >= self.limits.interval);
            let pass = if due { begin().await } else { None };
            if let Some(pass) = pass
                && self.pass(pass).await.is_none()
            {
                return;
            }
            if shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return;
            }
        }
    }

    /// One pass. `None`: the node stops, or the pass panicked.
    async fn pass(&mut self, pass: Pass) -> Option<()> {
        let (shutdown, tasks) = (self.host.shutdown(), self.host.tasks().clone());
        let Pass { total, mut step } = pass;
        let (mut findings, mut done) = (0_u64, 0_u64);
        loop {
            let (piece, back) = tasks
                .blocking("scrub", move || {
                    let piece = step();
                    (piece, step)
                })
                .await
                .ok()?;
            step = back;
            let Some(Piece { findings: new, bytes }) = piece else { break };
            for finding in &new {
                metrics::counter!("wolffish_alarms_total", "log" => self.log.to_string()).increment(1);
                tracing::error!(log = %self.log, finding, "ALARM: the scrub found damage; see wolffish fsck");
            }
            findings += new.len() as u64;
            done += bytes;
            self.show(findings, Some(done as f64 / total.max(1) as f64));
            let pause = Duration::from_secs_f64(bytes as f64 / self.limits.bytes_per_second as f64);
            shutdown.run_until_cancelled(tokio::time::sleep(pause)).await?;
        }
        let last = Last { completed: self.host.clock().now(), findings };
        self.last = Some(last);
        let file = self.file.clone();
        tasks.blocking("scrub", move || last.write(&file)).await.ok()?;
        tracing::info!(log = %self.log, findings, bytes = done, "scrubbed");
        Some(())
    }

    /// The gauges, and what Status shows. Findings of the last pass stand until the next has as many, or is complete.
    fn show(&self, now_found: u64, progress: Option<f64>) {
        let name = self.log.to_string();
        let completed = self.last.map(|last| last.completed);
        let findings = self.last.map_or(0, |last| last.findings).max(now_found);
        let age = self.host.clock().now().since(completed.unwrap_or(self.begun)).as_secs_f64();
        metrics::gauge!("wolffish_scrub_age_seconds", "log" => name.clone()).set(age);
        metrics::gauge!("wolffish_scrub_findings", "log" => name.clone()).set(findings as f64);
        metrics::gauge!("wolffish_scrub_progress", "log" => name).set(progress.unwrap_or(0.0).min(1.0));
        self.host.scrubbed(&self.log, Scrub { completed, findings });
    }
}
