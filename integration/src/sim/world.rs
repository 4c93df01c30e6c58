//! The simulated cluster: nodes, network, time.

mod frontends;
mod losses;
mod merges;
mod repairs;
mod signing;
mod storages;

use super::check::Checker;
use super::disk::{ListDisk, LogDisk};
use super::repair::{Repair, repair_name};
use super::submit::{ISSUER, Submission, entry};
use ct::entry::{LogKind, StoredEntry};
use ct::index::{Position, Term};
use ct::key::LogSigningKey;
use ct::machine::Effects;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::replica::View;
use ct::sct::DigitallySigned;
use ct::term::{
    AcceptedHead, Change, Guard, Incarnation, RunId, SignedStopReply, TermBody, TermCertificate, Trust,
    Voter, Voters,
};
use ct::time::{ClockBound, Timestamp};
use ct::wire::EntryBatch;
use ct::wire::storage::{Fetched, ListItem, SctItem};
use frontend::{copy, promise};
use merge::message::{Act, Answer, Call, CallFailure, CallId, Event, Request, Returned, Write};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a history is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Merge nodes.
    pub merges: usize,
    /// Storage nodes.
    pub storages: usize,
    /// Storage nodes that a promise takes.
    pub quorum: usize,
    /// Frontends.
    pub frontends: usize,
    /// Of a thousand messages, how many are lost.
    pub loss: u32,
    /// Of a thousand messages, how many arrive twice.
    pub twice: u32,
    /// Of a thousand commits, at how many the node crashes (half before, half after).
    pub crash: u32,
    /// Of a thousand copies that arrive, how many are damaged at rest.
    pub damage: u32,
    /// Greatest difference of a node's clock from the true time, in milliseconds.
    pub skew: i64,
    /// Submissions.
    pub submissions: u64,
    /// Repairs.
    pub repairs: usize,
    /// Length of the unsafe phase, in milliseconds.
    pub span: u64,
}

impl Options {
    /// A healthy cluster of the usual size.
    pub const fn healthy() -> Self {
        Self {
            merges: 3,
            storages: 3,
            quorum: 2,
            frontends: 2,
            loss: 0,
            twice: 0,
            crash: 0,
            damage: 0,
            skew: 0,
            submissions: 30,
            repairs: 0,
            span: 6_000,
        }
    }
    /// The same with everything that can go wrong going wrong.
    pub const fn stormy() -> Self {
        let mut options = Self::healthy();
        (options.loss, options.twice, options.crash) = (60, 60, 12);
        (options.damage, options.skew) = (10, 200);
        options
    }
}

/// When the simulated world begins, in milliseconds since the epoch.
pub const BEGIN: u64 = 1_800_000_000_000;
const TICK: u64 = 40;
const TIMEOUT: u64 = 700;

/// Who asked, and how the answer finds it.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Primary { node: NodeName, epoch: u64, call: CallId },
    Submission { frontend: NodeName, epoch: u64, id: u64 },
    Repair { epoch: u64, call: CallId },
    Nobody,
}

#[derive(Debug, Clone)]
enum Message {
    Call(Call),
    Batch(Call, EntryBatch),
    Store(Box<StoredEntry>),
    Sign(Box<StoredEntry>),
    Scts(Vec<SctItem>),
    Stop(Term, RunId),
    Start(Term),
    Release(Term, RunId),
}

#[derive(Debug)]
enum Reply {
    Primary(Result<Returned, CallFailure>),
    Submission(promise::Event),
    Stopped(Box<SignedStopReply>),
    Released(Box<ct::term::SignedRelease>),
}

#[derive(Debug)]
enum Happening {
    Tick(NodeName),
    Deliver(NodeName, Origin, Box<Message>),
    Return(Origin, Box<Reply>),
    Restart(NodeName),
    Submit(u64),
    Repair,
    RepairTick,
}

