//! The path from a leaf to an accepted root: names, issuers, signatures.

use super::cache::VerifiedIssuers;
use super::certificate::Certificate;
use super::chain_error::{ChainError, IssuerFault, RootFault};
use super::extensions::CaClaim;
use super::roots::Roots;
use super::signature::{SignatureError, verify_issued};

/// What can be seen without a key: no certificate twice, each followed by its issuer's name, no issuer twice.
pub(super) fn check_order(certificates: &[Certificate]) -> Result<(), ChainError> {
    for (second, certificate) in certificates.iter().enumerate() {
        if let Some(first) = certificates[..second].iter().position(|earlier| earlier == certificate) {
            return Err(ChainError::Duplicate { first, second });
        }
    }
    for (index, pair) in certificates.windows(2).enumerate() {
        if pair[0].issuer() != pair[1].subject() {
            return Err(ChainError::NotIssuedByNext { index });
        }
    }
    for second in 2..certificates.len() {
        if let Some(first) = same_issuer_before(&certificates[..second], &certificates[second]) {
            return Err(ChainError::Loop { first, second });
        }
    }
    Ok(())
}

/// The place of an issuer with this one's name and key. Another certificate of the same issuer adds nothing to a path but a
/// way round; the leaf may share both, for a CA's own certificates are logged too.
fn same_issuer_before(certificates: &[Certificate], issuer: &Certificate) -> Option<usize> {
    let same =
        |earlier: &Certificate| earlier.subject() == issuer.subject() && earlier.spki() == issuer.spki();
    (1..certificates.len()).find(|index| same(&certificates[*index]))
}

/// Checks the issuers and the signatures, from the root down, so that nobody can have signatures checked, or remembered, in
/// a chain that comes from nowhere. Appends the root if it was left out.
pub(super) fn verify_path(
    certificates: &mut Vec<Certificate>,
    roots: &Roots,
    cache: &impl VerifiedIssuers,
) -> Result<(), ChainError> {
    let last = certificates.len() - 1;
    let ends_in_root = roots.contains(&certificates[last]);
    for (index, issuer) in certificates.iter().enumerate().skip(1) {
        let is_root = ends_in_root && index == last;
        check_issuer(issuer, is_root).map_err(|fault| ChainError::Issuer { index, fault })?;
    }
    if !ends_in_root {
        let root = find_root(certificates, roots, cache)?;
        certificates.push(root);
    }
    for index in (0..last).rev() {
        verify_link(certificates, index, &certificates[index + 1], cache)
            .map_err(|error| ChainError::Signature { index, error })?;
    }
    Ok(())
}

/// The accepted root that issued the last certificate.
fn find_root(
    certificates: &[Certificate],
    roots: &Roots,
    cache: &impl VerifiedIssuers,
) -> Result<Certificate, ChainError> {
    let index = certificates.len() - 1;
    let mut first_fault = None;
    let mut tried = 0;
    for root in roots.named(certificates[index].issuer()) {
        match try_root(certificates, &root.certificate, cache) {
            Ok(()) => return Ok(root.certificate.clone()),
            Err(fault) => {
                tried += 1;
                first_fault.get_or_insert(fault);
            }
        }
    }
    Err(match first_fault {
        None => ChainError::UnknownRoot { index },
        Some(fault) => ChainError::NotIssuedByRoot { index, tried, fault },
    })
}

fn try_root(
    certificates: &[Certificate],
    root: &Certificate,
    cache: &impl VerifiedIssuers,
) -> Result<(), RootFault> {
    check_issuer(root, true)?;
    if let Some(index) = same_issuer_before(certificates, root) {
        return Err(RootFault::Loop { index });
    }
    Ok(verify_link(certificates, certificates.len() - 1, root, cache)?)
}

/// RFC 5280 §4.2.1.9 and §4.2.1.3, as CTFE has them: an issuer says that it is a CA. Only a root may be of the old versions
/// that cannot say so, for somebody chose it.
fn check_issuer(issuer: &Certificate, is_root: bool) -> Result<(), IssuerFault> {
    match issuer.ca_claim() {
        CaClaim::Ca => {}
        CaClaim::Absent if is_root && issuer.version() < 3 => {}
        claim => return Err(IssuerFault::NotCa { claim }),
    }
    if issuer.may_sign_certificates() { Ok(()) } else { Err(IssuerFault::KeyUsage) }
}

/// Checks the signature of one certificate of the chain. What was found of issuers is remembered, a leaf is always checked.
fn verify_link(
    certificates: &[Certificate],
    index: usize,
    issuer: &Certificate,
    cache: &impl VerifiedIssuers,
) -> Result<(), SignatureError> {
    let child = &certificates[index];
    if index == 0 {
        return verify_issued(child, issuer);
    }
    let pair = (child.fingerprint(), issuer.fingerprint());
    if !cache.is_known(&pair.0, &pair.1) {
        verify_issued(child, issuer)?;
        cache.remember(pair.0, pair.1);
    }
    Ok(())
}
