//! The simulated cluster: nodes, network, time.

mod commits;
mod events;
mod frontends;
mod healing;
mod losses;
mod merges;
mod messages;
mod network;
mod nodes;
mod repairs;
mod signing;
mod storages;
mod submissions;
mod weather;

pub use super::options::{Faults, Options};
pub(in crate::sim) use events::Happening;
pub(in crate::sim) use messages::{Message, Origin, Reply};

use super::check::Checker;
use super::clock::Clock;
use super::disk::{ListDisk, LogDisk};
use super::fault::Coverage;
use super::plant::Plant;
use super::repair::Repair;
use super::submit::Submission;
use super::trace::{Keep, Trace};
use ct::entry::LogKind;
use ct::index::{Position, Term, TreeSize};
use ct::key::LogSigningKey;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::sth::Sth;
use ct::term::{
    AcceptedHead, Change, Guard, Incarnation, RunId, TermBody, TermCertificate, Trust, Voter, Voters,
};
use ct::time::Timestamp;
use frontend::copy;
use merge::message::Call;
use std::collections::BTreeMap;

/// When the simulated world begins, in milliseconds since the epoch.
pub const BEGIN: u64 = 1_800_000_000_000;
const TICK: u64 = 40;
const TIMEOUT: u64 = 700;

/// The machine and the state around it of one process, and the body that it lives in.
#[derive(Debug)]
pub struct Process<M, D> {
    /// Running, or not.
    pub machine: Option<M>,
    /// What survives a crash.
    pub disk: D,
    /// The newest certificate on disk.
    pub guard: Guard,
    /// Its clock, and what ails it.
    pub(super) body: Body,
}

impl<M, D> Process<M, D> {
    fn new(disk: D, guard: Guard, clock: Clock) -> Self {
        Self { machine: None, disk, guard, body: Body { clock, ..Body::default() } }
    }
}

/// What a process lives in. Times are true ones, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Body {
    pub clock: Clock,
    /// Counts its starts: answers to an earlier life are lost.
    pub epoch: u64,
    /// Until then it stands still.
    pub busy: u64,
    /// Until then its disk is full.
    pub full: u64,
    /// Until then its disk is slow.
    pub slow: u64,
}

/// A merge node's disk.
#[derive(Debug, Clone)]
pub struct MergeDisk {
    /// Its log.
    pub log: LogDisk,
    /// Its state.
    pub durable: merge::machine::Durable,
}

impl MergeDisk {
    /// Makes one write durable.
    pub fn apply(&mut self, write: merge::message::Write) {
        use merge::message::Write;
        let Self { log, durable } = self;
        match write {
            Write::Copies(batch) => log.keep(batch),
            Write::DropCopy(name) => log.drop_copy(&name),
            Write::Order { base, append } => log.order(base, append),
            Write::Accepted(accepted, newest) => {
                (durable.accepted, durable.newest_entry) = (*accepted, newest);
            }
            Write::NewestSth(sth) => durable.newest_sth = Some(*sth),
            Write::Certificate(certificate) => {
                durable.guard = Guard::new(durable.guard.trust().clone(), *certificate);
            }
            Write::Endorsed(endorsed) => durable.endorsed = *endorsed,
            Write::Incarnation(incarnation) => durable.incarnation = incarnation,
            Write::Stopped(stopped) => durable.stopped = stopped,
        }
    }
}