/// What every node has besides its own state.
#[derive(Debug)]
pub struct Process<M, D> {
    /// Running, or not.
    pub machine: Option<M>,
    /// What survives a crash.
    pub disk: D,
    /// The newest certificate on disk.
    pub guard: Guard,
    /// Difference of its clock.
    pub(super) skew: i64,
    /// Counts its starts: answers to an earlier life are lost.
    pub(super) epoch: u64,
}

/// A merge node's disk.
#[derive(Debug, Clone)]
pub struct MergeDisk {
    /// Its log.
    pub log: LogDisk,
    /// Its state.
    pub durable: merge::machine::Durable,
}

/// A signer's disk.
#[derive(Debug, Clone, Default)]
pub struct SignerDisk {
    /// The last STH.
    pub memory: Option<signer::machine::Memory>,
    /// Why it is halted.
    pub fork: Option<signer::machine::Fork>,
    /// Up to which term the right to sign was given up.
    pub released: Option<signer::machine::Released>,
}

/// A frontend's disk.
#[derive(Debug)]
pub struct FrontendDisk {
    /// Its log.
    pub log: LogDisk,
    held: Option<ct::sth::Sth>,
    /// The STH that it shows.
    pub published: Option<ct::sth::Sth>,
}

/// The cluster.
pub struct World {
    /// What was asked for.
    pub options: Options,
    /// Chooses everything.
    pub rng: fastrand::Rng,
    /// True time, in milliseconds since the epoch.
    pub now: u64,
    /// What the checkers saw.
    pub check: Checker,
    /// Merge nodes.
    pub merges: BTreeMap<NodeName, Process<merge::machine::Machine, MergeDisk>>,
    /// Storage nodes.
    pub storages: BTreeMap<NodeName, Process<storage::machine::Machine, ListDisk>>,
    /// Frontends.
    pub frontends: BTreeMap<NodeName, Process<copy::Copy, FrontendDisk>>,
    /// The signer.
    pub signer: Process<signer::machine::Machine, SignerDisk>,
    /// The repair process.
    pub repair: Repair,
    /// Node keys of merge nodes.
    pub keys: BTreeMap<NodeName, NodeSigningKey>,
    /// The repair key.
    pub repair_key: NodeSigningKey,
    /// What nodes believe without a certificate.
    pub trust: Trust,
    /// The newest certificate that was made.
    pub newest: TermCertificate,
    /// Alarms that were raised.
    pub alarms: Vec<String>,
    /// Nodes that halted, and why.
    pub halted: Vec<String>,
    /// A digest of the history.
    pub trace: u64,
    pub(super) log_key: LogSigningKey,
    submissions: BTreeMap<(NodeName, u64), Submission>,
    queue: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    /// Whether faults happen.
    pub stormy: bool,
    /// What happened so far.
    pub faults: Faults,
    /// Requests that never arrive, by the will of the test.
    pub cut: Option<Cut>,
    /// Signers that repair sees besides the one that works.
    pub spare_signers: Vec<NodeName>,
}

/// What a history went through: a storm that never blew has tested nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nodes that crashed at a commit.
    pub crashes: u64,
    /// Requests and answers that were lost.
    pub lost: u64,
    /// Requests that arrived twice.
    pub repeated: u64,
    /// Copies that were damaged at rest.
    pub damaged: u64,
    /// Certificates of later terms that nodes adopted.
    pub certificates: u64,
    /// Promises made.
    pub promises: u64,
    /// Promises made for an entry that another frontend had made.
    pub adoptions: u64,
    /// Submissions that ended without a promise.
    pub failures: u64,
    /// Runs of repair that began.
    pub repairs: u64,
    /// Those after which a tree head came.
    pub repaired: u64,
    /// Crashes of the repair process at its writes.
    pub repair_crashes: u64,
}

/// Whether a request is to be lost: from whom, to whom, and what it is, if it is a primary's.
pub type Cut = Box<dyn Fn(&NodeName, &NodeName, Option<&Call>) -> bool>;

