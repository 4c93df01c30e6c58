//! The accepted roots: certificates that the operator listed, matched whole (RFC 6962 §4.7). They need not be self-signed,
//! and several may share a name or a key.

use super::certificate::{Certificate, CertificateError};
use super::pem::{PemError, certificates, is_pem};
use crate::hash::Fingerprint;
use std::collections::BTreeMap;

/// Why a source of roots was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// It is PEM, and broken.
    #[error("{source_name}: {error}")]
    Pem {
        /// The source.
        source_name: String,
        /// What is wrong.
        error: PemError,
    },
    /// It has no certificate.
    #[error("{source_name}: no certificate in it")]
    Empty {
        /// The source.
        source_name: String,
    },
    /// A certificate in it cannot be read.
    #[error("{source_name}, line {line}: {error}")]
    Certificate {
        /// The source.
        source_name: String,
        /// Line of the certificate in PEM; 0 in DER.
        line: usize,
        /// What is wrong.
        error: CertificateError,
    },
}

/// An accepted root.
#[derive(Debug, Clone)]
pub struct Root {
    /// The certificate.
    pub certificate: Certificate,
    /// The source that named it first.
    pub source: String,
    /// Line in that source at which it begins; 0 in DER.
    pub line: usize,
}

/// Accepted roots, in the order in which they were added, each once.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    roots: Vec<Root>,
    by_fingerprint: BTreeMap<Fingerprint, usize>,
    by_subject: BTreeMap<Vec<u8>, Vec<usize>>,
}

impl Roots {
    /// No roots: nothing chains to them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Roots from one source: a PEM bundle, or one certificate in DER.
    pub fn from_pem_and_der(source: &str, bytes: &[u8]) -> Result<Self, RootsError> {
        let mut roots = Self::new();
        roots.add_pem_or_der(source, bytes)?;
        Ok(roots)
    }

    /// Adds a PEM bundle or one certificate in DER, and says how many roots were new. `source` is a name for messages, such
    /// as a path. Nothing is added if a certificate is refused.
    pub fn add_pem_or_der(&mut self, source: &str, bytes: &[u8]) -> Result<usize, RootsError> {
        let ders = if is_pem(bytes) {
            certificates(&String::from_utf8_lossy(bytes))
                .map_err(|error| RootsError::Pem { source_name: source.to_owned(), error })?
        } else if bytes.first() == Some(&super::der::SEQUENCE) {
            vec![(0, bytes.to_vec())]
        } else {
            Vec::new()
        };
        if ders.is_empty() {
            return Err(RootsError::Empty { source_name: source.to_owned() });
        }
        let mut parsed = Vec::with_capacity(ders.len());
        for (line, der) in ders {
            let certificate = Certificate::parse(der).map_err(|error| RootsError::Certificate {
                source_name: source.to_owned(),
                line,
                error,
            })?;
            parsed.push(Root { certificate, source: source.to_owned(), line });
        }
        Ok(parsed.into_iter().map(|root| usize::from(self.add(root))).sum())
    }

    /// Adds a root; `false` if it is there already.
    pub fn add(&mut self, root: Root) -> bool {
        let index = self.roots.len();
        let fingerprint = root.certificate.fingerprint();
        if self.by_fingerprint.contains_key(&fingerprint) {
            return false;
        }
        self.by_fingerprint.insert(fingerprint, index);
        self.by_subject.entry(root.certificate.subject().to_vec()).or_default().push(index);
        self.roots.push(root);
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
    /// All roots, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Root> {
        self.roots.iter()
    }
    /// The root with this fingerprint.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Root> {
        self.by_fingerprint.get(fingerprint).map(|index| &self.roots[*index])
    }
    /// Whether this very certificate is an accepted root.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        // Most certificates that are asked about have no root's name: the name is cheaper than the fingerprint.
        self.named(certificate.subject()).any(|root| root.certificate == *certificate)
    }
    /// The roots with this subject, a raw Name, in order.
    pub fn named(&self, subject: &[u8]) -> impl Iterator<Item = &Root> {
        self.by_subject.get(subject).into_iter().flatten().map(|index| &self.roots[*index])
    }
}
