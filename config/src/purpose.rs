//! What a cluster is for.

use crate::fault::{Faults, quoted};
use crate::problem::Problem;

/// What a cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Nobody relies on it: test CAs and small clusters are allowed.
    Test,
    /// Browsers rely on it.
    Production,
}

impl Purpose {
    /// As the file has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Test => "test",
            Purpose::Production => "production",
        }
    }
}

impl std::str::FromStr for Purpose {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Purpose::Test, Purpose::Production]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| format!("unknown purpose {text:?}"))
    }
}

/// Reads the purpose; it must be given, so that nobody runs a production log as a test by forgetting a line.
pub(crate) fn check(text: Option<&str>, faults: &mut Faults) -> Option<Purpose> {
    let expected = "\"test\" or \"production\"";
    let mut section = faults.section("");
    let text = section.required("purpose", text, expected)?;
    let parsed = text.parse();
    if parsed.is_err() {
        let detail = "no such purpose".to_owned();
        section.fault("purpose", Some(quoted(text)), Problem::Malformed { detail, expected });
    }
    parsed.ok()
}
