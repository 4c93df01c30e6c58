//! What the repair process keeps of a log: the newest certificate, and the run, under way or over. A run that is over, or
//! one that was refused, stands in the way of the next until a person rearms (docs/protocol.md, R8).
//!
//! `state.db` has the keys `certificate`, `run` and `refused`. A crash leaves the state of one commit or of the next.

use crate::machine::Write;
use crate::plan::NoPlan;
use crate::run::Run;
use ct::term::{CertificateError, Guard, TermCertificate, Trust};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use store::StoreError;
use store::node_state::StateDb;

const CERTIFICATE: &str = "certificate";
const RUN: &str = "run";
const REFUSED: &str = "refused";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk; or there is none; or another repair is at work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what was written.
    #[error("{dir}: state row {key:?}: {error}", dir = dir.display())]
    Json {
        /// Where.
        dir: PathBuf,
        /// Which row.
        key: &'static str,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// There is no certificate.
    #[error("{dir}: state row {CERTIFICATE:?} is missing: init was cut short", dir = dir.display())]
    Missing {
        /// Where.
        dir: PathBuf,
    },
    /// The certificate is not of this log, or not from the configured repair key.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Another repair was first.
    #[error("another repair has begun term {term} meanwhile: look again")]
    Overtaken {
        /// Which.
        term: ct::index::Term,
    },
    /// There is a run that goes on by itself.
    #[error("{dir}: the run for term {term} is unfinished; it goes on when merge-repair runs", dir = dir.display())]
    Unfinished {
        /// Where.
        dir: PathBuf,
        /// For which term.
        term: ct::index::Term,
    },
}

/// Makes the state of a log in `dir`, deliberately and once.
///
/// # Errors
/// [`StoreError::Exists`] if there is one; I/O errors.
pub fn create(dir: &Path, certificate: &TermCertificate) -> Result<(), StateError> {
    let text = json(certificate);
    StateDb::create(dir)?.commit(&[(CERTIFICATE, Some(text.as_str()))])?;
    Ok(())
}

/// Whether a run may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Armed {
    /// It may.
    Yes,
    /// One is under way.
    UnderWay(Box<Run>),
    /// One is over, or was refused; here is what came of it.
    Spent(String),
}

/// The state of a log, open: nobody else repairs it meanwhile.
pub struct State {
    db: StateDb,
    dir: PathBuf,
    guard: Guard,
}

impl State {
    /// Opens what [`create`] made.
    ///
    /// # Errors
    /// As the variants of [`StateError`] say.
    pub fn open(dir: &Path, trust: Trust) -> Result<Self, StateError> {
        let db = StateDb::open(dir)?;
        let certificate: TermCertificate =
            read(&db, dir, CERTIFICATE)?.ok_or_else(|| StateError::Missing { dir: dir.to_owned() })?;
        certificate.check_signed(&trust)?;
        Ok(Self { db, dir: dir.to_owned(), guard: Guard::new(trust, certificate) })
    }

    /// The newest certificate.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Whether a run may begin.
    ///
    /// # Errors
    /// A row that is not what was written.
    pub fn armed(&self) -> Result<Armed, StateError> {
        if let Some(refused) = read::<NoPlan>(&self.db, &self.dir, REFUSED)? {
            return Ok(Armed::Spent(refused.to_string()));
        }
        let Some(run) = read::<Run>(&self.db, &self.dir, RUN)? else { return Ok(Armed::Yes) };
        Ok(match run.outcome() {
            Some(outcome) => Armed::Spent(outcome.to_string()),
            None => Armed::UnderWay(Box::new(run)),
        })
    }

    /// Makes the writes of a step durable.
    ///
    /// # Errors
    /// The disk; nothing that was decided may be done then.
    pub fn commit(&mut self, writes: &[Write]) -> Result<(), StateError> {
        if writes.is_empty() {
            return Ok(());
        }
        let row = |write: &Write| match write {
            Write::Run(run) => (RUN, json(run)),
            Write::Certificate(certificate) => (CERTIFICATE, json(certificate)),
        };
        let texts: Vec<_> = writes.iter().map(row).collect();
        let rows: Vec<_> = texts.iter().map(|(key, text)| (*key, Some(text.as_str()))).collect();
        Ok(self.db.commit(&rows)?)
    }

    /// Keeps the reason for which nothing was stopped.
    ///
    /// # Errors
    /// The disk.
    pub fn refuse(&mut self, reason: &NoPlan) -> Result<(), StateError> {
        Ok(self.db.commit(&[(REFUSED, Some(json(reason).as_str()))])?)
    }

    /// Puts a run in the place of whatever there was, with its certificate, in one step.
    ///
    /// # Errors
    /// The disk.
    pub fn replace(&mut self, certificate: &TermCertificate, run: &Run) -> Result<(), StateError> {
        let (certificate, run) = (json(certificate), json(run));
        let rows = [(CERTIFICATE, Some(certificate.as_str())), (RUN, Some(run.as_str())), (REFUSED, None)];
        Ok(self.db.commit(&rows)?)
    }

    /// A person allows another run.
    ///
    /// # Errors
    /// [`StateError::Unfinished`]: that run goes on, and there is nothing to be allowed.
    pub fn rearm(&mut self) -> Result<(), StateError> {
        if let Armed::UnderWay(run) = self.armed()? {
            return Err(StateError::Unfinished { dir: self.dir.clone(), term: run.plan.term });
        }
        Ok(self.db.commit(&[(RUN, None), (REFUSED, None)])?)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys only, so they have a JSON form")
}

fn read<T: DeserializeOwned>(db: &StateDb, dir: &Path, key: &'static str) -> Result<Option<T>, StateError> {
    let Some(text) = db.get(key)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| StateError::Json {
        dir: dir.to_owned(),
        key,
        error,
    })
}
