//! A cluster by hand: the test is the network, the clock, repair, and where it wants to be, a node that lies.

use ct::entry::{OrderedEntry, StoredEntry};
use ct::index::{Position, Term, TreeSize};
use ct::key::LogSigningKey;
use ct::names::NodeName;
use ct::order::{LogHead, OrderRecord};
use ct::replica::{Placed, View};
use ct::sth::{Sth, TreeHead};
use ct::term::{
    Change, Endorsement, Guard, Incarnation, Proposal, RunId, SignedProposal, SignedStopReply,
    TermCertificate,
};
use ct::time::Timestamp;
use ct::wire::storage::{Completeness, Fetch, Fetched, GetEntry, ListItem};
use ct::wire::tree::SendLog;
use ct::wire::{EntryBatch, Refusal};
use integration::sim::disk::LogDisk;
use integration::sim::submit::ISSUER;
use integration::sim::world::{BEGIN, name};
use integration::sim::{Options, World, submit};
use merge::message::{
    Act, Alarm, Answer, Call, CallFailure, CallId, Event, Halt, Request, Returned, Stopped, Write,
};
use std::collections::BTreeMap;

/// A merge node's name.
pub fn m(number: usize) -> NodeName {
    name("merge", number)
}

/// A healthy cluster in which nothing happens but by the hand of the test, or by [`World::run_until`].
pub fn calm() -> World {
    let mut world = World::new(7, Options::healthy());
    world.stormy = false;
    world
}

/// The log's key, which the simulator keeps to itself.
pub fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[1; 32]).unwrap()
}

/// So many milliseconds after the world began.
pub fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis)
}

/// Certificate `number`, promised so many milliseconds after the world began.
pub fn entry(number: u64, millis: u64) -> StoredEntry {
    submit::entry(number, at(millis))
}

/// Entries with consecutive numbers and times.
pub fn entries(numbers: std::ops::Range<u64>) -> Vec<StoredEntry> {
    numbers.map(|number| entry(number, number)).collect()
}

/// A size.
pub fn size(entries: u64) -> TreeSize {
    TreeSize::new(entries).unwrap()
}

/// A term.
pub fn term(number: u64) -> Term {
    Term::new(number).unwrap()
}

/// A run of repair.
pub fn run(number: u8) -> RunId {
    RunId::new([number; 16])
}

/// Places an entry as an honest node would.
pub fn place(log: &LogDisk, entry: &StoredEntry, index: TreeSize) -> Placed {
    let record = OrderRecord { name: entry.name(), extra: log.extra_hash(entry).unwrap().unwrap() };
    let ordered = OrderedEntry { index: index.next_index(), entry: entry.clone() };
    Placed { record, leaf: ordered.leaf_hash(ct::entry::LogKind::Rfc6962) }
}

/// A log that consists of these entries.
pub fn log_of(entries: &[StoredEntry]) -> LogDisk {
    let mut log = LogDisk::default();
    log.keep(batch(entries));
    let placed = entries.iter().enumerate().map(|(i, entry)| place(&log, entry, TreeSize::of(i)));
    let placed = placed.collect();
    log.order(TreeSize::ZERO, placed);
    log
}

/// The entries with their issuer.
pub fn batch(entries: &[StoredEntry]) -> EntryBatch {
    EntryBatch { entries: entries.to_vec(), issuers: vec![ISSUER.to_vec()] }
}

/// The head of a log at a size.
pub fn head(log: &LogDisk, entries: u64) -> LogHead {
    log.trees_at(size(entries)).unwrap().head()
}

/// One step of a merge node, committed; what it wants done is returned and not done.
pub fn step(world: &mut World, node: &NodeName, event: Event) -> Result<Vec<Act>, Halt> {
    Ok(step_writing(world, node, event)?.1)
}

/// The same, with what it wrote.
pub fn step_writing(
    world: &mut World,
    node: &NodeName,
    event: Event,
) -> Result<(Vec<Write>, Vec<Act>), Halt> {
    let now = Timestamp::from_millis(world.now);
    let process = world.merges.get_mut(node).unwrap();
    let machine = process.machine.take().expect("the node runs");
    let mut fx = ct::machine::Effects::new();
    process.machine = Some(machine.step(now, event, &process.disk.log, &mut fx)?);
    world.commit_merge(node, fx.writes.clone());
    Ok((fx.writes, fx.acts))
}

