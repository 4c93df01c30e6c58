//! How far an exploration goes.

/// What may happen at most. Three merge nodes, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The highest term.
    pub terms: u64,
    /// The longest log.
    pub entries: u64,
    /// Proposals in all, of whatever primary. Each is later than what its primary knows, so without a bound there is always another.
    pub proposals: u8,
    /// Signers: one that signs; with two, the right may move.
    pub signers: usize,
    /// Runs of repair, each by a process of its own, so that they may overlap.
    pub runs: &'static [Wanted],
    /// Disks of merge nodes that are lost: the next one when the one before votes again and has endorsed something.
    pub wipes: u8,
    /// Steps of a clock.
    pub clock_steps: u8,
    /// What `merge-1`, the first primary, is.
    pub first_primary: Honesty,
    /// What is wrong with this world, so that a property breaks.
    pub plant: Option<Plant>,
}

impl Bounds {
    /// Nothing goes wrong in it, nothing is repaired.
    pub const CALM: Self = Self {
        terms: 1,
        entries: 2,
        proposals: 3,
        signers: 1,
        runs: &[],
        wipes: 0,
        clock_steps: 0,
        first_primary: Honesty::Honest,
        plant: None,
    };
}

/// What a run of repair is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Wanted {
    /// Another primary.
    Primary,
    /// Some merge node votes again, with the state that it has.
    Rejoin,
    /// Some merge node votes no more.
    Leave,
    /// Some merge node that does not vote does.
    Join,
    /// The second signer signs tree heads.
    MoveSigner,
}

/// How a node behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Honesty {
    /// As its machine does.
    Honest,
    /// It lies besides, as `liar.rs` knows how.
    Liar,
}

/// A fault beyond what the design bears, planted to see a property break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// A merge node that lost its disk keeps its name and its incarnation, so nobody sees it.
    SecretWipe,
    /// The disks of merge nodes forget that they were stopped.
    StopsForgotten,
    /// The signer's disk forgets what it signed.
    SignerForgets,
    /// The signer's machine is not asked: what a majority endorsed is signed.
    SignAnything,
    /// The old signer's disk forgets that it gave up its right.
    ReleaseForgotten,
}
