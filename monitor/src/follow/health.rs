//! How a part of a log fares: when to speak of trouble, how long to wait, when to give up.

use super::{Follow, Stop};
use crate::finding::Finding;
use crate::news::News;
use crate::pace::LONGEST_ASKED;
use client::ClientError;
use std::time::Duration;
use tokio::time::Instant;

/// A finding that may pass, and the pause that the log asked for.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) finding: Finding,
    pub(crate) asked: Option<Duration>,
}

impl Trouble {
    pub(crate) const fn new(finding: Finding) -> Self {
        Self { finding, asked: None }
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self { finding: Finding::from(&error), asked: error.retry_after() }
    }
}

/// How something fares.
#[derive(Debug, Default)]
pub(crate) struct Health {
    ill_since: Option<Instant>,
    failures: u32,
    told: Option<&'static str>,
}

impl Health {
    /// All is well.
    pub(crate) fn well(&mut self, follow: &Follow) {
        if std::mem::take(self).told.is_some() {
            follow.tell(News::Recovered);
        }
    }

    /// Something is not: how long to wait before it is tried again.
    pub(crate) fn ill(&mut self, follow: &Follow, trouble: Trouble) -> Result<Duration, Stop> {
        let Trouble { finding, asked } = trouble;
        let now = Instant::now();
        let asked = asked.map(|asked| asked.min(LONGEST_ASKED));
        let since = *self.ill_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        let left = follow.settings.give_up.map(|limit| limit.saturating_sub(now - since));
        // Whoever asks for more time than is left is not waited for.
        if left.is_some_and(|left| left <= asked.unwrap_or_default()) {
            return Err(finding.into());
        }
        if self.told != Some(finding.name) {
            self.told = Some(finding.name);
            follow.tell(News::Finding(&finding));
        }
        let pause = follow.settings.patience.pause_after(self.failures, asked, fastrand::f64());
        // The last try is made when the time is over, and not long after.
        Ok(left.map_or(pause, |left| pause.min(left)))
    }
}
