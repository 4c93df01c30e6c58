//! What somebody asks to be told about.

use super::HostName;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What is watched. In text: `example.com` exactly, `.example.com` with everything below it, `*.example.com` the
/// wildcard itself, an IP address, or `.` for every certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// Certificates that are good for this very name, be it by a wildcard.
    Exact(HostName),
    /// Certificates for this name or any below it.
    Below(HostName),
    /// Certificates that hold the wildcard `*.` of this name.
    Wildcard(HostName),
    /// Certificates for this address.
    Address(IpAddr),
    /// Every certificate.
    All,
}

/// A text that names nothing to watch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot watch {text:?}: {reason}")]
pub struct BadPattern {
    text: String,
    reason: &'static str,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        if text == "." {
            return Ok(Pattern::All);
        }
        if let Ok(address) = text.parse() {
            return Ok(Pattern::Address(address));
        }
        let name =
            |text: &str| HostName::meant(text).map_err(|reason| BadPattern { text: text.to_owned(), reason });
        if let Some(rest) = text.strip_prefix("*.") {
            return name(rest).map(Pattern::Wildcard);
        }
        match text.strip_prefix('.') {
            Some(rest) => name(rest).map(Pattern::Below),
            None => name(text).map(Pattern::Exact),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(name) => write!(f, "{name}"),
            Pattern::Below(name) => write!(f, ".{name}"),
            Pattern::Wildcard(name) => write!(f, "*.{name}"),
            Pattern::Address(address) => write!(f, "{address}"),
            Pattern::All => f.write_str("."),
        }
    }
}
