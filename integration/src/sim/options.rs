//! What a history is made of, and what it went through.

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
    /// Of a thousand messages, how many arrive when their caller has given up.
    pub late: u32,
    /// Of a thousand commits, at how many the node crashes (half before, half after).
    pub crash: u32,
    /// Of a thousand copies that arrive, how many are damaged at rest.
    pub damage: u32,
    /// Greatest difference of a node's clock from the true time, in milliseconds.
    pub skew: i64,
    /// Submissions of a planned history.
    pub submissions: u64,
    /// Repairs of a planned history.
    pub repairs: usize,
    /// Length of a planned history's unsafe phase, in milliseconds.
    pub span: u64,
    /// Milliseconds, on average, between the spells of bad weather of a living world; none if it is 0.
    pub spells: u64,
    /// The maximum merge delay of the simulated log, in milliseconds.
    pub mmd: u64,
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
            late: 0,
            crash: 0,
            damage: 0,
            skew: 0,
            submissions: 30,
            repairs: 0,
            span: 6_000,
            spells: 0,
            mmd: 12_000,
        }
    }
    /// The same with messages, commits, copies and clocks going wrong.
    pub const fn stormy() -> Self {
        let mut options = Self::healthy();
        (options.loss, options.twice, options.crash) = (60, 60, 12);
        (options.damage, options.skew) = (10, 200);
        options
    }
    /// Everything that can go wrong goes wrong, in a cluster and a climate that the seed decides.
    pub fn drawn(seed: u64) -> Self {
        // Another stream than the world's own.
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let mut options = Self::stormy();
        let mut one_of = |choices: [u32; 4]| choices[rng.usize(0..choices.len())];
        options.merges = one_of([3, 3, 3, 5]) as usize;
        options.storages = one_of([3, 3, 4, 5]) as usize;
        options.quorum = if options.storages == 5 { 3 } else { 2 };
        options.frontends = one_of([2, 2, 3, 1]) as usize;
        options.loss = one_of([0, 10, 20, 40]);
        options.twice = one_of([0, 20, 30, 40]);
        options.late = one_of([0, 5, 10, 20]);
        options.crash = one_of([2, 5, 5, 10]);
        options.damage = one_of([0, 10, 20, 20]);
        options.spells = u64::from(one_of([250, 400, 700, 1_500]));
        options
    }
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
