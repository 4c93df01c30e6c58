//! Checks 25 and 26: the edges of get-entries.

use crate::error::{JudgeError, Result, expect_equal};
use crate::session::Session;

/// Check 25.
pub(super) fn partial(session: &Session) -> Result<()> {
    let submission = session.grow()?;
    let included = session.included(&submission)?;
    session.included(&session.grow()?)?;

    let before = nonempty(session)?;
    let last = session.api.entries(before - 1, before + 999)?;
    let after = session.sth()?.tree_size;
    let most = after - (before - 1);
    if last.len() as u64 > most {
        return Err(JudgeError::wrong("entries from the last one on", format!("1 to {most}"), last.len()));
    }

    let whole = session.api.entries(0, 1_000_000_000)?;
    let size = session.sth()?.tree_size;
    if whole.len() as u64 > size {
        return Err(JudgeError::wrong("entries from 0 on", format!("at most {size}"), whole.len()));
    }
    let first = session.api.entries(0, 0)?;
    expect_equal("entries 0 to 0", 1, first.len())?;
    if whole[0] != first[0] {
        return Err(JudgeError::wrong("first entry of a large request", "entry 0", "another"));
    }
    // Parameters that nobody knows are nobody's business.
    session.api.get_expecting("/ct/v1/get-entries?start=0&end=0&unknown=1", &[200])?;
    // A range in the middle begins where it was asked to.
    let from = included.leaf_index;
    let middle = session.api.entries(from, from + 1)?;
    expect_equal("leaf_input at start", submission.promised.merkle_tree_leaf(), middle[0].leaf_input.clone())
}

/// The current tree size, which cannot be zero any more.
fn nonempty(session: &Session) -> Result<u64> {
    match session.sth()?.tree_size {
        0 => Err(JudgeError::wrong("tree_size after an inclusion", "at least 1", 0)),
        size => Ok(size),
    }
}

/// Check 26.
pub(super) fn bad_ranges(session: &Session) -> Result<()> {
    let submission = session.grow()?;
    session.included(&submission)?;
    for query in [
        "",
        "?start=0",
        "?end=0",
        "?start=&end=",
        "?start=1&end=0",
        "?start=-1&end=0",
        "?start=0&end=-1",
        "?start=abc&end=1",
        "?start=0&end=1e3",
        "?start=0&end=18446744073709551616",
        "?start=1000000000&end=1000000001",
    ] {
        session.api.get_expecting(&format!("/ct/v1/get-entries{query}"), &[400])?;
    }
    at_size(session)
}

/// start = tree size. The log may grow between the two requests; then the question is put again.
fn at_size(session: &Session) -> Result<()> {
    const ATTEMPTS: usize = 5;
    for attempt in 1..=ATTEMPTS {
        let size = session.sth()?.tree_size;
        let result =
            session.api.get_expecting(&format!("/ct/v1/get-entries?start={size}&end={size}"), &[400]);
        if result.is_ok() || session.sth()?.tree_size == size || attempt == ATTEMPTS {
            return result.map(|_| ());
        }
    }
    Ok(())
}
