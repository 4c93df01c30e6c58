//! Several logs at once, each by itself.

use crate::claims::Claims;
use crate::command::Command;
use crate::follow::{Ending, Follow};
use crate::names::WatchList;
use crate::news::Observer;
use crate::reading::EntryReader;
use crate::record::Label;
use crate::settings::Settings;
use crate::state::{Position, State, StateError};
use crate::store::Store;
use client::{Client, Log, Manners, SetupError};
use ct::index::TreeSize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

/// A log that is to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The log.
    pub log: Log,
    /// Its maximum merge delay, if it is known. A head that is older is spoken of.
    pub mmd: Option<Duration>,
    /// What others have seen, to be checked once the log has been read.
    pub claims: Claims,
}

/// What is watched, and what is done about it.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// The names that matches are about.
    pub watched: WatchList,
    /// What is run for each line.
    pub command: Option<Command>,
}

/// Why logs cannot be followed at all.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// No HTTP client can be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Logs, and what is known of them.
pub struct Monitor {
    follows: Vec<Arc<Follow>>,
    store: Store,
}

/// What is known of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What people call the log.
    pub name: String,
    /// Where its reading stands; nothing if it has not begun.
    pub position: Option<Position>,
    /// The size of its largest verified tree.
    pub size: Option<TreeSize>,
    /// Heads on record that contradict the others, and where the evidence is.
    pub disputed: Vec<(TreeSize, Option<PathBuf>)>,
}

impl Monitor {
    /// Makes ready to follow these logs.
    pub fn new(
        subjects: Vec<Subject>,
        orders: &Orders,
        settings: Settings,
        manners: &Manners,
        mut state: State,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, MonitorError> {
        for subject in &subjects {
            state.register(&subject.log)?;
        }
        let store = Store::new(state);
        let follow = |(number, Subject { log, mmd, claims }): (usize, Subject)| {
            let reader = EntryReader::new(Label::new(&log), orders.watched.clone());
            Ok(Arc::new(Follow {
                number,
                client: Client::new(log, manners.clone())?,
                reader: Arc::new(reader),
                settings,
                store: store.clone(),
                mmd,
                command: orders.command.clone(),
                observer: Arc::clone(observer),
                newest: watch::Sender::new(None),
                judging: Mutex::default(),
                claims: Mutex::new(claims),
                stale: AtomicBool::new(false),
            }))
        };
        let follows = subjects.into_iter().enumerate().map(follow).collect::<Result<_, SetupError>>()?;
        Ok(Self { follows, store })
    }

    /// Follows all logs until each has ended; how each did, by its number. If what is known of one cannot be kept, all end.
    /// It may be dropped at any moment, and goes on from there the next time.
    pub async fn run(&self) -> Vec<(usize, Ending)> {
        let mut running = JoinSet::new();
        for follow in &self.follows {
            let follow = Arc::clone(follow);
            running.spawn(async move { (follow.number, follow.run().await) });
        }
        let mut endings = Vec::new();
        while let Some(ended) = running.join_next().await {
            let (number, ending) =
                ended.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
            let all = matches!(ending, Ending::State(_));
            endings.push((number, ending));
            if all {
                break;
            }
        }
        endings
    }

    /// What is known of each log.
    pub async fn summaries(&self) -> Result<Vec<Summary>, StateError> {
        const MOST: u32 = 100;
        let mut summaries = Vec::new();
        for follow in &self.follows {
            let (id, name) = (follow.log_id(), follow.client.log().name().to_owned());
            let read = move |state: &mut State| {
                let size = state.newest(id)?.map(|served| served.sth.head.tree_size);
                Ok(Summary { name, position: state.position(id)?, size, disputed: state.disputed(id, MOST)? })
            };
            summaries.push(self.store.with(read).await?);
        }
        Ok(summaries)
    }
}
