//! Certificates to order, for tests: a TBSCertificate around what a test puts in.

use ct::entry::SignedEntry;
use ct::hash::IssuerKeyHash;
use ct::x509::der::{INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, context, wrap};

/// What a TBSCertificate shall say. Subject: its RelativeDistinguishedNames.
#[derive(Debug, Clone)]
pub(crate) struct DraftTbs {
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Default for DraftTbs {
    fn default() -> Self {
        let time = |text: &[u8]| wrap(0x17, &[text]);
        Self {
            serial: vec![7],
            issuer: wrap(SEQUENCE, &[&name(0x0c, b"Test CA")]),
            validity: wrap(SEQUENCE, &[&time(b"260101000000Z"), &time(b"260401000000Z")]),
            subject: Vec::new(),
            extensions: Vec::new(),
        }
    }
}

impl DraftTbs {
    /// For these DNS names.
    pub(crate) fn for_names(names: &[&str]) -> Self {
        let names: Vec<u8> = names.iter().flat_map(|text| general_name(2, text.as_bytes())).collect();
        let san = extension(b"\x55\x1d\x11", &wrap(SEQUENCE, &[&names]));
        Self { extensions: vec![san], ..Self::default() }
    }

    /// The TBSCertificate.
    pub(crate) fn der(&self) -> Vec<u8> {
        let version = wrap(context(0), &[&wrap(INTEGER, &[&[2]])]);
        let empty = wrap(SEQUENCE, &[]);
        let extensions = wrap(SEQUENCE, &[&self.extensions.concat()]);
        wrap(
            SEQUENCE,
            &[
                &version,
                &wrap(INTEGER, &[&self.serial]),
                &empty,
                &self.issuer,
                &self.validity,
                &wrap(SEQUENCE, &[&self.subject]),
                &empty,
                &wrap(context(3), &[&extensions]),
            ],
        )
    }

    /// As the entry of a precertificate.
    pub(crate) fn precert(&self) -> SignedEntry {
        precert(self.der())
    }

    /// As the entry of a certificate whose signature nobody looks at.
    pub(crate) fn certificate(&self) -> SignedEntry {
        x509(wrap(SEQUENCE, &[&self.der(), &wrap(SEQUENCE, &[]), &wrap(0x03, &[&[0]])]))
    }
}

pub(crate) fn precert(tbs_certificate: Vec<u8>) -> SignedEntry {
    SignedEntry::Precert { issuer_key_hash: IssuerKeyHash::new([1; 32]), tbs_certificate }
}

pub(crate) fn x509(certificate: Vec<u8>) -> SignedEntry {
    SignedEntry::X509 { certificate }
}

/// A RelativeDistinguishedName of one common name, as a string of that kind.
pub(crate) fn name(kind: u8, text: &[u8]) -> Vec<u8> {
    let attribute = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[b"\x55\x04\x03"]), &wrap(kind, &[text])]);
    wrap(0x31, &[&attribute])
}

pub(crate) fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid]), &wrap(OCTET_STRING, &[value])])
}

/// An element of subjectAltName.
pub(crate) fn general_name(number: u8, value: &[u8]) -> Vec<u8> {
    wrap(0x80 | number, &[value])
}
