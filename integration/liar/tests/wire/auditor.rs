//! Somebody who follows a log through one publication and believes nothing.

use judge::Limits;
use judge::api::{Api, Entry, Sth};
use judge::error::{JudgeError, Result, expect_bytes};
use judge::merkle::{self, leaf_hash};
use judge::session::{Session, Submission};
use judge::tls::{SignedEntry, TimestampedEntry, parse_precert_extra_data, parse_x509_extra_data};
use liar::{Liar, Lie};

/// Sees the log honest, then lets it lie while it grows, and says what is wrong.
pub fn audit(liar: &Liar, lie: Lie) -> Result<()> {
    let target = liar.target();
    let session = Session::new(target.clone(), Limits::for_target(&target))?;
    let api = &session.api;
    let first = api.sth()?;
    liar.tell(lie);
    let submission = session.grow()?;
    liar.append(5);
    liar.publish();
    let second = api.sth()?;
    succeeds(&first, &second)?;
    let proof = api.consistency(first.tree_size, second.tree_size)?;
    merkle::verify_consistency(first.tree_size, second.tree_size, &first.root, &second.root, &proof)?;
    read(api, &second)?;
    included(api, &submission, &second)
}

fn succeeds(first: &Sth, second: &Sth) -> Result<()> {
    if second.timestamp <= first.timestamp {
        let expected = format!("after {}", first.timestamp);
        return Err(JudgeError::wrong("STH timestamp", expected, second.timestamp));
    }
    if second.tree_size < first.tree_size {
        let expected = format!("not below {}", first.tree_size);
        return Err(JudgeError::wrong("tree_size", expected, second.tree_size));
    }
    Ok(())
}

/// All entries, a few at a time.
fn read(api: &Api, head: &Sth) -> Result<()> {
    let mut hashes = Vec::new();
    while (hashes.len() as u64) < head.tree_size {
        let start = hashes.len() as u64;
        for entry in api.entries(start, head.tree_size.min(start + 4) - 1)? {
            understood(&entry)?;
            hashes.push(leaf_hash(&entry.leaf_input));
        }
    }
    expect_bytes("root rebuilt from the entries", &head.root, &merkle::root(&hashes))
}

fn understood(entry: &Entry) -> Result<()> {
    match TimestampedEntry::parse(&entry.leaf_input)?.entry {
        SignedEntry::X509(_) => parse_x509_extra_data(&entry.extra_data).map(|_| ()),
        SignedEntry::Precert { .. } => parse_precert_extra_data(&entry.extra_data).map(|_| ()),
    }
}

fn included(api: &Api, submission: &Submission, head: &Sth) -> Result<()> {
    let leaf = submission.leaf_hash();
    let proof = api.proof(&leaf, head.tree_size)?;
    merkle::verify_inclusion(proof.leaf_index, head.tree_size, &leaf, &proof.audit_path, &head.root)?;
    let (_, path) = api.entry_and_proof(proof.leaf_index, head.tree_size)?;
    merkle::verify_inclusion(proof.leaf_index, head.tree_size, &leaf, &path, &head.root)
}