/// Asks a merge node; also says of what it alarmed.
pub fn ask_hearing(
    world: &mut World,
    to: &NodeName,
    from: &NodeName,
    request: Request,
) -> (Result<Answer, Refusal>, Vec<Alarm>) {
    let acts = step(world, to, Event::Request(0, from.clone(), request)).expect("it does not halt");
    let (mut answer, mut alarms) = (None, Vec::new());
    for act in acts {
        match act {
            Act::Respond(_, response) => answer = Some(response.map_err(|refusal| *refusal)),
            Act::Alarm(alarm) => alarms.push(alarm),
            _ => {}
        }
    }
    (answer.expect("every request is answered"), alarms)
}

/// Asks a merge node.
pub fn ask(world: &mut World, to: &NodeName, from: &NodeName, request: Request) -> Result<Answer, Refusal> {
    ask_hearing(world, to, from, request).0
}

/// A proposal as the primary that a certificate names would make it.
pub fn propose(certificate: &TermCertificate, head: LogHead, time: Timestamp) -> Proposal {
    Proposal::of(&certificate.body, head, time)
}

/// The same under the primary's signature.
pub fn request(
    world: &World,
    certificate: &TermCertificate,
    head: LogHead,
    time: Timestamp,
) -> SignedProposal {
    let primary = certificate.body.primary.clone();
    let key = &world.keys[&primary];
    SignedProposal::new(propose(certificate, head, time), primary, key)
}

/// VerifyRoot of a log's head, by the certificate's primary.
pub fn verify(
    world: &mut World,
    to: &NodeName,
    certificate: &TermCertificate,
    head: LogHead,
    time: Timestamp,
) -> Result<Endorsement, Refusal> {
    let request = Box::new(request(world, certificate, head, time));
    match ask(world, to, &certificate.body.primary, Request::VerifyRoot(request))? {
        Answer::Endorsed(endorsement) => Ok(endorsement),
        other => panic!("VerifyRoot is not answered with {other:?}"),
    }
}

/// SendLog of a part of a log, by the certificate's primary.
pub fn send_log(
    world: &mut World,
    to: &NodeName,
    certificate: &TermCertificate,
    log: &LogDisk,
    part: std::ops::Range<u64>,
) -> Result<TreeSize, Refusal> {
    let at_start = head(log, part.start);
    let header = SendLog {
        term: certificate.term(),
        start: at_start.size,
        root: at_start.root,
        internal_root: at_start.internal_root,
        sth: None,
        consistency: None,
    };
    let records = log.records(size(part.start), size(part.end)).unwrap();
    match ask(world, to, &certificate.body.primary, Request::SendLog(header, records))? {
        Answer::Staged(end) => Ok(end),
        other => panic!("SendLog is not answered with {other:?}"),
    }
}

/// SendEntry of all copies of a log, by the certificate's primary.
pub fn send_entries(
    world: &mut World,
    to: &NodeName,
    certificate: &TermCertificate,
    log: &LogDisk,
) -> Result<(), Refusal> {
    let entries: Vec<_> = log.copies.values().cloned().collect();
    let request = Request::SendEntry(certificate.term(), batch(&entries));
    ask(world, to, &certificate.body.primary, request).map(drop)
}

/// Brings a node up to a size of the primary's log and has it endorse that.
pub fn bring(
    world: &mut World,
    to: &NodeName,
    certificate: &TermCertificate,
    log: &LogDisk,
    entries: u64,
    time: Timestamp,
) -> Result<Endorsement, Refusal> {
    let held = world.merges[to].disk.durable.accepted.head;
    let common = (0..=held.size.get().min(entries)).rev();
    let mine = &world.merges[to].disk.log;
    let from = common.into_iter().find(|at| head(mine, *at) == head(log, *at)).unwrap();
    send_log(world, to, certificate, log, from..entries)?;
    send_entries(world, to, certificate, log)?;
    verify(world, to, certificate, head(log, entries), time)
}

/// Stops a merge node for a term.
pub fn stop(world: &mut World, node: &NodeName, next: Term, run: RunId) -> SignedStopReply {
    let repair = "merge-repair-1".parse().unwrap();
    match ask(world, node, &repair, Request::Stop(next, run)) {
        Ok(Answer::Stopped(reply)) => *reply,
        other => panic!("{node} does not stop: {other:?}"),
    }
}

