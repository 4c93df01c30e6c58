//! A certificate: its bytes, and where in them its fields are.
//!
//! It is read once, front to back, and never written again: every field is a range of the submitted bytes. The reader
//! demands the shape that surgery and signature checks rest on (RFC 5280 §4.1) and asks nothing about serial numbers, names,
//! algorithms it does not know or the content of extensions.

use super::der::DerError;
use super::extensions::Extension;
use super::layout::{Fields, Span, read_certificate};
use crate::hash::{Fingerprint, IssuerKeyHash, sha256};
use crate::limits::MAX_CERTIFICATE;
use crate::time::Timestamp;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Why bytes are not a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// They are not the DER of one.
    #[error(transparent)]
    Der(#[from] DerError),
    /// They are too many.
    #[error("certificate: {len} bytes, the limit is {limit}", limit = MAX_CERTIFICATE)]
    TooLong {
        /// Bytes found.
        len: usize,
    },
}

/// A certificate that was read. Equal if its bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Arc<[u8]>,
    fields: Fields,
    fingerprint: OnceLock<Fingerprint>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

impl AsRef<[u8]> for Certificate {
    fn as_ref(&self) -> &[u8] {
        self.der()
    }
}

impl Certificate {
    /// Reads a certificate that is all of `der`.
    pub fn parse(der: impl Into<Arc<[u8]>>) -> Result<Self, CertificateError> {
        let der = der.into();
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLong { len: der.len() });
        }
        let fields = read_certificate(&der)?;
        Ok(Self { der, fields, fingerprint: OnceLock::new() })
    }

    fn slice(&self, span: Span) -> &[u8] {
        &self.der[span.range()]
    }

    /// All of it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// `H(DER)`; computed when first asked for.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.fingerprint.get_or_init(|| Fingerprint::new(sha256(&[&self.der])))
    }
    /// TBSCertificate with its header: what is signed.
    pub fn tbs(&self) -> &[u8] {
        self.slice(self.fields.tbs)
    }
    /// 1, 2 or 3; what claims to be later counts as 3.
    pub fn version(&self) -> u8 {
        self.fields.version
    }
    /// The issuer's Name, raw, with its header.
    pub fn issuer(&self) -> &[u8] {
        self.slice(self.fields.issuer)
    }
    /// The subject's Name, raw, with its header.
    pub fn subject(&self) -> &[u8] {
        self.slice(self.fields.subject)
    }
    /// SubjectPublicKeyInfo, raw, with its header.
    pub fn spki(&self) -> &[u8] {
        self.slice(self.fields.spki)
    }
    /// `H(SubjectPublicKeyInfo)`: names this CA in the entries of precertificates (RFC 6962 §3.2).
    pub fn issuer_key_hash(&self) -> IssuerKeyHash {
        IssuerKeyHash::new(sha256(&[self.spki()]))
    }
    /// Start of validity.
    pub fn not_before(&self) -> Timestamp {
        self.fields.not_before
    }
    /// End of validity.
    pub fn not_after(&self) -> Timestamp {
        self.fields.not_after
    }
    /// Content of the AlgorithmIdentifier that the signature covers.
    pub fn inner_algorithm(&self) -> &[u8] {
        self.slice(self.fields.inner_algorithm)
    }
    /// Content of the AlgorithmIdentifier beside the signature.
    pub fn outer_algorithm(&self) -> &[u8] {
        self.slice(self.fields.outer_algorithm)
    }
    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        self.slice(self.fields.signature)
    }

    /// Extensions, in order.
    pub fn extensions(&self) -> impl ExactSizeIterator<Item = Extension<'_>> {
        self.fields.extensions.iter().map(|span| Extension {
            oid: self.slice(span.oid),
            critical: span.critical,
            value: self.slice(span.value),
            whole: self.slice(span.whole),
            head: self.slice(span.head),
        })
    }
    /// The first extension of this kind: whether it is critical, and its value.
    pub fn extension(&self, oid: &[u8]) -> Option<(bool, &[u8])> {
        self.extensions().find(|found| found.oid == oid).map(|found| (found.critical, found.value))
    }
    /// How many extensions of this kind there are; RFC 5280 §4.2 allows one.
    pub fn extension_count(&self, oid: &[u8]) -> usize {
        self.extensions().filter(|found| found.oid == oid).count()
    }

    /// Where surgery cuts: the TBSCertificate's content, the issuer in it, and the `[3]` element.
    pub(super) fn cuts(&self) -> (Range<usize>, Range<usize>, Option<Range<usize>>) {
        let fields = &self.fields;
        (fields.tbs_body.range(), fields.issuer.range(), fields.extensions_field.map(Span::range))
    }
}
