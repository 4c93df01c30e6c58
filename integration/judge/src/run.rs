//! Running checks against one log, or against the fitting logs of a cluster.

use std::time::Instant;

use crate::checks::{CHECKS, Check, Wants};
use crate::error::{JudgeError, Result};
use crate::limits::Limits;
use crate::report::{Finding, Outcome, Report};
use crate::session::Session;
use crate::target::Target;

/// Which checks to run.
#[derive(Clone, Debug, Default)]
pub enum Selection {
    /// All of them.
    #[default]
    All,
    /// These numbers.
    Only(Vec<u8>),
}

impl Selection {
    /// Whether this check is wanted.
    pub fn includes(&self, number: u8) -> bool {
        match self {
            Self::All => true,
            Self::Only(numbers) => numbers.contains(&number),
        }
    }
}

/// Runs the selected checks against one log, with bounds that fit it.
pub fn run(target: &Target, selection: &Selection) -> Result<Report> {
    run_with(target, selection, &Limits::for_target(target), &mut |_| {})
}

/// The same with other bounds, telling each finding as soon as it is there.
pub fn run_with(
    target: &Target,
    selection: &Selection,
    limits: &Limits,
    tell: &mut dyn FnMut(&Finding),
) -> Result<Report> {
    let session = Session::new(target.clone(), limits.clone())?;
    let mut report = Report::default();
    for check in CHECKS.iter().filter(|check| selection.includes(check.number)) {
        let finding = judge(check, &session);
        tell(&finding);
        report.findings.push(finding);
    }
    Ok(report)
}

/// Runs the checks of the window's edges against `windowed`, all others against `general`. Without a windowed log
/// those are skipped.
pub fn run_cluster(
    (general, windowed): (&Target, Option<&Target>),
    selection: &Selection,
    adjust: impl Fn(&Target) -> Limits,
    tell: &mut dyn FnMut(&Finding),
) -> Result<Report> {
    let session = |target: &Target| Session::new(target.clone(), adjust(target));
    let general = session(general)?;
    let windowed = windowed.map(session).transpose()?;
    let mut report = Report::default();
    for check in CHECKS.iter().filter(|check| selection.includes(check.number)) {
        let session = match check.wants {
            Wants::AnyTime => &general,
            Wants::Window => windowed.as_ref().unwrap_or(&general),
        };
        let finding = judge(check, session);
        tell(&finding);
        report.findings.push(finding);
    }
    Ok(report)
}

fn judge(check: &Check, session: &Session) -> Finding {
    let start = Instant::now();
    let outcome = match (check.run)(session) {
        Ok(()) => Outcome::Passed,
        Err(JudgeError::NotApplicable { reason }) => Outcome::Skipped(reason),
        Err(error) => Outcome::Failed(error),
    };
    Finding {
        number: check.number,
        title: check.title,
        log: session.target.name.clone(),
        outcome,
        elapsed: start.elapsed(),
    }
}
