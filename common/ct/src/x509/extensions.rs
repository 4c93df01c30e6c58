//! Extensions, and what the few that matter to a log say (RFC 5280 §4.2).

use super::certificate::Certificate;
use super::der::{BIT_STRING, BOOLEAN, INTEGER, OBJECT_ID, OCTET_STRING, Reader, SEQUENCE, wrap};
use super::oid;

/// An extension of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// Content of its OBJECT IDENTIFIER.
    pub oid: &'a [u8],
    /// Whether it is marked critical.
    pub critical: bool,
    /// What its OCTET STRING contains.
    pub value: &'a [u8],
    /// All of it, with its header.
    pub whole: &'a [u8],
    /// Its identifier and criticality as they are encoded.
    pub(super) head: &'a [u8],
}

impl Extension<'_> {
    /// The same extension with another value: identifier and criticality stay as they are encoded.
    pub fn with_value(&self, value: &[u8]) -> Vec<u8> {
        wrap(SEQUENCE, &[self.head, &wrap(OCTET_STRING, &[value])])
    }
}

/// An extension that is not critical.
pub fn plain_extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid]), &wrap(OCTET_STRING, &[value])])
}

/// What basicConstraints says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaClaim {
    /// There is no such extension.
    Absent,
    /// The subject is a CA.
    Ca,
    /// The subject is no CA.
    NotCa,
    /// The extension does not parse, or stands there more than once.
    Unclear,
}

impl Certificate {
    /// What basicConstraints says.
    pub fn ca_claim(&self) -> CaClaim {
        match self.extension_count(oid::BASIC_CONSTRAINTS) {
            0 => CaClaim::Absent,
            1 => match self.extension(oid::BASIC_CONSTRAINTS).and_then(|(_, value)| read_ca_flag(value)) {
                Some(true) => CaClaim::Ca,
                Some(false) => CaClaim::NotCa,
                None => CaClaim::Unclear,
            },
            _ => CaClaim::Unclear,
        }
    }

    /// Whether basicConstraints names the subject a CA.
    pub fn is_ca(&self) -> bool {
        self.ca_claim() == CaClaim::Ca
    }

    /// Whether keyUsage allows the key to sign certificates. It does when it is absent or names no use at all, as CTFE has
    /// it; it does not when it cannot be read or stands there more than once.
    pub fn may_sign_certificates(&self) -> bool {
        match self.extension_count(oid::KEY_USAGE) {
            0 => true,
            1 => self.extension(oid::KEY_USAGE).is_some_and(|(_, value)| allows_signing(value)),
            _ => false,
        }
    }

    /// Whether an extKeyUsage of the certificate lists this purpose.
    pub fn has_extended_key_usage(&self, purpose: &[u8]) -> bool {
        self.extensions()
            .filter(|found| found.oid == oid::EXTENDED_KEY_USAGE)
            .any(|found| lists_purpose(found.value, purpose) == Some(true))
    }
}

fn read_ca_flag(value: &[u8]) -> Option<bool> {
    let mut document = Reader::new(value);
    let mut reader = document.element("basicConstraints", SEQUENCE).ok()?.reader();
    document.finish("basicConstraints").ok()?;
    let ca = match reader.optional("cA", BOOLEAN).ok()? {
        None => false,
        Some(flag) => match flag.value() {
            [byte] => *byte != 0,
            _ => return None,
        },
    };
    reader.optional("pathLenConstraint", INTEGER).ok()?;
    reader.finish("basicConstraints").ok()?;
    Some(ca)
}

fn allows_signing(value: &[u8]) -> bool {
    /// Bit 5, keyCertSign, counted from the most significant bit of the first byte.
    const KEY_CERT_SIGN: u8 = 0x80 >> 5;
    let mut document = Reader::new(value);
    let Ok(bits) = document.element("keyUsage", BIT_STRING) else { return false };
    if document.finish("keyUsage").is_err() {
        return false;
    }
    match bits.value() {
        [] => false,
        [_unused, bytes @ ..] => {
            bytes.iter().all(|byte| *byte == 0) || bytes.first().is_some_and(|byte| byte & KEY_CERT_SIGN != 0)
        }
    }
}

fn lists_purpose(value: &[u8], purpose: &[u8]) -> Option<bool> {
    let mut document = Reader::new(value);
    let mut reader = document.element("extKeyUsage", SEQUENCE).ok()?.reader();
    document.finish("extKeyUsage").ok()?;
    let mut found = false;
    while !reader.is_empty() {
        found |= reader.element("KeyPurposeId", OBJECT_ID).ok()?.value() == purpose;
    }
    Some(found)
}
