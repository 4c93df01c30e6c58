//! One log of the cluster: what it promises, what it accepts, and its bounds. A read-only log promises and accepts nothing.

use crate::purpose::Purpose;
use ct::entry::LogKind;
use ct::hash::LogId;
use ct::key::LogKey;
use ct::names::{LogName, NodeName};
use ct::time::{ClockBound, Timestamp};
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

mod check;
mod facts;
mod times;

pub use facts::LogFacts;

pub(crate) use check::{check, check_read_only};
pub use times::Scrubbing;
pub(crate) use times::Times;

/// The notAfter that a temporal shard accepts: from the start, up to but not including the end. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// The first moment inside.
    pub const fn start_inclusive(self) -> Timestamp {
        self.start
    }
    /// The first moment after it.
    pub const fn end_exclusive(self) -> Timestamp {
        self.end
    }
    /// Whether a certificate with this notAfter is accepted.
    pub fn contains(self, not_after: Timestamp) -> bool {
        (self.start..self.end).contains(&not_after)
    }
    /// Start and end in RFC 3339, UTC.
    pub fn to_rfc3339(self) -> (String, String) {
        (rfc3339(self.start), rfc3339(self.end))
    }
}

/// A moment up to the end of the year 9999 in RFC 3339, UTC; later ones as milliseconds.
fn rfc3339(moment: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.millis()) * 1_000_000)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| moment.to_string())
}

/// A log of this cluster, valid in itself and in its cluster: it takes submissions and grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    purpose: Purpose,
    facts: LogFacts,
    times: Times,
    roots: Vec<PathBuf>,
    test_ca: Option<PathBuf>,
    first_primary: NodeName,
    sth_signer: NodeName,
    clock: ClockBound,
    scrubbing: Scrubbing,
    backlog_limit: u64,
}

/// A copy of a log that others made, or that has ended: frontends serve it, and nothing in the cluster can make it grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOnlyLog {
    facts: LogFacts,
}

impl ReadOnlyLog {
    /// What it has in common with other logs: all there is.
    pub const fn facts(&self) -> &LogFacts {
        &self.facts
    }
    /// Unique in the cluster.
    pub const fn name(&self) -> &LogName {
        self.facts.name()
    }
}

/// A log of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyLog<'a> {
    /// It takes submissions and grows.
    Live(&'a Log),
    /// It is what it is.
    ReadOnly(&'a ReadOnlyLog),
}

impl<'a> AnyLog<'a> {
    /// What both kinds have.
    pub const fn facts(self) -> &'a LogFacts {
        match self {
            AnyLog::Live(log) => log.facts(),
            AnyLog::ReadOnly(log) => log.facts(),
        }
    }

    /// Its table, as faults call it.
    pub(crate) fn section(self) -> String {
        match self {
            AnyLog::Live(log) => format!("log {}", log.name()),
            AnyLog::ReadOnly(log) => format!("read_only_log {}", log.name()),
        }
    }
}

impl Log {
    /// What the cluster is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// What it has in common with read-only logs.
    pub const fn facts(&self) -> &LogFacts {
        &self.facts
    }
    /// Unique in the cluster.
    pub const fn name(&self) -> &LogName {
        self.facts.name()
    }
    /// The log's public key.
    pub const fn key(&self) -> &LogKey {
        self.facts.key()
    }
    /// The hash of the key: the log's name for the world.
    pub const fn log_id(&self) -> LogId {
        self.facts.log_id()
    }
    /// How leaves are made.
    pub const fn kind(&self) -> LogKind {
        self.facts.kind()
    }
    /// Public base URL, with a `/` at its end.
    pub fn url(&self) -> Option<&str> {
        self.facts.url()
    }
    /// Maximum merge delay, in whole seconds.
    pub const fn mmd(&self) -> Duration {
        self.facts.mmd()
    }
    /// A tree head at least this often. At most half the MMD.
    pub const fn sth_interval(&self) -> Duration {
        self.times.sth_interval
    }
    /// At most one tree head in this time. Never above [`Self::sth_interval`].
    pub const fn publish_interval(&self) -> Duration {
        self.times.publish_interval
    }
    /// Age of the newest tree head from which submissions are refused. At most the MMD.
    pub const fn stop_submissions_after_sth_age(&self) -> Duration {
        self.times.stop_submissions
    }
    /// Age of what merging has read through, from which submissions are refused: a quarter of the MMD.
    pub fn stop_submissions_after_polled_age(&self) -> Duration {
        self.mmd() / 4
    }
    /// Age of the newest tree head from which merge-repair acts. At least five times [`Self::sth_interval`].
    pub const fn repair_after(&self) -> Duration {
        self.times.repair_after
    }
    /// The notAfter that are accepted; all, if there is no window.
    pub const fn window(&self) -> Option<Window> {
        self.facts.window()
    }
    /// Files and directories with accepted roots. [`Self::load_roots`] reads them.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }
    /// File with the certificate of a test CA; none in production.
    pub fn test_ca(&self) -> Option<&Path> {
        self.test_ca.as_deref()
    }
    /// The primary of the first term: a merge node of this cluster.
    pub const fn first_primary(&self) -> &NodeName {
        &self.first_primary
    }
    /// Who signs tree heads in the first term: a signer of this cluster.
    pub const fn sth_signer(&self) -> &NodeName {
        &self.sth_signer
    }
    /// How far a timestamp may be from a node's own clock.
    pub const fn clock(&self) -> ClockBound {
        self.clock
    }
    /// How what is kept of it is read again.
    pub const fn scrubbing(&self) -> Scrubbing {
        self.scrubbing
    }
    /// Entries under no tree head, at one storage node, from which submissions are refused.
    pub const fn backlog_limit(&self) -> u64 {
        self.backlog_limit
    }
}
