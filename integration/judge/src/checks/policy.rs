//! Checks 12 to 15: the window, and what a log must not be strict about.

use crate::api::Submit;
use crate::cert::{Extension, KeyKind, SignatureAlgorithm};
use crate::error::{JudgeError, Result};
use crate::session::{Case, Session};
use crate::target::TemporalInterval;
use crate::time::{DAY, now_seconds};

/// Check 12.
pub(super) fn inside_window(session: &Session) -> Result<()> {
    let window = window(session)?;
    for (label, not_after) in [
        ("notAfter = start_inclusive", window.start_inclusive),
        ("notAfter = end_exclusive - 1 s", window.end_exclusive - 1),
    ] {
        let leaf = session.lab.leaf()?.until(not_after);
        let poisoned = session.lab.leaf()?.until(not_after).with(Extension::poison());
        session.accept(Case::certificate(label, session.lab.root.issue_chain(&leaf)?))?;
        session.accept(Case::precertificate(label, session.lab.root.issue_chain(&poisoned)?))?;
    }
    Ok(())
}

/// Check 13.
pub(super) fn outside_window(session: &Session) -> Result<()> {
    let window = window(session)?;
    for (label, not_after) in [
        ("notAfter = start_inclusive - 1 s", window.start_inclusive - 1),
        ("notAfter = end_exclusive", window.end_exclusive),
    ] {
        let leaf = session.lab.leaf()?.until(not_after);
        let poisoned = session.lab.leaf()?.until(not_after).with(Extension::poison());
        session.refuse(label, Submit::Chain, &session.lab.root.issue_chain(&leaf)?)?;
        session.refuse(label, Submit::PreChain, &session.lab.root.issue_chain(&poisoned)?)?;
    }
    Ok(())
}

fn window(session: &Session) -> Result<TemporalInterval> {
    let missing =
        || JudgeError::not_applicable(format!("log {} has no temporal interval", session.target.name));
    session.target.temporal_interval.ok_or_else(missing)
}

/// Check 14.
pub(super) fn misissued(session: &Session) -> Result<()> {
    let lab = &session.lab;
    let unknown = lab.leaf()?.with(Extension::unheard_of());
    session.accept(Case::certificate("unknown critical extension", lab.root.issue_chain(&unknown)?))?;

    let constrained =
        lab.root.subordinate(KeyKind::P256, vec![Extension::permit_only("elsewhere.example")])?;
    let violation = Case::certificate("name constraint violated", constrained.issue_chain(&lab.leaf()?)?);
    session.accept(violation)?;
    expired(session)
}

fn expired(session: &Session) -> Result<()> {
    let mut not_after = now_seconds() - DAY;
    if let Some(window) = session.target.temporal_interval {
        not_after = not_after.clamp(window.start_inclusive, window.end_exclusive - 1);
    }
    if not_after >= now_seconds() {
        // The window has not begun, so nothing in it can have expired.
        return Ok(());
    }
    let chain = session.lab.root.issue_chain(&session.lab.leaf()?.until(not_after))?;
    if session.limits.expired_refused {
        return session.refuse("expired (declared as refused)", Submit::Chain, &chain);
    }
    session.accept(Case::certificate("expired", chain)).map(|_| ())
}

/// Check 15. Chrome watches logs with chains that are signed like this.
pub(super) fn sha1(session: &Session) -> Result<()> {
    let issuer = session.lab.intermediate(KeyKind::RsaAuthority)?;
    let mut leaf = session.lab.leaf()?;
    leaf.algorithm = Some(SignatureAlgorithm::RsaSha1);
    session.accept(Case::certificate("sha1WithRSAEncryption certificate", issuer.issue_chain(&leaf)?))?;

    let mut precert = session.lab.leaf()?.with(Extension::poison());
    precert.algorithm = Some(SignatureAlgorithm::RsaSha1);
    session.accept(Case::precertificate(
        "sha1WithRSAEncryption precertificate",
        issuer.issue_chain(&precert)?,
    ))?;
    Ok(())
}
