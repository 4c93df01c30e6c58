//! One run of the monitor over one log, and all that it told.

use client::evidence::Evidence;
use client::{Limits, Log, Manners, Patience, UserAgent};
use liar::Liar;
use monitor::finding::Severity;
use monitor::names::WatchList;
use monitor::state::{Output, Position, State};
use monitor::{
    Claims, Command, Ending, Monitor, News, Observer, Orders, Settings, Stride, Subject, Summary, Until,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A directory in which a monitor keeps its state, and how it is to work.
pub struct Bench {
    pub dir: TempDir,
    pub settings: Settings,
    pub limits: Limits,
    pub patterns: Vec<&'static str>,
    pub mmd: Option<Duration>,
    pub contact: Option<&'static str>,
    pub command: Option<String>,
}

/// What came of a run.
pub struct Run {
    /// The name of the finding that ended it, and how bad it is; nothing if it caught up.
    pub ended: Option<(&'static str, Severity)>,
    /// The finding's text.
    pub text: String,
    /// Its evidence.
    pub evidence: Option<PathBuf>,
    /// The verdict on that, by itself alone.
    pub verdict: Option<&'static str>,
    /// The names of all findings told on the way, in order.
    pub told: Vec<&'static str>,
    pub summary: Summary,
    /// All lines ever written.
    pub lines: Vec<String>,
}

impl Bench {
    /// Follows until it has caught up; does not wait long for anything, and never gives up.
    pub fn new() -> Self {
        let patience = Patience {
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            ..Patience::default()
        };
        let settings = Settings {
            until: Until::CaughtUp,
            second_look: Duration::ZERO,
            stride: Stride { entries: 7, ..Stride::default() },
            patience,
            ..Settings::default()
        };
        Self {
            dir: tempfile::tempdir().unwrap(),
            settings,
            limits: Limits::default(),
            patterns: vec!["."],
            mmd: None,
            contact: None,
            command: None,
        }
    }

    /// Gives up at the first failure.
    pub fn impatient(mut self) -> Self {
        self.settings.give_up = Some(Duration::ZERO);
        self
    }

    pub fn out(&self) -> PathBuf {
        self.dir.path().join("out.jsonl")
    }

    /// A monitor of this log; what it tells goes to `told`.
    pub fn monitor(&self, liar: &Liar, told: &Told) -> Monitor {
        self.monitor_of(vec![subject(liar, self.mmd)], told)
    }

    pub fn monitor_of(&self, subjects: Vec<Subject>, told: &Told) -> Monitor {
        // It can only be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let state = State::open(self.dir.path(), Output::to_file(&self.out()).unwrap()).unwrap();
        let user_agent = self
            .contact
            .map_or_else(UserAgent::anonymous, |contact| UserAgent::with_contact(contact).unwrap());
        let manners = Manners { user_agent, limits: self.limits, patience: self.settings.patience };
        let orders = Orders {
            watched: WatchList::new(self.patterns.iter().map(|text| text.parse().unwrap())),
            command: self.command.clone().map(|text| Command::new(text, Duration::from_secs(60))),
        };
        let observer: Arc<dyn Observer> = Arc::new(told.clone());
        Monitor::new(subjects, &orders, self.settings, &manners, state, &observer).unwrap()
    }

    /// Follows one log to the end.
    pub fn run(&self, liar: &Liar) -> Run {
        let told = Told::default();
        self.run_with(liar, &told, Claims::default())
    }

    /// Follows one log to the end, then checks what others have seen.
    pub fn check(&self, liar: &Liar, claims: Claims) -> Run {
        self.run_with(liar, &Told::default(), claims)
    }

    pub fn run_with(&self, liar: &Liar, told: &Told, claims: Claims) -> Run {
        self.run_of(Subject { claims, ..subject(liar, self.mmd) }, told)
    }

    pub fn run_of(&self, subject: Subject, told: &Told) -> Run {
        let monitor = self.monitor_of(vec![subject], told);
        let runtime = runtime();
        let mut endings = runtime.block_on(monitor.run());
        let summary = runtime.block_on(monitor.summaries()).unwrap().remove(0);
        assert_eq!(endings.len(), 1);
        let (ended, text, evidence) = match endings.remove(0).1 {
            Ending::CaughtUp => (None, String::new(), None),
            Ending::Finding(finding) => {
                (Some((finding.name, finding.severity)), finding.text, finding.evidence)
            }
            Ending::State(error) => panic!("{error}"),
        };
        let verdict = evidence.as_ref().map(|path: &PathBuf| Evidence::read(path).unwrap().verdict().name());
        Run { ended, text, evidence, verdict, told: told.names(), summary, lines: lines(&self.out()) }
    }
}

impl Run {
    /// That nothing was wrong.
    pub fn assert_well(&self) {
        assert_eq!((self.ended, self.told.as_slice()), (None, &[][..]), "{}", self.text);
    }

    pub fn position(&self) -> &Position {
        self.summary.position.as_ref().unwrap()
    }
}

/// The log, at all its frontends.
pub fn subject(liar: &Liar, mmd: Option<Duration>) -> Subject {
    let urls = liar.urls().iter().map(|url| client::log::base_url(url).unwrap()).collect();
    let key = client::log::key(&liar.key_base64()).unwrap();
    Subject { log: Log::new("liar".to_owned(), urls, key).unwrap(), mmd, claims: Claims::default() }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// Everything that was told.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Vec<&'static str>>>, Option<Arc<dyn Fn() + Send + Sync>>);

impl Told {
    /// Does something at each finding.
    pub fn and_then(act: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::default(), Some(Arc::new(act)))
    }

    /// The names of the findings.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Told {
    fn tell(&self, _log: usize, news: News<'_>) {
        if let News::Finding(finding) = news {
            self.0.lock().unwrap().push(finding.name);
            self.1.iter().for_each(|act| act());
        }
    }
}
