//! PEM text (RFC 7468): the CERTIFICATE blocks of a bundle.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Why text is not a bundle of certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// A block does not end.
    #[error("line {line}: this CERTIFICATE block has no end")]
    Unfinished {
        /// Line of its beginning, from 1.
        line: usize,
    },
    /// A block is not base64.
    #[error("line {line}: this CERTIFICATE block is not base64: {error}")]
    Base64 {
        /// Line of its beginning, from 1.
        line: usize,
        /// What is wrong.
        error: base64::DecodeError,
    },
}

/// Whether the bytes look like PEM rather than DER.
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// The DER of each CERTIFICATE block, and the line at which it begins. Text between blocks, and other blocks, are passed
/// over.
pub fn certificates(text: &str) -> Result<Vec<(usize, Vec<u8>)>, PemError> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim).enumerate();
    while let Some((at, line)) = lines.next() {
        if line != BEGIN {
            continue;
        }
        let line = at + 1;
        let mut body = String::new();
        loop {
            match lines.next() {
                Some((_, END)) => break,
                Some((_, part)) => body.extend(part.split_whitespace()),
                None => return Err(PemError::Unfinished { line }),
            }
        }
        let der = STANDARD.decode(body).map_err(|error| PemError::Base64 { line, error })?;
        found.push((line, der));
    }
    Ok(found)
}
