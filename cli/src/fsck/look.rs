//! One directory, looked through from front to back.

use super::find::{Kind, Store};
use super::heads::{self, Heads};
use crate::failure::Failure;
use crate::progress::Progress;
use ct::index::TreeSize;
use ct::names::Role;
use ct::sth::Sth;
use std::fmt::Display;
use store::check::Check;
use store::list::{ListCheck, ListOptions};
use store::log::{ClosedLog, Damage, LogCheck, StoreOptions};
use store::{Finding, Place, StoreError, node_state};

/// What was found in one directory.
#[derive(Debug)]
pub struct Report {
    /// Which.
    pub store: Store,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// Of a log: its length and the newest STH that it was held against.
    pub log: Option<LogReport>,
}

/// What is known of a log after a check.
#[derive(Debug, Default)]
pub struct LogReport {
    /// Entries.
    pub len: TreeSize,
    /// The newest STH of those that are in the state.
    pub signed: Option<Sth>,
    /// What could be put right.
    pub damage: Damage,
}

impl Store {
    /// What a person calls it.
    pub fn name(&self) -> String {
        match (&self.node, &self.log) {
            (Some(node), Some(log)) => format!("{node} {log}"),
            (Some(node), None) => node.to_string(),
            (None, _) => self.dir.display().to_string(),
        }
    }
}

/// Checks one directory; `tell` is called for each fault.
pub fn check(store: &Store, tell: impl Fn(&dyn Display)) -> Result<Report, Failure> {
    let mut report = Report { store: store.clone(), findings: Vec::new(), log: None };
    let done = match store.kind {
        Kind::Log => log(store, &mut report, &tell),
        Kind::List => ListCheck::closed(&store.dir, &ListOptions::default())
            .map(|mut pass| walk(&mut pass, &mut report, &tell)),
        Kind::State => state(store).map(|findings| add(&mut report, findings, None, &tell)),
    };
    match done {
        Ok(()) => {}
        Err(StoreError::Locked { dir }) => {
            let text = format!("{} is in use: stop {} first", dir.display(), store.name());
            return Err(Failure::Usage(text));
        }
        Err(error) => {
            let finding = Finding::unreadable(&store.dir, &error);
            add(&mut report, vec![finding], None, &tell);
        }
    }
    Ok(report)
}

/// Every row of a state, and whether a storage node would understand them.
fn state(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let mut findings = node_state::check(&store.dir)?;
    if findings.is_empty()
        && store.role == Some(Role::Storage)
        && let Err(error) = storage::state::check(&store.dir)
    {
        findings.push(Finding {
            path: store.dir.join("state.db"),
            place: Place::File,
            what: "contents".to_owned(),
            expected: "what the node wrote".to_owned(),
            found: error.to_string(),
        });
    }
    Ok(findings)
}

fn log(store: &Store, report: &mut Report, tell: &dyn Fn(&dyn Display)) -> Result<(), StoreError> {
    let log = ClosedLog::open(&store.dir, &StoreOptions::default())?;
    let len = log.len()?;
    let Heads { known, mut signed, wrong } = heads::read(&log, store.key.as_ref())?;
    let path = store.dir.join("log.db");
    let wrong = wrong.into_iter().map(|(key, error)| Finding {
        path: path.clone(),
        place: Place::Row { table: "state", row: key.to_owned() },
        what: "contents".to_owned(),
        expected: "what the node wrote".to_owned(),
        found: error,
    });
    add(report, wrong.collect(), None, tell);
    signed.sort_by_key(|sth| sth.head.tree_size);
    let mut pass = LogCheck::closed(log, known)?;
    walk(&mut pass, report, tell);
    report.log = Some(LogReport { len, signed: signed.pop(), damage: pass.damage() });
    Ok(())
}

fn walk(pass: &mut dyn Check, report: &mut Report, tell: &dyn Fn(&dyn Display)) {
    const MIB: u64 = 1 << 20;
    let mut progress = Progress::new("MiB", pass.total() / MIB);
    let mut done = 0;
    while let Some(step) = pass.step() {
        done += step.bytes;
        progress.at(done / MIB);
        add(report, step.findings, Some(&progress), tell);
    }
}

fn add(
    report: &mut Report,
    findings: Vec<Finding>,
    progress: Option<&Progress>,
    tell: &dyn Fn(&dyn Display),
) {
    for finding in findings {
        let line = format!("{}: {finding}", report.store.name());
        match progress {
            Some(progress) => progress.around(|| tell(&line)),
            None => tell(&line),
        }
        report.findings.push(finding);
    }
}
