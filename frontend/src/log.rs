//! One log, as this frontend serves it: everything that a request about it needs.

use crate::heads::SharedHeads;
use crate::internal::Job;
use crate::public::json::roots_body;
use crate::public::v3::v3_body;
use crate::submit::Submitter;
use bytes::Bytes;
use config::{ConfigError, RootCertificate};
use ct::x509::roots::Root;
use ct::x509::{Admission, Certificate, CertificateError, Roots, VerifiedCache, Window};
use std::path::PathBuf;
use std::sync::Arc;
use store::log::Reader;
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
    /// What is configured.
    pub config: config::Log,
    /// What may be seen of it now.
    pub heads: Arc<SharedHeads>,
    /// Its copy.
    pub reader: Reader,
    /// Makes its promises.
    pub submitter: Submitter,
    /// What it takes.
    pub rules: Rules,
    /// The answer of get-roots.
    pub roots_body: Bytes,
    /// Its description.
    pub v3_body: Bytes,
    pub(crate) keeper: mpsc::Sender<Job>,
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
    pub(crate) fn new(
        config: config::Log,
        rules: Rules,
        started: (Arc<SharedHeads>, Reader, mpsc::Sender<Job>),
        submitter: Submitter,
    ) -> Self {
        let (heads, reader, keeper) = started;
        let roots_body = roots_body(rules.roots.iter().map(|root| root.certificate.der())).into();
        let v3_body = v3_body(&config).into();
        Self { config, heads, reader, submitter, rules, roots_body, v3_body, keeper }
    }
}
