//! What can go wrong, where, and in the middle of what; and a table of what did.

use ct::names::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A node crashes before its commit: the writes are lost.
    CrashLost,
    /// A node crashes after its commit: the writes are durable, and nobody was told ("failed but persisted").
    CrashPersisted,
    /// The disk is full: the node stops at every write until there is room again.
    DiskFull,
    /// A commit takes long: its answers are late, and so is all that the node does next.
    SlowDisk,
    /// A copy of an entry is damaged at rest.
    BitFlip,
    /// A request or an answer is lost.
    Lost,
    /// A request arrives twice.
    Doubled,
    /// A request arrives after one that was sent later.
    Overtaken,
    /// A request arrives when its caller has long given up.
    Late,
    /// A node does not hear another one, which may well hear it.
    Partition,
    /// A node's clock is stepped ahead, within what others accept.
    ClockAhead,
    /// A node's clock is stepped back, within what others accept.
    ClockBack,
    /// A node's clock is far ahead.
    ClockFarAhead,
    /// A node's clock is far behind.
    ClockFarBack,
    /// A node's clock runs too fast.
    ClockFast,
    /// A node's clock runs too slowly.
    ClockSlow,
    /// A process stands still with all its state, and goes on later.
    Paused,
    /// The primary of a term that is over calls.
    OldPrimary,
    /// Repair begins; the stage is what the primary was busy with.
    Repair,
    /// A second repair begins while another is under way.
    TwoRepairs,
    /// A merge node gives up its vote; it gets it back later.
    Leaves,
    /// A frontend counts with another quorum than the others.
    ConfigSkew,
    /// A disk is replaced by an empty one.
    Wiped,
    /// A disk is rolled back to an earlier state.
    RolledBack,
}

/// The stages of the way from a submission to its publication, and that of changing terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// From submission to promise.
    Promise,
    /// The primary reads the storage nodes' lists and fetches entries.
    Collect,
    /// The primary appends to its log.
    Order,
    /// Other merge nodes get the log.
    BackUp,
    /// Heads are compared and endorsed.
    Endorse,
    /// The signer signs.
    Sign,
    /// Frontends get log and STH.
    Distribute,
    /// Storage nodes are told what is published.
    TellStorage,
    /// Terms end and begin.
    Terms,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::CrashLost,
        Self::CrashPersisted,
        Self::DiskFull,
        Self::SlowDisk,
        Self::BitFlip,
        Self::Lost,
        Self::Doubled,
        Self::Overtaken,
        Self::Late,
        Self::Partition,
        Self::ClockAhead,
        Self::ClockBack,
        Self::ClockFarAhead,
        Self::ClockFarBack,
        Self::ClockFast,
        Self::ClockSlow,
        Self::Paused,
        Self::OldPrimary,
        Self::Repair,
        Self::TwoRepairs,
        Self::Leaves,
        Self::ConfigSkew,
        Self::Wiped,
        Self::RolledBack,
    ];

    /// The cells of the table in which this kind can be found.
    pub fn cells(self) -> Vec<(Role, Stage)> {
        use Role::{Frontend, Merge, MergeRepair, Signer, Storage};
        use Stage::{BackUp, Collect, Distribute, Endorse, Order, Promise, Sign, TellStorage, Terms};
        let commits = [
            (Merge, Collect),
            (Merge, Order),
            (Merge, BackUp),
            (Merge, Endorse),
            (Merge, Sign),
            (Merge, Distribute),
            (Merge, Terms),
            (Storage, Promise),
            (Storage, TellStorage),
            (Storage, Terms),
            (Frontend, Distribute),
            (Frontend, Terms),
            (Signer, Sign),
            (Signer, Terms),
        ];
        let messages = [
            (Merge, BackUp),
            (Merge, Endorse),
            (Merge, Distribute),
            (Merge, Terms),
            (Storage, Promise),
            (Storage, Collect),
            (Storage, TellStorage),
            (Storage, Terms),
            (Frontend, Distribute),
            (Frontend, Terms),
            (Signer, Promise),
            (Signer, Sign),
            (Signer, Terms),
        ];
        match self {
            Self::CrashLost | Self::CrashPersisted => {
                commits.into_iter().chain([(MergeRepair, Terms)]).collect()
            }
            Self::DiskFull | Self::SlowDisk => commits.to_vec(),
            Self::BitFlip => {
                vec![(Merge, Collect), (Merge, BackUp), (Storage, Promise), (Frontend, Distribute)]
            }
            Self::Lost
            | Self::Doubled
            | Self::Overtaken
            | Self::Late
            | Self::Partition
            | Self::ClockAhead
            | Self::ClockBack
            | Self::ClockFarAhead
            | Self::ClockFarBack
            | Self::ClockFast
            | Self::ClockSlow
            | Self::Paused => messages.to_vec(),
            // An old primary's GetEntry and SignSTH name no term that could be over, or are of a stage that it cannot reach.
            Self::OldPrimary => vec![(Merge, BackUp), (Storage, Collect), (Frontend, Distribute)],
            Self::Repair => [Collect, BackUp, Endorse, Sign, Distribute, TellStorage, Terms]
                .map(|stage| (Merge, stage))
                .to_vec(),
            Self::TwoRepairs | Self::Leaves => vec![(MergeRepair, Terms)],
            Self::ConfigSkew => vec![(Frontend, Promise)],
            Self::Wiped => vec![(Merge, Terms), (Storage, Promise), (Frontend, Distribute), (Signer, Sign)],
            Self::RolledBack => vec![(Merge, Terms), (Storage, Promise), (Frontend, Distribute)],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CrashLost => "crash, writes lost",
            Self::CrashPersisted => "crash, writes kept",
            Self::DiskFull => "disk full",
            Self::SlowDisk => "slow disk",
            Self::BitFlip => "bit flip",
            Self::Lost => "message lost",
            Self::Doubled => "message doubled",
            Self::Overtaken => "message overtaken",
            Self::Late => "message late",
            Self::Partition => "partition",
            Self::ClockAhead => "clock ahead",
            Self::ClockBack => "clock back",
            Self::ClockFarAhead => "clock far ahead",
            Self::ClockFarBack => "clock far back",
            Self::ClockFast => "clock fast",
            Self::ClockSlow => "clock slow",
            Self::Paused => "process paused",
            Self::OldPrimary => "old primary",
            Self::Repair => "repair",
            Self::TwoRepairs => "two repairs",
            Self::Leaves => "a voter leaves",
            Self::ConfigSkew => "config skew",
            Self::Wiped => "disk wiped",
            Self::RolledBack => "disk rolled back",
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Promise => "promise",
            Self::Collect => "collect",
            Self::Order => "order",
            Self::BackUp => "back up",
            Self::Endorse => "endorse",
            Self::Sign => "sign",
            Self::Distribute => "distribute",
            Self::TellStorage => "tell storage",
            Self::Terms => "terms",
        })
    }
}

