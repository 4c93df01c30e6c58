//! Checks 7 to 11: what a log must refuse.

use crate::api::Submit;
use crate::cert::{Extension, KeyKind};
use crate::error::{JudgeError, Result};
use crate::lab::prepended;
use crate::session::Session;

/// Check 7, and that nothing of it is logged.
pub(super) fn mix_up(session: &Session) -> Result<()> {
    let lab = &session.lab;
    let before = session.sth()?.tree_size;
    let issuer = lab.intermediate(KeyKind::P256)?;
    let precert = issuer.issue_chain(&lab.leaf()?.with(Extension::poison()))?;
    let certificate = issuer.issue_chain(&lab.leaf()?)?;
    session.refuse("precertificate to add-chain", Submit::Chain, &precert)?;
    session.refuse("certificate to add-pre-chain", Submit::PreChain, &certificate)?;

    // Whatever the log took in before this one must be in the tree by the time this one is.
    let sentinel = session.grow()?;
    let after = session.included(&sentinel)?.sth.tree_size;
    session.walk(before, after, |_, entry| {
        for chain in [&precert, &certificate] {
            if contains(&entry.leaf_input, &chain[0]) || contains(&entry.extra_data, &chain[0]) {
                return Err(JudgeError::wrong("entry", "none of a refused chain", "a refused certificate"));
            }
        }
        Ok(())
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Check 8.
pub(super) fn malformed_poison(session: &Session) -> Result<()> {
    let null = [5, 0];
    let variants = [
        ("poison not critical", vec![Extension::poison_with(false, &null)]),
        ("poison empty", vec![Extension::poison_with(true, &[])]),
        ("poison an INTEGER", vec![Extension::poison_with(true, &[2, 1, 0])]),
        ("poison with trailing byte", vec![Extension::poison_with(true, &[5, 0, 0])]),
        ("two poisons", vec![Extension::poison(), Extension::poison()]),
    ];
    for (label, extensions) in variants {
        let mut leaf = session.lab.leaf()?;
        leaf.extensions = extensions;
        let chain = session.lab.root.issue_chain(&leaf)?;
        for endpoint in Submit::BOTH {
            session.refuse(label, endpoint, &chain)?;
        }
    }
    Ok(())
}

/// Check 9, for signatures of both families, on leaf, precertificate and intermediate.
pub(super) fn flipped_signature(session: &Session) -> Result<()> {
    let lab = &session.lab;
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::RsaAuthority] {
        let issuer = lab.intermediate(kind)?;
        let mut chain = issuer.issue_chain(&lab.leaf()?)?;
        flip_last_bit(&mut chain[0]);
        session.refuse(&format!("leaf signed by {kind:?}, bit flipped"), Submit::Chain, &chain)?;
    }
    let issuer = lab.intermediate(KeyKind::P256)?;
    let mut precert = issuer.issue_chain(&lab.leaf()?.with(Extension::poison()))?;
    flip_last_bit(&mut precert[0]);
    session.refuse("precertificate, bit flipped", Submit::PreChain, &precert)?;

    let mut chain = issuer.issue_chain(&lab.leaf()?)?;
    flip_last_bit(&mut chain[1]);
    session.refuse("intermediate, bit flipped", Submit::Chain, &chain)?;
    let mut alone = lab.root.issue(&lab.leaf()?)?;
    flip_last_bit(&mut alone);
    session.refuse("leaf alone, bit flipped", Submit::Chain, &[alone])
}

/// The signature is the last thing in a certificate, and its last bit is part of a number in both families, so
/// the certificate still parses.
fn flip_last_bit(certificate: &mut [u8]) {
    if let Some(last) = certificate.last_mut() {
        *last ^= 1;
    }
}

/// Check 10.
pub(super) fn unknown_root(session: &Session) -> Result<()> {
    let lab = &session.lab;
    let stranger = lab.stranger(None)?;
    session.refuse("unknown root", Submit::Chain, &stranger.issue_chain(&lab.leaf()?)?)?;
    session.refuse("unknown root left out", Submit::Chain, &[stranger.issue(&lab.leaf()?)?])?;
    session.refuse("unknown root itself", Submit::Chain, &stranger.chain)?;

    let impostor = lab.stranger(Some(&lab.root.subject()?))?;
    session.refuse(
        "root of an accepted name but another key",
        Submit::Chain,
        &impostor.issue_chain(&lab.leaf()?)?,
    )?;
    session.refuse(
        "issuer of an accepted name but another key",
        Submit::Chain,
        &[impostor.issue(&lab.leaf()?)?],
    )?;

    let issuer = lab.intermediate(KeyKind::P256)?;
    session.refuse("leaf alone below an intermediate", Submit::Chain, &[issuer.issue(&lab.leaf()?)?])?;
    let poisoned = lab.leaf()?.with(Extension::poison());
    session.refuse("precertificate to an unknown root", Submit::PreChain, &stranger.issue_chain(&poisoned)?)
}

/// Check 11.
pub(super) fn misordered(session: &Session) -> Result<()> {
    let lab = &session.lab;
    let issuer = lab.intermediate(KeyKind::P256)?;
    let other = lab.intermediate(KeyKind::P256)?.certificate().to_vec();
    let stranger = lab.stranger(None)?.certificate().to_vec();
    // Each variant gets a leaf of its own: a duplicate of an accepted leaf could be answered without a look.
    let variants: [(&str, Rearrange); 8] = [
        ("intermediate after root", |c, _| vec![c[0].clone(), c[2].clone(), c[1].clone()]),
        ("intermediate before leaf", |c, _| vec![c[1].clone(), c[0].clone(), c[2].clone()]),
        ("leaf twice", |c, _| prepended(c[0].clone(), c)),
        ("intermediate twice", |c, _| vec![c[0].clone(), c[1].clone(), c[1].clone(), c[2].clone()]),
        ("root twice", |c, _| [c, &c[2..]].concat()),
        ("intermediate missing", |c, _| vec![c[0].clone(), c[2].clone()]),
        ("unrelated certificate at the end", |c, extra| [c, &[extra.to_vec()]].concat()),
        ("unrelated certificate in the middle", |c, extra| [&c[..2], &[extra.to_vec()], &c[2..]].concat()),
    ];
    for (label, rearrange) in variants {
        for extra in [&other, &stranger] {
            let chain = issuer.issue_chain(&lab.leaf()?)?;
            session.refuse(label, Submit::Chain, &rearrange(&chain, extra))?;
        }
    }
    Ok(())
}

type Rearrange = fn(&[Vec<u8>], &[u8]) -> Vec<Vec<u8>>;
