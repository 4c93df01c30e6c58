//! Checks 1 to 6: what a log must accept, and what it promises then.

use std::collections::HashMap;

use crate::api::Sct;
use crate::cert::{Extension, KeyKind, KeyPair, ParsedCertificate, oids, tbs_without};
use crate::error::{During, JudgeError, Result, expect_equal};
use crate::lab::{Authority, Leaf};
use crate::merkle::sha256;
use crate::session::{Case, Session, Submission};
use crate::tls::{self, SignedEntry, TimestampedEntry};

/// Check 1. One leaf for each kind of subject key, under the root and under intermediates of other kinds.
pub(super) fn chain(session: &Session) -> Result<()> {
    let lab = &session.lab;
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::RsaLeaf, KeyKind::Ed25519] {
        let leaf = lab.leaf()?.with_key(&KeyPair::generate(kind)?);
        session.accept(Case::certificate(&format!("{kind:?} leaf"), lab.root.issue_chain(&leaf)?))?;
    }
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::RsaAuthority] {
        let issuer = lab.intermediate(kind)?;
        let label = format!("leaf under a {kind:?} intermediate");
        session.accept(Case::certificate(&label, issuer.issue_chain(&lab.leaf()?)?))?;
    }
    Ok(())
}

/// Check 2.
pub(super) fn without_root(session: &Session) -> Result<()> {
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    let whole = Case::certificate("with root", issuer.issue_chain(&session.lab.leaf()?)?);
    let first = session.accept(whole.clone())?;
    let mut again = whole.without_root();
    again.label = "same without root".to_owned();
    let second = session.accept(again)?;

    let never_whole =
        Case::certificate("only without root", issuer.issue_chain(&session.lab.leaf()?)?).without_root();
    let third = session.accept(never_whole)?;
    let alone = session.lab.root.issue_chain(&session.lab.leaf()?)?;
    let fourth = session.accept(Case::certificate("leaf alone, issued by the root", alone).without_root())?;

    for submission in [first, second, third, fourth] {
        let included = session.included(&submission)?;
        session.check_stored(&submission, included.leaf_index)?;
    }
    Ok(())
}

/// Check 3.
pub(super) fn resubmission(session: &Session) -> Result<()> {
    const TIMES: usize = 20;
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    let case = Case::certificate("resubmission", issuer.issue_chain(&session.lab.leaf()?)?);
    let submissions = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TIMES).map(|_| scope.spawn(|| session.accept(case.clone()))).collect();
        threads.into_iter().map(joined).collect::<Result<Vec<_>>>()
    })?;
    // Once more after the storm: by now the log knows the certificate for certain.
    let last = session.accept(case.clone())?;
    let distinct: HashMap<_, _> = submissions
        .into_iter()
        .chain([last])
        .map(|submission| (submission.leaf_hash(), submission))
        .collect();
    for submission in distinct.values() {
        session.included(submission)?;
    }
    Ok(())
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| Err(JudgeError::setup("thread", "a result", "a panic")))
}

/// Check 4. The entry, and with it the signature, is compared with the judge's own cutting of the TBSCertificate.
pub(super) fn precertificate(session: &Session) -> Result<()> {
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    for authority in [&session.lab.root, &issuer] {
        let leaf = session.lab.leaf()?;
        session.accept(precert_case("precertificate", authority, &leaf)?)?;
    }
    // Poison first among the extensions, and a root left out.
    let mut leaf = session.lab.leaf()?.with(Extension::poison());
    leaf.extensions.push(Extension::subject_key(&leaf.spki));
    session.accept(Case::precertificate("poison not last", issuer.issue_chain(&leaf)?).without_root())?;
    Ok(())
}

