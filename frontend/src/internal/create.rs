//! Making a frontend's state for a log: deliberately, once, never by `run`.

use super::rows::{self, CERTIFICATE};
use ct::entry::LogKind;
use ct::term::TermCertificate;
use std::path::Path;
use store::StoreError;
use store::log::{Commit, StoreOptions, Writer};

/// Why no state was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The disk, or there is state already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate has no JSON form.
    #[error("the certificate cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// How a frontend keeps a log of this kind.
pub(crate) fn options(kind: LogKind) -> StoreOptions {
    StoreOptions { kind, ..StoreOptions::default() }
}

/// Makes the state of a frontend for one log in `dir`: an empty log, and the certificate of the first term.
pub fn create(dir: &Path, certificate: &TermCertificate, kind: LogKind) -> Result<(), CreateError> {
    let state = vec![rows::row(CERTIFICATE, certificate)?];
    let mut writer = Writer::create(dir, &options(kind))?;
    writer.commit(&Commit { state, ..Commit::default() })?;
    Ok(())
}
