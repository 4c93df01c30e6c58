//! Certificates.

use super::super::fault::Fault;
use super::super::model::Node;
use super::{field, signed};
use ct::hash::Base64;
use ct::x509::der::{Reader, SEQUENCE};
use ct::x509::public_key::PublicKey;
use ct::x509::{Certificate, CertificateError, Poison, embedded_list, poison};
use serde_json::Value;
use x509_parser::certificate::TbsCertificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// Certificates, one after another.
pub fn chain(ders: &[Vec<u8>]) -> Result<Node, Fault> {
    if ders.is_empty() {
        return Err(Fault::new("no certificate"));
    }
    let one = |(at, der): (usize, &Vec<u8>)| {
        certificate(der).map_err(|fault| fault.within(format_args!("certificate {}", at + 1)))
    };
    let found = ders.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok(Node::Fields(vec![("certificate", Node::List(found))]))
}

/// The certificates of a file of DER: one, or several end to end.
pub fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut reader = Reader::new(bytes);
    let mut ders = Vec::new();
    while !reader.is_empty() {
        let found = reader.element("Certificate", SEQUENCE).map_err(CertificateError::Der)?;
        ders.push(found.whole().to_vec());
    }
    Ok(ders)
}

/// The certificates of a submission, or of get-roots.
pub fn listed(value: &Value) -> Result<Vec<Vec<u8>>, Fault> {
    let name = if value.get("chain").is_some() { "chain" } else { "certificates" };
    Ok(field::<Vec<Base64>>(value, name)?.into_iter().map(|der| der.0).collect())
}

/// One certificate.
pub fn certificate(der: &[u8]) -> Result<Node, Fault> {
    let certificate = Certificate::parse(der)?;
    let mut fields = tbs(certificate.tbs());
    fields.push(("public_key", public_key(certificate.spki()).as_str().into()));
    fields.push(("fingerprint", certificate.fingerprint().to_string().as_str().into()));
    fields.push(("is_ca", certificate.is_ca().into()));
    match poison(&certificate) {
        Ok(found) => fields.push(("is_precertificate", (found == Poison::Good).into())),
        Err(error) => fields.push(("poison", error.to_string().as_str().into())),
    }
    if let Some(list) = embedded_list(&certificate)? {
        fields
            .push(("embedded", signed::sct_list(list).map_err(|fault| fault.within("SCT list extension"))?));
    }
    Ok(Node::Fields(fields))
}

/// A TBSCertificate, as far as a strict reader reads it: a log takes odder ones, and those are shown with less.
pub fn tbs(der: &[u8]) -> Vec<(&'static str, Node)> {
    let Ok((_, tbs)) = TbsCertificate::from_der(der) else {
        return vec![("unreadable", Node::bytes(der))];
    };
    let time = |time: x509_parser::time::ASN1Time| time.to_datetime();
    let moment = |at| Node::Moment(crate::moment::timestamp(at));
    vec![
        ("subject", tbs.subject.to_string().as_str().into()),
        ("issuer", tbs.issuer.to_string().as_str().into()),
        ("serial", tbs.raw_serial_as_string().as_str().into()),
        ("not_before", moment(time(tbs.validity.not_before))),
        ("not_after", moment(time(tbs.validity.not_after))),
        ("name", Node::List(names(&tbs))),
    ]
}

/// What subjectAltName lists.
fn names(tbs: &TbsCertificate<'_>) -> Vec<Node> {
    let Ok(Some(extension)) = tbs.subject_alternative_name() else { return Vec::new() };
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Node::from(*name),
        other => other.to_string().as_str().into(),
    };
    extension.value.general_names.iter().map(shown).collect()
}

/// The kind of a key and its size.
fn public_key(spki: &[u8]) -> String {
    match PublicKey::parse(spki) {
        Ok(key @ PublicKey::Rsa { bits, .. }) => format!("{} with {bits} bits", key.kind()),
        Ok(key @ (PublicKey::Ec { .. } | PublicKey::Ed25519 { .. })) => key.kind().to_owned(),
        Err(error) => error.to_string(),
    }
}
