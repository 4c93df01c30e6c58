//! Precertificates (RFC 6962 §3.1): the poison, and the surgery that turns what a CA submitted into the TBSCertificate that
//! its final certificate will have.
//!
//! Surgery is on bytes. What stays is copied as it was submitted; only the lengths around it are written anew. A browser
//! does the same to the final certificate, and must come out at the same bytes.

use super::certificate::Certificate;
use super::der::{SEQUENCE, context, header_len, put_header};
use super::extensions::plain_extension;
use super::oid;
use std::borrow::Cow;

/// Content of the poison's value: NULL.
const POISON_VALUE: &[u8] = &[0x05, 0x00];

/// Whether a certificate is a precertificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// There is no poison: a certificate like others.
    None,
    /// There is one, as RFC 6962 §3.1 has it: a precertificate.
    Good,
}

/// Why a certificate cannot be reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrecertError {
    /// The poison is not critical.
    #[error("the poison extension is not critical")]
    PoisonNotCritical,
    /// The poison has another value than NULL.
    #[error("the poison extension has {len} bytes that are not NULL (05 00)")]
    PoisonValue {
        /// Length of its value.
        len: usize,
    },
    /// The poison stands there more than once.
    #[error("{found} poison extensions, the limit is 1")]
    PoisonRepeated {
        /// How many there are.
        found: usize,
    },
    /// There is no poison, or no SCT list, to take out.
    #[error("no {what} extension to take out")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// The SCT list stands there more than once.
    #[error("{found} SCT list extensions, the limit is 1")]
    SctListRepeated {
        /// How many there are.
        found: usize,
    },
    /// Nothing would be left of the extensions, and verifiers differ in what becomes of their field.
    #[error("no extension is left without the {what}")]
    NoExtensionLeft {
        /// What was taken out.
        what: &'static str,
    },
    /// An authority key identifier stands there more than once, so that it is unclear which to rewrite.
    #[error("{found} authority key identifiers in the {which}, the limit is 1")]
    KeyIdRepeated {
        /// In which certificate.
        which: &'static str,
        /// How many there are.
        found: usize,
    },
}

/// Whether this is a precertificate; an error if its poison is malformed, whatever the endpoint.
pub fn poison(certificate: &Certificate) -> Result<Poison, PrecertError> {
    match certificate.extension_count(oid::POISON) {
        0 => return Ok(Poison::None),
        1 => {}
        found => return Err(PrecertError::PoisonRepeated { found }),
    }
    match certificate.extension(oid::POISON) {
        Some((true, POISON_VALUE)) => Ok(Poison::Good),
        Some((true, value)) => Err(PrecertError::PoisonValue { len: value.len() }),
        Some((false, _)) | None => Err(PrecertError::PoisonNotCritical),
    }
}

/// Whether this is a Precertificate Signing Certificate (RFC 6962 §3.1).
pub fn is_precert_signer(certificate: &Certificate) -> bool {
    certificate.has_extended_key_usage(oid::PRECERT_SIGNING)
}

/// The TBSCertificate of the final certificate (RFC 6962 §3.2), with its header: without the poison, and if a Precertificate
/// Signing Certificate signed the precertificate, with that one's issuer and authority key identifier.
pub fn precert_tbs(
    precertificate: &Certificate,
    issuer_psc: Option<&Certificate>,
) -> Result<Vec<u8>, PrecertError> {
    if poison(precertificate)? == Poison::None {
        return Err(PrecertError::Missing { what: "poison" });
    }
    let (issuer, extensions) = match issuer_psc {
        None => (precertificate.issuer(), kept(precertificate, oid::POISON)),
        Some(psc) => (psc.issuer(), with_key_id(precertificate, kept(precertificate, oid::POISON), psc)?),
    };
    rebuild(precertificate, issuer, &extensions).ok_or(PrecertError::NoExtensionLeft { what: "poison" })
}

