//! Check 17: bodies meant to exhaust the log.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::api::{Submit, chain_body, expect_status};
use crate::cert::KeyKind;
use crate::error::{During, JudgeError, Result};
use crate::http::Drip;
use crate::session::Session;

/// Check 17.
pub(super) fn bodies(session: &Session) -> Result<()> {
    huge(session)?;
    long_chain(session)?;
    deep(session)?;
    slow(session)?;
    // After all that the log still does its work.
    let submission = session.grow().during("after the odd bodies")?;
    session.included(&submission).map(|_| ())
}

fn huge(session: &Session) -> Result<()> {
    let mut body = br#"{"chain":[""#.to_vec();
    body.resize(10_000_000, b'A');
    let path = Submit::Chain.path();
    let response = session.api.http.post_oversized(path, &body)?;
    expect_status(&format!("POST {path} with 10 MB"), &[413], &response)
}

fn long_chain(session: &Session) -> Result<()> {
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    let mut chain = vec![issuer.issue(&session.lab.leaf()?)?];
    chain.resize(999, issuer.certificate().to_vec());
    chain.extend_from_slice(&session.lab.root.chain);
    let path = Submit::Chain.path();
    let response = session.api.http.post_oversized(path, &chain_body(&chain))?;
    expect_status(&format!("POST {path} with 1000 certificates"), &[400, 413], &response)
}

/// Deep enough to overrun the stack of a reader that recurses, small enough to be let in.
fn deep(session: &Session) -> Result<()> {
    const DEPTH: usize = 100_000;
    for (open, close) in [("[", "]"), (r#"{"chain":"#, "}")] {
        let levels = DEPTH / open.len();
        let body = format!(r#"{{"chain":{}1{}}}"#, open.repeat(levels), close.repeat(levels));
        let path = Submit::Chain.path();
        let response = session.api.http.post(path, body.as_bytes())?;
        expect_status(&format!("POST {path} with JSON {levels} deep"), &[400], &response)?;
    }
    Ok(())
}

fn slow(session: &Session) -> Result<()> {
    let (dripping, started) = mpsc::channel();
    let limits = &session.limits;
    let (neighbours, drip) = std::thread::scope(|scope| {
        let drip = scope.spawn(move || {
            let begin = || {
                // Nobody listening means that the judge has given up on this check already.
                let _ = dripping.send(());
            };
            session.api.http.drip(Submit::Chain.path(), limits.drip_interval, limits.drip, begin)
        });
        // If the drip could not even begin, its own result says why.
        let neighbours = if started.recv().is_ok() { neighbours(session) } else { Ok(()) };
        let panicked = |_| Err(JudgeError::setup("thread", "a result", "a panic"));
        (neighbours, drip.join().unwrap_or_else(panicked))
    });
    neighbours?;
    match drip? {
        Drip::Cut => Ok(()),
        Drip::Answered(status) if (400..500).contains(&status) || status == 503 => Ok(()),
        Drip::Answered(status) => Err(JudgeError::wrong("answer to a dripping body", "a 4xx or 503", status)),
        Drip::StillOpen => Err(JudgeError::Deadline {
            event: "end of a dripping body".to_owned(),
            limit: limits.drip,
            found: "the log still reading".to_owned(),
        }),
    }
}

/// Other requests while the body drips.
fn neighbours(session: &Session) -> Result<()> {
    for _ in 0..5 {
        in_time(session, "get-sth beside a dripping body", || session.sth().map(|_| ()))?;
    }
    in_time(session, "add-chain beside a dripping body", || session.grow().map(|_| ()))
}

fn in_time(session: &Session, what: &str, request: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    request().during(what)?;
    let (taken, limit): (Duration, Duration) = (start.elapsed(), session.limits.drip_neighbour);
    if taken > limit {
        return Err(JudgeError::Deadline { event: what.to_owned(), limit, found: format!("{taken:?}") });
    }
    Ok(())
}
