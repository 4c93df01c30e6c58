//! The TBSCertificate changes of RFC 6962 §3.2, as byte surgery.
//!
//! Only the enclosing lengths are written anew. A browser takes the SCT list out of the final certificate in the
//! same way, so any other change of bytes would break the embedded SCT.

use super::oids;
use super::parse::{ParsedCertificate, ParsedExtension, ParsedTbs};
use crate::der;
use crate::error::{JudgeError, Result};

/// What a certificate says about being a precertificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoisonState {
    /// No poison extension: a final certificate.
    Absent,
    /// Exactly one, critical, containing NULL: a precertificate.
    Proper,
    /// Anything else, which no log may accept.
    Malformed,
}

/// Looks at the poison extension (RFC 6962 §3.1).
pub fn poison_state(certificate: &ParsedCertificate<'_>) -> PoisonState {
    let mut poisons = certificate.tbs.extensions.iter().filter(|extension| extension.oid == oids::POISON);
    match (poisons.next(), poisons.next()) {
        (None, _) => PoisonState::Absent,
        (Some(poison), None) if poison.critical && poison.value == der::null() => PoisonState::Proper,
        _ => PoisonState::Malformed,
    }
}

/// The TBSCertificate without one extension; with [`oids::SCT_LIST`] it turns a final certificate into what its
/// precertificate's SCT signed.
pub fn tbs_without(certificate: &ParsedCertificate<'_>, oid: &[u8]) -> Vec<u8> {
    let tbs = &certificate.tbs;
    rebuild(tbs, tbs.issuer, kept(tbs, oid).map(|extension| extension.raw.to_vec()).collect())
}

/// The TBSCertificate that the SCT of a precertificate signs. `signer` is the certificate that issued it and
/// counts only when that is a Precertificate Signing Certificate.
pub fn precert_tbs(precert: &ParsedCertificate<'_>, signer: &ParsedCertificate<'_>) -> Result<Vec<u8>> {
    if poison_state(precert) != PoisonState::Proper {
        return Err(JudgeError::wrong("poison extension", "one, critical, NULL", "something else"));
    }
    if !signer.signs_precertificates() {
        return Ok(tbs_without(precert, oids::POISON));
    }
    // The final certificate will be issued by the signer's own issuer, so it carries that one's name and key
    // identifier (§3.2).
    let replacement = signer.tbs.extension(oids::AUTHORITY_KEY_IDENTIFIER).map(|extension| extension.value);
    let mut extensions = Vec::new();
    let mut replaced = false;
    for extension in kept(&precert.tbs, oids::POISON) {
        if extension.oid != oids::AUTHORITY_KEY_IDENTIFIER {
            extensions.push(extension.raw.to_vec());
            continue;
        }
        replaced = true;
        extensions.extend(replacement.map(|value| extension_der(extension.oid, extension.critical, value)));
    }
    if let (false, Some(value)) = (replaced, replacement) {
        extensions.push(extension_der(oids::AUTHORITY_KEY_IDENTIFIER, false, value));
    }
    Ok(rebuild(&precert.tbs, signer.tbs.issuer, extensions))
}

/// An Extension; critical is left out when FALSE, as DER wants defaults.
pub(super) fn extension_der(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(oid)];
    if critical {
        parts.push(der::boolean(true));
    }
    parts.push(der::octet_string(value));
    der::sequence(&parts)
}

fn kept<'a, 'b>(tbs: &'b ParsedTbs<'a>, oid: &'b [u8]) -> impl Iterator<Item = &'b ParsedExtension<'a>> {
    tbs.extensions.iter().filter(move |extension| extension.oid != oid)
}

fn rebuild(tbs: &ParsedTbs<'_>, issuer: &[u8], extensions: Vec<Vec<u8>>) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    parts.extend(tbs.version.map(<[u8]>::to_vec));
    for element in [tbs.serial, tbs.signature, issuer, tbs.validity, tbs.subject, tbs.spki] {
        parts.push(element.to_vec());
    }
    parts.extend(tbs.unique_ids.iter().map(|element| element.to_vec()));
    if !extensions.is_empty() {
        parts.push(der::explicit(3, &der::sequence(&extensions)));
    }
    der::sequence(&parts)
}
