//! A log's disk: turns the writes of a step into one sync of the list and one commit of the state.

use crate::error::StorageError;
use crate::machine::Write;
use crate::state::{Change, State};
use ct::entry::StoredEntry;
use ct::index::Position;
use ct::names::LogName;
use ct::sct::DigitallySigned;
use ct::time::Timestamp;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::list::{EntryList, ListReader};

/// The list, and the state beside it.
pub(crate) struct Disk {
    pub log: LogName,
    pub dir: PathBuf,
    pub list: EntryList,
    pub state: State,
    /// SCTs are attached that no sync has followed yet.
    pub unsynced: bool,
}

/// The writes of a step, by where they go.
#[derive(Default)]
struct Sorted {
    issuers: Vec<Vec<u8>>,
    entries: Vec<StoredEntry>,
    scts: Vec<(Position, DigitallySigned)>,
    change: Change,
}

impl Disk {
    pub(crate) fn reader(&self) -> ListReader {
        self.list.reader()
    }

    /// Makes the writes of a step durable. The list goes first, for the state speaks of positions in it. SCTs alone wait
    /// for the next sync: one that is lost is signed again. `first` is the position of the first entry among the writes.
    pub(crate) fn commit(&mut self, writes: Vec<Write>, first: Position) -> Result<(), StorageError> {
        let Sorted { issuers, entries, scts, change } = sort(writes);
        if !issuers.is_empty() {
            self.list.add_issuers(&issuers)?;
        }
        let positions = self.list.append(&entries)?;
        if let Some(found) = positions.first().copied().filter(|found| *found != first) {
            return Err(StorageError::Misplaced { dir: self.dir.clone(), expected: first, found });
        }
        for (position, sct) in &scts {
            self.list.attach_sct(*position, sct)?;
        }
        self.unsynced |= !scts.is_empty();
        if !entries.is_empty() {
            self.sync()?;
            metrics::histogram!("wolffish_storage_batch_entries", "log" => self.log.to_string())
                .record(entries.len() as f64);
        }
        self.state.commit(&change)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let began = Instant::now();
        self.list.sync()?;
        self.unsynced = false;
        metrics::histogram!("wolffish_storage_fsync_seconds", "log" => self.log.to_string())
            .record(began.elapsed());
        Ok(())
    }

    /// Syncs what no entry has made anybody sync.
    pub(crate) fn settle(&mut self) -> Result<(), StorageError> {
        if self.unsynced { self.sync() } else { Ok(()) }
    }

    /// Forgets what has been published for longer than `retention` (docs/protocol.md, P5).
    pub(crate) fn prune(&mut self, now: Timestamp, retention: Duration) -> Result<(), StorageError> {
        let moment = now.minus(retention);
        let Some(position) = self.state.published_at(moment) else { return Ok(()) };
        let before = self.reader().start();
        self.list.forget_below(position)?;
        self.state.drop_marks(moment)?;
        let after = self.reader().start();
        if after > before {
            tracing::info!(log = %self.log, from = before.get(), to = after.get(), "forgot published entries");
        }
        Ok(())
    }
}

fn sort(writes: Vec<Write>) -> Sorted {
    let mut sorted = Sorted::default();
    for write in writes {
        match write {
            Write::Issuer(issuer) => sorted.issuers.push(issuer),
            Write::Append(entry) => sorted.entries.push(*entry),
            Write::Sct(position, sct) => sorted.scts.push((position, sct)),
            Write::Start(position, at) => sorted.change.start = Some((position, at)),
            Write::Certificate(certificate) => sorted.change.certificate = Some(certificate),
            Write::List(incarnation, completeness) => sorted.change.list = Some((incarnation, completeness)),
        }
    }
    sorted
}
