//! A DNS name in the one form in which names are compared.

use std::fmt;

/// The longest name that DNS carries, in bytes (RFC 1035 §2.3.4), less length bytes at both ends.
const MAX_NAME: usize = 253;

/// A DNS name, or a wildcard of one: lower case, A-labels (RFC 5890 §2.3.2.1) if it is one that has such, no dot at the
/// end. What a certificate calls a name may be anything; it is kept, so that it can be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// A name that a certificate gives. Nothing is refused: what has no A-label form stays as it is, in lower case.
    pub fn certified(text: &str) -> Self {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        // The work of finding A-labels grows faster than the text does.
        if text.is_ascii() || text.len() > 4 * MAX_NAME {
            return Self(text.to_lowercase());
        }
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY);
        Self(ascii.map_or_else(|_| text.to_lowercase(), |ascii| ascii.into_owned()))
    }

    /// A name as somebody writes it who means a host: letters of any script, digits, hyphens, underscores.
    pub(super) fn meant(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL);
        let ascii = ascii.map_err(|_| "it has no form that DNS carries (IDNA)")?.into_owned();
        if ascii.is_empty()
            || ascii.len() > 253
            || ascii.split('.').any(|label| !(1..=63).contains(&label.len()))
        {
            return Err("a name has labels of 1 to 63 characters, 253 in all");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !ascii.bytes().all(plain) {
            return Err("a name has letters, digits, hyphens, underscores and dots");
        }
        Ok(Self(ascii))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first label and the rest; no rest if there is but one label.
    pub(super) fn split(&self) -> (&str, Option<&str>) {
        match self.0.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (&self.0, None),
        }
    }

    /// The name, then what is left of it with one label less each time; none that is longer than a name can be, however
    /// long a certificate makes it.
    pub(super) fn suffixes(&self) -> impl Iterator<Item = &str> {
        let last = self.0.len().saturating_sub(MAX_NAME);
        let start = (last..=self.0.len()).find(|at| self.0.is_char_boundary(*at)).unwrap_or(0);
        let tail = &self.0[start..];
        let mut rest = if start == 0 { Some(tail) } else { tail.split_once('.').map(|(_, whole)| whole) };
        std::iter::from_fn(move || {
            let this = rest?;
            rest = this.split_once('.').map(|(_, shorter)| shorter);
            Some(this)
        })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
