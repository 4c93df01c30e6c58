//! The one writer of a log: steps the machine, commits what it decided, and only then answers (docs/protocol.md, N5).
//!
//! After a failed write or sync nothing is tried again and nobody is answered: the process ends, and what is on disk is
//! found when it starts anew.

use crate::disk::Disk;
use crate::error::StorageError;
use crate::machine::{Act, Durable, Event, Machine, Put, Settings, Token, Unmerged, View};
use crate::meters;
use crate::queue::{Job, Jobs, Queued, Room};
use crate::state::{Loaded, Sources, State, list_dir};
use config::{Cluster, Log};
use ct::hash::Fingerprint;
use ct::index::Position;
use ct::limits::MAX_FETCH;
use ct::machine::Effects;
use ct::term::Guard;
use ct::time::Timestamp;
use ct::wire::Refusal;
use node::clock::Clock;
use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::list::{EntryList, ListOptions, ListReader};
use tokio::sync::{oneshot, watch};

/// How long published entries are kept beyond the MMD (docs/protocol.md, P5).
const KEEP_PUBLISHED: Duration = Duration::from_secs(24 * 3600);

/// How often entries are looked for that may be forgotten.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);

/// The writer of one log.
pub struct Writer {
    clock: Arc<dyn Clock>,
    machine: Machine,
    disk: Disk,
    view: watch::Sender<View>,
    retention: Duration,
    pruned: Option<Timestamp>,
    sources: Sources,
}

/// Who waits for an act; a token is a place in the list of them.
enum Waiting {
    Puts(oneshot::Sender<Vec<Put>>),
    Control(oneshot::Sender<Result<(), Refusal>>),
    Done(oneshot::Sender<()>),
}

/// Jobs, by what becomes of them.
#[derive(Default)]
struct Gathered {
    events: Vec<Event>,
    waiting: VecDeque<(Token, Waiting)>,
    ticked: bool,
    /// Given back when the step is over.
    _rooms: Vec<Room>,
}

impl Writer {
    /// Opens the state of `log` in `dir`, and goes on from it.
    ///
    /// # Errors
    /// State that is missing, incomplete, damaged or another log's; I/O errors.
    pub fn open(
        cluster: &Cluster,
        log: &Log,
        dir: &Path,
        clock: Arc<dyn Clock>,
        options: &ListOptions,
    ) -> Result<Self, StorageError> {
        let (state, loaded) = State::open(dir)?;
        let found = loaded.certificate.body.log_id;
        if found != log.log_id() {
            return Err(StorageError::OtherLog { dir: dir.to_owned(), found, expected: log.log_id() });
        }
        let list = EntryList::open(&list_dir(dir), options)?;
        if list.end() < loaded.start {
            let (dir, start, end) = (dir.to_owned(), loaded.start, list.end());
            return Err(StorageError::RolledBack { dir, start, end });
        }
        let sources = loaded.sources;
        let machine = recover(cluster, log, loaded, &list.reader())?;
        let disk = Disk { log: log.name().clone(), dir: dir.to_owned(), list, state, unsynced: false };
        let view = watch::Sender::new(machine.view());
        let retention = log.mmd() + KEEP_PUBLISHED;
        Ok(Self { clock, machine, disk, view, retention, pruned: None, sources })
    }

    /// For reading the list.
    pub fn reader(&self) -> ListReader {
        self.disk.reader()
    }

    /// What the list is filled from, if it was lost.
    pub const fn sources(&self) -> Sources {
        self.sources
    }

    /// For following what is durable.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Works until no more jobs can come.
    ///
    /// # Errors
    /// The first failure of the disk, which must end the process.
    pub fn run(mut self, mut jobs: Jobs) -> Result<(), StorageError> {
        while let Some(batch) = jobs.take() {
            self.step(batch)?;
        }
        self.disk.settle()
    }

    fn step(&mut self, batch: Vec<Queued>) -> Result<(), StorageError> {
        let now = self.clock.now();
        let Gathered { events, waiting, ticked, _rooms } = gather(batch);
        let first = self.machine.end();
        let effects = self.decide(now, events)?;
        self.disk.commit(effects.writes, first)?;
        // Readers see it before anybody is told of it: what was acknowledged is in every later list.
        self.view.send_replace(self.machine.view());
        answer(effects.acts, waiting);
        if ticked {
            self.tick(now)?;
        }
        Ok(())
    }

