//! A run of repair: what is kept of it on disk, and how it ended.

use crate::plan::{Cause, NoPlan, Plan, seconds};
use ct::index::Term;
use ct::names::NodeName;
use ct::sth::{Sth, TreeHead};
use ct::term::{Change, RunId, SignedStopReply, TermCertificate};
use ct::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A run: durable before the first Stop, so that it goes on after a crash (docs/protocol.md, R7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Tells it from all others.
    pub id: RunId,
    /// When it began, by repair's clock.
    pub began: Timestamp,
    /// What it is to do.
    pub plan: Plan,
    /// What it was to change, and cannot.
    pub left_out: Option<LeftOut>,
    /// How far it is.
    pub stage: Stage,
}

/// A change that was planned, and left out when nodes were stopped already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// It.
    pub change: Change,
    /// Why.
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NOT CHANGED: it was wanted that {}: {}", self.change, self.why)
    }
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// Merge nodes are being stopped.
    Stopping,
    /// The certificate is made, and is being handed out. There will never be another one of its term.
    Installing {
        /// It.
        certificate: Box<TermCertificate>,
    },
    /// It is over, and waits for a person to say that there may be another.
    Finished {
        /// How it ended.
        outcome: Box<Outcome>,
    },
}

impl Run {
    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Finished { outcome } => Some(outcome),
            _ => None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// A new primary publishes.
    Repaired {
        /// The term.
        term: Term,
        /// Its primary.
        primary: NodeName,
        /// The last tree head before, if there was one.
        last: Option<TreeHead>,
        /// The first one of the new term that was seen.
        first: TreeHead,
        /// From the one to the other, in milliseconds: how long the log stood still.
        stall_ms: u64,
        /// From the beginning of the run to the first tree head, in milliseconds: the part of it that is repair's.
        repair_ms: u64,
    },
    /// A new primary is at work, and nothing was published in time.
    NotPublishing {
        /// The term.
        term: Term,
        /// Its primary.
        primary: NodeName,
        /// How long it was waited for, in milliseconds.
        waited_ms: u64,
    },
    /// Nothing was stopped.
    NotBegun {
        /// Why.
        reason: NoPlan,
    },
    /// What the stopped nodes have accepted contradicts itself, or what was published. They stay stopped, with the evidence.
    Evidence {
        /// What contradicts what.
        reason: String,
        /// The stop replies.
        stops: Vec<SignedStopReply>,
    },
    /// The repair process could not go on: its own disk failed, or it may not begin.
    Failed {
        /// Why.
        reason: String,
    },
    /// Somebody else's repair is further.
    Overtaken {
        /// The term for which nodes are stopped, or which they have.
        term: Term,
    },
}

impl Outcome {
    /// Whether the log is repaired.
    pub const fn is_success(&self) -> bool {
        matches!(self, Outcome::Repaired { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Repaired { term, primary, last, first, stall_ms, repair_ms } => {
                writeln!(f, "REPAIRED: {primary} is primary of term {term} and publishes")?;
                let before = last.map_or("none".to_owned(), |last| format!("size {}", last.tree_size));
                writeln!(f, "tree head before: {before}; after: size {}", first.tree_size)?;
                let (stall, repair) = (seconds(*stall_ms), seconds(*repair_ms));
                write!(f, "no new tree head for {stall}; {repair} of that since the repair began")
            }
            Outcome::NotPublishing { term, primary, waited_ms } => write!(
                f,
                "NOT PUBLISHING: {primary} is primary of term {term}, and no new tree head came within {}",
                seconds(*waited_ms)
            ),
            Outcome::NotBegun { reason } => write!(f, "NOTHING WAS STOPPED: {reason}"),
            Outcome::Evidence { reason, stops } => {
                write!(f, "STOPPED FOR GOOD: {reason}; the {} stop replies are in the report", stops.len())
            }
            Outcome::Failed { reason } => write!(f, "FAILED: {reason}"),
            Outcome::Overtaken { term } => {
                write!(f, "OVERTAKEN: another repair is at work in term {term}; this one does nothing more")
            }
        }
    }
}

/// How one log fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The run, if one began.
    pub run: Option<RunId>,
    /// Why it was wanted.
    pub cause: Option<Cause>,
    /// How it ended; `None` if it goes on.
    pub outcome: Option<Outcome>,
    /// What it was to change, and did not.
    pub left_out: Option<LeftOut>,
    /// For whom it waits, if it goes on; who was told nothing, if it ended.
    pub waits_for: Vec<String>,
}

impl Report {
    /// Without a run.
    pub const fn without_run(outcome: Outcome) -> Self {
        Self { run: None, cause: None, outcome: Some(outcome), left_out: None, waits_for: Vec::new() }
    }

    /// Whether the log is repaired, and everything is as it was wanted.
    pub fn is_success(&self) -> bool {
        self.left_out.is_none() && self.outcome.as_ref().is_some_and(Outcome::is_success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Some(outcome) => write!(f, "{outcome}")?,
            None => write!(f, "UNFINISHED: the run goes on by itself")?,
        }
        if let Some(left_out) = &self.left_out {
            write!(f, "\n  {left_out}")?;
        }
        for waits in &self.waits_for {
            write!(f, "\n  {waits}")?;
        }
        Ok(())
    }
}

/// Whether an STH is newer than another.
pub(crate) fn newer(sth: &Sth, than: Option<&Sth>) -> bool {
    than.is_none_or(|than| sth.head.timestamp > than.head.timestamp)
}