/// Check 5.
pub(super) fn final_certificate(session: &Session) -> Result<()> {
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    let leaf = session.lab.leaf()?;
    let precert = session.accept(precert_case("precertificate", &issuer, &leaf)?)?;
    let certificate = issue_final(session, &issuer, leaf, &precert.sct)?;
    let submission = session.accept(Case::certificate("final certificate", certificate))?;
    if submission.leaf_hash() == precert.leaf_hash() {
        return Err(JudgeError::wrong(
            "leaf of the final certificate",
            "another than the precertificate's",
            "the same",
        ));
    }
    let (first, second) = (session.included(&precert)?, session.included(&submission)?);
    if first.leaf_index == second.leaf_index {
        return Err(JudgeError::wrong("index of the final certificate", "one of its own", second.leaf_index));
    }
    session.check_stored(&submission, second.leaf_index)
}

/// Check 6, for every way in which authority key identifiers can be there or not.
pub(super) fn precert_signing(session: &Session) -> Result<()> {
    for (label, leaf_has, signer_has) in [
        ("signing certificate, identifier replaced", true, true),
        ("signing certificate, identifier deleted", true, false),
        ("signing certificate, identifier appended", false, true),
        ("signing certificate, no identifiers", false, false),
    ] {
        let issuer = session.lab.intermediate(KeyKind::P256)?;
        let signer = issuer.precert_signer(signer_has)?;
        let mut leaf = session.lab.leaf()?;
        leaf.authority_key = leaf_has;
        let precert = session.accept(precert_case(label, &signer, &leaf)?)?;
        // The final certificate comes from the true issuer, and has an authority key identifier exactly if the
        // logged TBSCertificate got the signer's. So the whole way to an embedded SCT can be walked.
        leaf.authority_key = signer_has;
        issue_final(session, &issuer, leaf, &precert.sct).during(label)?;
        let included = session.included(&precert)?;
        session.check_stored(&precert, included.leaf_index)?;
    }
    Ok(())
}

/// One accepted submission of each kind that checks 1 to 6 use, for checks that only need some SCTs.
pub(super) fn one_of_each(session: &Session) -> Result<Vec<Submission>> {
    let issuer = session.lab.intermediate(KeyKind::P256)?;
    let leaf = session.lab.leaf()?;
    let precert = session.accept(precert_case("precertificate", &issuer, &leaf)?)?;
    let certificate = issue_final(session, &issuer, leaf, &precert.sct)?;
    let signed = precert_case(
        "precertificate by signing certificate",
        &issuer.precert_signer(true)?,
        &session.lab.leaf()?,
    )?;
    let rootless = issuer.issue_chain(&session.lab.leaf()?)?;
    Ok(vec![
        session.grow()?,
        session.accept(Case::certificate("without root", rootless).without_root())?,
        precert,
        session.accept(Case::certificate("final certificate", certificate))?,
        session.accept(signed)?,
    ])
}

fn precert_case(label: &str, authority: &Authority, leaf: &Leaf) -> Result<Case> {
    let poisoned = leaf.clone().with(Extension::poison());
    Ok(Case::precertificate(label, authority.issue_chain(&poisoned)?))
}

/// Issues the final certificate with the SCT embedded, and checks that SCT the way a browser does.
fn issue_final(session: &Session, issuer: &Authority, leaf: Leaf, sct: &Sct) -> Result<Vec<Vec<u8>>> {
    let serialized = tls::serialized_sct(&sct.log_id, sct.timestamp, &sct.extensions, &sct.signature);
    let chain = issuer.issue_chain(&leaf.with(Extension::sct_list(&tls::sct_list(&[serialized]))))?;
    let (certificate, above) = (ParsedCertificate::parse(&chain[0])?, ParsedCertificate::parse(&chain[1])?);
    expect_equal("SCT lists embedded", true, certificate.tbs.extension(oids::SCT_LIST).is_some())?;
    let entry = SignedEntry::Precert {
        issuer_key_hash: sha256(above.tbs.spki),
        tbs: tbs_without(&certificate, oids::SCT_LIST),
    };
    let signed = TimestampedEntry { timestamp: sct.timestamp, entry, extensions: sct.extensions.clone() };
    session.api.key.verify("embedded SCT", &signed.sct_signed_data(), &sct.signature)?;
    Ok(chain)
}
