//! What a log is known by: its addresses and its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::LogId;
use ct::key::LogKey;
use url::Url;

/// A log, as its users know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    name: String,
    urls: Vec<Url>,
    key: LogKey,
}

/// A log without an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a log needs at least one URL")]
pub struct NoUrl;

/// Why a text is not the base URL of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the base URL of a log: {reason}")]
pub struct BadUrl {
    text: String,
    reason: String,
}

/// Why a text is not the key of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither PEM of a public key nor base64 of one: {reason}")]
pub struct BadKey {
    reason: String,
}

impl Log {
    /// A log with at least one base URL; several are frontends of the same log.
    pub fn new(name: String, urls: Vec<Url>, key: LogKey) -> Result<Self, NoUrl> {
        if urls.is_empty() { Err(NoUrl) } else { Ok(Self { name, urls, key }) }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its base URLs, each with a `/` at the end. At least one.
    pub fn urls(&self) -> &[Url] {
        &self.urls
    }

    /// The key that its SCTs and STHs verify under.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// The hash of the key: its name for the world.
    pub const fn log_id(&self) -> LogId {
        self.key.log_id()
    }
}

/// Reads the base URL of a log, below which `ct/v1/` lies: http or https, a path if need be, nothing else.
pub fn base_url(text: &str) -> Result<Url, BadUrl> {
    let bad = |reason: &str| BadUrl { text: text.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(&format!("{}/", text.trim_end_matches('/'))).map_err(|e| bad(&e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("neither http nor https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it has a user name or a password"));
    }
    Ok(url)
}

/// Reads a log's public key (DER SubjectPublicKeyInfo): base64, or PEM.
pub fn key(text: &str) -> Result<LogKey, BadKey> {
    let bad = |reason: String| BadKey { reason };
    let base64: String =
        text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().concat();
    let spki = STANDARD.decode(base64).map_err(|error| bad(error.to_string()))?;
    LogKey::from_spki(&spki).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/\
                       hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";

    #[test]
    fn urls_end_in_one_slash_and_hold_nothing_secret() {
        for (text, url) in [("http://h:1/a", "http://h:1/a/"), ("https://h//", "https://h/")] {
            assert_eq!(base_url(text).unwrap().as_str(), url);
        }
        for text in ["ftp://h/", "h/a", "", "http://h/?q", "http://h/#f", "https://u:p@h/", "http://u@h"] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_read_in_both_forms() {
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &KEY[..64], &KEY[64..]);
        assert_eq!(key(KEY), key(&pem));
        assert!(key(KEY).is_ok());
        for text in ["", "AAAA", "{"] {
            assert!(key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_log_is_somewhere() {
        assert_eq!(Log::new("x".to_owned(), Vec::new(), key(KEY).unwrap()), Err(NoUrl));
    }
}
