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

#[cfg(test)]
mod tests {
    use super::*;
    use config::init::Counts;
    use config::raw::RawLog;
    use ct::hash::RootHash;
    use ct::index::TreeSize;
    use ct::key::LogSigningKey;
    use ct::sth::TreeHead;
    use node::testing::Lab;
    use store::conformance::log::{put_and_commit, size};
    use store::conformance::sample;

    const COPY: Incarnation = Incarnation::new([5; 16]);

    fn signed(size: TreeSize, root_hash: RootHash) -> VerifiedSth {
        let timestamp = Timestamp::from_millis(1_700_000_100_000);
        LogSigningKey::from_scalar(&[7; 32]).unwrap().sign_head(TreeHead {
            timestamp,
            tree_size: size,
            root_hash,
        })
    }

    /// A frontend's log is longer than the tree head that it held: it was being sent the next. What is behind goes.
    #[test]
    fn a_copy_is_cut_to_the_tree_head_that_comes_with_it() {
        let scratch = tempfile::tempdir().unwrap();
        let founding = Lab::new(&scratch.path().join("lab"), Counts::default(), RawLog::default()).founding();
        let dir = scratch.path().join("anytime");
        let mut log = Writer::create(&dir, &options(LogKind::Rfc6962)).unwrap();
        let entries: Vec<_> = (0..20).map(sample::entry).collect();
        put_and_commit(&mut log, 0, &entries, "1").unwrap();
        let held = log.reader().head_at(size(15)).unwrap();
        drop(log);
        // A tree head of another tree, and one of more than there is, leave it as it is.
        let other = adopt_copy(&dir, &founding, COPY, &signed(size(15), RootHash::new([1; 32])));
        assert!(matches!(other, Err(RowsError::OtherTree { .. })), "{other:?}");
        assert!(adopt_copy(&dir, &founding, COPY, &signed(size(21), held.root)).is_err());
        // It may be done again.
        for _ in 0..2 {
            assert_eq!(adopt_copy(&dir, &founding, COPY, &signed(size(15), held.root)).unwrap(), held);
        }
        let log = Writer::open(&dir, &options(LogKind::Rfc6962)).unwrap();
        assert_eq!(log.len(), size(15));
        let row = |key: &str| log.reader().state(key).unwrap().unwrap();
        let Accepted { accepted, newest_entry } = serde_json::from_str(&row(ACCEPTED)).unwrap();
        assert_eq!(accepted, AcceptedHead { term: Term::ZERO, head: held, request: None });
        assert_eq!(newest_entry, Timestamp::from_millis(1_700_000_100_000));
        assert_eq!(serde_json::from_str::<Incarnation>(&row(INCARNATION)).unwrap(), COPY);
    }
}