/// Stops these nodes and makes the certificate of the next term, with repair's own choice of where it starts.
pub fn certify(world: &mut World, stopped: &[NodeName], primary: &NodeName) -> TermCertificate {
    certify_change(world, stopped, primary, Change::Nothing)
}

/// The same, with a change.
pub fn certify_change(
    world: &mut World,
    stopped: &[NodeName],
    primary: &NodeName,
    change: Change,
) -> TermCertificate {
    let next = world.newest.term().plus(1);
    let run = run(next.get() as u8);
    let stops: Vec<_> = stopped.iter().map(|node| stop(world, node, next, run)).collect();
    let choice = world.newest.choose(run, next, &change, &stops).unwrap();
    assert!(choice.holders.contains(primary), "{primary} does not hold {:?}", choice.start);
    let chosen = (primary.clone(), choice.start);
    let body = world.newest.successor(run, next, change, chosen, stops).unwrap();
    let certificate = TermCertificate::sign(body, &world.repair_key);
    // As repair keeps it: with the earlier changes.
    let guard = Guard::new(world.trust.clone(), world.newest.clone());
    world.newest = guard.adopt(certificate).unwrap().unwrap().certificate().clone();
    world.newest.clone()
}

/// Hands a certificate to merge nodes.
pub fn install(world: &mut World, certificate: &TermCertificate, nodes: &[NodeName]) {
    for node in nodes {
        let request = Request::SetPrimary(Box::new(certificate.clone()));
        assert_eq!(ask(world, node, &m(1), request), Ok(Answer::Done), "{node}");
    }
}

/// The whole of a change of term in a world that goes on by itself: the nodes do what the certificate makes them do.
pub fn succeed_live(world: &mut World, stopped: &[NodeName], primary: &NodeName) -> TermCertificate {
    let certificate = certify(world, stopped, primary);
    install_live(world, &certificate);
    certificate
}

/// Hands a certificate to every merge node, in a world that goes on by itself.
pub fn install_live(world: &mut World, certificate: &TermCertificate) {
    for node in world.merges.keys().cloned().collect::<Vec<_>>() {
        let request = Request::SetPrimary(Box::new(certificate.clone()));
        integration::sim::repair::deliver(world, &node, request);
    }
}

/// The whole of a change of term.
pub fn succeed(
    world: &mut World,
    stopped: &[NodeName],
    primary: &NodeName,
    told: &[NodeName],
) -> TermCertificate {
    let certificate = certify(world, stopped, primary);
    install(world, &certificate, told);
    certificate
}

/// The names in a node's order.
pub fn order(world: &World, node: &NodeName) -> Vec<ct::hash::Name> {
    world.merges[node].disk.log.order.iter().map(|placed| placed.record.name).collect()
}

/// The names of entries.
pub fn names(entries: &[StoredEntry]) -> Vec<ct::hash::Name> {
    entries.iter().map(StoredEntry::name).collect()
}

/// What a merge node endorsed last, by its disk: term and size.
pub fn accepted(world: &World, node: &NodeName) -> (u64, u64) {
    let accepted = &world.merges[node].disk.durable.accepted;
    (accepted.term.get(), accepted.head.size.get())
}

/// Puts entries into a node's own log, as a primary does when it orders them.
pub fn give(world: &mut World, node: &NodeName, entries: &[StoredEntry]) {
    let base = world.merges[node].disk.log.len();
    world.commit_merge(node, vec![Write::Copies(batch(entries))]);
    let log = &world.merges[node].disk.log;
    let placed = entries.iter().enumerate().map(|(i, e)| place(log, e, base.plus(i as u64))).collect();
    world.commit_merge(node, vec![Write::Order { base, append: placed }]);
}

/// For what a merge node is stopped, by its disk.
pub fn stopped(world: &World, node: &NodeName) -> Option<Stopped> {
    world.merges[node].disk.durable.stopped
}

/// The log's signature over a head.
pub fn sth(head: LogHead, time: Timestamp) -> Sth {
    let head = TreeHead { timestamp: time, tree_size: head.size, root_hash: head.root };
    log_key().sign_head(head).sth().clone()
}

/// Lets a world that was led by hand go on by itself: calls that nobody answered are forgotten with their processes.
pub fn let_go(world: &mut World) {
    for node in world.merges.keys().cloned().collect::<Vec<_>>() {
        if world.merges[&node].machine.is_some() {
            world.kill(&node);
            world.start(&node);
        }
    }
}