/// The TBSCertificate of a final certificate less its SCT list, with its header: what its precertificate was reduced to.
pub fn final_tbs(certificate: &Certificate) -> Result<Vec<u8>, PrecertError> {
    match certificate.extension_count(oid::SCT_LIST) {
        0 => return Err(PrecertError::Missing { what: "SCT list" }),
        1 => {}
        found => return Err(PrecertError::SctListRepeated { found }),
    }
    let extensions = kept(certificate, oid::SCT_LIST);
    rebuild(certificate, certificate.issuer(), &extensions)
        .ok_or(PrecertError::NoExtensionLeft { what: "SCT list" })
}

/// An encoded extension, and its identifier.
type Encoded<'a> = (&'a [u8], Cow<'a, [u8]>);

fn kept<'a>(certificate: &'a Certificate, without: &[u8]) -> Vec<Encoded<'a>> {
    let all = certificate.extensions().filter(|extension| extension.oid != without);
    all.map(|extension| (extension.oid, Cow::Borrowed(extension.whole))).collect()
}

fn one_key_id<'a>(
    certificate: &'a Certificate,
    which: &'static str,
) -> Result<Option<&'a [u8]>, PrecertError> {
    match certificate.extension_count(oid::AUTHORITY_KEY_ID) {
        0 | 1 => Ok(certificate.extension(oid::AUTHORITY_KEY_ID).map(|(_, value)| value)),
        found => Err(PrecertError::KeyIdRepeated { which, found }),
    }
}

/// Gives the extensions the authority key identifier of `psc`: in place of theirs, last if they have none; theirs goes if
/// `psc` has none. What CTFE does, and so what CAs expect.
fn with_key_id<'a>(
    precertificate: &'a Certificate,
    extensions: Vec<Encoded<'a>>,
    psc: &Certificate,
) -> Result<Vec<Encoded<'a>>, PrecertError> {
    let new = one_key_id(psc, "Precertificate Signing Certificate")?;
    let own = one_key_id(precertificate, "precertificate")?;
    let mut rewritten = extensions;
    match (own, new) {
        (None, None) => {}
        (Some(_), None) => rewritten.retain(|(kind, _)| *kind != oid::AUTHORITY_KEY_ID),
        (None, Some(value)) => {
            let appended = plain_extension(oid::AUTHORITY_KEY_ID, value);
            rewritten.push((oid::AUTHORITY_KEY_ID, Cow::Owned(appended)));
        }
        (Some(_), Some(value)) => {
            let found = precertificate.extensions().find(|extension| extension.oid == oid::AUTHORITY_KEY_ID);
            for (kind, encoded) in &mut rewritten {
                if let (oid::AUTHORITY_KEY_ID, Some(extension)) = (*kind, found) {
                    *encoded = Cow::Owned(extension.with_value(value));
                }
            }
        }
    }
    Ok(rewritten)
}

/// The TBSCertificate with this issuer and these extensions; `None` if there are no extensions.
fn rebuild(certificate: &Certificate, issuer: &[u8], extensions: &[Encoded<'_>]) -> Option<Vec<u8>> {
    let (body, old_issuer, field) = certificate.cuts();
    let field = field.filter(|_| !extensions.is_empty())?;
    let der = certificate.der();
    let before = &der[body.start..old_issuer.start];
    let between = &der[old_issuer.end..field.start];
    let list: usize = extensions.iter().map(|(_, encoded)| encoded.len()).sum();
    let explicit = header_len(list) + list;
    let content = before.len() + issuer.len() + between.len() + header_len(explicit) + explicit;
    let mut out = Vec::with_capacity(header_len(content) + content);
    put_header(&mut out, SEQUENCE, content);
    for part in [before, issuer, between] {
        out.extend_from_slice(part);
    }
    put_header(&mut out, context(3), explicit);
    put_header(&mut out, SEQUENCE, list);
    for (_, encoded) in extensions {
        out.extend_from_slice(encoded);
    }
    Some(out)
}
