//! What can happen next.

use super::cluster::{CLOCKS, MERGES};
use super::pool::Id;

/// One step of one node, or of its surroundings. Nodes and runs are numbers, from 0; messages are named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// A primary orders so many entries more, and asks for endorsements of all that it has.
    Propose(usize, u64),
    /// A merge node is brought up to a proposal and asked to endorse it; the primary itself when a majority will be complete.
    Endorse(usize, Id),
    /// A signer is asked to sign what was proposed, with all endorsements that there are.
    Sign(usize, Id),
    /// A primary learns that its proposal was signed. Others learn of it with its next one.
    Publish(usize, Id),
    /// A merge node gets a certificate.
    Adopt(usize, Id),
    /// A signer gets a certificate.
    AdoptSigner(usize, Id),
    /// A run of repair begins, and takes its first step.
    Begin(Beginning, Step),
    /// A run of repair goes on.
    Repair(usize, Step),
    /// The disk of a merge node is lost.
    Wipe(usize),
    /// The clock of a merge node, or of the first signer, shows something else.
    SetClock(usize, usize),
    /// The liar lies.
    Lie(Lie),
}

/// Which run begins, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Beginning {
    /// Its number.
    pub run: usize,
    /// For which term.
    pub term: u64,
    /// Whom it is about.
    pub node: usize,
}

/// What a run of repair does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// It stops a merge node, and is answered.
    Stop(usize),
    /// It asks a signer to give up its right, and is answered.
    Release(usize),
    /// It waits no longer: these replies are what it has heard.
    Decide(Vec<Id>),
    /// A node refuses its Stop, and shows a certificate.
    Learn(Id),
}

/// A lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lie {
    /// It endorses what it was never sent.
    Endorse(Id),
    /// As primary, it proposes another log to whoever listens.
    Propose,
    /// It answers the Stop of a run, and claims to have accepted nothing, or any proposal.
    Stop(usize, Option<Id>),
}

fn merge(number: usize) -> String {
    format!("merge-{}", number + 1)
}

fn repair(run: usize) -> String {
    format!("repair {}", run + 1)
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Action::Propose(node, new) => write!(f, "{} orders {new} and proposes its log", merge(*node)),
            Action::Endorse(node, id) => write!(f, "{} is asked to endorse {id:?}", merge(*node)),
            Action::Publish(node, id) => write!(f, "{} learns that {id:?} is signed", merge(*node)),
            Action::Adopt(node, id) => write!(f, "{} gets certificate {id:?}", merge(*node)),
            Action::Sign(signer, id) => write!(f, "signer-{} is asked to sign {id:?}", signer + 1),
            Action::AdoptSigner(signer, id) => write!(f, "signer-{} gets certificate {id:?}", signer + 1),
            Action::Begin(Beginning { run, term, node }, step) => {
                write!(f, "{} begins for term {term} (about {}) and ", repair(*run), merge(*node))?;
                step.fmt(f)
            }
            Action::Repair(run, step) => write!(f, "{} {step}", repair(*run)),
            Action::Wipe(node) => write!(f, "{} loses its disk", merge(*node)),
            Action::SetClock(who, clock) => {
                let who = if *who == MERGES { "signer-1".to_owned() } else { merge(*who) };
                write!(f, "the clock of {who} is {} ms ahead", CLOCKS[*clock])
            }
            Action::Lie(lie) => write!(f, "the liar {lie}"),
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Stop(node) => write!(f, "stops {}", merge(*node)),
            Step::Release(signer) => write!(f, "asks signer-{} for its right", signer + 1),
            Step::Decide(replies) => write!(f, "has heard {replies:?} and waits no longer"),
            Step::Learn(id) => write!(f, "is shown certificate {id:?}"),
        }
    }
}

impl std::fmt::Display for Lie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lie::Endorse(id) => write!(f, "endorses {id:?}"),
            Lie::Propose => write!(f, "proposes another log"),
            Lie::Stop(run, Some(id)) => write!(f, "claims to {} to have accepted {id:?}", repair(*run)),
            Lie::Stop(run, None) => write!(f, "claims to {} to have accepted nothing", repair(*run)),
        }
    }
}