/// Runs a world in small steps until something is so.
///
/// # Panics
/// If it is not within ten seconds of simulated time.
pub fn run_until(world: &mut World, what: &str, mut so: impl FnMut(&World) -> bool) {
    let end = world.now + 10_000;
    while !so(world) {
        assert!(
            world.now < end,
            "it never happened: {what}\nalarms {:?}\nhalted {:?}",
            world.alarms,
            world.halted
        );
        let next = world.now + 1;
        world.run_until(next);
        assert_eq!(world.check.broken, None);
    }
}

/// Runs a world for a while.
pub fn run_for(world: &mut World, millis: u64) {
    let end = world.now + millis;
    world.run_until(end);
    assert_eq!(world.check.broken, None);
}

/// The size of the newest head that was ever signed.
pub fn signed(world: &World) -> u64 {
    world.check.signed.last().map_or(0, |head| head.tree_size.get())
}

/// The primary of a world, with the test in the place of everybody it calls.
pub struct Reign {
    /// The cluster that it believes to be in.
    pub world: World,
    /// Who it is.
    pub me: NodeName,
    /// Calls that wait for an answer.
    pub open: Vec<(CallId, NodeName, Call)>,
    /// Alarms that it raised.
    pub alarms: Vec<Alarm>,
}

impl Reign {
    /// The first primary of a new log.
    pub fn begin() -> Self {
        Self::of(calm(), m(1))
    }

    /// Any merge node of a world.
    pub fn of(world: World, me: NodeName) -> Self {
        Self { world, me, open: Vec::new(), alarms: Vec::new() }
    }

    /// One step, and, as the node's shell does it, more for as long as there was something to write.
    pub fn step(&mut self, event: Event) -> Result<(), Halt> {
        let mut next = Some(event);
        let mut steps = 0;
        while let Some(event) = next.take() {
            steps += 1;
            assert!(steps < 1_000, "it has always something more to write");
            let (writes, acts) = step_writing(&mut self.world, &self.me, event)?;
            for act in acts {
                match act {
                    Act::Call(id, to, call) => self.open.push((id, to, call)),
                    Act::Alarm(alarm) => self.alarms.push(alarm),
                    Act::Respond(..) | Act::Signed(_) => {}
                }
            }
            next = (!writes.is_empty()).then_some(Event::Tick);
        }
        Ok(())
    }

    /// Time passes.
    pub fn pass(&mut self, millis: u64) {
        self.world.now += millis;
        self.step(Event::Tick).unwrap();
    }

    /// A call ends.
    pub fn answer(&mut self, id: CallId, outcome: Result<Returned, CallFailure>) {
        self.step(Event::Returned(id, outcome)).unwrap();
    }

    /// Takes the first open call to a node of which this is so.
    pub fn take(&mut self, to: &NodeName, is: impl Fn(&Call) -> bool) -> Option<(CallId, Call)> {
        let found = self.open.iter().position(|(_, node, call)| node == to && is(call))?;
        let (id, _, call) = self.open.remove(found);
        Some((id, call))
    }

    /// Ends its process and starts it again from its disk.
    pub fn restart(&mut self) {
        let me = self.me.clone();
        self.world.kill(&me);
        self.open.clear();
        self.world.start(&me);
    }

    /// The names in its log.
    pub fn order(&self) -> Vec<ct::hash::Name> {
        order(&self.world, &self.me)
    }
}

/// A refusal, as it comes back to a caller.
pub fn refused(refusal: Refusal) -> Result<Returned, CallFailure> {
    Err(CallFailure::Refused(Box::new(refusal)))
}

/// A storage node in the hand of the test.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that its node acknowledged.
    pub completeness: Completeness,
    /// First unpublished position.
    pub start: u64,
    /// Its list.
    pub entries: Vec<StoredEntry>,
    /// Listed, but it cannot give them: lost, or damaged on its disk.
    pub unreadable: Vec<ct::hash::Name>,
    /// It gives so many entries in one answer.
    pub room: usize,
    /// It cannot give the issuer of its entries.
    pub issuer_lost: bool,
    /// It does not answer.
    pub down: bool,
}

impl Shelf {
    /// A list with these entries.
    pub fn with(entries: &[StoredEntry]) -> Self {
        let incarnation = Incarnation::new([200; 16]);
        let entries = entries.to_vec();
        let unreadable = Vec::new();
        let (completeness, room) = (Completeness::Whole, 1000);
        Self {
            incarnation,
            completeness,
            start: 0,
            entries,
            unreadable,
            room,
            issuer_lost: false,
            down: false,
        }
    }

