//! What an SCT for a certificate promises, worked out from the certificate and those above it.

use ct::entry::SignedEntry;
use ct::x509::{
    Certificate, Poison, embedded_list, embedded_scts, is_precert_signer, poison, precert_tbs, verify_issued,
};

/// An entry that an SCT may promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// What it is an entry for.
    pub what: &'static str,
    /// The entry.
    pub entry: SignedEntry,
}

/// What the SCTs in a certificate promise, and the SCTs.
pub fn embedded<'a>(
    leaf: &'a Certificate,
    others: &[&Certificate],
) -> Result<(Promised, Vec<&'a [u8]>), String> {
    if embedded_list(leaf).map_err(|error| error.to_string())?.is_none() {
        return Err("the certificate has no SCTs in it".to_owned());
    }
    let issuer = issuer_of(leaf, others)?;
    let (entry, scts) = embedded_scts(leaf, issuer).map_err(|error| error.to_string())?;
    Ok((Promised { what: "the precertificate of the certificate", entry }, scts))
}

/// All that an SCT beside this certificate may promise.
pub fn promised(leaf: &Certificate, others: &[&Certificate]) -> Result<Vec<Promised>, String> {
    match poison(leaf).map_err(|error| error.to_string())? {
        Poison::Good => Ok(vec![Promised { what: "the precertificate", entry: precert(leaf, others)? }]),
        Poison::None => {
            let entry = SignedEntry::X509 { certificate: leaf.der().to_vec() };
            let own = Promised { what: "the certificate", entry };
            // An SCT that could be in the certificate may as well come beside it.
            let before = embedded(leaf, others).ok().map(|(promised, _)| promised);
            Ok(std::iter::once(own).chain(before).collect())
        }
    }
}

fn precert(leaf: &Certificate, others: &[&Certificate]) -> Result<SignedEntry, String> {
    let signer = issuer_of(leaf, others)?;
    let delegated = is_precert_signer(signer);
    let issuer = if delegated { issuer_of(signer, others)? } else { signer };
    let tbs_certificate =
        precert_tbs(leaf, delegated.then_some(signer)).map_err(|error| error.to_string())?;
    Ok(SignedEntry::Precert { issuer_key_hash: issuer.issuer_key_hash(), tbs_certificate })
}

/// The one of the others that issued this certificate.
fn issuer_of<'a>(certificate: &Certificate, others: &[&'a Certificate]) -> Result<&'a Certificate, String> {
    let mut why = "its issuer is not among the certificates; --chain takes more of them".to_owned();
    for other in others.iter().filter(|other| other.subject() == certificate.issuer()) {
        match verify_issued(certificate, other) {
            Ok(()) => return Ok(other),
            Err(error) => why = format!("it is not signed by the issuer that it names: {error}"),
        }
    }
    Err(why)
}
