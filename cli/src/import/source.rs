//! The log that is copied, as far as its heads go: which STH is imported.

use crate::failure::Failure;
use crate::moment;
use client::{Client, Log, Manners, Patience, Reader, UserAgent};
use ct::sth::{TreeHead, VerifiedSth};
use std::time::Duration;

/// How long a log is waited for in the middle of an import: a quarter of an hour or so.
const PATIENCE: Patience = Patience {
    rounds: 20,
    pause: Duration::from_millis(500),
    longest_pause: Duration::from_secs(60),
    longest_asked: Duration::from_secs(600),
};

/// The log.
pub struct Source {
    /// Asks a few times: for what can wait, or be done without.
    pub brief: Reader,
    /// Asks for as long as an import may be held up: for the entries.
    pub patient: Reader,
}

impl Source {
    /// The log, asked politely.
    pub fn new(log: Log, agent: Option<UserAgent>) -> Result<Self, Failure> {
        let mut manners = Manners::default();
        if let Some(agent) = agent {
            manners.user_agent = agent;
        }
        let patient = Manners { patience: PATIENCE, ..manners.clone() };
        Ok(Self {
            brief: Client::new(log.clone(), manners)?.reader(),
            patient: Client::new(log, patient)?.reader(),
        })
    }

    /// The log's newest STH.
    pub async fn sth(&self) -> Result<VerifiedSth, Failure> {
        Ok(self.brief.sth().await?)
    }

    /// The greatest of the STHs that were imported or begun before and the one that the log shows now, after it was
    /// proven that each extends the one before it.
    pub async fn newest(&self, known: Vec<VerifiedSth>, shown: VerifiedSth) -> Result<VerifiedSth, Failure> {
        let mut all = known;
        all.push(shown.clone());
        all.sort_by_key(|sth| (sth.head().tree_size, sth.head().timestamp));
        for pair in all.windows(2) {
            self.follows(pair[0].head(), pair[1].head()).await?;
        }
        Ok(all.pop().unwrap_or(shown))
    }

    async fn follows(&self, first: &TreeHead, second: &TreeHead) -> Result<(), Failure> {
        if first.tree_size < second.tree_size && first.timestamp >= second.timestamp {
            return Err(Failure::Check(format!(
                "the log has shrunk: {} is not earlier than {}",
                described(first),
                described(second)
            )));
        }
        let why = |error| {
            Failure::Check(format!(
                "{} and {} contradict each other: {error}",
                described(first),
                described(second)
            ))
        };
        match self.brief.extends(first, second).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_lie() => Err(why(error)),
            Err(error) => Err(error.into()),
        }
    }
}

fn described(head: &TreeHead) -> String {
    let (size, root) = (head.tree_size, head.root_hash);
    format!("the tree head of {size} entries of {} (root {root})", moment::show_millis(head.timestamp))
}
