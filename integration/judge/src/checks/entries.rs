//! Checks 24 and 27: the whole log, entry by entry.

use std::collections::HashSet;

use crate::api::{Entry, Sth};
use crate::cert::{ParsedCertificate, precert_tbs};
use crate::error::{During, JudgeError, Result, expect_bytes, expect_equal};
use crate::merkle::{self, leaf_hash, sha256};
use crate::session::Session;
use crate::tls::{self, SignedEntry, TimestampedEntry};

use super::submission::one_of_each;

/// Check 24.
pub(super) fn whole_log(session: &Session) -> Result<()> {
    let mut sth = session.sth()?;
    for submission in one_of_each(session)? {
        sth = session.included(&submission)?.sth;
    }
    let roots: HashSet<Vec<u8>> = session.api.roots()?.into_iter().collect();
    let mut leaves = Vec::new();
    session.walk(0, sth.tree_size, |_, entry| {
        check_entry(session, &roots, &sth, &entry)?;
        leaves.push(leaf_hash(&entry.leaf_input));
        Ok(())
    })?;
    expect_equal("number of entries", sth.tree_size, leaves.len() as u64)?;
    expect_bytes("root rebuilt from all entries", &sth.root, &merkle::root(&leaves))
}

fn check_entry(session: &Session, roots: &HashSet<Vec<u8>>, sth: &Sth, entry: &Entry) -> Result<()> {
    let leaf = TimestampedEntry::parse(&entry.leaf_input)?;
    if leaf.timestamp > sth.timestamp {
        let expected = format!("not after the STH's {}", sth.timestamp);
        return Err(JudgeError::wrong("timestamp of the entry", expected, leaf.timestamp));
    }
    let (submitted, above) = match &leaf.entry {
        SignedEntry::X509(certificate) => {
            (certificate.clone(), tls::parse_x509_extra_data(&entry.extra_data)?)
        }
        SignedEntry::Precert { .. } => tls::parse_precert_extra_data(&entry.extra_data)?,
    };
    if session.was_refused(&submitted) {
        return Err(JudgeError::wrong("entry", "none that was refused", "a refused certificate"));
    }
    check_chain(roots, &submitted, &above)?;
    if let SignedEntry::Precert { issuer_key_hash, tbs } = &leaf.entry {
        check_precert(issuer_key_hash, tbs, &submitted, &above)?;
    }
    Ok(())
}

/// Each certificate names the next as issuer, and the last is an accepted root.
fn check_chain(roots: &HashSet<Vec<u8>>, submitted: &[u8], above: &[Vec<u8>]) -> Result<()> {
    let mut below = submitted;
    for certificate in above {
        let (issued, issuer) = (ParsedCertificate::parse(below)?, ParsedCertificate::parse(certificate)?);
        expect_bytes("issuer name in extra_data", issued.tbs.issuer, issuer.tbs.subject)?;
        below = certificate;
    }
    if roots.contains(below) {
        return Ok(());
    }
    Err(JudgeError::wrong(
        "last certificate of extra_data",
        "one of get-roots",
        format!("another, SHA-256 {}", crate::error::shown(&sha256(below))),
    ))
}

/// leaf_input must follow from the precertificate and the chain beside it.
fn check_precert(issuer_key_hash: &[u8], tbs: &[u8], submitted: &[u8], above: &[Vec<u8>]) -> Result<()> {
    let [signer, rest @ ..] = above else {
        return Err(JudgeError::wrong("chain of a precertificate", "at least its issuer", "nothing"));
    };
    let signer = ParsedCertificate::parse(signer)?;
    let issuer = match rest.first() {
        Some(issuer) if signer.signs_precertificates() => ParsedCertificate::parse(issuer)?,
        _ => signer.clone(),
    };
    expect_bytes("issuer_key_hash", &sha256(issuer.tbs.spki), issuer_key_hash)?;
    expect_bytes("tbs_certificate", &precert_tbs(&ParsedCertificate::parse(submitted)?, &signer)?, tbs)
}

/// Check 27.
pub(super) fn entry_and_proof_and_roots(session: &Session) -> Result<()> {
    let mut sth = session.sth()?;
    for submission in one_of_each(session)? {
        sth = session.included(&submission)?.sth;
    }
    let size = sth.tree_size;
    let step = size.div_ceil(session.limits.entry_and_proof_indexes.max(1)).max(1);
    for index in (0..size).step_by(step as usize).chain([size - 1]) {
        let (entry, path) = session.api.entry_and_proof(index, size)?;
        let leaf = leaf_hash(&entry.leaf_input);
        merkle::verify_inclusion(index, size, &leaf, &path, &sth.root).during("get-entry-and-proof")?;
        // The proof covers leaf_input only; extra_data is compared with what get-entries says.
        let stored = session.api.entries(index, index)?;
        expect_bytes(&format!("extra_data of entry {index}"), &stored[0].extra_data, &entry.extra_data)?;
    }
    let (first, path) = session.api.entry_and_proof(0, 1).during("tree of size 1")?;
    merkle::verify_inclusion(0, 1, &leaf_hash(&first.leaf_input), &path, &leaf_hash(&first.leaf_input))?;
    for (index, tree_size) in [
        (size.to_string(), size.to_string()),
        ("-1".to_owned(), size.to_string()),
        ("0".to_owned(), "0".to_owned()),
        ("0".to_owned(), "abc".to_owned()),
        ("0".to_owned(), (size + 1_000_000).to_string()),
    ] {
        let path = format!("/ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={tree_size}");
        session.api.get_expecting(&path, &[400])?;
    }
    roots(session)
}

fn roots(session: &Session) -> Result<()> {
    let roots = session.api.roots()?;
    for (place, root) in roots.iter().enumerate() {
        ParsedCertificate::parse(root).during(&format!("get-roots, certificate {place}"))?;
    }
    if roots.iter().any(|root| root == session.lab.root.certificate()) {
        return Ok(());
    }
    Err(JudgeError::wrong(
        "get-roots",
        "the test CA among the certificates",
        format!("{} others", roots.len()),
    ))
}
