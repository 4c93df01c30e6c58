//! Collecting: the storage nodes' lists are read from `start` on, and what is not held is fetched (docs/protocol.md,
//! S4–S7, P5).

use super::order::Pool;
use super::{Caller, Lane, alarm};
use crate::machine::{Core, Settings};
use crate::message::{Alarm, Call, CallFailure, CallId, Fx, Halt, Returned, Write};
use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, Name};
use ct::index::Position;
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::NodeName;
use ct::replica::{View, keep_complete};
use ct::sth::VerifiedSth;
use ct::term::Incarnation;
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::storage::{Completeness, Cursor, Fetch, Fetched, GetEntry, ListItem, MoveStart};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How long a storage node may hold an answer back while it has nothing new.
const WAIT_MS: u64 = 500;

/// Entries further ahead than this are set aside until due, and do not hold `start`.
const FAR_FUTURE: Duration = Duration::from_secs(3600);

/// How often the whole retained list is read.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Most entries wanted at a time: beyond it no more lists are read.
const MAX_WANTED: usize = 20_000;

/// One storage node's list, from its `start` on.
#[derive(Debug, Default)]
struct List {
    incarnation: Option<Incarnation>,
    start: Position,
    items: VecDeque<ListItem>,
    /// The node's clock when the list had been read to its end; never of one that is recovering, for what it acknowledged
    /// before is not in it (docs/protocol.md, Z3).
    polled: Option<Timestamp>,
    /// Whether it was read to its end, recovering or not.
    read: bool,
    completeness: Option<Completeness>,
    /// Where the sweep over the retained list reads on, and when the last one ended.
    sweep: Sweep,
    sweeping: Lane,
    poll: Lane,
    get: Lane,
    asked: Vec<Name>,
    asked_issuers: Vec<Fingerprint>,
    /// Issuers that it was asked for and did not give.
    lacks: BTreeSet<Fingerprint>,
    moving: Lane,
    moved_to: Option<(Position, Timestamp)>,
}

impl List {
    fn next(&self) -> Position {
        self.start.plus(self.items.len() as u64)
    }
    /// Calls that are under way stay so: what they asked for must be asked for again when they end.
    fn begin_again(&mut self) {
        let (poll, get, moving, sweeping) = (self.poll, self.get, self.moving, self.sweeping);
        let (asked, asked_issuers) =
            (std::mem::take(&mut self.asked), std::mem::take(&mut self.asked_issuers));
        *self = List { poll, get, moving, sweeping, asked, asked_issuers, ..List::default() };
    }
}

/// A pass over everything that a storage node still has, also what was published: a new primary makes one, and every
/// primary once an hour, so that nothing depends on `start` alone (docs/protocol.md, S6).
#[derive(Debug, Clone, Copy, Default)]
enum Sweep {
    #[default]
    Due,
    At(Position),
    Done(Timestamp),
}

/// An entry that is listed and not held.
#[derive(Debug, Default)]
struct Wanted {
    sources: BTreeMap<NodeName, Position>,
    tried: BTreeSet<NodeName>,
    asked: bool,
}

/// Everything read from the storage nodes.
#[derive(Debug)]
pub(crate) struct Collection {
    lists: BTreeMap<NodeName, List>,
    wanted: BTreeMap<Name, Wanted>,
    /// Without a good copy anywhere, or far in the future.
    aside: BTreeMap<Name, Timestamp>,
    need_issuers: BTreeSet<Fingerprint>,
    /// Up to when enough lists were read while fewer than k were recovering.
    last_whole: Timestamp,
    told_of_loss: bool,
}

impl Collection {
    pub(crate) fn begin(storage: &[NodeName]) -> Self {
        Self {
            lists: storage.iter().map(|name| (name.clone(), List::default())).collect(),
            wanted: BTreeMap::new(),
            aside: BTreeMap::new(),
            need_issuers: BTreeSet::new(),
            last_whole: Timestamp::EPOCH,
            told_of_loss: false,
        }
    }