/// How often each kind of fault hit each role in each stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<(Fault, Role, Stage), u64>);

impl Coverage {
    /// A fault has hit.
    pub fn hit(&mut self, fault: Fault, role: Role, stage: Stage) {
        *self.0.entry((fault, role, stage)).or_default() += 1;
    }

    /// Adds another history's table.
    pub fn add(&mut self, other: &Self) {
        for (cell, count) in &other.0 {
            *self.0.entry(*cell).or_default() += count;
        }
    }

    /// How often a cell was hit.
    pub fn count(&self, fault: Fault, role: Role, stage: Stage) -> u64 {
        self.0.get(&(fault, role, stage)).copied().unwrap_or_default()
    }

    /// How often each kind hit at all.
    pub fn by_fault(&self) -> BTreeMap<Fault, u64> {
        let mut sums = BTreeMap::new();
        for ((fault, ..), count) in &self.0 {
            *sums.entry(*fault).or_default() += count;
        }
        sums
    }

    /// The cells that were never hit and can be.
    pub fn empty(&self) -> Vec<(Fault, Role, Stage)> {
        let cells = Fault::ALL
            .into_iter()
            .flat_map(|fault| fault.cells().into_iter().map(move |(role, stage)| (fault, role, stage)));
        cells.filter(|(fault, role, stage)| self.count(*fault, *role, *stage) == 0).collect()
    }
}

impl fmt::Display for Coverage {
    /// A row for each kind, a column for each role and stage; a dot where the kind cannot be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: BTreeSet<_> = Fault::ALL.into_iter().flat_map(Fault::cells).collect();
        let line = |f: &mut fmt::Formatter<'_>, title: &str, cells: Vec<String>| {
            write!(f, "{title:18}")?;
            cells.iter().try_for_each(|cell| write!(f, " {cell:>12}"))?;
            writeln!(f)
        };
        line(f, "", columns.iter().map(|(role, _)| role.as_str().to_owned()).collect())?;
        line(f, "", columns.iter().map(|(_, stage)| stage.to_string()).collect())?;
        for fault in Fault::ALL {
            let possible = fault.cells();
            let cell = |(role, stage): &(Role, Stage)| match possible.contains(&(*role, *stage)) {
                true => self.count(fault, *role, *stage).to_string(),
                false => "·".to_owned(),
            };
            line(f, &fault.to_string(), columns.iter().map(cell).collect())?;
        }
        Ok(())
    }
}
