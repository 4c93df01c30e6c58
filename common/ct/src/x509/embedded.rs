//! SCTs in a certificate (RFC 6962 §3.3): the list that it carries, and what each SCT in it promises.

use super::certificate::Certificate;
use super::der::{DerError, OCTET_STRING, Reader};
use super::oid;
use super::precert::{Poison, PrecertError, final_tbs, poison};
use crate::entry::SignedEntry;
use crate::sct::parse_sct_list;
use crate::tls::DecodeError;

/// Why no SCTs can be taken from a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddedError {
    /// The extension is not an OCTET STRING.
    #[error("SCT list extension: {0}")]
    Der(DerError),
    /// The OCTET STRING is not a list.
    #[error("SCT list extension: {0}")]
    List(DecodeError),
    /// A precertificate: its SCTs are yet to come.
    #[error("a precertificate; its final certificate has the SCTs")]
    Precertificate,
    /// There is not exactly one list, or it cannot be taken out.
    #[error(transparent)]
    Surgery(#[from] PrecertError),
}

/// The `SignedCertificateTimestampList` that a certificate carries, if it carries one.
pub fn embedded_list(certificate: &Certificate) -> Result<Option<&[u8]>, EmbeddedError> {
    match certificate.extension_count(oid::SCT_LIST) {
        0 | 1 => {}
        found => return Err(PrecertError::SctListRepeated { found }.into()),
    }
    let Some((_, value)) = certificate.extension(oid::SCT_LIST) else { return Ok(None) };
    let mut reader = Reader::new(value);
    let list = reader.element("SignedCertificateTimestampList", OCTET_STRING).map_err(EmbeddedError::Der)?;
    reader.finish("SignedCertificateTimestampList").map_err(EmbeddedError::Der)?;
    Ok(Some(list.value()))
}

/// The SCTs that a certificate carries, each as it is encoded, and the entry that all of them promise: what its
/// precertificate was reduced to. `issuer` is the CA that issued the certificate; that it did is the caller's to check, as
/// [`super::verify_issued`] does.
pub fn embedded_scts<'a>(
    certificate: &'a Certificate,
    issuer: &Certificate,
) -> Result<(SignedEntry, Vec<&'a [u8]>), EmbeddedError> {
    if poison(certificate)? == Poison::Good {
        return Err(EmbeddedError::Precertificate);
    }
    let tbs_certificate = final_tbs(certificate)?;
    let Some(list) = embedded_list(certificate)? else {
        return Err(PrecertError::Missing { what: "SCT list" }.into());
    };
    let scts = parse_sct_list(list).map_err(EmbeddedError::List)?;
    Ok((SignedEntry::Precert { issuer_key_hash: issuer.issuer_key_hash(), tbs_certificate }, scts))
}
