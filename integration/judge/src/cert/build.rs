//! Making certificates, proper ones and odd ones.

use super::keys::KeyPair;
use super::parse::ParsedCertificate;
use super::verify::SignatureAlgorithm;
use super::{oids, tbs};
use crate::der;
use crate::error::Result;
use crate::merkle::sha256;
use crate::time;

/// An extension to be written.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Contents octets of extnID.
    pub oid: &'static [u8],
    /// Written only when TRUE.
    pub critical: bool,
    /// Contents of extnValue, not checked at all.
    pub value: Vec<u8>,
}

impl Extension {
    fn new(oid: &'static [u8], critical: bool, value: Vec<u8>) -> Self {
        Self { oid, critical, value }
    }

    /// Poison as RFC 6962 §3.1 wants it.
    pub fn poison() -> Self {
        Self::poison_with(true, &der::null())
    }

    /// Poison with other criticality or contents.
    pub fn poison_with(critical: bool, value: &[u8]) -> Self {
        Self::new(oids::POISON, critical, value.to_vec())
    }

    /// An embedded SCT list (RFC 6962 §3.3): an OCTET STRING inside the extnValue.
    pub fn sct_list(list: &[u8]) -> Self {
        Self::new(oids::SCT_LIST, false, der::octet_string(list))
    }

    /// basicConstraints of a CA.
    pub fn ca() -> Self {
        Self::new(oids::BASIC_CONSTRAINTS, true, der::sequence(&[der::boolean(true)]))
    }

    /// keyUsage with keyCertSign and cRLSign.
    pub fn cert_sign() -> Self {
        Self::new(oids::KEY_USAGE, true, der::tlv(der::tag::BIT_STRING, &[1, 0b0000_0110]))
    }

    /// extendedKeyUsage with one purpose.
    pub fn usage(purpose: &[u8], critical: bool) -> Self {
        Self::new(oids::EXTENDED_KEY_USAGE, critical, der::sequence(&[der::oid(purpose)]))
    }

    /// subjectAltName with one dNSName.
    pub fn dns_name(host: &str) -> Self {
        let general_name = der::implicit(2, host.as_bytes());
        Self::new(oids::SUBJECT_ALT_NAME, false, der::sequence(&[general_name]))
    }

    /// nameConstraints that permit only names below `domain`.
    pub fn permit_only(domain: &str) -> Self {
        let subtree = der::sequence(&[der::implicit(2, domain.as_bytes())]);
        let permitted = der::tlv(der::tag::CONTEXT, &subtree);
        Self::new(oids::NAME_CONSTRAINTS, true, der::sequence(&[permitted]))
    }

    /// subjectKeyIdentifier for this key.
    pub fn subject_key(spki: &[u8]) -> Self {
        Self::new(oids::SUBJECT_KEY_IDENTIFIER, false, der::octet_string(&key_identifier(spki)))
    }

    /// authorityKeyIdentifier pointing at this issuer: by its own subjectKeyIdentifier if it has one, since
    /// path builders may go by that.
    pub fn authority_key(issuer: &ParsedCertificate<'_>) -> Self {
        let own = issuer.tbs.extension(oids::SUBJECT_KEY_IDENTIFIER).and_then(|extension| {
            der::Reader::new(extension.value).expect(der::tag::OCTET_STRING, "subjectKeyIdentifier").ok()
        });
        let identifier =
            own.map_or_else(|| key_identifier(issuer.tbs.spki), |element| element.content.to_vec());
        let key_id = der::implicit(0, &identifier);
        Self::new(oids::AUTHORITY_KEY_IDENTIFIER, false, der::sequence(&[key_id]))
    }

    /// A critical extension that nobody knows.
    pub fn unheard_of() -> Self {
        Self::new(oids::UNHEARD_OF, true, der::null())
    }
}

/// Any 20 bytes that depend on the key would do (RFC 5280 §4.2.1.2 leaves the method open).
fn key_identifier(spki: &[u8]) -> Vec<u8> {
    sha256(spki)[..20].to_vec()
}

/// A distinguished name: organization, then common name.
pub fn name(common_name: &str) -> Vec<u8> {
    let attribute = |oid, value: Vec<u8>| der::set(&[der::sequence(&[der::oid(oid), value])]);
    der::sequence(&[
        attribute(oids::ORGANIZATION, der::printable("Conformance judge")),
        attribute(oids::COMMON_NAME, der::utf8(common_name)),
    ])
}

/// A certificate about to be signed.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Contents octets of serialNumber.
    pub serial: Vec<u8>,
    /// Issuer Name, raw.
    pub issuer: Vec<u8>,
    /// Seconds since the epoch.
    pub not_before: i64,
    /// Seconds since the epoch.
    pub not_after: i64,
    /// Subject Name, raw.
    pub subject: Vec<u8>,
    /// SubjectPublicKeyInfo, raw.
    pub spki: Vec<u8>,
    /// In this order.
    pub extensions: Vec<Extension>,
}

impl Certificate {
    /// Signs with `key`.
    pub fn sign(&self, key: &KeyPair, algorithm: SignatureAlgorithm) -> Result<Vec<u8>> {
        let identifier = algorithm.identifier();
        let tbs = self.tbs(&identifier);
        let signature = key.sign(algorithm, &tbs)?;
        Ok(der::sequence(&[tbs, identifier, der::bit_string(&signature)]))
    }

    fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let extensions: Vec<_> = self
            .extensions
            .iter()
            .map(|extension| tbs::extension_der(extension.oid, extension.critical, &extension.value))
            .collect();
        let version_3 = der::explicit(0, &der::integer(&[2]));
        der::sequence(&[
            version_3,
            der::integer(&self.serial),
            algorithm.to_vec(),
            self.issuer.clone(),
            der::sequence(&[time::to_der(self.not_before), time::to_der(self.not_after)]),
            self.subject.clone(),
            self.spki.clone(),
            der::explicit(3, &der::sequence(&extensions)),
        ])
    }
}
