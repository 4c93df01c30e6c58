//! What `wolffish hammer` is told.

use super::NodeChaos;
use super::consent::Consent;
use super::nodes::Nodes;
use crate::failure::Failure;
use crate::span;
use crate::target::{Target, TargetArgs, read_key};
use crate::upfile::DEFAULT_DIR;
use ::hammer::chains::KeyKind;
use ::hammer::chaos::{Act, Chaos, ChaosPlan, Victims};
use ::hammer::mix::Mix;
use ::hammer::records::RunLine;
use ::hammer::schedule::{Pace, Rate};
use ::hammer::{Goal, Plan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest span that any of these may be.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The rate, where nothing is said of the load.
const DEFAULT_RATE: f64 = 50.0;
/// How long a node may take to come back.
const BACK_WITHIN: Duration = Duration::from_secs(90);

/// Put load on a log, open or closed loop; verify and record every SCT, and prove afterwards that each is kept
#[derive(Debug, Clone, clap::Args)]
pub struct HammerArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    /// The log is mine to load: needed for any that is not on this machine
    #[arg(long)]
    pub i_operate_this_log: bool,
    /// Open loop: N requests a second, whatever becomes of them, each timed from its intended start; several rates run one
    /// after the other [default: 50]
    #[arg(long, visible_alias = "rates", value_name = "N,…", value_delimiter = ',', conflicts_with_all = ["workers", "find_max"])]
    pub rate: Vec<Rate>,
    /// Closed loop: N workers, each of which waits for an answer before it asks again; with --find-max, those that make the
    /// first guess [default: 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Search for the highest rate that is sustained
    #[arg(long)]
    pub find_max: bool,
    /// Then run these percentages of it
    #[arg(long, value_name = "P,…", value_delimiter = ',', requires = "find_max", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub sweep: Vec<u8>,
    /// The bound on the 99th percentile of SCT latency that makes a rate sustained
    #[arg(long, value_name = "SPAN", default_value = "250ms", value_parser = bounded)]
    pub p99: Duration,
    /// How long each load is measured, at least 100ms
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = measured)]
    pub duration: Duration,
    /// How long each load runs before it is measured
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = bounded)]
    pub warmup: Duration,
    /// What is asked, and how often: add-chain, add-pre-chain, resubmit, get-sth, consistency, proof, entries [default: a
    /// little of everything; with --find-max add-chain=1,add-pre-chain=1]
    #[arg(long, value_name = "OPERATION=WEIGHT,…")]
    pub mix: Option<Mix>,
    /// How the requests of an open loop are spread: at random as from many clients, or evenly
    #[arg(long, value_enum, default_value_t = PaceArg::Poisson)]
    pub pace: PaceArg,
    /// Decides the times, the operations, and the order of chaos
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Most requests under way in an open loop; those beyond wait, and their waiting counts
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..))]
    pub in_flight: u16,
    /// Longest wait for one answer, at least 1ms
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = waited)]
    pub timeout: Duration,
    /// Kinds of keys of the certificates that the test CA issues: P-256, RSA-2048, P-384, Ed25519
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', default_values = ["P-256", "RSA-2048", "P-384"])]
    pub keys: Vec<KeyKind>,
    /// Submit these chains, and none of the test CA: PEM (leaf first) or DER files, or directories of them
    #[arg(long, value_name = "FILE|DIR")]
    pub chains: Vec<PathBuf>,
    /// Most chains that a closed loop submits
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=::hammer::chains::MAX_STOCK))]
    pub stock: u64,
    /// Most entries that a follower asks for at once
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub page: u64,
    /// The log's maximum merge delay, where --dir does not know it
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub mmd: Option<Duration>,
    /// How long the log is waited for, after each load, to publish what it promised
    #[arg(long, value_name = "SPAN", default_value = "20s", value_parser = bounded)]
    pub settle: Duration,
    /// How long promises are tried to be proved at the end
    #[arg(long, value_name = "SPAN", default_value = "5m", value_parser = bounded)]
    pub prove_within: Duration,
    /// Where every promise and tree head is recorded [default: hammer-LOG.jsonl in --dir, or hammer.jsonl]
    #[arg(long, value_name = "FILE")]
    pub records: Option<PathBuf>,
    /// Where evidence is kept [default: beside the records]
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Prove the promises in these records of an earlier run, and load nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rate", "workers", "find_max", "records", "chaos", "svg"])]
    pub prove: Option<PathBuf>,
    /// Kill and stop nodes of the cluster in --dir during the load, one at a time: all, or names with commas between them
    #[arg(long, value_name = "all|NODE,…")]
    pub chaos: Option<Victims>,
    /// Pause before the first, and after the return of each
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = bounded, requires = "chaos")]
    pub chaos_every: Duration,
    /// How long a stopped node stands still
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = bounded, requires = "chaos")]
    pub chaos_stop: Duration,
    /// What is done to nodes
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["kill", "stop"], requires = "chaos")]
    pub chaos_act: Vec<ActArg>,
    /// Draw SCT latency against offered rate
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// How requests are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PaceArg {
    /// All gaps are equal
    Even,
    /// As from many clients that know nothing of each other
    Poisson,
}

