//! Checks 22 and 23: get-proof-by-hash.

use crate::api::proof_path;
use crate::cert::random_bytes;
use crate::error::{During, Result, expect_equal};
use crate::merkle::sha256;
use crate::session::{Session, check_inclusion};

use super::submission::one_of_each;

/// Check 22.
pub(super) fn by_hash(session: &Session) -> Result<()> {
    one_of_each(session)?;
    let mut found = Vec::new();
    for submission in session.accepted() {
        let included = session.included(&submission)?;
        session.check_stored(&submission, included.leaf_index)?;
        found.push((submission, included));
    }
    // In a later, larger tree the index is still the same.
    let sth = session.included(&session.grow()?)?.sth;
    for (submission, included) in found {
        let label = &submission.case.label;
        let proof = session.api.proof(&submission.leaf_hash(), sth.tree_size).during(label)?;
        expect_equal("leaf_index in a later tree", included.leaf_index, proof.leaf_index).during(label)?;
        check_inclusion(&submission, &proof, &sth).during(label)?;
    }
    Ok(())
}

/// Check 23.
pub(super) fn unprovable(session: &Session) -> Result<()> {
    let submission = session.grow()?;
    let size = session.included(&submission)?.sth.tree_size;
    let known = submission.leaf_hash();
    let unknown = sha256(&random_bytes()?);
    let here = size.to_string();
    let expectations = [
        ("unknown hash", proof_path(&unknown, &here), &[404][..]),
        ("tree_size far beyond the tree", proof_path(&known, &(size + 1_000_000).to_string()), &[404]),
        ("tree_size=0", proof_path(&known, "0"), &[400]),
        ("tree_size=-1", proof_path(&known, "-1"), &[400]),
        ("tree_size=abc", proof_path(&known, "abc"), &[400]),
        ("tree_size missing", proof_path(&known, "").replace("&tree_size=", ""), &[400]),
        ("hash of 31 bytes", proof_path(&known[..31], &here), &[400, 404]),
        ("empty hash", proof_path(&[], &here), &[400]),
        ("hash not base64", format!("/ct/v1/get-proof-by-hash?hash=!!!!&tree_size={here}"), &[400]),
        ("missing hash", format!("/ct/v1/get-proof-by-hash?tree_size={here}"), &[400]),
    ];
    for (label, path, statuses) in expectations {
        session.api.get_expecting(&path, statuses).during(label)?;
    }
    one_beyond(session, &known)
}

/// tree_size one beyond the tree. The log may grow between the two requests; then the question was no good and
/// is put again.
fn one_beyond(session: &Session, known: &[u8; 32]) -> Result<()> {
    const ATTEMPTS: usize = 5;
    for attempt in 1..=ATTEMPTS {
        let size = session.sth()?.tree_size;
        let path = proof_path(known, &size.saturating_add(1).to_string());
        let result = session.api.get_expecting(&path, &[404]).during("tree_size one beyond the tree");
        if result.is_ok() || session.sth()?.tree_size == size || attempt == ATTEMPTS {
            return result.map(|_| ());
        }
    }
    Ok(())
}
