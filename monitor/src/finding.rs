//! What is wrong with a log, by name.

use client::ClientError;
use std::fmt;
use std::path::PathBuf;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The log gives no answer, or says that it cannot. It is asked again, for as long as it takes.
    Trouble,
    /// The log gives an answer that no right log gives, and none that its signature makes it answer for. It is asked again.
    Suspect,
    /// The log broke its word. It is not followed any further.
    Broken,
}

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// One word, the same in every version: `fork`, `shrunk`, `wrong-entry`, `stale`, or a name of [`ClientError::name`].
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a sentence.
    pub text: String,
    /// Where the proof of it is kept.
    pub evidence: Option<PathBuf>,
}

impl Finding {
    /// The log broke its word.
    pub fn broken(name: &'static str, text: impl ToString) -> Self {
        Self { name, severity: Severity::Broken, text: text.to_string(), evidence: None }
    }

    /// The log has no better answer at the moment.
    pub fn trouble(name: &'static str, text: impl ToString) -> Self {
        Self { name, severity: Severity::Trouble, text: text.to_string(), evidence: None }
    }

    /// The log has a wrong answer at the moment.
    pub fn suspect(name: &'static str, text: impl ToString) -> Self {
        Self { severity: Severity::Suspect, ..Self::trouble(name, text) }
    }

    /// The same, with its proof.
    #[must_use]
    pub fn proved_by(self, evidence: PathBuf) -> Self {
        Self { evidence: Some(evidence), ..self }
    }
}

impl From<&ClientError> for Finding {
    /// What a failed request tells. Nothing that is not signed is held against a log at once: anybody on the way may have
    /// answered.
    fn from(error: &ClientError) -> Self {
        let finding = Self::trouble(error.name(), error);
        if error.is_lie() { Self { severity: Severity::Suspect, ..finding } } else { finding }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.text)?;
        match &self.evidence {
            Some(path) => write!(f, " (evidence: {})", path.display()),
            None => Ok(()),
        }
    }
}
