//! What a frontend keeps beside the log itself: three rows of state.

use crate::copy::Durable;
use ct::sth::Sth;
use ct::term::{CertificateError, Guard, TermCertificate, Trust};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use store::StoreError;
use store::log::Reader;

/// The newest certificate.
pub(crate) const CERTIFICATE: &str = "certificate";
/// The newest STH whose tree is held.
pub(crate) const HELD: &str = "held";
/// The STH that get-sth shows.
pub(crate) const PUBLISHED: &str = "published";

/// Why the rows are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what was written.
    #[error("state row {key:?} in {}: {error}", dir.display())]
    Json {
        /// Which row.
        key: &'static str,
        /// The log's directory.
        dir: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// There is no certificate: `init` was cut short.
    #[error("there is no certificate in {}: init was cut short; remove the directory and make it again", .0.display())]
    NoCertificate(PathBuf),
    /// The certificate is for another log.
    #[error("{}: {error}", dir.display())]
    Certificate {
        /// The log's directory.
        dir: PathBuf,
        /// What is wrong.
        error: CertificateError,
    },
}

/// A row with the JSON of `value`, to be committed.
pub(crate) fn row(
    key: &'static str,
    value: &impl Serialize,
) -> Result<(String, Option<String>), serde_json::Error> {
    Ok((key.to_owned(), Some(serde_json::to_string(value)?)))
}

/// What a row has, if it is there.
pub(crate) fn read<T: DeserializeOwned>(
    reader: &Reader,
    dir: &std::path::Path,
    key: &'static str,
) -> Result<Option<T>, RowsError> {
    let Some(text) = reader.state(key)? else { return Ok(None) };
    let parsed = serde_json::from_str(&text);
    parsed.map(Some).map_err(|error| RowsError::Json { key, dir: dir.to_owned(), error })
}

/// What the machine goes on from.
pub(crate) fn load(reader: &Reader, dir: &std::path::Path, trust: Trust) -> Result<Durable, RowsError> {
    let certificate: Option<TermCertificate> = read(reader, dir, CERTIFICATE)?;
    let certificate = certificate.ok_or_else(|| RowsError::NoCertificate(dir.to_owned()))?;
    if certificate.body.log_id != trust.log_id || certificate.body.kind != trust.kind {
        let error = CertificateError::OtherLog(certificate.body.log_id);
        return Err(RowsError::Certificate { dir: dir.to_owned(), error });
    }
    Ok(Durable {
        guard: Guard::new(trust, certificate),
        held: read::<Sth>(reader, dir, HELD)?,
        published: read::<Sth>(reader, dir, PUBLISHED)?,
    })
}
