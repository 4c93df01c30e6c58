//! Making a merge node's state for a log: deliberately, once, never by `run`.

use crate::rows::{self, ACCEPTED, Accepted, CERTIFICATE, INCARNATION, RowsError};
use ct::entry::LogKind;
use ct::term::{AcceptedHead, Incarnation, TermCertificate};
use ct::time::Timestamp;
use std::path::Path;
use store::log::{Commit, StoreOptions, Writer};

/// How a merge node keeps a log of this kind.
pub(crate) fn options(kind: LogKind) -> StoreOptions {
    StoreOptions { kind, ..StoreOptions::default() }
}

/// Makes the state of a merge node for one log in `dir`: an empty log, nothing endorsed, and the certificate of the first
/// term, which names this incarnation.
pub fn create(dir: &Path, certificate: &TermCertificate, incarnation: Incarnation) -> Result<(), RowsError> {
    let accepted = Accepted { accepted: AcceptedHead::NONE, newest_entry: Timestamp::EPOCH };
    let state = vec![
        rows::row(INCARNATION, &incarnation)?,
        rows::row(CERTIFICATE, certificate)?,
        rows::row(ACCEPTED, &accepted)?,
    ];
    let mut writer = Writer::create(dir, &options(certificate.body.kind))?;
    Ok(writer.commit(&Commit { state, ..Commit::default() })?)
}
