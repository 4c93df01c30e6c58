//! What a merge node keeps beside the log itself: rows of state, in the log's own database, so that they change in the
//! same transaction.

use crate::machine::Durable;
use crate::message::Stopped;
use ct::hash::RootHash;
use ct::index::TreeSize;
use ct::sth::Sth;
use ct::term::{AcceptedHead, CertificateError, Guard, Incarnation, TermCertificate, Trust};
use ct::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::log::Reader;

pub(crate) const INCARNATION: &str = "incarnation";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const STOPPED: &str = "stopped";
pub(crate) const ACCEPTED: &str = "accepted";
pub(crate) const NEWEST_STH: &str = "newest-sth";
pub(crate) const ENDORSED: &str = "endorsed";

/// The accepted head, with the greatest timestamp under it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accepted {
    pub(crate) accepted: AcceptedHead,
    pub(crate) newest_entry: Timestamp,
}

/// Why the rows are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what was written.
    #[error("state row {key:?}: {error}")]
    Json {
        /// Which row.
        key: &'static str,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// A row is missing: `init` was cut short.
    #[error("state row {0:?} is missing: init was cut short; remove the directory and make it again")]
    Missing(&'static str),
    /// A copy that is to become this node's is of another tree than was signed.
    #[error("the log has the root {found} at size {size}, and the tree head that comes with it {expected}")]
    OtherTree {
        /// Size of the tree head.
        size: TreeSize,
        /// Its root.
        expected: RootHash,
        /// That of the log.
        found: RootHash,
    },
    /// The certificate on disk is for another log, or not from the configured repair key.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A row with the JSON of `value`, to be committed.
pub(crate) fn row(key: &'static str, value: &impl Serialize) -> Result<(String, Option<String>), RowsError> {
    let text = serde_json::to_string(value).map_err(|error| RowsError::Json { key, error })?;
    Ok((key.to_owned(), Some(text)))
}

fn read<T: DeserializeOwned>(reader: &Reader, key: &'static str) -> Result<Option<T>, RowsError> {
    let Some(text) = reader.state(key)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| RowsError::Json { key, error })
}

fn must<T: DeserializeOwned>(reader: &Reader, key: &'static str) -> Result<T, RowsError> {
    read(reader, key)?.ok_or(RowsError::Missing(key))
}

/// What the machine goes on from.
pub(crate) fn load(reader: &Reader, trust: Trust) -> Result<Durable, RowsError> {
    let Accepted { accepted, newest_entry } = must(reader, ACCEPTED)?;
    let certificate: TermCertificate = must(reader, CERTIFICATE)?;
    certificate.check_signed(&trust)?;
    Ok(Durable {
        incarnation: must::<Incarnation>(reader, INCARNATION)?,
        guard: Guard::new(trust, certificate),
        stopped: read::<Stopped>(reader, STOPPED)?,
        accepted,
        newest_entry,
        newest_sth: read::<Sth>(reader, NEWEST_STH)?,
        endorsed: read(reader, ENDORSED)?.unwrap_or_default(),
    })
}
