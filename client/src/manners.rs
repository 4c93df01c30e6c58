//! How a client behaves towards a log: who it says it is, what it bears, how long it tries.

use crate::Patience;
use std::fmt;
use std::time::Duration;

/// The longest contact that a User-Agent carries.
const MAX_CONTACT: usize = 200;

/// What a log's operator reads in the User-Agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(String);

/// Why a text cannot be a contact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("contact {0:?}: expected up to {MAX_CONTACT} printable ASCII characters without parentheses")]
pub struct BadContact(String);

impl UserAgent {
    /// Wolffish and its version, nobody to write to.
    pub fn anonymous() -> Self {
        Self(concat!("wolffish/", env!("CARGO_PKG_VERSION")).to_owned())
    }

    /// With an e-mail address or a URL: operators would rather write than block, and some logs serve the nameless last.
    pub fn with_contact(contact: &str) -> Result<Self, BadContact> {
        let fits = (1..=MAX_CONTACT).contains(&contact.len());
        let plain = contact.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && !b"()\\".contains(&byte));
        if !fits || !plain {
            return Err(BadContact(contact.chars().take(MAX_CONTACT).collect()));
        }
        Ok(Self(format!("{} (+{contact})", Self::anonymous())))
    }
}

impl fmt::Display for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a log may cost its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for a whole answer, from the first byte sent.
    pub answer: Duration,
    /// Longest silence within an answer.
    pub silence: Duration,
    /// Greatest answer that may hold entries or roots, in bytes.
    pub bulk: usize,
    /// Greatest of all other answers, in bytes.
    pub small: usize,
    /// Most redirects that a GET follows. A POST follows none.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(60),
            silence: Duration::from_secs(20),
            // A thousand of the greatest entries would be more, and no log serves those.
            bulk: 64 << 20,
            small: 1 << 20,
            redirects: 3,
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manners {
    /// Who asks.
    pub user_agent: UserAgent,
    /// What is borne.
    pub limits: Limits,
    /// How long is tried.
    pub patience: Patience,
}

impl Default for Manners {
    fn default() -> Self {
        Self { user_agent: UserAgent::anonymous(), limits: Limits::default(), patience: Patience::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_a_line_of_text() {
        let agent = UserAgent::with_contact("ct@example.org").unwrap().to_string();
        assert!(agent.starts_with("wolffish/") && agent.ends_with(" (+ct@example.org)"), "{agent}");
        for bad in ["", "a\r\nX: y", "é", "a)b", &"x".repeat(MAX_CONTACT + 1)] {
            assert!(UserAgent::with_contact(bad).is_err(), "{bad:?}");
        }
    }
}
