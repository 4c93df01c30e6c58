//! Where the fields of a certificate are (RFC 5280 §4.1), found in one pass over its bytes.

use super::der::{
    BIT_STRING, BOOLEAN, DerError, Element, INTEGER, OBJECT_ID, OCTET_STRING, Reader, SEQUENCE, context,
};
use super::validity::read_time;
use crate::time::Timestamp;
use std::ops::Range;

/// A range of the certificate's bytes; certificates are far smaller than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    const fn new(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }
    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where an extension is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExtensionSpan {
    pub(super) whole: Span,
    /// Content of its OBJECT IDENTIFIER.
    pub(super) oid: Span,
    pub(super) critical: bool,
    /// What precedes its OCTET STRING: identifier and criticality.
    pub(super) head: Span,
    /// What the OCTET STRING contains.
    pub(super) value: Span,
}

/// Where the fields are.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) tbs: Span,
    pub(super) tbs_body: Span,
    pub(super) version: u8,
    pub(super) inner_algorithm: Span,
    pub(super) issuer: Span,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) subject: Span,
    pub(super) spki: Span,
    /// The `[3]` element, if there is one.
    pub(super) extensions_field: Option<Span>,
    pub(super) extensions: Vec<ExtensionSpan>,
    pub(super) outer_algorithm: Span,
    pub(super) signature: Span,
}

/// Reads a certificate that is all of `der`.
pub(super) fn read_certificate(der: &[u8]) -> Result<Fields, DerError> {
    let mut document = Reader::new(der);
    let certificate = document.element("Certificate", SEQUENCE)?;
    document.finish("Certificate")?;
    let mut reader = certificate.reader();
    let tbs = reader.element("tbsCertificate", SEQUENCE)?;
    let outer = reader.element("signatureAlgorithm", SEQUENCE)?;
    let signature = read_bit_string(&mut reader, "signatureValue")?;
    reader.finish("signatureValue")?;
    read_tbs(&tbs, Span::new(outer.value_span()), signature)
}

fn read_tbs(tbs: &Element<'_>, outer_algorithm: Span, signature: Span) -> Result<Fields, DerError> {
    let mut reader = tbs.reader();
    let version = read_version(&mut reader)?;
    let serial = reader.element("serialNumber", INTEGER)?;
    if serial.value().is_empty() {
        return Err(serial.refuse("serialNumber"));
    }
    let inner = reader.element("signature", SEQUENCE)?;
    let issuer = reader.element("issuer", SEQUENCE)?;
    let validity = reader.element("validity", SEQUENCE)?;
    let mut times = validity.reader();
    let not_before = read_time(&mut times, "notBefore")?;
    let not_after = read_time(&mut times, "notAfter")?;
    times.finish("validity")?;
    let subject = reader.element("subject", SEQUENCE)?;
    let spki = reader.element("subjectPublicKeyInfo", SEQUENCE)?;
    for (field, tag) in [("issuerUniqueID", 1), ("subjectUniqueID", 2)] {
        // IMPLICIT BIT STRING, primitive or constructed.
        if reader.optional(field, 0x80 | tag)?.is_none() {
            reader.optional(field, context(tag))?;
        }
    }
    let field = reader.optional("extensions", context(3))?;
    reader.finish("tbsCertificate")?;
    Ok(Fields {
        tbs: Span::new(tbs.span()),
        tbs_body: Span::new(tbs.value_span()),
        version,
        inner_algorithm: Span::new(inner.value_span()),
        issuer: Span::new(issuer.span()),
        not_before,
        not_after,
        subject: Span::new(subject.span()),
        spki: Span::new(spki.span()),
        extensions_field: field.map(|field| Span::new(field.span())),
        extensions: field.map_or(Ok(Vec::new()), |field| read_extensions(&field))?,
        outer_algorithm,
        signature,
    })
}

fn read_version(reader: &mut Reader<'_>) -> Result<u8, DerError> {
    let Some(field) = reader.optional("version", context(0))? else {
        return Ok(1);
    };
    let mut nested = field.reader();
    let version = nested.element("version", INTEGER)?;
    nested.finish("version")?;
    match version.value() {
        [] => Err(version.refuse("version")),
        [0] => Ok(1),
        [1] => Ok(2),
        _ => Ok(3),
    }
}

fn read_bit_string(reader: &mut Reader<'_>, field: &'static str) -> Result<Span, DerError> {
    let bits = reader.element(field, BIT_STRING)?;
    let range = bits.value_span();
    match bits.value() {
        [0, ..] => Ok(Span::new(range.start + 1..range.end)),
        _ => Err(bits.refuse(field)),
    }
}

fn read_extensions(field: &Element<'_>) -> Result<Vec<ExtensionSpan>, DerError> {
    let mut explicit = field.reader();
    let list = explicit.element("extensions", SEQUENCE)?;
    explicit.finish("extensions")?;
    let mut reader = list.reader();
    let mut extensions = Vec::with_capacity(12);
    while !reader.is_empty() {
        extensions.push(read_extension(&reader.element("extension", SEQUENCE)?)?);
    }
    Ok(extensions)
}

fn read_extension(whole: &Element<'_>) -> Result<ExtensionSpan, DerError> {
    let mut reader = whole.reader();
    let oid = reader.element("extnID", OBJECT_ID)?;
    let critical = match reader.optional("critical", BOOLEAN)? {
        None => false,
        Some(flag) => match flag.value() {
            [value] => *value != 0,
            _ => return Err(flag.refuse("critical")),
        },
    };
    let octets = reader.element("extnValue", OCTET_STRING)?;
    reader.finish("extension")?;
    Ok(ExtensionSpan {
        whole: Span::new(whole.span()),
        oid: Span::new(oid.value_span()),
        critical,
        head: Span::new(whole.value_span().start..octets.span().start),
        value: Span::new(octets.value_span()),
    })
}
