//! Why something does not parse: which part of it, which field, at which byte.

use ct::tls::DecodeError;
use ct::x509::pem::PemError;
use ct::x509::{CertificateError, EmbeddedError};
use std::fmt;

/// Why something does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The part that does not parse, such as `entries[3].leaf_input`; empty if it is the whole.
    pub part: String,
    /// The field of that part, if it is known.
    pub field: Option<&'static str>,
    /// Offset from the beginning of that part, in bytes, if it is known.
    pub offset: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl Fault {
    /// Something is wrong with the whole.
    pub fn new(reason: impl ToString) -> Self {
        Self { part: String::new(), field: None, offset: None, reason: reason.to_string() }
    }

    fn placed((field, offset): (&'static str, usize), reason: &impl ToString) -> Self {
        Self { field: Some(field), offset: Some(offset), ..Self::new(reason.to_string()) }
    }

    /// The same fault, of a part of something larger.
    #[must_use]
    pub fn within(mut self, part: impl fmt::Display) -> Self {
        let inner = std::mem::take(&mut self.part);
        self.part = if inner.is_empty() { part.to_string() } else { format!("{part}.{inner}") };
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.part.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.part, self.reason)
        }
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::placed(error.place(), &error)
    }
}

impl From<CertificateError> for Fault {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Der(inner) => Self::placed(inner.place(), &error),
            CertificateError::TooLong { .. } => Self::new(error),
        }
    }
}

impl From<EmbeddedError> for Fault {
    fn from(error: EmbeddedError) -> Self {
        match error {
            EmbeddedError::Der(inner) => Self::placed(inner.place(), &error),
            EmbeddedError::List(inner) => Self::placed(inner.place(), &error),
            EmbeddedError::Precertificate | EmbeddedError::Surgery(_) => Self::new(error),
        }
    }
}

impl From<PemError> for Fault {
    fn from(error: PemError) -> Self {
        Self::new(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}
