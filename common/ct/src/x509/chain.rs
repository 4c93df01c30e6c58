//! Whether a submitted chain is logged (RFC 6962 §3.1, §4.1, §4.2).
//!
//! Every certificate must be used, in the submitted order, and the last must be an accepted root or issued by one. Validity,
//! revocation, name constraints, path lengths, policies and critical extensions that are not understood count for nothing: a
//! log shows what CAs did, good or bad.

use super::cache::VerifiedIssuers;
use super::certificate::Certificate;
use super::chain_error::ChainError;
use super::path::{check_order, verify_path};
use super::precert::{Poison, is_precert_signer, poison, precert_tbs};
use super::roots::Roots;
use crate::entry::SignedEntry;
use crate::hash::Identity;
use crate::limits::{MAX_CERTIFICATE, MAX_CHAIN_LEN};
use crate::time::Timestamp;

/// Where a chain was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// add-chain, for certificates (RFC 6962 §4.1).
    AddChain,
    /// add-pre-chain, for precertificates (RFC 6962 §4.2).
    AddPreChain,
}

/// When a leaf must end for this log to take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first notAfter that is taken.
    pub start_inclusive: Timestamp,
    /// The first notAfter that no longer is.
    pub end_exclusive: Timestamp,
}

impl Window {
    /// Whether a leaf that ends then is taken.
    pub fn contains(&self, not_after: Timestamp) -> bool {
        self.start_inclusive <= not_after && not_after < self.end_exclusive
    }
}

/// What this log takes.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// The accepted roots.
    pub roots: &'a Roots,
    /// The window; without one, leaves may end at any time.
    pub window: Option<Window>,
}

/// A chain that was found good. Only [`validate`] makes one, so that what needs a good chain can ask for this type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedChain {
    leaf: Certificate,
    issuers: Vec<Certificate>,
    entry: SignedEntry,
    identity: Identity,
}

/// What a [`ValidatedChain`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedParts {
    /// What the log will vouch for.
    pub entry: SignedEntry,
    /// The submitted precertificate, if it was one.
    pub precertificate: Option<Vec<u8>>,
    /// From the leaf's issuer to the root.
    pub issuers: Vec<Certificate>,
    /// What makes two submissions the same certificate.
    pub identity: Identity,
}

impl ValidatedChain {
    /// What the log will vouch for.
    pub const fn entry(&self) -> &SignedEntry {
        &self.entry
    }
    /// The precertificate as it was submitted, poison and signature included; `None` for a certificate.
    pub fn precertificate(&self) -> Option<&[u8]> {
        match self.entry {
            SignedEntry::X509 { .. } => None,
            SignedEntry::Precert { .. } => Some(self.leaf.der()),
        }
    }
    /// From the leaf's issuer to the root, which is there even if it was not submitted. Empty if the leaf is a root.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }
    /// The submitted leaf.
    pub const fn leaf_certificate(&self) -> &Certificate {
        &self.leaf
    }
    /// Start of the leaf's validity.
    pub fn not_before(&self) -> Timestamp {
        self.leaf.not_before()
    }
    /// End of the leaf's validity.
    pub fn not_after(&self) -> Timestamp {
        self.leaf.not_after()
    }
    /// What makes two submissions the same certificate.
    pub const fn identity(&self) -> Identity {
        self.identity
    }
    /// Takes it apart.
    pub fn into_parts(self) -> ValidatedParts {
        ValidatedParts {
            precertificate: self.precertificate().map(<[u8]>::to_vec),
            entry: self.entry,
            issuers: self.issuers,
            identity: self.identity,
        }
    }
}

/// Judges a submitted chain, leaf first. Costs at most one signature check for each certificate, and one for each accepted
/// root that has the name of a missing issuer; what `cache` knows of issuers is not checked again.
pub fn validate(
    chain: &[Vec<u8>],
    endpoint: Endpoint,
    admission: &Admission<'_>,
    cache: &impl VerifiedIssuers,
) -> Result<ValidatedChain, ChainError> {
    let mut certificates = parse_all(chain)?;
    check_window(&certificates[0], admission.window)?;
    check_order(&certificates)?;
    verify_path(&mut certificates, admission.roots, cache)?;
    let issuers = certificates.split_off(1);
    // `parse_all` refused an empty chain, and `split_off` left its first certificate.
    let leaf = certificates.swap_remove(0);
    let entry = make_entry(&leaf, &issuers, endpoint)?;
    let identity = entry.identity().map_err(|error| ChainError::EntryTooLong { len: error.len })?;
    Ok(ValidatedChain { leaf, issuers, entry, identity })
}

fn parse_all(chain: &[Vec<u8>]) -> Result<Vec<Certificate>, ChainError> {
    if chain.is_empty() {
        return Err(ChainError::Empty);
    }
    if chain.len() > MAX_CHAIN_LEN {
        return Err(ChainError::TooMany { found: chain.len() });
    }
    // One place more, for a root that was left out.
    let mut certificates = Vec::with_capacity(chain.len() + 1);
    for (index, der) in chain.iter().enumerate() {
        let parsed = Certificate::parse(der.as_slice());
        certificates.push(parsed.map_err(|error| ChainError::Parse { index, error })?);
    }
    Ok(certificates)
}

fn check_window(leaf: &Certificate, window: Option<Window>) -> Result<(), ChainError> {
    let not_after = leaf.not_after();
    match window {
        Some(window) if !window.contains(not_after) => Err(ChainError::OutsideWindow {
            not_after,
            start: window.start_inclusive,
            end: window.end_exclusive,
        }),
        _ => Ok(()),
    }
}

fn make_entry(
    leaf: &Certificate,
    issuers: &[Certificate],
    endpoint: Endpoint,
) -> Result<SignedEntry, ChainError> {
    match (poison(leaf)?, endpoint) {
        (Poison::None, Endpoint::AddChain) => Ok(SignedEntry::X509 { certificate: leaf.der().to_vec() }),
        (Poison::Good, Endpoint::AddPreChain) => make_precert_entry(leaf, issuers),
        (Poison::Good, Endpoint::AddChain) => Err(ChainError::PrecertAtAddChain),
        (Poison::None, Endpoint::AddPreChain) => Err(ChainError::FinalAtAddPreChain),
    }
}

fn make_precert_entry(leaf: &Certificate, issuers: &[Certificate]) -> Result<SignedEntry, ChainError> {
    let signer = issuers.first().ok_or(ChainError::PrecertIsRoot)?;
    let (psc, issuer) = if is_precert_signer(signer) {
        (Some(signer), issuers.get(1).ok_or(ChainError::SignerWithoutIssuer)?)
    } else {
        (None, signer)
    };
    let tbs_certificate = precert_tbs(leaf, psc)?;
    if tbs_certificate.len() > MAX_CERTIFICATE {
        return Err(ChainError::EntryTooLong { len: tbs_certificate.len() });
    }
    Ok(SignedEntry::Precert { issuer_key_hash: issuer.issuer_key_hash(), tbs_certificate })
}
