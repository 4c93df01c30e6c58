//! The result as JSON. Its fields are described in docs/hammer.md; a change that breaks a reader changes [`VERSION`].

use crate::chaos::ChaosEvent;
use crate::fault::{Fault, Faults};
use crate::load::StepReport;
use crate::prove::ProofReport;
use crate::run::{Goal, Plan};
use crate::schedule::{Pace, Rate};
use crate::search::{Definition, Shortfall};
use crate::stats::Percentiles;
use crate::views::ViewsReport;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use ct::time::Timestamp;
use serde::Serialize;
use std::path::PathBuf;

/// The version of the format.
pub const VERSION: u32 = 1;

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was run against what.
    #[serde(flatten)]
    pub about: About,
    /// What came of each step.
    pub steps: Vec<StepReport>,
    /// The highest sustained rate, if it was searched for.
    pub highest: Option<Highest>,
    /// What happened to nodes.
    pub chaos: Vec<ChaosEvent>,
    /// Where everything is recorded.
    pub recorded: RecordsReport,
    /// Promises proved.
    pub proof: ProofReport,
    /// Frontends compared.
    pub views: ViewsReport,
    /// What no log may do.
    pub faults: FaultsReport,
    /// Whether the load was ended early.
    pub stopped: bool,
}

/// What was run against what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// [`VERSION`].
    pub version: u32,
    /// The version of this program.
    pub program: &'static str,
    /// When it began.
    pub started: Timestamp,
    /// What the log is called.
    pub log: String,
    /// Base64 of its ID.
    pub log_id: String,
    /// Its frontends.
    pub urls: Vec<String>,
    /// Its maximum merge delay, if it is known.
    pub mmd_seconds: Option<u64>,
    /// Processors of the machine that the hammer ran on.
    pub processors: usize,
    /// What it was told.
    pub settings: Settings,
}

/// What a run was told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// The mix.
    pub mix: String,
    /// How requests were spread, in an open loop.
    pub pace: Pace,
    /// The seed.
    pub seed: u64,
    /// Seconds of each step that were not measured.
    pub warmup_seconds: f64,
    /// Seconds of each step that were.
    pub duration_seconds: f64,
    /// Most requests at once, in an open loop.
    pub in_flight: usize,
    /// Longest wait for one answer.
    pub timeout_seconds: f64,
}

/// The search for the highest sustained rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Highest {
    /// What it means that a rate is sustained.
    pub definition: String,
    /// The highest that was.
    pub rate: Option<Rate>,
    /// Workers of the closed loop that made the first guess.
    pub workers: u16,
    /// What they achieved, per second.
    pub closed_loop_per_second: f64,
    /// Every rate that was tried.
    pub tries: Vec<Try>,
}

/// A rate that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Try {
    /// The rate.
    pub rate: Rate,
    /// Why it was not sustained; nothing if it was.
    pub shortfall: Option<Shortfall>,
    /// How long SCTs took.
    pub sct_latency: Option<Percentiles>,
}

/// The records of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordsReport {
    /// The file.
    pub path: PathBuf,
    /// Lines that are on disk.
    pub lines: u64,
}

/// What no log may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultsReport {
    /// How often something was.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Fault>,
}

/// What came of proving an earlier run's promises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reproof {
    /// The records.
    pub records: RecordsReport,
    /// Lines in them that a crash had cut off.
    pub torn: usize,
    /// Promises proved.
    pub proof: ProofReport,
    /// Frontends compared, now and then.
    pub views: ViewsReport,
    /// What no log may do.
    pub faults: FaultsReport,
}

impl About {
    pub(crate) fn new(log: &Log, plan: &Plan, started: Timestamp) -> Self {
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION"),
            started,
            log: log.name().to_owned(),
            log_id: STANDARD.encode(log.log_id()),
            urls: log.urls().iter().map(ToString::to_string).collect(),
            mmd_seconds: plan.mmd.map(|mmd| mmd.as_secs()),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            settings: Settings {
                mix: plan.mix.to_string(),
                pace: plan.pace,
                seed: plan.seed,
                warmup_seconds: plan.warmup.as_secs_f64(),
                duration_seconds: plan.duration.as_secs_f64(),
                in_flight: plan.in_flight,
                timeout_seconds: plan.timeout.as_secs_f64(),
            },
        }
    }
}

impl Highest {
    pub(crate) fn new(definition: Definition, workers: u16, closed_loop_per_second: f64) -> Self {
        let definition = definition.to_string();
        Self { definition, rate: None, workers, closed_loop_per_second, tries: Vec::new() }
    }
}

impl FaultsReport {
    pub(crate) fn of(faults: &Faults) -> Self {
        Self { count: faults.count(), first: faults.told() }
    }
}

impl Report {
    /// Whether the log did nothing that no log may do. Errors and refusals under load are no faults.
    pub const fn is_good(&self) -> bool {
        self.faults.count == 0
    }

    /// Whether the goal was a search that found nothing.
    pub fn found_nothing(&self, goal: &Goal) -> bool {
        matches!(goal, Goal::Highest { .. }) && self.highest.as_ref().is_none_or(|found| found.rate.is_none())
    }
}