/// A frontend's disk.
#[derive(Debug, Default)]
pub struct FrontendDisk {
    /// Its log.
    pub log: LogDisk,
    held: Option<Sth>,
    /// The STH that it shows.
    pub published: Option<Sth>,
    /// Every STH whose tree it ever held, for the checkers and for disks that are rolled back.
    pub(super) ever_held: Vec<Sth>,
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

type Signer = Process<signer::machine::Machine, SignerDisk>;

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
    pub signer: Signer,
    /// The repair processes: two, with one key and a disk each.
    pub repairs: BTreeMap<NodeName, Repair>,
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
    /// What happened.
    pub trace: Trace,
    /// Whether faults happen.
    pub stormy: bool,
    /// What happened so far, in numbers.
    pub faults: Faults,
    /// Which faults hit whom in the middle of what.
    pub coverage: Coverage,
    /// Requests that never arrive, by the will of the test.
    pub cut: Option<Cut>,
    /// A bug that was planted for a checker to find.
    pub plant: Option<Plant>,
    pub(crate) log_key: LogSigningKey,
    founding: TermCertificate,
    submissions: BTreeMap<(NodeName, u64), Submission>,
    queue: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    /// Which storage nodes ever had an entry on disk.
    written: BTreeMap<ct::hash::Name, std::collections::BTreeSet<NodeName>>,
    /// Who does not hear whom, and until when.
    parted: BTreeMap<(NodeName, NodeName), u64>,
    /// When the last request from one node to another arrives.
    arrivals: BTreeMap<(NodeName, NodeName), u64>,
    /// Frontends that count with another quorum, and until when.
    misled: BTreeMap<NodeName, (usize, u64)>,
    /// The stage of the primary's last call.
    stage: super::fault::Stage,
    certificates: u64,
    healed: Option<u64>,
    /// Signers that repair sees besides the one that works.
    pub spare_signers: Vec<NodeName>,
    /// Nodes whose clocks were far off, and until when.
    far: BTreeMap<NodeName, u64>,
    /// Merge nodes that were put back, with the state that they had and what they had accepted.
    put_back: BTreeMap<NodeName, (Incarnation, (ct::index::Term, ct::index::TreeSize))>,
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
        let numbered = |role: &str, count: usize| (1..=count).map(|n| name(role, n)).collect::<Vec<_>>();
        let names = numbered("merge", options.merges);
        let key =
            |(n, name): (usize, &NodeName)| (name.clone(), NodeSigningKey::from_seed(&[n as u8 + 1; 32]));
        let keys: BTreeMap<_, _> = names.iter().enumerate().map(key).collect();
        let trust = Trust {
            log_id: log_key.public().log_id(),
            kind: LogKind::Rfc6962,
            repair_key: repair_key.public(),
            operators: Vec::new(),
        };
        let founding = found(&names, &keys, &trust, &repair_key);
        let guard = Guard::new(trust.clone(), founding.clone());
        let skew = options.skew;
        let mut clock = || Clock::off_by(if skew == 0 { 0 } else { rng.i64(-skew..=skew) });
        let merges = names.iter().enumerate().map(|(n, name)| {
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
            (name.clone(), Process::new(disk, guard.clone(), clock()))
        });
        let merges = merges.collect();
        let storages = numbered("storage", options.storages).into_iter();
        let storages =
            storages.map(|name| (name, Process::new(ListDisk::default(), guard.clone(), clock()))).collect();
        let frontends = numbered("frontend", options.frontends).into_iter();
        let frontends = frontends
            .map(|name| (name, Process::new(FrontendDisk::default(), guard.clone(), clock())))
            .collect();
        let signer = SignerDisk { memory: Some(signer::machine::Memory::NewLog), ..SignerDisk::default() };
        let signer = Process::new(signer, guard.clone(), clock());
        let repairs = numbered("merge-repair", 2).into_iter();
        let repairs =
            repairs.map(|name| (name, Process::new(None, guard.clone(), Clock::default()))).collect();
        let mut world = Self {
            options,
            rng,
            now: BEGIN,
            check: Checker::default(),
            merges,
            storages,
            frontends,
            signer,
            repairs,
            keys,
            repair_key,
            trust,
            newest: founding.clone(),
            alarms: Vec::new(),
            halted: Vec::new(),
            trace: Trace::new(BEGIN, Keep::Digest),
            stormy: true,
            faults: Faults::default(),
            coverage: Coverage::default(),
            cut: None,
            plant: None,
            log_key,
            founding,
            submissions: BTreeMap::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            written: BTreeMap::new(),
            parted: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            misled: BTreeMap::new(),
            stage: super::fault::Stage::Terms,
            certificates: 0,
            healed: None,
            spare_signers: Vec::new(),
            far: BTreeMap::new(),
            put_back: BTreeMap::new(),
        };
        world.trace.line(BEGIN, format_args!("seed {seed}"));
        world.start_all();
        world
    }

    fn chance(&mut self, per_thousand: u32) -> bool {
        self.stormy && per_thousand > 0 && self.rng.u32(0..1000) < per_thousand
    }

    /// Says what happened.
    pub(super) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.line(self.now, what);
    }

    /// An alarm that a person would see.
    fn alarm(&mut self, node: &NodeName, alarm: impl std::fmt::Display) {
        self.note(format_args!("{node} ALARM: {alarm}"));
        self.alarms.push(format!("{node}: {alarm}"));
    }

    /// A node that takes no further step.
    pub(super) fn halt(&mut self, node: &NodeName, halt: impl std::fmt::Display) {
        self.note(format_args!("{node} HALTS: {halt}"));
        self.halted.push(format!("{node}: {halt}"));
    }
}

/// The certificate of term 1.
fn found(
    names: &[NodeName],
    keys: &BTreeMap<NodeName, NodeSigningKey>,
    trust: &Trust,
    repair_key: &NodeSigningKey,
) -> TermCertificate {
    let voter = |(n, name): (usize, &NodeName)| Voter {
        name: name.clone(),
        key: keys[name].public(),
        incarnation: Incarnation::new([n as u8 + 1; 16]),
        joining_term: Term::ZERO,
    };
    let voters = Voters::new(names.iter().enumerate().map(voter).collect()).expect("names and keys differ");
    let body = TermBody {
        log_id: trust.log_id,
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
    TermCertificate::sign(body, repair_key)
}
