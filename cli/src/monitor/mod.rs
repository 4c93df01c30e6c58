//! `wolffish monitor`: logs followed for as long as it runs, everything verified, matches written.

mod claims;
mod show;
mod subjects;
mod watched;

use crate::failure::Failure;
use crate::span;
use ::monitor::finding::Severity;
use ::monitor::state::{Output, State, StateError};
use ::monitor::{Command, Ending, Monitor, MonitorError, Observer, Orders, Settings, Start, Stride, Until};
use clap::ArgAction;
use client::{Manners, Patience, UserAgent};
use node::shutdown::on_signals;
use show::Show;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The shortest pause between two looks at a tree head.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// How long a log may fail in a run that is to end.
const ONCE_GIVES_UP: Duration = Duration::from_secs(120);

/// Follow logs: verify every tree head, every proof and every entry, and tell of certificates for watched names
#[derive(Debug, Clone, clap::Args)]
pub struct MonitorArgs {
    #[command(flatten)]
    pub subjects: subjects::SubjectArgs,
    /// Directory that keeps what is known of the logs; the next run goes on from there
    #[arg(long, value_name = "DIR", default_value = "wolffish-monitor")]
    pub state: PathBuf,
    /// Tell of certificates for example.com (also by a wildcard), .example.com (with all below it), *.example.com (that wildcard itself), an IP address, or . (all)
    #[arg(long, value_name = "NAME")]
    pub watch: Vec<String>,
    /// A file with such names, one a line
    #[arg(long, value_name = "FILE")]
    pub watch_file: Vec<PathBuf>,
    /// Append matches to FILE, each exactly once, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Run COMMAND with the shell for each match, which it reads from its standard input; at least once
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// How long COMMAND may take
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = span::parse)]
    pub exec_time: Duration,
    /// End when all entries that the logs show at the start were read
    #[arg(long)]
    pub once: bool,
    /// Begin a log that was never read behind its last entry, not at its first
    #[arg(long)]
    pub from_now: bool,
    /// Pause between two looks at a tree head, at least 1s
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = pause)]
    pub poll: Duration,
    /// Most requests at a time, for each log
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Prove what was read, and put it on record, after so many entries
    #[arg(long, value_name = "ENTRIES", default_value_t = Stride::default().entries, value_parser = clap::value_parser!(u64).range(1..))]
    pub stride: u64,
    /// Give up a log that has failed for so long [default: never; 2m with --once]
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub give_up: Option<Duration>,
    /// Your e-mail address or URL, for the logs' operators to write to
    #[arg(long, value_name = "CONTACT")]
    pub contact: Option<String>,
    /// Afterwards, check every promise and tree head in FILE, as `wolffish hammer` records them
    #[arg(long, value_name = "FILE", requires = "once", action = ArgAction::Append)]
    pub check: Vec<PathBuf>,
}

/// Follows until done or interrupted; a failure if a log was found to be broken.
pub async fn run(args: MonitorArgs) -> Result<(), Failure> {
    let mut subjects = args.subjects.resolve()?;
    claims::add(&mut subjects, &args.check)?;
    let orders = Orders {
        watched: watched::read(&args.watch, &args.watch_file)?,
        command: args.exec.clone().map(|text| Command::new(text, args.exec_time)),
    };
    let names = subjects.iter().map(|subject| subject.log.name().to_owned()).collect();
    let show = Arc::new(Show::new(names));
    let state = State::open(&args.state, args.output(&show)?)?;
    let observer: Arc<dyn Observer> = Arc::clone(&show) as _;
    let settings = args.settings();
    let manners = args.manners(settings.patience)?;
    let monitor = Monitor::new(subjects, &orders, settings, &manners, state, &observer)?;
    let stop = on_signals().map_err(Failure::io("listen for signals"))?;
    let endings = tokio::select! {
        endings = monitor.run() => endings,
        () = stop.cancelled() => Vec::new(),
    };
    show.end();
    let summaries = monitor.summaries().await?;
    summaries.iter().for_each(show::summary);
    judge(endings, show.broken(), summaries.iter().map(|summary| summary.disputed.len()).sum())
}

impl MonitorArgs {
    fn settings(&self) -> Settings {
        Settings {
            start: if self.from_now { Start::Now } else { Start::Beginning },
            until: if self.once { Until::CaughtUp } else { Until::Forever },
            poll: self.poll,
            requests: usize::from(self.concurrency),
            stride: Stride { entries: self.stride, ..Stride::default() },
            give_up: self.give_up.or(self.once.then_some(ONCE_GIVES_UP)),
            ..Settings::default()
        }
    }

    fn manners(&self, patience: Patience) -> Result<Manners, Failure> {
        let user_agent = match &self.contact {
            Some(contact) => UserAgent::with_contact(contact)
                .map_err(|error| Failure::Usage(format!("--contact: {error}")))?,
            None => UserAgent::anonymous(),
        };
        Ok(Manners { user_agent, patience, ..Manners::default() })
    }

    fn output(&self, show: &Arc<Show>) -> Result<Output, Failure> {
        Ok(match (&self.output, &self.exec) {
            (Some(path), _) => Output::to_file(path)?,
            (None, Some(_)) => Output::None,
            (None, None) => Output::Stream(Box::new(show.beside())),
        })
    }
}

/// A log is nobody's to be asked without a pause.
fn pause(text: &str) -> Result<Duration, String> {
    span::at_least(LEAST_PAUSE, span::parse(text)?)
}

/// The worst of all ends.
fn judge(endings: Vec<(usize, Ending)>, mut bad: BTreeSet<usize>, disputed: usize) -> Result<(), Failure> {
    let mut unreached = 0;
    for (number, ending) in endings {
        match ending {
            // Whoever read along has gone, and knows it.
            Ending::State(error) if error.is_broken_pipe() => return Ok(()),
            Ending::State(error) => return Err(error.into()),
            Ending::Finding(finding) if finding.severity == Severity::Trouble => unreached += 1,
            Ending::Finding(_) => drop(bad.insert(number)),
            Ending::CaughtUp => {}
        }
    }
    let bad = bad.len();
    if bad > 0 {
        return Err(Failure::Check(format!("logs that are not what they should be: {bad}")));
    }
    if disputed > 0 {
        return Err(Failure::Check(format!("tree heads on record that contradict the others: {disputed}")));
    }
    if unreached > 0 {
        return Err(Failure::Io(format!("logs given up: {unreached}")));
    }
    Ok(())
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let text = error.to_string();
        match error {
            StateError::Locked { .. } | StateError::Format { .. } => Failure::Usage(text),
            StateError::Io { .. }
            | StateError::Sql { .. }
            | StateError::Row { .. }
            | StateError::Root { .. } => Failure::Io(text),
        }
    }
}

impl From<MonitorError> for Failure {
    fn from(error: MonitorError) -> Self {
        match error {
            MonitorError::State(error) => error.into(),
            MonitorError::Setup(error) => Failure::Internal(error.to_string()),
        }
    }
}