    fn decide(
        &mut self,
        now: Timestamp,
        events: Vec<Event>,
    ) -> Result<Effects<crate::machine::Write, Act>, StorageError> {
        let mut effects = Effects::new();
        let (reader, failure) = (self.disk.reader(), Cell::new(None));
        let holds = |fingerprint: &Fingerprint| match reader.issuer(fingerprint) {
            Ok(found) => found.is_some(),
            Err(error) => {
                failure.set(Some(error));
                false
            }
        };
        for event in events {
            self.machine.step(now, event, holds, &mut effects);
        }
        match failure.into_inner() {
            None => Ok(effects),
            Some(error) => Err(error.into()),
        }
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), StorageError> {
        self.disk.settle()?;
        meters::show(&self.disk.log, &self.machine.view(), now);
        // A clock that was set back counts as an hour too.
        let due = self.pruned.is_none_or(|last| now < last || now.since(last) >= PRUNE_INTERVAL);
        if due {
            self.disk.prune(now, self.retention)?;
            self.pruned = Some(now);
        }
        Ok(())
    }
}

fn recover(
    cluster: &Cluster,
    log: &Log,
    loaded: Loaded,
    reader: &ListReader,
) -> Result<Machine, StorageError> {
    let Loaded { incarnation, completeness, certificate, start, sources: _ } = loaded;
    let trust = cluster.trust(log);
    let backlog_limit = usize::try_from(log.backlog_limit()).unwrap_or(usize::MAX);
    let settings = Settings { clock: log.clock(), backlog_limit, log_key: log.key().clone() };
    let guard = Guard::new(trust, certificate);
    let unmerged = unmerged(reader, start)?;
    Ok(Machine::recover(settings, Durable { incarnation, completeness, guard, start, unmerged }))
}

fn unmerged(reader: &ListReader, start: Position) -> Result<Vec<Unmerged>, StorageError> {
    let mut unmerged = Vec::new();
    loop {
        let described = reader.describe(start.plus(unmerged.len() as u64), MAX_FETCH)?;
        if described.is_empty() {
            return Ok(unmerged);
        }
        let item = |d: store::list::Described| Unmerged {
            name: d.name,
            identity: d.identity,
            timestamp: d.timestamp,
        };
        unmerged.extend(described.into_iter().map(item));
    }
}

fn gather(batch: Vec<Queued>) -> Gathered {
    let mut gathered = Gathered::default();
    let (mut puts, mut scts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (queued, token) in batch.into_iter().zip(0..) {
        let (job, room) = queued.apart();
        gathered._rooms.push(room);
        match job {
            Job::Put { batch, reply } => {
                puts.push((token, batch));
                gathered.waiting.push_back((token, Waiting::Puts(reply)));
            }
            Job::AttachScts(items) => scts.extend(items),
            Job::MoveStart { caller, message, reply } => {
                let event = Event::MoveStart(token, caller, *message);
                others.push((token, event, Some(Waiting::Control(reply))));
            }
            Job::SetPrimary { certificate, reply } => {
                let event = Event::SetPrimary(token, certificate);
                others.push((token, event, Some(Waiting::Control(reply))));
            }
            Job::Copy { batch, reply } => {
                others.push((token, Event::Copy(token, batch), Some(Waiting::Puts(reply))));
            }
            Job::Whole { filled, reply } => {
                others.push((token, Event::Whole(token, filled), Some(Waiting::Done(reply))));
            }
            Job::RolledBack(old, new) => others.push((token, Event::RolledBack(old, new), None)),
            Job::Tick => gathered.ticked = true,
        }
    }
    gathered.events.extend([Event::Put(puts), Event::AttachScts(scts)]);
    for (token, event, waiting) in others {
        gathered.events.push(event);
        gathered.waiting.extend(waiting.map(|waiting| (token, waiting)));
    }
    gathered
}

/// Performs the acts. They come in the order of the events, as those who wait do.
fn answer(acts: Vec<Act>, mut waiting: VecDeque<(Token, Waiting)>) {
    for act in acts {
        let next = waiting.pop_front();
        // Who does not wait any more has lost only the answer.
        match (act, next) {
            (Act::Puts(token, puts), Some((expected, Waiting::Puts(reply)))) if token == expected => {
                let _ = reply.send(puts);
            }
            (Act::Control(token, result), Some((expected, Waiting::Control(reply)))) if token == expected => {
                let _ = reply.send(result);
            }
            (Act::Done(token), Some((expected, Waiting::Done(reply)))) if token == expected => {
                let _ = reply.send(());
            }
            (act, _) => tracing::error!(?act, "nobody waits for this act"),
        }
    }
}