/// What is done to nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ActArg {
    /// SIGKILL; `up` starts it again
    Kill,
    /// SIGSTOP for a while, then SIGCONT
    Stop,
}

impl HammerArgs {
    /// Whether the log may be loaded wherever it is.
    pub fn consent(&self) -> Consent {
        if self.i_operate_this_log { Consent::Given } else { Consent::NotGiven }
    }

    /// The whole plan against this log.
    pub fn plan(&self, target: &Target) -> Result<Plan, Failure> {
        let goal = self.goal()?;
        let searching = matches!(goal, Goal::Highest { .. });
        let usual = || if searching { Mix::submissions() } else { Mix::default() };
        let records = self.records.clone().unwrap_or_else(|| self.default_records(target));
        let evidence = self.evidence_beside(&records);
        Ok(Plan {
            goal,
            mix: self.mix.clone().unwrap_or_else(usual),
            pace: match self.pace {
                PaceArg::Even => Pace::Even,
                PaceArg::Poisson => Pace::Poisson,
            },
            warmup: self.warmup,
            duration: self.duration,
            settle: self.settle,
            in_flight: usize::from(self.in_flight),
            seed: self.seed,
            timeout: self.timeout,
            page: self.page,
            mmd: self.mmd.or(target.mmd),
            prove_within: self.prove_within,
            stock: self.stock,
            records,
            evidence,
        })
    }

    fn goal(&self) -> Result<Goal, Failure> {
        const WORKERS: u16 = 32;
        Ok(match self.workers {
            workers if self.find_max => {
                let workers = workers.unwrap_or(WORKERS);
                Goal::Highest { p99: self.p99, sweep: self.sweep.clone(), workers }
            }
            Some(workers) => Goal::Workers(workers),
            None if !self.rate.is_empty() => Goal::Rates(self.rate.clone()),
            None => {
                let rate = Rate::new(DEFAULT_RATE).map_err(|error| Failure::Usage(error.to_string()))?;
                Goal::Rates(vec![rate])
            }
        })
    }

    /// What is to happen to nodes, if anything is.
    pub fn chaos(&self) -> Result<Option<NodeChaos>, Failure> {
        let Some(victims) = &self.chaos else { return Ok(None) };
        let cluster = Nodes::new(self.dir())?;
        let act = |act: &ActArg| match act {
            ActArg::Kill => Act::Kill,
            ActArg::Stop => Act::Stop,
        };
        let plan = ChaosPlan {
            victims: victims.clone(),
            acts: self.chaos_act.iter().map(act).collect(),
            every: self.chaos_every,
            stop: self.chaos_stop,
            back_within: BACK_WITHIN,
            seed: self.seed,
        };
        // A name that is not there is said now, and not in the middle of a run.
        plan.check(&cluster).map_err(|why| Failure::Usage(format!("--chaos: {why}")))?;
        Ok(Some(Chaos { cluster, plan }))
    }

    /// The log that records speak of, at the URLs given here, or else at those of the records.
    pub fn recorded_log(&self, run: &RunLine) -> Result<Log, Failure> {
        let urls = if self.target.urls.is_empty() { &run.urls } else { &self.target.urls };
        let bad = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        let urls = urls.iter().map(|url| client::log::base_url(url)).collect::<Result<Vec<_>, _>>();
        let key = ct::key::LogKey::from_spki(&run.key.0).map_err(|error| bad(&error))?;
        if let Some(text) = &self.target.key
            && read_key(text)? != key
        {
            return Err(Failure::Usage(format!(
                "--key {text:?}: the records are of the log {}",
                STANDARD.encode(key.log_id())
            )));
        }
        let urls = urls.map_err(|error| bad(&error))?;
        Log::new("log of the records".to_owned(), urls, key).map_err(|error| bad(&error))
    }

    /// Refuses a drawing that could not be made, before hours of load and not after.
    pub fn check_svg(&self) -> Result<(), Failure> {
        let Some(path) = &self.svg else { return Ok(()) };
        let bad = |why: &dyn std::fmt::Display| Failure::Io(format!("--svg {}: {why}", path.display()));
        if path.is_dir() {
            return Err(bad(&"it is a directory"));
        }
        ::hammer::evidence::usable(beside(path)).map_err(|error| bad(&error))
    }

    /// The directory for evidence.
    pub fn evidence_beside(&self, records: &Path) -> PathBuf {
        self.evidence.clone().unwrap_or_else(|| beside(records).to_owned())
    }

    fn dir(&self) -> &Path {
        self.target.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR))
    }

    fn default_records(&self, target: &Target) -> PathBuf {
        match target.test_ca {
            Some(_) => self.dir().join(format!("hammer-{}.jsonl", target.log.name())),
            None => PathBuf::from("hammer.jsonl"),
        }
    }
}

/// The directory of a file.
fn beside(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Less is no measurement.
fn measured(text: &str) -> Result<Duration, String> {
    span::at_least(Duration::from_millis(100), bounded(text)?)
}

/// Less is no time for any answer.
fn waited(text: &str) -> Result<Duration, String> {
    span::at_least(Duration::from_millis(1), bounded(text)?)
}

fn bounded(text: &str) -> Result<Duration, String> {
    let span = span::parse(text)?;
    if span > LONGEST { Err(format!("longer than {}", span::show(LONGEST))) } else { Ok(span) }
}
