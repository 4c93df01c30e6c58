//! What a storage node decides: what to keep, what to answer, how far publication has come.
//!
//! One step is one transaction: everything that arrived while the last one was being written is decided together and
//! synced together, so one fsync serves many (docs/protocol.md, S2).

use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, Identity, Name, sha256};
use ct::index::Position;
use ct::key::LogKey;
use ct::machine::Effects;
use ct::names::NodeName;
use ct::sct::DigitallySigned;
use ct::sth::VerifiedSth;
use ct::term::{Guard, Incarnation, Standing, TermCertificate};
use ct::time::{ClockBound, Timestamp};
use ct::wire::storage::{Completeness, Fetch, MoveStart, SctItem};
use ct::wire::{EntryBatch, Refusal};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

mod minimum;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use minimum::SlidingMinimum;
pub use view::View;

/// What a storage node is configured to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How far entries' timestamps may be off its clock.
    pub clock: ClockBound,
    /// Unpublished entries after which it takes no more.
    pub backlog_limit: usize,
    /// The log's key.
    pub log_key: LogKey,
}

/// One unpublished entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmerged {
    /// The entry.
    pub name: Name,
    /// Its identity.
    pub identity: Identity,
    /// Its timestamp.
    pub timestamp: Timestamp,
}

/// What the machine is rebuilt from at start.
#[derive(Debug, Clone)]
pub struct Durable {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that this node acknowledged.
    pub completeness: Completeness,
    /// The newest certificate.
    pub guard: Guard,
    /// First unpublished position.
    pub start: Position,
    /// The durable list from `start` on.
    pub unmerged: Vec<Unmerged>,
}

/// What is asked of an entry before it is kept.
#[derive(Debug, Clone, Copy)]
enum Admission {
    /// It is new: its time is near this, and there is room for it.
    At(Timestamp),
    /// Another node acknowledged it.
    Copied,
}

/// Tells which request an answer is for.
pub type Token = u64;

/// What happens to a storage node.
#[derive(Debug)]
pub enum Event {
    /// SendEntry calls that are to be committed together.
    Put(Vec<(Token, EntryBatch)>),
    /// SendSCT: attach SCTs. Best effort; a lost SCT is signed again.
    AttachScts(Vec<SctItem>),
    /// SendSTH by a primary.
    MoveStart(Token, NodeName, MoveStart),
    /// SetPrimary.
    SetPrimary(Token, Box<TermCertificate>),
    /// Entries of another node's list: they were acknowledged, so no bound is asked.
    Copy(Token, EntryBatch),
    /// Enough lists were copied into the list of this identity.
    Whole(Token, Incarnation),
    /// The primary had read beyond the end of the list of the first identity: it was put back from an older copy. From now on
    /// it has the second. A primary may ask more than once before that is so.
    RolledBack(Incarnation, Incarnation),
}

/// What is to be made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new issuer certificate.
    Issuer(Vec<u8>),
    /// A new entry at the end of the list.
    Append(Box<StoredEntry>),
    /// The SCT of the entry at a position.
    Sct(Position, DigitallySigned),
    /// The first unpublished position, and when it was moved.
    Start(Position, Timestamp),
    /// The newest certificate.
    Certificate(Box<TermCertificate>),
    /// Which list it is, and whether it has all that this node acknowledged.
    List(Incarnation, Completeness),
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Durable; with the position of the oldest unmerged entry of the same identity, if it is another one.
    Stored(Option<Position>),
    /// Issuers are missing.
    NeedIssuers(Vec<Fingerprint>),
    /// Refused.
    Refused(PutFault),
}

/// Why an entry is not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutFault {
    /// Off this node's clock.
    #[error(transparent)]
    Clock(#[from] ct::time::OffClock),
    /// Too many unpublished entries.
    #[error("backlog: {0} entries are unpublished, the limit is {1}")]
    Backlog(usize, usize),
}

/// What is to be done after the commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Answer a SendEntry, entry by entry.
    Puts(Token, Vec<Put>),
    /// Answer a control message.
    Control(Token, Result<(), Refusal>),
    /// Say that it is done.
    Done(Token),
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    incarnation: Incarnation,
    completeness: Completeness,
    guard: Arc<Guard>,
    start: Position,
    unmerged: VecDeque<Unmerged>,
    oldest: SlidingMinimum,
    by_name: HashMap<Name, Position>,
    by_identity: HashMap<Identity, BTreeSet<(Timestamp, Name)>>,
    verified: Option<VerifiedSth>,
}

