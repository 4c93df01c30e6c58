//! Storage nodes: requests in, steps, commits, acts.

use super::commits::{Acts, Fate};
use super::messages::role;
use super::*;
use crate::sim::fault::Stage;
use crate::sim::submit::ISSUER;
use crate::sim::words;
use ct::entry::StoredEntry;
use ct::machine::Effects;
use ct::wire::EntryBatch;
use ct::wire::storage::{Fetched, ListItem};
use frontend::promise;
use merge::message::{CallFailure, Returned};

/// How long an answer without anything new is held back, in milliseconds.
const WAIT: u64 = 120;

impl World {
    pub(super) fn deliver_storage(&mut self, to: &NodeName, origin: Origin, message: Message) {
        let message = match self.hold_back(to, &origin, message) {
            Some(message) => message,
            None => return,
        };
        if self.runs(to) && self.refuses_quorum(to, &origin, &message) {
            return;
        }
        let Some(process) = self.storages.get(to) else { return };
        let Some(machine) = &process.machine else {
            self.lost(origin, to, &message);
            return;
        };
        let (caller, disk, stage) = (origin.caller(), &process.disk, message.stage(role(to)));
        let event = match message {
            Message::Store(entry, _) => {
                let batch = EntryBatch { entries: vec![*entry], issuers: vec![ISSUER.to_vec()] };
                storage::machine::Event::Put(vec![(0, batch)])
            }
            Message::Scts(items) => storage::machine::Event::AttachScts(items),
            Message::Call(Call::MoveStart(message)) => {
                storage::machine::Event::MoveStart(0, caller, *message)
            }
            Message::Call(Call::SetPrimary(certificate)) => {
                storage::machine::Event::SetPrimary(0, certificate)
            }
            Message::Call(Call::Fetch(fetch)) => {
                let outcome = machine.fetch_from(&caller, &fetch, Position::ZERO).map(|first| {
                    let items = disk.entries[first.as_usize()..].iter();
                    Returned::Fetched(Fetched {
                        incarnation: machine.incarnation(),
                        completeness: machine.view().completeness,
                        start: machine.start(),
                        first,
                        list: items.map(|entry| self.listed(entry)).collect(),
                        end: Position::of(disk.entries.len()),
                        at: self.clock(to),
                    })
                });
                self.answer(
                    to,
                    origin,
                    Reply::Primary(outcome.map_err(|r| CallFailure::Refused(Box::new(r)))),
                );
                return;
            }
            Message::Call(Call::GetEntry(get)) => {
                let entries = get
                    .entries
                    .iter()
                    .filter_map(|(position, name)| disk.get(*position).filter(|entry| entry.name() == *name));
                let issuers = get.issuers.iter().filter_map(|issuer| disk.issuer(issuer)).collect();
                let batch = EntryBatch { entries: entries.collect(), issuers };
                self.answer(to, origin, Reply::Primary(Ok(Returned::Entries(batch))));
                return;
            }
            _ => return,
        };
        self.step_storage(to, event, origin, stage);
    }

    /// A node with nothing new answers a while later, as its shell does.
    fn hold_back(&mut self, to: &NodeName, origin: &Origin, message: Message) -> Option<Message> {
        let Message::Call(Call::Fetch(fetch)) = &message else { return Some(message) };
        let end = self.storages.get(to).map_or(0, |process| process.disk.entries.len());
        let waits = fetch.wait_ms > 0 && fetch.cursor.is_some_and(|at| at.position.as_usize() == end);
        if !waits || !self.runs(to) {
            return Some(message);
        }
        let again = ct::wire::storage::Fetch { wait_ms: 0, ..fetch.clone() };
        let again =
            Happening::Deliver(to.clone(), origin.clone(), Box::new(Message::Call(Call::Fetch(again))));
        self.at(WAIT, again);
        None
    }

    /// How an entry stands on a list. The planted bug: some stand there under a name that nobody has.
    fn listed(&self, entry: &StoredEntry) -> ListItem {
        let (name, timestamp) = (entry.name(), entry.timestamp());
        let hide = self.plant == Some(Plant::HideEntries) && timestamp.millis().is_multiple_of(3);
        ListItem { name: if hide { ct::hash::Name::new([7; 32]) } else { name }, timestamp }
    }

