//! What the log must not do, under any load.

use crate::pulse::Pulse;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are told in full. All are counted.
pub(crate) const TOLD: usize = 100;

/// Something that no log may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A short name: those of [`client::ClientError::name`], of [`crate::views::Contradiction`], and `broken-promise`,
    /// `late-promise`, `unproven-promise`, `unproven-consistency`, `wrong-root`, `no-entry`, `no-chaos`, `node-not-back`.
    pub kind: &'static str,
    /// What happened, where.
    pub text: String,
    /// The file that proves it to others, where one can.
    pub evidence: Option<PathBuf>,
    /// How often it was seen.
    pub times: u64,
}

/// Faults as they are found, by many at a time.
#[derive(Debug)]
pub struct Faults {
    pulse: Arc<Pulse>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    count: u64,
    told: Vec<Fault>,
}

impl Faults {
    /// None yet. Each is said aloud when it is found.
    pub fn new(pulse: Arc<Pulse>) -> Self {
        Self { pulse, inner: Mutex::default() }
    }

    /// Adds one.
    pub fn add(&self, kind: &'static str, text: impl Into<String>, evidence: Option<PathBuf>) {
        let mut inner = self.inner();
        inner.count += 1;
        if inner.told.len() < TOLD {
            let text = text.into();
            self.pulse.say(format!("FAULT {kind}: {text}"));
            inner.told.push(Fault { kind, text, evidence, times: 1 });
        }
    }

    /// Counts one that was added before, in these words.
    pub fn again(&self, kind: &'static str, text: &str) {
        let mut inner = self.inner();
        inner.count += 1;
        if let Some(known) =
            inner.told.iter_mut().find(|known| known.kind == kind && known.text.starts_with(text))
        {
            known.times += 1;
        }
    }

    /// Adds one, with the file that was or could not be kept of it.
    pub fn add_kept(&self, kind: &'static str, text: String, kept: Result<Option<PathBuf>, String>) {
        match kept {
            Ok(evidence) => self.add(kind, text, evidence),
            Err(error) => self.add(kind, format!("{text} (its evidence could not be kept: {error})"), None),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.inner().count
    }

    /// The first of them.
    pub fn told(&self) -> Vec<Fault> {
        self.inner().told.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
