//! A certificate seen as the raw elements it is made of.

use super::oids;
use crate::der::{Element, Reader, tag};
use crate::error::Result;
use crate::time;

/// A certificate split in its three parts.
#[derive(Clone, Debug)]
pub struct ParsedCertificate<'a> {
    /// TBSCertificate with its header: the bytes that are signed.
    pub tbs_raw: &'a [u8],
    /// The parts of the TBSCertificate.
    pub tbs: ParsedTbs<'a>,
    /// The outer AlgorithmIdentifier, raw.
    pub signature_algorithm: &'a [u8],
    /// The signature bits.
    pub signature: &'a [u8],
}

/// The elements of a TBSCertificate, each raw unless said otherwise.
#[derive(Clone, Debug)]
pub struct ParsedTbs<'a> {
    /// `[0]` version, if there.
    pub version: Option<&'a [u8]>,
    /// Serial number.
    pub serial: &'a [u8],
    /// The inner AlgorithmIdentifier.
    pub signature: &'a [u8],
    /// Issuer Name.
    pub issuer: &'a [u8],
    /// Validity.
    pub validity: &'a [u8],
    /// Subject Name.
    pub subject: &'a [u8],
    /// SubjectPublicKeyInfo.
    pub spki: &'a [u8],
    /// `[1]` and `[2]` unique identifiers, if there.
    pub unique_ids: Vec<&'a [u8]>,
    /// The elements of Extensions; none if `[3]` is absent.
    pub extensions: Vec<ParsedExtension<'a>>,
}

/// One extension.
#[derive(Clone, Copy, Debug)]
pub struct ParsedExtension<'a> {
    /// The whole element.
    pub raw: &'a [u8],
    /// Contents of extnID.
    pub oid: &'a [u8],
    /// Whether critical is TRUE.
    pub critical: bool,
    /// Contents of extnValue.
    pub value: &'a [u8],
}

impl<'a> ParsedCertificate<'a> {
    /// Parses one certificate and nothing after it.
    pub fn parse(der: &'a [u8]) -> Result<Self> {
        let mut outer = Reader::new(der);
        let mut parts = outer.sequence("Certificate")?;
        outer.finish("Certificate")?;
        let tbs = parts.expect(tag::SEQUENCE, "TBSCertificate")?;
        let algorithm = parts.expect(tag::SEQUENCE, "signatureAlgorithm")?;
        let signature = parts.expect(tag::BIT_STRING, "signatureValue")?;
        parts.finish("signatureValue")?;
        Ok(Self {
            tbs_raw: tbs.raw,
            tbs: ParsedTbs::parse(tbs.content)?,
            signature_algorithm: algorithm.raw,
            signature: signature.content.get(1..).unwrap_or_default(),
        })
    }

    /// notAfter in seconds since the epoch.
    pub fn not_after(&self) -> Result<i64> {
        let mut validity = Reader::new(self.tbs.validity).sequence("Validity")?;
        validity.any("notBefore")?;
        time::from_der(validity.any("notAfter")?)
    }

    /// Whether this is a Precertificate Signing Certificate (RFC 6962 §3.1).
    pub fn signs_precertificates(&self) -> bool {
        self.tbs.extension(oids::EXTENDED_KEY_USAGE).is_some_and(|extension| {
            let Ok(mut usages) = Reader::new(extension.value).sequence("ExtKeyUsage") else { return false };
            while let Ok(usage) = usages.any("KeyPurposeId") {
                if usage.content == oids::PRECERT_SIGNING {
                    return true;
                }
            }
            false
        })
    }
}

impl<'a> ParsedTbs<'a> {
    fn parse(content: &'a [u8]) -> Result<Self> {
        let mut parts = Reader::new(content);
        let version = parts.optional(tag::CONTEXT, "version")?.map(|element| element.raw);
        let serial = parts.expect(tag::INTEGER, "serialNumber")?.raw;
        let mut raw = |what| parts.expect(tag::SEQUENCE, what).map(|element| element.raw);
        let (signature, issuer) = (raw("signature")?, raw("issuer")?);
        let (validity, subject, spki) = (raw("validity")?, raw("subject")?, raw("subjectPublicKeyInfo")?);
        let mut unique_ids = Vec::new();
        for number in 1..=2 {
            for tag in [tag::CONTEXT_PRIMITIVE + number, tag::CONTEXT + number] {
                unique_ids.extend(parts.optional(tag, "unique identifier")?.map(|element| element.raw));
            }
        }
        let extensions = match parts.optional(tag::CONTEXT + 3, "extensions")? {
            Some(element) => read_extensions(element)?,
            None => Vec::new(),
        };
        parts.finish("TBSCertificate")?;
        Ok(Self { version, serial, signature, issuer, validity, subject, spki, unique_ids, extensions })
    }

    /// The first extension with this OID.
    pub fn extension(&self, oid: &[u8]) -> Option<&ParsedExtension<'a>> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }
}

fn read_extensions(wrapper: Element<'_>) -> Result<Vec<ParsedExtension<'_>>> {
    let mut outer = Reader::new(wrapper.content);
    let mut list = outer.sequence("Extensions")?;
    outer.finish("Extensions")?;
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let element = list.expect(tag::SEQUENCE, "Extension")?;
        let mut parts = Reader::new(element.content);
        let oid = parts.expect(tag::OID, "extnID")?.content;
        let critical = parts.optional(tag::BOOLEAN, "critical")?.is_some_and(|flag| flag.content != [0]);
        let value = parts.expect(tag::OCTET_STRING, "extnValue")?.content;
        parts.finish("Extension")?;
        extensions.push(ParsedExtension { raw: element.raw, oid, critical, value });
    }
    Ok(extensions)
}
