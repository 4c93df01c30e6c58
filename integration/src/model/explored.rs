//! A cluster as far as it was explored: what names stand for, and what steps gave.

use super::bounds::Bounds;
use super::cluster::{Cluster, MERGES};
use super::merge_node::MergeNode;
use super::message::{Message, Proposed};
use super::pool::{Id, Memo, Pool};
use super::property::Verdict;
use super::repair_run::RepairDisk;
use super::signer_node::SignerState;
use super::state::{RunState, State};
use crate::sim::world::{MergeDisk, SignerDisk};
use ct::hash::Name;
use ct::sth::Sth;
use ct::term::{Guard, SignedStopReply, TermCertificate};
use std::collections::BTreeSet;

/// Everything within bounds.
#[derive(Debug)]
pub struct Explored {
    pub(super) bounds: Bounds,
    pub(super) cluster: Cluster,
    pub(super) merges: Pool<MergeDisk>,
    pub(super) signers: Pool<SignerState>,
    pub(super) repairs: Pool<RepairDisk>,
    pub(super) messages: Pool<Message>,
    /// What each proposed tree consists of, by its root.
    pub(super) logs: Memo<[u8; 32], Vec<Name>>,
    pub(super) merge_steps: Memo<(usize, usize, Id, MergeStep), Outcome>,
    pub(super) signer_steps: Memo<(usize, usize, Id, SignerStep), Gone>,
    pub(super) repair_steps: Memo<(usize, Id, RepairStep), Option<Gone>>,
    pub(super) verdicts: Memo<Told, Verdict>,
}

/// A disk after a step, and what was sent.
type Gone = (Id, Option<Id>);
/// Tree heads by proposal, and certificates.
type Told = (BTreeSet<(Id, Id)>, BTreeSet<Id>);

/// What became of a merge node in one step.
#[derive(Debug)]
pub struct Outcome {
    pub local: Id,
    pub sent: Option<Id>,
    pub halted: bool,
}

/// What a merge node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MergeStep {
    Propose(u64),
    Endorse(Id),
    Publish(Id),
    Adopt(Id),
    /// For the run with this disk.
    Stop(Id),
    Wipe(u8),
}

/// What a signer does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignerStep {
    Sign(Id, Vec<Id>),
    Adopt(Id),
    /// For the run with this disk.
    Release(Id),
}

/// What a run of repair does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RepairStep {
    /// For a term, about a node with this disk; with this certificate in force.
    Begin(u64, usize, Id, Option<Id>),
    Hear(Vec<Id>, Option<Id>),
    Learn(Id),
}

impl Explored {
    /// Nothing of it yet.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            cluster: Cluster::new(),
            merges: Pool::default(),
            signers: Pool::default(),
            repairs: Pool::default(),
            messages: Pool::default(),
            logs: Memo::default(),
            merge_steps: Memo::default(),
            signer_steps: Memo::default(),
            repair_steps: Memo::default(),
            verdicts: Memo::default(),
        }
    }

    /// The cluster as `init` makes it.
    pub fn first(&self) -> State {
        let guard = Guard::new(self.cluster.trust.clone(), self.cluster.founding.clone());
        let signer = |number: usize| {
            let memory = (number == 0).then_some(signer::machine::Memory::NewLog);
            let disk = SignerDisk { memory, ..SignerDisk::default() };
            self.signers.put(SignerState { disk, guard: guard.clone() })
        };
        let run = |_| RunState {
            disk: self.repairs.put(RepairDisk { run: None, guard: guard.clone() }),
            stops: BTreeSet::new(),
            released: None,
        };
        State {
            merges: (0..MERGES).map(|merge| self.merges.put(self.cluster.first_disk(merge))).collect(),
            signers: (0..self.bounds.signers).map(signer).collect(),
            runs: self.bounds.runs.iter().map(run).collect(),
            proposals: BTreeSet::new(),
            proposed: 0,
            endorsements: BTreeSet::new(),
            certificates: BTreeSet::new(),
            signed: BTreeSet::new(),
            clocks: vec![0; MERGES + 1],
            wipes: 0,
            clock_steps: 0,
            halted: None,
        }
    }

    /// A merge node, begun from its disk.
    pub(super) fn node(&self, me: usize, clock: usize, local: Id) -> MergeNode<'_> {
        MergeNode { cluster: &self.cluster, me, clock, disk: self.merges.get(local).as_ref().clone() }
    }

    /// Looks at a proposal.
    pub(super) fn proposal<T>(&self, id: Id, look: impl FnOnce(&Proposed) -> T) -> T {
        match &*self.messages.get(id) {
            Message::Proposal(proposed) => look(proposed),
            other => unreachable!("{id:?} is a proposal, not {other:?}"),
        }
    }

    /// Looks at a certificate.
    pub(super) fn certificate<T>(&self, id: Id, look: impl FnOnce(&TermCertificate) -> T) -> T {
        match &*self.messages.get(id) {
            Message::Certificate(certificate) => look(certificate),
            other => unreachable!("{id:?} is a certificate, not {other:?}"),
        }
    }

    pub(super) fn stop_reply(&self, id: Id) -> SignedStopReply {
        match &*self.messages.get(id) {
            Message::Stopped(reply) => (**reply).clone(),
            other => unreachable!("{id:?} is a stop reply, not {other:?}"),
        }
    }

    pub(super) fn sth(&self, id: Id) -> Sth {
        match &*self.messages.get(id) {
            Message::Signed(sth, _) => sth.clone(),
            other => unreachable!("{id:?} is a tree head, not {other:?}"),
        }
    }

    /// The newest certificate that some merge node holds, unless that is the founding one.
    pub(super) fn in_force(&self, state: &State) -> Option<Id> {
        let held = |local: &Id| self.merges.get(*local).durable.guard.term();
        let term = state.merges.iter().map(held).max();
        let certificates = state.certificates.iter().copied();
        certificates.into_iter().find(|id| Some(self.certificate(*id, TermCertificate::term)) == term)
    }
}