    fn fetch(&self, fetch: &Fetch, now: Timestamp) -> Result<Returned, CallFailure> {
        let end = self.entries.len() as u64;
        let first = match fetch.cursor {
            None if fetch.retained => 0,
            None => self.start,
            Some(cursor) if cursor.incarnation != self.incarnation => {
                return refused(Refusal::OtherIncarnation { actual: self.incarnation });
            }
            Some(cursor) if cursor.position.get() > end => {
                return refused(Refusal::BeyondEnd { cursor: cursor.position.get(), end });
            }
            Some(cursor) => cursor.position.get(),
        };
        let items = self.entries[first as usize..].iter();
        Ok(Returned::Fetched(Fetched {
            incarnation: self.incarnation,
            completeness: self.completeness,
            start: Position::new(self.start).unwrap(),
            first: Position::new(first).unwrap(),
            list: items.map(|e| ListItem { name: e.name(), timestamp: e.timestamp() }).collect(),
            end: Position::new(end).unwrap(),
            at: now,
        }))
    }

    fn get(&self, get: &GetEntry) -> Result<Returned, CallFailure> {
        if get.incarnation != self.incarnation {
            return refused(Refusal::OtherIncarnation { actual: self.incarnation });
        }
        let held = |(position, name): &(Position, ct::hash::Name)| {
            let entry = self.entries.get(position.as_usize())?;
            (entry.name() == *name && !self.unreadable.contains(name)).then(|| entry.clone())
        };
        let entries: Vec<_> = get.entries.iter().filter_map(held).take(self.room).collect();
        let room = entries.len() < self.room && !get.issuers.is_empty() && !self.issuer_lost;
        let issuers = if room { vec![ISSUER.to_vec()] } else { Vec::new() };
        Ok(Returned::Entries(EntryBatch { entries, issuers }))
    }

    /// The answer to a call; none to a question for what is new when nothing is.
    fn answer(&mut self, call: &Call, now: Timestamp) -> Option<Result<Returned, CallFailure>> {
        if self.down {
            return Some(Err(CallFailure::Failed("down".to_owned())));
        }
        Some(match call {
            Call::Fetch(fetch) => {
                let waits = fetch.cursor.is_some_and(|cursor| {
                    cursor.incarnation == self.incarnation && cursor.position.as_usize() == self.entries.len()
                });
                if waits && !fetch.retained {
                    return None;
                }
                self.fetch(fetch, now)
            }
            Call::GetEntry(get) => self.get(get),
            Call::MoveStart(message) if message.incarnation != self.incarnation => {
                refused(Refusal::OtherIncarnation { actual: self.incarnation })
            }
            Call::MoveStart(message) => {
                self.start = self.start.max(message.start.get());
                Ok(Returned::Done)
            }
            other => panic!("no storage node is asked {other:?}"),
        })
    }
}

/// A storage node's name.
pub fn s(number: usize) -> NodeName {
    name("storage", number)
}

/// Three storage nodes with these lists.
pub fn shelves(lists: [&[StoredEntry]; 3]) -> BTreeMap<NodeName, Shelf> {
    (1..).zip(lists).map(|(n, entries)| (s(n), Shelf::with(entries))).collect()
}

impl Reign {
    /// The answer of a storage node to the first open call that it answers.
    pub fn next_answer(
        &mut self,
        shelves: &mut BTreeMap<NodeName, Shelf>,
        now: Timestamp,
    ) -> Option<(CallId, Result<Returned, CallFailure>)> {
        let answered = self
            .open
            .iter()
            .enumerate()
            .find_map(|(at, (_, to, call))| Some((at, shelves.get_mut(to)?.answer(call, now)?)));
        let (at, outcome) = answered?;
        Some((self.open.remove(at).0, outcome))
    }

    /// Answers what storage nodes are asked, until they are asked nothing more.
    pub fn collect(&mut self, shelves: &mut BTreeMap<NodeName, Shelf>) {
        let now = Timestamp::from_millis(self.world.now);
        let mut answers = 0;
        while let Some((id, outcome)) = self.next_answer(shelves, now) {
            answers += 1;
            assert!(answers < 1_000, "it has always something more to ask");
            self.answer(id, outcome);
        }
    }
}
