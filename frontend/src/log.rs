//! One log, as this frontend serves it: everything that a request about it needs.

use crate::heads::SharedHeads;
use crate::internal::Job;
use crate::public::json::roots_body;
use crate::public::v3::v3_body;
use crate::read_only::Opened;
use crate::submit::Submitter;
use bytes::Bytes;
use config::{ConfigError, LogFacts, RootCertificate};
use ct::sth::Sth;
use ct::x509::roots::Root;
use ct::x509::{Admission, Certificate, CertificateError, Roots, VerifiedCache, Window};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::log::{Reader, Writer};
use tokio::sync::mpsc;

/// Why the accepted roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsFault {
    /// They cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// One of them is no certificate.
    #[error("{}: {error}", source_file.display())]
    Certificate {
        /// The file.
        source_file: PathBuf,
        /// What is wrong.
        error: CertificateError,
    },
}

/// One log.
pub struct LogState {
    /// What the public knows it by.
    pub facts: LogFacts,
    /// What may be seen of it now.
    pub heads: Arc<SharedHeads>,
    /// Its copy.
    pub reader: Reader,
    /// The answer of get-roots.
    pub roots_body: Bytes,
    /// Its description.
    pub v3_body: Bytes,
    /// What happens to it.
    pub mode: Mode,
}

/// What happens to a log.
pub enum Mode {
    /// It takes submissions, and its primary brings the copy up to date.
    Live(Box<Live>),
    /// Nothing, for ever.
    ReadOnly(Box<ReadOnly>),
}

/// What only a log has that takes submissions.
pub struct Live {
    /// Makes its promises.
    pub submitter: Submitter,
    /// What it takes.
    pub rules: Rules,
    /// Greatest age of the STH that is shown, while the log is served as it should be.
    pub oldest_sth: Duration,
    pub(crate) keeper: mpsc::Sender<Job>,
}

/// What only a read-only log has.
pub struct ReadOnly {
    /// The STH that is shown.
    pub sth: Sth,
    /// Keeps every import out.
    _lock: Mutex<Writer>,
}

/// What a log takes, and what it remembers of issuers.
pub struct Rules {
    roots: Roots,
    window: Option<Window>,
    cache: VerifiedCache,
}

impl Rules {
    /// As configured.
    pub fn load(log: &config::Log) -> Result<Self, RootsFault> {
        let mut roots = Roots::new();
        for RootCertificate { source, der } in log.load_roots()? {
            let certificate = Certificate::parse(der)
                .map_err(|error| RootsFault::Certificate { source_file: source.clone(), error })?;
            roots.add(Root { certificate, source: source.display().to_string(), line: 0 });
        }
        let window = log.window().map(|window| Window {
            start_inclusive: window.start_inclusive(),
            end_exclusive: window.end_exclusive(),
        });
        Ok(Self { roots, window, cache: VerifiedCache::new() })
    }

    /// What a chain must keep to.
    pub const fn admission(&self) -> Admission<'_> {
        Admission { roots: &self.roots, window: self.window }
    }

    /// Issuers that were verified before.
    pub const fn cache(&self) -> &VerifiedCache {
        &self.cache
    }
}

impl LogState {
    pub(crate) fn live(
        config: &config::Log,
        rules: Rules,
        started: (Arc<SharedHeads>, Reader, mpsc::Sender<Job>),
        submitter: Submitter,
    ) -> Self {
        let (heads, reader, keeper) = started;
        let roots_body = roots_body(rules.roots.iter().map(|root| root.certificate.der())).into();
        let (facts, oldest_sth) = (config.facts().clone(), config.stop_submissions_after_sth_age());
        let v3_body = v3_body(&facts, None).into();
        let mode = Mode::Live(Box::new(Live { submitter, rules, oldest_sth, keeper }));
        Self { facts, heads, reader, roots_body, v3_body, mode }
    }

    pub(crate) fn read_only(config: &config::ReadOnlyLog, opened: Opened) -> Self {
        let Opened { heads, reader, sth, roots, lock } = opened;
        let facts = config.facts().clone();
        let roots_body = roots_body(roots.iter().map(Vec::as_slice)).into();
        let v3_body = v3_body(&facts, Some(&sth.head)).into();
        let mode = Mode::ReadOnly(Box::new(ReadOnly { sth, _lock: lock }));
        Self { facts, heads, reader, roots_body, v3_body, mode }
    }
}
