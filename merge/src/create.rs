//! Making a merge node's state for a log: deliberately, once, never by `run`.

use crate::rows::{self, ACCEPTED, Accepted, CERTIFICATE, INCARNATION, NEWEST_STH, RowsError};
use ct::entry::LogKind;
use ct::index::Term;
use ct::order::LogHead;
use ct::sth::VerifiedSth;
use ct::term::{AcceptedHead, Incarnation, TermCertificate};
use ct::time::Timestamp;
use std::path::Path;
use store::log::{Commit, StoreOptions, Writer};

/// How a merge node keeps a log of this kind.
pub(crate) fn options(kind: LogKind) -> StoreOptions {
    StoreOptions { kind, ..StoreOptions::default() }
}

/// Makes a merge node's state out of a frontend's, where it lies: the log up to this tree head, that head accepted, and nothing
/// endorsed. It is a state of its own, and has no vote before a certificate names it (docs/protocol.md, T16, Z1).
///
/// # Errors
/// [`RowsError::OtherTree`] if the log is not what was signed; those of the store. It can be done again then.
pub fn adopt_copy(
    dir: &Path,
    certificate: &TermCertificate,
    incarnation: Incarnation,
    sth: &VerifiedSth,
) -> Result<LogHead, RowsError> {
    let mut writer = Writer::open(dir, &options(certificate.body.kind))?;
    let (size, expected) = (sth.head().tree_size, sth.head().root_hash);
    let head = writer.reader().head_at(size)?;
    if head.root != expected {
        return Err(RowsError::OtherTree { size, expected, found: head.root });
    }
    // No entry is later than the tree head that it is under.
    let newest_entry = sth.head().timestamp;
    let accepted = AcceptedHead { term: Term::ZERO, head, request: None };
    let state = vec![
        rows::row(INCARNATION, &incarnation)?,
        rows::row(CERTIFICATE, certificate)?,
        rows::row(ACCEPTED, &Accepted { accepted, newest_entry })?,
        rows::row(NEWEST_STH, sth.sth())?,
    ];
    writer.commit(&Commit { base: size, state, ..Commit::default() })?;
    Ok(head)
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
