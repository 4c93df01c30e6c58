//! One pass over everything that a directory holds, in steps, so that it can be paced.
//!
//! A check reads and never writes. What is wrong is a [`Finding`], and no reason to stop.

use crate::finding::Finding;

/// What one step did.
#[derive(Debug, Default)]
pub struct Step {
    /// What it found.
    pub findings: Vec<Finding>,
    /// Bytes that it read, about.
    pub bytes: u64,
}

/// A pass that is under way.
pub trait Check: Send {
    /// Goes on a little, at most about a megabyte; `None` once all was read.
    fn step(&mut self) -> Option<Step>;
    /// Bytes that the whole pass reads, about.
    fn total(&self) -> u64;
}

/// What is left of a pass, all at once.
pub fn rest(check: &mut dyn Check) -> Vec<Finding> {
    let mut findings = Vec::new();
    while let Some(step) = check.step() {
        findings.extend(step.findings);
    }
    findings
}