    pub(super) fn step_storage(
        &mut self,
        node: &NodeName,
        event: storage::machine::Event,
        origin: Origin,
        stage: Stage,
    ) {
        let names: Vec<_> = match &event {
            storage::machine::Event::Put(calls) => {
                calls.iter().flat_map(|(_, batch)| batch.entries.iter().map(StoredEntry::name)).collect()
            }
            _ => Vec::new(),
        };
        let now = self.clock(node);
        let Some(process) = self.storages.get_mut(node) else { return };
        let Some(mut machine) = process.machine.take() else { return };
        let mut fx = Effects::new();
        let disk = &process.disk;
        machine.step(now, event, |issuer| disk.holds_issuer(issuer), &mut fx);
        process.machine = Some(machine);
        let fate = if fx.writes.is_empty() { Fate::Done } else { self.fate(node, stage) };
        if fate.writes() && !fx.writes.is_empty() {
            self.commit_storage(node, fx.writes);
        }
        self.finish(node, fate, Acts::Storage(names, fx.acts), origin);
    }

    fn commit_storage(&mut self, node: &NodeName, writes: Vec<storage::machine::Write>) {
        use storage::machine::Write;
        self.note(format_args!("{node} commits: {}", words::storage_writes(&writes)));
        for write in writes {
            let Some(process) = self.storages.get_mut(node) else { return };
            match write {
                Write::Certificate(certificate) => {
                    self.faults.certificates += 1;
                    process.guard = Guard::new(self.trust.clone(), *certificate);
                }
                Write::Append(_) if self.plant == Some(Plant::StoreNothing) => {}
                Write::Append(entry) => {
                    self.written.entry(entry.name()).or_default().insert(node.clone());
                    process.disk.apply(Write::Append(entry));
                }
                Write::Start(position, at) => {
                    let passes = self.plant == Some(Plant::PassUnpublished);
                    let end = Position::of(process.disk.entries.len());
                    self.move_start(node, if passes { end } else { position }, at);
                }
                other => process.disk.apply(other),
            }
        }
    }

    fn move_start(&mut self, node: &NodeName, to: Position, at: Timestamp) {
        let held = self.frontends.values().map(|process| {
            process.disk.ever_held.iter().map(|sth| sth.head.tree_size).max().unwrap_or_default()
        });
        let Some(process) = self.storages.get_mut(node) else { return };
        let passed = process.disk.start.as_usize()..to.as_usize();
        let now = Timestamp::from_millis(self.now);
        self.check.passed(process.disk.entries[passed].iter(), held, now);
        process.disk.apply(storage::machine::Write::Start(to, at));
    }

    pub(super) fn act_storage(
        &mut self,
        node: &NodeName,
        names: &[ct::hash::Name],
        acts: Vec<storage::machine::Act>,
        origin: &Origin,
    ) {
        for act in acts {
            match act {
                storage::machine::Act::Puts(_, results) => {
                    for (entry, result) in names.iter().zip(results) {
                        self.put_result(node, *entry, result, origin);
                    }
                }
                storage::machine::Act::Done(_) => {}
                storage::machine::Act::Control(_, result) => {
                    let outcome =
                        result.map(|()| Returned::Done).map_err(|r| CallFailure::Refused(Box::new(r)));
                    self.answer(node, origin.clone(), Reply::Primary(outcome));
                }
            }
        }
    }

    pub(super) fn put_result(
        &mut self,
        node: &NodeName,
        name: ct::hash::Name,
        put: storage::machine::Put,
        origin: &Origin,
    ) {
        let event = match put {
            storage::machine::Put::Stored(oldest) => {
                let oldest = oldest.and_then(|position| self.storages[node].disk.get(position)).map(Box::new);
                promise::Event::Stored(node.clone(), name, oldest)
            }
            storage::machine::Put::NeedIssuers(_) => {
                promise::Event::NotStored(node.clone(), name, "issuers".to_owned())
            }
            storage::machine::Put::Refused(fault) => {
                promise::Event::NotStored(node.clone(), name, fault.to_string())
            }
        };
        self.answer(node, origin.clone(), Reply::Submission(event));
    }
}