    pub(crate) fn owns(&self, id: CallId) -> bool {
        self.who(id).is_some()
    }

    pub(crate) fn who(&self, id: CallId) -> Option<NodeName> {
        let lanes = |list: &List| [list.poll, list.get, list.moving, list.sweeping];
        let owns = |list: &List| lanes(list).iter().any(|lane| lane.busy == Some(id));
        self.lists.iter().find(|(_, list)| owns(list)).map(|(name, _)| name.clone())
    }

    /// The latest time up to which S − k + 1 lists were read to their end: everything promised before was seen
    /// (docs/protocol.md, P3).
    pub(crate) fn polled_through(&self, settings: &Settings) -> Timestamp {
        let mut times: Vec<_> = self.lists.values().filter_map(|list| list.polled).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let enough = self.lists.len() + 1 - settings.storage_quorum.min(self.lists.len());
        times.get(enough - 1).copied().unwrap_or(Timestamp::EPOCH)
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    pub(crate) fn returned(
        &mut self,
        core: &Core,
        now: Timestamp,
        id: CallId,
        outcome: Result<Returned, CallFailure>,
        pool: &mut Pool,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        let Some(name) = self.who(id) else { return Ok(()) };
        let Some(list) = self.lists.get_mut(&name) else { return Ok(()) };
        if list.moving.ended(id) {
            self.start_moved(&name, now, outcome, fx);
        } else if list.sweeping.ended(id) {
            match outcome {
                Ok(Returned::Fetched(fetched)) => self.swept(&name, now, fetched, pool, view)?,
                _ => list.sweeping.fail(now),
            }
        } else if list.poll.ended(id) {
            match outcome {
                Ok(Returned::Fetched(fetched)) => self.listed(core, &name, now, fetched, pool, view, fx)?,
                other => self.list_failed(&name, now, other, fx),
            }
        } else if list.get.ended(id) {
            let asked = std::mem::take(&mut list.asked);
            match outcome {
                Ok(Returned::Entries(batch)) => self.brought(core, &name, asked, batch, pool, view, fx)?,
                _ => {
                    list.get.fail(now);
                    for name in asked {
                        if let Some(wanted) = self.wanted.get_mut(&name) {
                            wanted.asked = false;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn list_failed(
        &mut self,
        name: &NodeName,
        now: Timestamp,
        outcome: Result<Returned, CallFailure>,
        fx: &mut Fx,
    ) {
        let Some(list) = self.lists.get_mut(name) else { return };
        list.poll.fail(now);
        if let Err(CallFailure::Refused(refusal)) = outcome
            && matches!(*refusal, Refusal::OtherIncarnation { .. } | Refusal::BeyondEnd { .. })
        {
            list.begin_again();
            alarm(fx, Alarm::ListChanged(name.clone(), refusal.to_string()));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    fn listed(
        &mut self,
        core: &Core,
        name: &NodeName,
        now: Timestamp,
        fetched: Fetched,
        pool: &Pool,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        let Some(list) = self.lists.get_mut(name) else { return Ok(()) };
        if list.incarnation.is_some_and(|known| known != fetched.incarnation) {
            list.begin_again();
            alarm(fx, Alarm::ListChanged(name.clone(), "another incarnation".to_owned()));
            return Ok(());
        }
        if list.incarnation.is_none() {
            list.incarnation = Some(fetched.incarnation);
            list.start = fetched.start;
        }
        if fetched.first != list.next() {
            // An answer to an older question.
            return Ok(());
        }
        for (at, item) in fetched.list.iter().enumerate() {
            let position = fetched.first.plus(at as u64);
            list.items.push_back(*item);
            if item.timestamp > now.plus(FAR_FUTURE) {
                if self.aside.insert(item.name, item.timestamp).is_none() {
                    alarm(fx, Alarm::FarFuture(item.name, item.timestamp));
                }
            } else if !pool.contains(&item.name) && view.index_of(&item.name)?.is_none() {
                let wanted = self.wanted.entry(item.name).or_default();
                wanted.sources.insert(name.clone(), position);
            }
        }
        list.completeness = Some(fetched.completeness);
        if list.next() >= fetched.end {
            list.read = true;
            list.polled = (fetched.completeness == Completeness::Whole).then_some(fetched.at);
        }
        self.note_losses(core, now, fx);
        Ok(())
    }

    /// With k or more lists lost at once an entry may have been in no other: a person must know of which time.
    fn note_losses(&mut self, core: &Core, now: Timestamp, fx: &mut Fx) {
        let recovering = |list: &&List| list.completeness == Some(Completeness::Recovering);
        let lost = self.lists.values().filter(recovering).count();
        let through = self.polled_through(&core.settings);
        if lost < core.settings.storage_quorum {
            self.last_whole = self.last_whole.max(through);
            self.told_of_loss = false;
        } else if !self.told_of_loss {
            self.told_of_loss = true;
            alarm(fx, Alarm::MayBeLost { lists: lost, from: self.last_whole, to: now });
        }
    }

    fn swept(
        &mut self,
        name: &NodeName,
        now: Timestamp,
        fetched: Fetched,
        pool: &Pool,
        view: &impl View,
    ) -> Result<(), Halt> {
        for (at, item) in fetched.list.iter().enumerate() {
            let known = pool.contains(&item.name) || self.aside.contains_key(&item.name);
            if !known && view.index_of(&item.name)?.is_none() {
                let wanted = self.wanted.entry(item.name).or_default();
                wanted.sources.insert(name.clone(), fetched.first.plus(at as u64));
            }
        }
        let Some(list) = self.lists.get_mut(name) else { return Ok(()) };
        let next = fetched.first.plus(fetched.list.len() as u64);
        let over = fetched.list.is_empty() || next >= fetched.start;
        list.sweep = if over { Sweep::Done(now) } else { Sweep::At(next) };
        Ok(())
    }

    fn go_on_sweeping(
        &mut self,
        name: &NodeName,
        now: Timestamp,
        term: ct::index::Term,
        caller: &mut Caller<'_>,
    ) {
        let Some(list) = self.lists.get_mut(name).filter(|list| list.sweeping.is_free(now)) else { return };
        let Some(incarnation) = list.incarnation else { return };
        let cursor = match list.sweep {
            Sweep::Due => None,
            Sweep::At(position) => Some(Cursor { incarnation, position }),
            Sweep::Done(at) if now.since(at) >= SWEEP_EVERY => None,
            Sweep::Done(_) => return,
        };
        caller.call(
            &mut list.sweeping,
            name,
            Call::Fetch(Fetch { term, cursor, retained: true, wait_ms: 0 }),
        );
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    fn brought(
        &mut self,
        core: &Core,
        from: &NodeName,
        asked: Vec<Name>,
        batch: ct::wire::EntryBatch,
        pool: &mut Pool,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        // An answer has room for so much: what stands behind the last entry in it may have been left out for that.
        let given = |name: &Name| batch.entries.iter().any(|entry| entry.name() == *name);
        let answered = asked.iter().rposition(given).map_or(asked.len(), |last| last + 1);
        let mut good: Vec<StoredEntry> = Vec::new();
        for entry in batch.entries {
            if asked.contains(&entry.name()) && within_window(core, &entry) {
                good.push(entry);
            }
        }
        let (copies, missing) = keep_complete(good, batch.issuers, view)?;
        let held: BTreeSet<Name> = copies.entries.iter().map(StoredEntry::name).collect();
        let waits_for_issuers = self.note_issuers(from, &copies.issuers, missing);
        for entry in &copies.entries {
            self.wanted.remove(&entry.name());
            pool.damaged.remove(&entry.name());
            pool.add((entry.timestamp(), entry.name()));
        }
        for (at, name) in asked.into_iter().enumerate().filter(|(_, name)| !held.contains(name)) {
            self.not_brought(from, name, waits_for_issuers || at >= answered);
        }
        if !copies.entries.is_empty() || !copies.issuers.is_empty() {
            fx.write(Write::Copies(copies));
        }
        Ok(())
    }

    /// Takes note of what a node gave and lacks; whether some of the missing ones may yet be had of it.
    fn note_issuers(&mut self, from: &NodeName, given: &[Vec<u8>], missing: Vec<Fingerprint>) -> bool {
        let Some(list) = self.lists.get_mut(from) else { return false };
        let given: BTreeSet<_> = given.iter().map(|der| Fingerprint::new(ct::hash::sha256(&[der]))).collect();
        for asked in std::mem::take(&mut list.asked_issuers) {
            self.need_issuers.remove(&asked);
            if !given.contains(&asked) {
                list.lacks.insert(asked);
            }
        }
        let missing: Vec<_> = missing.into_iter().filter(|issuer| !list.lacks.contains(issuer)).collect();
        let waits = !missing.is_empty();
        self.need_issuers.extend(missing);
        waits
    }

    /// Another node's copy is tried next, unless this one may still have it.
    fn not_brought(&mut self, from: &NodeName, name: Name, again: bool) {
        let Some(wanted) = self.wanted.get_mut(&name) else { return };
        wanted.asked = false;
        if !again {
            wanted.tried.insert(from.clone());
        }
    }

    /// Sets aside what nobody who lists it can give, and the rest goes on (docs/protocol.md, S7); not before every list
    /// that can be read was read.
    fn set_aside(&mut self, fx: &mut Fx) {
        if self.lists.values().any(|list| !list.read && !list.poll.failed) {
            return;
        }
        let is_hopeless = |wanted: &Wanted| {
            !wanted.asked && wanted.sources.keys().all(|source| wanted.tried.contains(source))
        };
        let hopeless = self.wanted.iter().filter(|(_, wanted)| is_hopeless(wanted));
        for name in hopeless.map(|(name, _)| *name).collect::<Vec<_>>() {
            self.wanted.remove(&name);
            self.aside.insert(name, Timestamp::EPOCH);
            alarm(fx, Alarm::SetAside(name));
        }
    }

    fn start_moved(
        &mut self,
        name: &NodeName,
        now: Timestamp,
        outcome: Result<Returned, CallFailure>,
        fx: &mut Fx,
    ) {
        let Some(list) = self.lists.get_mut(name) else { return };
        match outcome {
            Ok(_) => {}
            Err(CallFailure::Refused(refusal)) if matches!(*refusal, Refusal::OtherIncarnation { .. }) => {
                list.begin_again();
                alarm(fx, Alarm::ListChanged(name.clone(), refusal.to_string()));
            }
            Err(_) => {
                list.moved_to = None;
                list.moving.fail(now);
            }
        }
    }

    pub(crate) fn go_on(
        &mut self,
        core: &Core,
        now: Timestamp,
        pool: &mut Pool,
        confirmed: &Option<VerifiedSth>,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        let term = core.guard.term();
        self.set_aside(caller.fx);
        self.revive(now, pool);
        let names: Vec<NodeName> = self.lists.keys().cloned().collect();
        for name in names {
            self.fetch_entries(&name, now, caller);
            let room = self.wanted.len() < MAX_WANTED;
            let Some(list) = self.lists.get_mut(&name) else { continue };
            if room && list.poll.is_free(now) {
                let cursor =
                    list.incarnation.map(|incarnation| Cursor { incarnation, position: list.next() });
                caller.call(
                    &mut list.poll,
                    &name,
                    Call::Fetch(Fetch { term, cursor, retained: false, wait_ms: WAIT_MS }),
                );
            }
            if room {
                self.go_on_sweeping(&name, now, term, caller);
            }
            if let Some(sth) = confirmed {
                self.move_start(&name, now, term, sth, view, caller)?;
            }
        }
        Ok(())
    }

    /// What was set aside and is due by now, and what turned out damaged, is wanted again.
    fn revive(&mut self, now: Timestamp, pool: &Pool) {
        let due = |at: &Timestamp| *at != Timestamp::EPOCH && *at <= now.plus(FAR_FUTURE);
        let mut again: BTreeSet<Name> = pool.damaged.iter().copied().collect();
        again.extend(self.aside.iter().filter(|(_, at)| due(at)).map(|(name, _)| *name));
        again.retain(|name| !self.wanted.contains_key(name));
        if again.is_empty() {
            return;
        }
        for (node, list) in &self.lists {
            for (at, item) in list.items.iter().enumerate().filter(|(_, item)| again.contains(&item.name)) {
                let wanted = self.wanted.entry(item.name).or_default();
                wanted.sources.insert(node.clone(), list.start.plus(at as u64));
            }
        }
        self.aside.retain(|name, _| !again.contains(name));
    }

    fn fetch_entries(&mut self, name: &NodeName, now: Timestamp, caller: &mut Caller<'_>) {
        let Some(list) = self.lists.get_mut(name).filter(|list| list.get.is_free(now)) else { return };
        let Some(incarnation) = list.incarnation else { return };
        let issuers: Vec<_> = self.need_issuers.difference(&list.lacks).copied().collect();
        // Issuers stand behind the entries in an answer, which may have no room for both: issuers first.
        let most = if issuers.is_empty() { MAX_BATCH_ENTRIES } else { 0 };
        let mut entries = Vec::new();
        for (wanted_name, wanted) in &mut self.wanted {
            if entries.len() >= most {
                break;
            }
            if wanted.asked || wanted.tried.contains(name) {
                continue;
            }
            let Some(position) = wanted.sources.get(name) else { continue };
            entries.push((*position, *wanted_name));
            wanted.asked = true;
        }
        if entries.is_empty() && issuers.is_empty() {
            return;
        }
        list.asked_issuers = issuers.clone();
        list.asked = entries.iter().map(|(_, name)| *name).collect();
        caller.call(&mut list.get, name, Call::GetEntry(GetEntry { incarnation, entries, issuers }));
    }

    /// Tells a storage node the longest prefix of its list that lies below a published STH (docs/protocol.md, P5).
    fn move_start(
        &mut self,
        name: &NodeName,
        now: Timestamp,
        term: ct::index::Term,
        sth: &VerifiedSth,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        let aside = &self.aside;
        let Some(list) = self.lists.get_mut(name).filter(|list| list.moving.is_free(now)) else {
            return Ok(());
        };
        let Some(incarnation) = list.incarnation else { return Ok(()) };
        while let Some(item) = list.items.front() {
            let published =
                view.index_of(&item.name)?.is_some_and(|index| sth.head().tree_size.contains(index));
            let passed_over = aside.get(&item.name).is_some_and(|at| *at != Timestamp::EPOCH);
            if !published && !passed_over {
                break;
            }
            list.items.pop_front();
            list.start = list.start.plus(1);
        }
        let goal = (list.start, sth.head().timestamp);
        if list.moved_to.is_none_or(|(start, _)| start < list.start) {
            list.moved_to = Some(goal);
            let message = MoveStart { term, sth: sth.sth().clone(), incarnation, start: list.start };
            caller.call(&mut list.moving, name, Call::MoveStart(Box::new(message)));
        }
        Ok(())
    }
}

/// The shard's window binds the primary too: a storage node could have taken anything (docs/protocol.md, S7).
fn within_window(core: &Core, entry: &StoredEntry) -> bool {
    let Some(window) = &core.settings.window else { return true };
    let leaf = entry.leaf();
    let der = entry.precertificate().unwrap_or_else(|| leaf.entry.body());
    ct::x509::Certificate::parse(der).is_ok_and(|certificate| window.contains(certificate.not_after()))
}