/// A node's name.
pub fn name(role: &str, number: usize) -> NodeName {
    format!("{role}-{number}").parse().expect("a role and a number are a name")
}

fn signer_name() -> NodeName {
    name("signer", 1)
}

/// The signer's node key.
pub fn signer_key() -> NodeSigningKey {
    NodeSigningKey::from_seed(&[98; 32])
}

impl World {
    /// A cluster that was just initialised.
    pub fn new(seed: u64, options: Options) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let log_key = LogSigningKey::from_scalar(&[1; 32]).expect("a small scalar is a key");
        let repair_key = NodeSigningKey::from_seed(&[99; 32]);
        let names: Vec<_> = (1..=options.merges).map(|n| name("merge", n)).collect();
        let keys: BTreeMap<_, _> = names
            .iter()
            .enumerate()
            .map(|(n, name)| (name.clone(), NodeSigningKey::from_seed(&[n as u8 + 1; 32])))
            .collect();
        let voter = |(n, name): (usize, &NodeName)| Voter {
            name: name.clone(),
            key: keys[name].public(),
            incarnation: Incarnation::new([n as u8 + 1; 16]),
            joining_term: Term::ZERO,
        };
        let voters =
            Voters::new(names.iter().enumerate().map(voter).collect()).expect("names and keys differ");
        let log_id = log_key.public().log_id();
        let trust = Trust { log_id, kind: LogKind::Rfc6962, repair_key: repair_key.public() };
        let body = TermBody {
            log_id,
            kind: LogKind::Rfc6962,
            run: RunId::new([0; 16]),
            term: Term::FIRST,
            primary: names[0].clone(),
            start_head: LogHead::EMPTY,
            change: Change::Nothing,
            sth_signer: signer_name(),
            sth_signer_key: signer_key().public(),
            voters,
            former: Vec::new(),
            stops: Vec::new(),
        };
        let founding = TermCertificate::sign(body, &repair_key);
        let guard = Guard::new(trust.clone(), founding.clone());
        let skew = options.skew;
        let mut skewed = || if skew == 0 { 0 } else { rng.i64(-skew..=skew) };
        let merges = names
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let durable = merge::machine::Durable {
                    incarnation: Incarnation::new([n as u8 + 1; 16]),
                    guard: guard.clone(),
                    stopped: None,
                    accepted: AcceptedHead::NONE,
                    newest_entry: Timestamp::EPOCH,
                    newest_sth: None,
                    endorsed: BTreeMap::new(),
                };
                let disk = MergeDisk { log: LogDisk::default(), durable };
                (
                    name.clone(),
                    Process { machine: None, disk, guard: guard.clone(), skew: skewed(), epoch: 0 },
                )
            })
            .collect();
        let storages = (1..=options.storages)
            .map(|n| {
                let disk = ListDisk::default();
                (
                    name("storage", n),
                    Process { machine: None, disk, guard: guard.clone(), skew: skewed(), epoch: 0 },
                )
            })
            .collect();
        let frontends = (1..=options.frontends)
            .map(|n| {
                let disk = FrontendDisk { log: LogDisk::default(), held: None, published: None };
                (
                    name("frontend", n),
                    Process { machine: None, disk, guard: guard.clone(), skew: skewed(), epoch: 0 },
                )
            })
            .collect();
        let memory = SignerDisk { memory: Some(signer::machine::Memory::NewLog), ..SignerDisk::default() };
        let repair = Process { machine: None, disk: None, guard: guard.clone(), skew: 0, epoch: 0 };
        let signer = Process { machine: None, disk: memory, guard, skew: skewed(), epoch: 0 };
        let mut world = Self {
            options,
            rng,
            now: BEGIN,
            check: Checker::default(),
            merges,
            storages,
            frontends,
            signer,
            repair,
            keys,
            repair_key,
            trust,
            newest: founding,
            alarms: Vec::new(),
            halted: Vec::new(),
            trace: seed,
            log_key,
            submissions: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            stormy: true,
            faults: Faults::default(),
            cut: None,
            spare_signers: Vec::new(),
        };
        world.start_all();
        world
    }

    fn at(&mut self, delay: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + delay, self.sequence), happening);
    }

    fn chance(&mut self, per_thousand: u32) -> bool {
        self.stormy && per_thousand > 0 && self.rng.u32(0..1000) < per_thousand
    }

    fn clock(&self, skew: i64) -> Timestamp {
        Timestamp::from_millis(self.now.saturating_add_signed(skew))
    }

    fn all_names(&self) -> Vec<NodeName> {
        let mut names: Vec<_> =
            self.merges.keys().chain(self.storages.keys()).chain(self.frontends.keys()).cloned().collect();
        names.push(signer_name());
        names
    }

    fn start_all(&mut self) {
        for name in self.all_names() {
            self.start(&name);
        }
        for merge in self.merges.keys().cloned().collect::<Vec<_>>() {
            self.at(1, Happening::Tick(merge));
        }
        self.at(1, Happening::RepairTick);
    }

    /// Settings of a merge node.
    pub fn merge_settings(&self, me: &NodeName) -> merge::machine::Settings {
        merge::machine::Settings {
            me: me.clone(),
            key: self.keys[me].clone(),
            log_key: self.log_key.public().clone(),
            window: None,
            clock: ClockBound::DEFAULT,
            sth_interval: Duration::from_secs(2),
            publish_interval: Duration::from_millis(400),
            storage: self.storages.keys().cloned().collect(),
            storage_quorum: self.options.quorum,
            frontends: self.frontends.keys().cloned().collect(),
        }
    }

    /// Starts a node from its disk.
    pub fn start(&mut self, node: &NodeName) {
        if *node == repair_name() {
            return super::repair::start(self);
        }
        let settings = self.merges.contains_key(node).then(|| self.merge_settings(node));
        let (log_key, clock) = (self.log_key.public().clone(), ClockBound::DEFAULT);
        if let (Some(process), Some(settings)) = (self.merges.get_mut(node), settings) {
            process.epoch += 1;
            let mut durable = process.disk.durable.clone();
            durable.guard = process.guard.clone();
            match merge::machine::Machine::recover(settings, durable, &process.disk.log) {
                Ok(machine) => process.machine = Some(machine),
                Err(halt) => self.halted.push(format!("{node}: {halt}")),
            }
        } else if let Some(process) = self.storages.get_mut(node) {
            process.epoch += 1;
            let settings = storage::machine::Settings { clock, backlog_limit: 10_000, log_key };
            let unmerged = process.disk.entries[process.disk.start.as_usize()..].iter();
            let durable = storage::machine::Durable {
                incarnation: process.disk.incarnation,
                completeness: process.disk.completeness,
                guard: process.guard.clone(),
                start: process.disk.start,
                unmerged: unmerged
                    .map(|entry| storage::machine::Unmerged {
                        name: entry.name(),
                        identity: entry.identity(),
                        timestamp: entry.timestamp(),
                    })
                    .collect(),
            };
            process.machine = Some(storage::machine::Machine::recover(settings, durable));
        } else if let Some(process) = self.frontends.get_mut(node) {
            process.epoch += 1;
            let disk = &process.disk;
            let durable = copy::Durable {
                guard: process.guard.clone(),
                held: disk.held.clone(),
                published: disk.published.clone(),
            };
            match copy::Copy::recover(copy::Settings { log_key, clock }, durable, &disk.log) {
                Ok(machine) => process.machine = Some(machine),
                Err(halt) => self.halted.push(format!("{node}: {halt}")),
            }
        } else {
            let process = &mut self.signer;
            process.epoch += 1;
            let SignerDisk { memory, fork, released } = process.disk.clone();
            let durable = signer::machine::Durable { guard: process.guard.clone(), memory, fork, released };
            let settings = signer::machine::Settings { me: signer_name(), clock, log_key };
            process.machine = Some(signer::machine::Machine::recover(settings, durable));
        }
    }

    /// Kills a node: what was not committed is lost, and so are all answers to it.
    pub fn kill(&mut self, node: &NodeName) {
        self.trace = mix(self.trace, 77);
        if let Some(process) = self.merges.get_mut(node) {
            process.machine = None;
        } else if let Some(process) = self.storages.get_mut(node) {
            process.machine = None;
        } else if let Some(process) = self.frontends.get_mut(node) {
            process.machine = None;
            self.submissions.retain(|(frontend, _), _| frontend != node);
        } else {
            self.signer.machine = None;
        }
    }

    /// Decides whether a node crashes at a commit: `Some(true)` after it, `Some(false)` before.
    fn crash_at_commit(&mut self, node: &NodeName) -> Option<bool> {
        if !self.chance(self.options.crash) {
            return None;
        }
        self.kill(node);
        self.faults.crashes += 1;
        let delay = self.rng.u64(50..3000);
        self.at(delay, Happening::Restart(node.clone()));
        Some(self.rng.bool())
    }

    fn is_cut(&self, origin: &Origin, to: &NodeName, message: &Message) -> bool {
        let call = match message {
            Message::Call(call) | Message::Batch(call, _) => Some(call),
            _ => None,
        };
        self.cut.as_ref().is_some_and(|cut| cut(&Self::caller(origin), to, call))
    }

    fn send(&mut self, to: NodeName, origin: Origin, message: Message) {
        if self.is_cut(&origin, &to, &message) {
            self.lost(origin, &to, &message);
            return;
        }
        let copies = 1 + usize::from(self.chance(self.options.twice));
        self.faults.repeated += copies as u64 - 1;
        let mut arrives = false;
        for _ in 0..copies {
            if self.chance(self.options.loss) {
                self.faults.lost += 1;
            } else {
                let delay = 1 + self.rng.u64(0..if self.stormy { 60 } else { 4 });
                arrives = true;
                self.at(delay, Happening::Deliver(to.clone(), origin.clone(), Box::new(message.clone())));
            }
        }
        if !arrives {
            self.lost(origin, &to, &message);
        }
    }

    /// The caller learns of a lost message by its deadline.
    fn lost(&mut self, origin: Origin, to: &NodeName, message: &Message) {
        let reply = match (&origin, message) {
            (Origin::Primary { .. } | Origin::Repair { .. }, _) => {
                Reply::Primary(Err(CallFailure::Failed("deadline".to_owned())))
            }
            (Origin::Submission { .. }, Message::Store(entry)) => {
                Reply::Submission(promise::Event::NotStored(to.clone(), entry.name(), "deadline".to_owned()))
            }
            (Origin::Submission { .. }, Message::Sign(entry)) => {
                Reply::Submission(promise::Event::NotSigned(entry.name(), "deadline".to_owned()))
            }
            _ => return,
        };
        self.at(TIMEOUT, Happening::Return(origin, Box::new(reply)));
    }

    /// A node that crashed answers nobody: a primary that asked it learns that by its deadline.
    fn unanswered(&mut self, origin: Origin) {
        if let Origin::Primary { .. } | Origin::Repair { .. } = origin {
            let reply = Reply::Primary(Err(CallFailure::Failed("deadline".to_owned())));
            self.at(TIMEOUT, Happening::Return(origin, Box::new(reply)));
        }
    }

    fn answer(&mut self, origin: Origin, reply: Reply) {
        if self.chance(self.options.loss) {
            self.faults.lost += 1;
            let lost = match reply {
                Reply::Primary(_) | Reply::Stopped(_) | Reply::Released(_) => {
                    Reply::Primary(Err(CallFailure::Failed("deadline".to_owned())))
                }
                other @ Reply::Submission(_) => other,
            };
            self.at(TIMEOUT, Happening::Return(origin, Box::new(lost)));
        } else {
            let delay = 1 + self.rng.u64(0..if self.stormy { 60 } else { 4 });
            self.at(delay, Happening::Return(origin, Box::new(reply)));
        }
    }

    /// Goes on until `until` (milliseconds since the epoch), or until a property broke.
    pub fn run_until(&mut self, until: u64) {
        while self.check.broken.is_none() {
            let Some((&(time, _), _)) = self.queue.first_key_value().filter(|((time, _), _)| *time <= until)
            else {
                break;
            };
            self.now = time;
            let Some((_, happening)) = self.queue.pop_first() else { break };
            self.happen(happening);
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, happening: Happening) {
        self.trace = mix(self.trace, self.now);
        match happening {
            Happening::Tick(node) => {
                self.step_merge(&node, Event::Tick, Origin::Nobody);
                self.at(TICK, Happening::Tick(node));
            }
            Happening::Deliver(to, origin, message) => self.deliver(&to, origin, *message),
            Happening::Return(origin, reply) => self.return_to(origin, *reply),
            Happening::Restart(node) => self.start(&node),
            Happening::Submit(number) => self.submit(number),
            Happening::Repair => super::repair::repair(self),
            Happening::RepairTick => {
                super::repair::tick(self);
                self.at(TICK, Happening::RepairTick);
            }
        }
    }

    /// Plans the submissions and repairs of a history.
    pub fn plan(&mut self) {
        for _ in 0..self.options.submissions {
            let delay = self.rng.u64(0..self.options.span);
            // A few certificates come more than once.
            let number = self.rng.u64(0..self.options.submissions);
            self.at(delay, Happening::Submit(number));
        }
        for _ in 0..self.options.repairs {
            let delay = self.rng.u64(500..self.options.span);
            self.at(delay, Happening::Repair);
        }
    }

    /// Submits a certificate to a frontend that runs.
    pub fn submit(&mut self, number: u64) {
        let running: Vec<_> = self
            .frontends
            .iter()
            .filter(|(_, p)| p.machine.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if running.is_empty() {
            return;
        }
        let frontend = running[self.rng.usize(0..running.len())].clone();
        self.submit_at(&frontend, number);
    }

    /// Submits a certificate to a frontend.
    pub fn submit_at(&mut self, frontend: &NodeName, number: u64) {
        let now = self.clock(self.frontends[frontend].skew);
        let own = entry(number, now);
        let own_name = own.name();
        let (storages, quorum) = (self.options.storages, self.options.quorum);
        let (promise, acts) = promise::Promise::begin(own, storages, quorum, ClockBound::DEFAULT);
        self.sequence += 1;
        let id = self.sequence;
        self.submissions.insert((frontend.clone(), id), Submission { number, own: own_name, promise });
        self.promise_acts(frontend, id, acts);
    }

    fn promise_acts(&mut self, frontend: &NodeName, id: u64, acts: Vec<promise::Act>) {
        let epoch = self.frontends[frontend].epoch;
        let origin = Origin::Submission { frontend: frontend.clone(), epoch, id };
        for act in acts {
            match act {
                promise::Act::Store(entry) => {
                    for storage in self.storages.keys().cloned().collect::<Vec<_>>() {
                        self.send(storage, origin.clone(), Message::Store(entry.clone()));
                    }
                }
                promise::Act::Sign(entry) => self.send(signer_name(), origin.clone(), Message::Sign(entry)),
                promise::Act::Promise(entry, sct) => {
                    let submission = self.submissions.remove(&(frontend.clone(), id));
                    self.faults.promises += 1;
                    self.faults.adoptions += u64::from(submission.is_some_and(|s| s.own != entry.name()));
                    self.promised(&entry, sct);
                }
                promise::Act::Fail(_) => {
                    self.faults.failures += 1;
                    self.submissions.remove(&(frontend.clone(), id));
                }
            }
        }
    }

    fn promised(&mut self, entry: &StoredEntry, sct: DigitallySigned) {
        let name = entry.name();
        let has = |disk: &ListDisk| disk.entries.iter().any(|held| held.name() == name);
        let copies = self.storages.values().filter(|process| has(&process.disk)).count();
        self.check.promised(name, entry.timestamp(), copies, self.options.quorum);
        for storage in self.storages.keys().cloned().collect::<Vec<_>>() {
            let item = SctItem { name, sct: sct.clone() };
            self.send(storage, Origin::Nobody, Message::Scts(vec![item]));
        }
    }

    fn return_to(&mut self, origin: Origin, reply: Reply) {
        match (origin, reply) {
            (Origin::Repair { epoch, call }, reply) => self.return_to_repair(epoch, call, reply),
            (Origin::Primary { node, epoch, call }, Reply::Primary(outcome))
                if self.merges[&node].epoch == epoch =>
            {
                self.step_merge(&node, Event::Returned(call, outcome), Origin::Nobody);
            }
            (Origin::Submission { frontend, epoch, id }, Reply::Submission(event)) => {
                let process = &self.frontends[&frontend];
                if process.epoch != epoch || process.machine.is_none() {
                    return;
                }
                let now = self.clock(process.skew);
                let Some(submission) = self.submissions.get_mut(&(frontend.clone(), id)) else { return };
                let acts = submission.promise.step(now, event);
                self.promise_acts(&frontend, id, acts);
            }
            _ => {}
        }
    }

    fn deliver(&mut self, to: &NodeName, origin: Origin, message: Message) {
        if self.merges.contains_key(to) {
            self.deliver_merge(to, origin, message);
        } else if self.storages.contains_key(to) {
            self.deliver_storage(to, origin, message);
        } else if self.frontends.contains_key(to) {
            self.deliver_frontend(to, origin, message);
        } else {
            self.deliver_signer(origin, message);
        }
    }

    fn caller(origin: &Origin) -> NodeName {
        match origin {
            Origin::Primary { node, .. } => node.clone(),
            Origin::Submission { frontend, .. } => frontend.clone(),
            Origin::Repair { .. } => repair_name(),
            Origin::Nobody => name("nobody", 1),
        }
    }

    /// Ends all faults, starts whatever is down, and lets the cluster go on for `span` milliseconds.
    pub fn heal(&mut self, span: u64) {
        self.stormy = false;
        for node in self.all_names() {
            let down = match (self.merges.get(&node), self.storages.get(&node), self.frontends.get(&node)) {
                (Some(p), ..) => p.machine.is_none(),
                (_, Some(p), _) => p.machine.is_none(),
                (.., Some(p)) => p.machine.is_none(),
                _ => self.signer.machine.is_none(),
            };
            if down {
                self.start(&node);
            }
        }
        if self.repair.machine.is_none() {
            super::repair::start(self);
        }
        let until = self.now + span;
        self.run_until(until);
    }

    /// Demands, of a healed cluster, that every promise is kept on every frontend.
    pub fn demand_convergence(&mut self) {
        if let Some(run) = self.repair.disk.as_ref().filter(|run| run.outcome().is_none()) {
            return self.check.stuck(format!("the repair for term {} goes on and on", run.plan.term));
        }
        for (node, process) in &self.frontends {
            let published = process.disk.published.as_ref().map(|sth| sth.head.tree_size).unwrap_or_default();
            let unkept = self.check.unkept(&process.disk.log, published);
            if !unkept.is_empty() {
                let forgotten = unkept.iter().all(|name| {
                    self.storages.values().all(|p| p.disk.entries.iter().all(|entry| entry.name() != *name))
                });
                let (halted, len) = (self.halted.join("; "), unkept.len());
                if forgotten {
                    self.check.forgotten(&unkept);
                } else {
                    self.check.stuck(format!(
                        "{len} promises unkept at {node}, size {published}; halted: {halted}"
                    ));
                }
                return;
            }
        }
    }
}

/// Mixes a number into a digest (SplitMix64).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = state ^ value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