impl Machine {
    /// Goes on from what is on disk.
    pub fn recover(settings: Settings, durable: Durable) -> Self {
        let mut machine = Self {
            settings,
            incarnation: durable.incarnation,
            completeness: durable.completeness,
            guard: Arc::new(durable.guard),
            start: durable.start,
            unmerged: VecDeque::new(),
            oldest: SlidingMinimum::default(),
            by_name: HashMap::new(),
            by_identity: HashMap::new(),
            verified: None,
        };
        durable.unmerged.into_iter().for_each(|item| machine.remember(item));
        machine
    }

    fn remember(&mut self, item: Unmerged) {
        // Of equal names the first position counts: it is published first.
        let position = self.end();
        self.by_name.entry(item.name).or_insert(position);
        self.by_identity.entry(item.identity).or_default().insert((item.timestamp, item.name));
        self.oldest.push(position, item.timestamp);
        self.unmerged.push_back(item);
    }

    /// First unpublished position.
    pub const fn start(&self) -> Position {
        self.start
    }
    /// End of the list, as it will be once the writes of the last step are durable.
    pub fn end(&self) -> Position {
        self.start.plus(self.unmerged.len() as u64)
    }
    /// Which list.
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }
    /// Who is primary.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }
    /// Timestamp of the oldest entry that is under no STH that this node verified (docs/protocol.md, S8).
    pub fn oldest_unpublished(&self) -> Option<Timestamp> {
        self.oldest.get()
    }
    /// What readers go by, once the writes of the last step are durable.
    pub fn view(&self) -> View {
        View {
            incarnation: self.incarnation,
            completeness: self.completeness,
            guard: Arc::clone(&self.guard),
            start: self.start,
            end: self.end(),
            oldest_unpublished: self.oldest_unpublished(),
        }
    }

    /// Decides on one event. `holds_issuer` says which issuers are on disk.
    pub fn step(
        &mut self,
        now: Timestamp,
        event: Event,
        holds_issuer: impl Fn(&Fingerprint) -> bool,
        fx: &mut Effects<Write, Act>,
    ) {
        match event {
            Event::Put(calls) => self.put(Admission::At(now), calls, holds_issuer, fx),
            Event::AttachScts(items) => self.attach(items, fx),
            Event::MoveStart(token, caller, message) => {
                let result = self.move_start(now, &caller, message, fx);
                fx.act(Act::Control(token, result));
            }
            Event::SetPrimary(token, certificate) => {
                let result = self.set_primary(*certificate, fx);
                fx.act(Act::Control(token, result));
            }
            Event::Copy(token, batch) => {
                self.put(Admission::Copied, vec![(token, batch)], holds_issuer, fx);
            }
            Event::Whole(token, filled) => {
                if filled == self.incarnation {
                    self.be(self.incarnation, Completeness::Whole, fx);
                }
                fx.act(Act::Done(token));
            }
            Event::RolledBack(old, new) if old == self.incarnation => {
                self.be(new, Completeness::Recovering, fx);
            }
            Event::RolledBack(..) => {}
        }
    }

    fn be(&mut self, incarnation: Incarnation, completeness: Completeness, fx: &mut Effects<Write, Act>) {
        (self.incarnation, self.completeness) = (incarnation, completeness);
        fx.write(Write::List(incarnation, completeness));
    }

    fn put(
        &mut self,
        admission: Admission,
        calls: Vec<(Token, EntryBatch)>,
        holds_issuer: impl Fn(&Fingerprint) -> bool,
        fx: &mut Effects<Write, Act>,
    ) {
        let mut brought: HashSet<Fingerprint> = HashSet::new();
        for (token, batch) in calls {
            for issuer in batch.issuers {
                let fingerprint = Fingerprint::new(sha256(&[&issuer]));
                if !holds_issuer(&fingerprint) && brought.insert(fingerprint) {
                    fx.write(Write::Issuer(issuer));
                }
            }
            let holds =
                |fingerprint: &Fingerprint| brought.contains(fingerprint) || holds_issuer(fingerprint);
            let results =
                batch.entries.into_iter().map(|entry| self.put_one(admission, entry, &holds, fx)).collect();
            fx.act(Act::Puts(token, results));
        }
    }

    /// Put-if-absent by name: several leaves of one identity are legal, and all are merged (docs/protocol.md, S3).
    fn put_one(
        &mut self,
        admission: Admission,
        entry: StoredEntry,
        holds: &impl Fn(&Fingerprint) -> bool,
        fx: &mut Effects<Write, Act>,
    ) -> Put {
        let identity = entry.identity();
        if !self.by_name.contains_key(&entry.name()) {
            if let Admission::At(now) = admission
                && let Err(fault) = self.admit(now, &entry)
            {
                return Put::Refused(fault);
            }
            let issuers: Vec<_> = entry.chain().iter().filter(|f| !holds(f)).copied().collect();
            if !issuers.is_empty() {
                return Put::NeedIssuers(issuers);
            }
            self.remember(Unmerged { name: entry.name(), identity, timestamp: entry.timestamp() });
            fx.write(Write::Append(Box::new(entry.clone())));
        }
        let oldest = self.by_identity.get(&identity).and_then(BTreeSet::first);
        let other = oldest.filter(|(_, name)| *name != entry.name());
        Put::Stored(other.and_then(|(_, name)| self.by_name.get(name).copied()))
    }

    fn admit(&self, now: Timestamp, entry: &StoredEntry) -> Result<(), PutFault> {
        self.settings.clock.check(entry.timestamp(), now)?;
        let (backlog, limit) = (self.unmerged.len(), self.settings.backlog_limit);
        if backlog >= limit { Err(PutFault::Backlog(backlog, limit)) } else { Ok(()) }
    }

    fn attach(&self, items: Vec<SctItem>, fx: &mut Effects<Write, Act>) {
        for item in items {
            if let Some(position) = self.by_name.get(&item.name) {
                fx.write(Write::Sct(*position, item.sct));
            }
        }
    }

    /// Moves `start`, never back, and only under an STH that verifies (docs/protocol.md, P5).
    fn move_start(
        &mut self,
        now: Timestamp,
        caller: &NodeName,
        message: MoveStart,
        fx: &mut Effects<Write, Act>,
    ) -> Result<(), Refusal> {
        self.check_caller(caller, &message)?;
        let sth = self.settings.log_key.verify_sth(message.sth);
        self.verified = Some(sth.map_err(|bad| Refusal::Unproven { reason: bad.to_string() })?);
        if message.start > self.end() {
            return Err(Refusal::BeyondEnd { cursor: message.start.get(), end: self.end().get() });
        }
        if message.start > self.start {
            while self.start < message.start {
                let Some(item) = self.unmerged.pop_front() else { break };
                if self.by_name.get(&item.name) == Some(&self.start) {
                    self.by_name.remove(&item.name);
                    self.forget_identity(&item);
                }
                self.start = self.start.plus(1);
            }
            self.oldest.forget_below(self.start);
            fx.write(Write::Start(self.start, now));
        }
        Ok(())
    }

    fn forget_identity(&mut self, item: &Unmerged) {
        if let Some(leaves) = self.by_identity.get_mut(&item.identity) {
            leaves.remove(&(item.timestamp, item.name));
            if leaves.is_empty() {
                self.by_identity.remove(&item.identity);
            }
        }
    }

    fn check_caller(&self, caller: &NodeName, message: &MoveStart) -> Result<(), Refusal> {
        check_standing(&self.guard, caller, message.term)?;
        if message.incarnation != self.incarnation {
            return Err(Refusal::OtherIncarnation { actual: self.incarnation });
        }
        Ok(())
    }

    /// As [`View::fetch_from`], for a list whose every position is durable.
    pub fn fetch_from(
        &self,
        caller: &NodeName,
        fetch: &Fetch,
        first_retained: Position,
    ) -> Result<Position, Refusal> {
        self.view().fetch_from(caller, fetch, first_retained)
    }

    fn set_primary(
        &mut self,
        certificate: TermCertificate,
        fx: &mut Effects<Write, Act>,
    ) -> Result<(), Refusal> {
        let adopted = self.guard.adopt(certificate);
        if let Some(guard) = adopted.map_err(|error| Refusal::Unproven { reason: error.to_string() })? {
            fx.write(Write::Certificate(Box::new(guard.certificate().clone())));
            self.guard = Arc::new(guard);
        }
        Ok(())
    }
}

/// Refuses a caller that is not the primary of the term in force.
fn check_standing(guard: &Guard, caller: &NodeName, term: ct::index::Term) -> Result<(), Refusal> {
    match guard.standing(caller, term) {
        Standing::Primary => Ok(()),
        Standing::Refused => Err(Refusal::TermOver { certificate: Box::new(guard.certificate().clone()) }),
        Standing::Unknown => Err(Refusal::TermUnknown { known: guard.term() }),
    }
}
