//! What a run found.

use std::fmt;
use std::time::Duration;

use crate::error::JudgeError;

/// How a check ended.
#[derive(Debug)]
pub enum Outcome {
    /// All as it must be.
    Passed,
    /// Something was wrong: what was expected and what was found.
    Failed(JudgeError),
    /// The check says nothing about this log.
    Skipped(String),
}

/// One line of a report.
#[derive(Debug)]
pub struct Finding {
    /// Number of the check.
    pub number: u8,
    /// Title of the check.
    pub title: &'static str,
    /// The log it ran against.
    pub log: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// All that a run found, in order of the checks.
#[derive(Debug, Default)]
pub struct Report {
    /// One finding for each check selected.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether no check failed.
    pub fn is_clean(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The findings that are failures.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Failed(_)))
    }

    /// The finding of one check.
    pub fn finding(&self, number: u8) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.number == number)
    }

    /// One line: how many passed, failed, were skipped.
    pub fn summary(&self) -> String {
        let skipped =
            self.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Skipped(_))).count();
        let failed: Vec<String> = self.failures().map(|finding| finding.number.to_string()).collect();
        let passed = self.findings.len() - skipped - failed.len();
        let which = if failed.is_empty() { String::new() } else { format!(" ({})", failed.join(", ")) };
        format!("{passed} passed, {} failed{which}, {skipped} skipped", failed.len())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, reason) = match &self.outcome {
            Outcome::Passed => ("pass", None),
            Outcome::Failed(error) => ("FAIL", Some(error.to_string())),
            Outcome::Skipped(reason) => ("skip", Some(reason.clone())),
        };
        write!(f, "{verdict} {:>2} {} [{}, {:.1?}]", self.number, self.title, self.log, self.elapsed)?;
        reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}
