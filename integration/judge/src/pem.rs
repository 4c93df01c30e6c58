//! PEM blocks (RFC 7468), reading and writing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{JudgeError, Result};

/// The contents of the first block with this label.
pub fn decode(pem: &str, label: &str) -> Result<Vec<u8>> {
    let missing = || JudgeError::setup("PEM", format!("a {label} block"), "none or a broken one");
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----")).ok_or_else(missing)?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or_else(missing)?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(body).map_err(|_| missing())
}

/// One block.
pub fn encode(der: &[u8], label: &str) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
