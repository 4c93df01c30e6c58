//! Checks 19 to 21: tree heads and their consistency.

use std::time::{Duration, Instant};

use crate::api::Sth;
use crate::error::{During, JudgeError, Result};
use crate::merkle;
use crate::session::Session;
use crate::time::now_millis;

/// Check 19. After one entry, so that the tree is not empty, nothing is submitted: only re-signing can bring a
/// newer timestamp.
pub(super) fn idle(session: &Session) -> Result<()> {
    session.included(&session.grow()?)?;
    let first = session.sth()?;
    check_age(session, &first)?;
    let queried = session.api.sth_at("/ct/v1/get-sth?").during("get-sth with a lone question mark")?;
    check_age(session, &queried)?;
    check_succession(&first, &queried)?;
    let limit = session.limits.idle_sth;
    let start = Instant::now();
    let mut latest = queried;
    loop {
        let next = session.sth()?;
        check_age(session, &next)?;
        check_succession(&latest, &next)?;
        if next.timestamp > first.timestamp {
            return Ok(());
        }
        if start.elapsed() > limit {
            return Err(JudgeError::Deadline {
                event: "a newer STH timestamp without traffic".to_owned(),
                limit,
                found: format!("{} all the time", next.timestamp),
            });
        }
        latest = next;
        session.pause();
    }
}

fn check_age(session: &Session, sth: &Sth) -> Result<()> {
    let now = now_millis();
    if sth.timestamp > now + session.limits.clock_ahead.as_millis() as u64 {
        return Err(JudgeError::wrong("STH timestamp", format!("not in the future of {now}"), sth.timestamp));
    }
    let age = Duration::from_millis(now.saturating_sub(sth.timestamp));
    if age > session.target.mmd {
        return Err(JudgeError::wrong(
            "age of the STH",
            format!("at most the MMD, {:?}", session.target.mmd),
            format!("{age:?}"),
        ));
    }
    Ok(())
}

fn check_succession(earlier: &Sth, later: &Sth) -> Result<()> {
    if later.timestamp < earlier.timestamp {
        return Err(JudgeError::wrong(
            "STH timestamp",
            format!("not before {}", earlier.timestamp),
            later.timestamp,
        ));
    }
    if later.tree_size < earlier.tree_size {
        return Err(JudgeError::wrong(
            "tree_size",
            format!("not below {}", earlier.tree_size),
            later.tree_size,
        ));
    }
    let changed = (later.tree_size, later.root) != (earlier.tree_size, earlier.root);
    if changed && later.timestamp == earlier.timestamp {
        return Err(JudgeError::wrong("STHs with one timestamp", "one tree", "two trees"));
    }
    Ok(())
}

/// Check 20.
pub(super) fn consistency(session: &Session) -> Result<()> {
    // Heads of several sizes, also when this check runs alone.
    for _ in 0..4 {
        let submission = session.grow()?;
        session.included(&submission)?;
    }
    let heads = thinned(session.heads(), session.limits.consistency_heads);
    for (place, second) in heads.iter().enumerate() {
        for first in heads[..=place].iter().filter(|first| first.tree_size > 0) {
            let (m, n) = (first.tree_size, second.tree_size);
            let proof = session.api.consistency(m, n)?;
            merkle::verify_consistency(m, n, &first.root, &second.root, &proof)
                .during(&format!("{m} to {n}"))?;
        }
        if second.tree_size > 0 {
            let proof = session.api.consistency(0, second.tree_size)?;
            let zero = merkle::sha256(b"");
            merkle::verify_consistency(0, second.tree_size, &zero, &second.root, &proof).during("first=0")?;
        }
    }
    Ok(())
}

/// At most `most` of the heads, evenly chosen, the newest always among them.
fn thinned(heads: Vec<Sth>, most: usize) -> Vec<Sth> {
    let step = heads.len().div_ceil(most.max(1)).max(1);
    let last = heads.len().saturating_sub(1);
    heads
        .into_iter()
        .enumerate()
        .filter(|(place, _)| (last - place).is_multiple_of(step))
        .map(|(_, head)| head)
        .collect()
}

/// Check 21.
pub(super) fn bad_ranges(session: &Session) -> Result<()> {
    let submission = session.grow()?;
    let size = session.included(&submission)?.sth.tree_size;
    let beyond = size + 1_000_000;
    let queries = [
        String::new(),
        "?first=1".to_owned(),
        format!("?second={size}"),
        format!("?first=&second={size}"),
        format!("?first=-1&second={size}"),
        "?first=0&second=-1".to_owned(),
        format!("?first=abc&second={size}"),
        "?first=1&second=abc".to_owned(),
        "?first=1&second=1e3".to_owned(),
        format!("?first=1.0&second={size}"),
        format!("?first=18446744073709551616&second={size}"),
        "?first=1&second=18446744073709551616".to_owned(),
        format!("?first={beyond}&second={size}"),
        format!("?first=1&second={beyond}"),
        format!("?first={beyond}&second={}", beyond + 1),
    ];
    for query in queries {
        session.api.get_expecting(&format!("/ct/v1/get-sth-consistency{query}"), &[400])?;
    }
    Ok(())
}
