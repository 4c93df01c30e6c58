//! What comes of an action: the machines take their steps.

use super::action::{Action, Beginning, Step};
use super::bounds::Plant;
use super::cluster::MERGES;
use super::explored::{Explored, MergeStep, Outcome, RepairStep, SignerStep};
use super::merge_node::{Halted, MergeNode};
use super::message::{Message, Proposed};
use super::pool::Id;
use super::repair_run::RepairProcess;
use super::signer_node::SignerNode;
use super::state::State;
use ct::entry::StoredEntry;
use ct::index::Term;
use ct::term::{Endorsement, Incarnation, RunId, SignedStopReply};

impl Explored {
    /// The next state: `None` if nothing changes.
    pub(super) fn after(&self, state: &State, action: &Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Propose(merge, new) => {
                let proposed = self.step_merge(&mut next, *merge, MergeStep::Propose(*new));
                next.proposals.extend(proposed);
                next.proposed += 1;
            }
            Action::Endorse(merge, id) => {
                let endorsed = self.step_merge(&mut next, *merge, MergeStep::Endorse(*id));
                self.endorsed(&mut next, *id, endorsed);
            }
            Action::Publish(merge, id) => {
                let (_, sth) = *next.signed.iter().find(|(signed, _)| signed == id)?;
                self.step_merge(&mut next, *merge, MergeStep::Publish(sth));
            }
            Action::Adopt(merge, id) => {
                self.step_merge(&mut next, *merge, MergeStep::Adopt(*id));
            }
            Action::Sign(signer, id) => {
                let of = |(proposal, endorsement): &(Id, Id)| (proposal == id).then_some(*endorsement);
                let endorsements = next.endorsements.iter().filter_map(of).collect();
                let sth = self.step_signer(&mut next, *signer, SignerStep::Sign(*id, endorsements))?;
                next.signed.insert((*id, sth));
                next.endorsements.retain(|(proposal, _)| proposal != id);
            }
            Action::AdoptSigner(signer, id) => {
                self.step_signer(&mut next, *signer, SignerStep::Adopt(*id));
            }
            Action::Begin(Beginning { run, term, node }, step) => {
                let begin = RepairStep::Begin(*term, *node, state.merges[*node], self.in_force(state));
                self.step_repair(&mut next, *run, begin)?;
                self.repair(&mut next, *run, step)?;
            }
            Action::Repair(run, step) => self.repair(&mut next, *run, step)?,
            Action::Wipe(merge) => {
                next.wipes += 1;
                self.step_merge(&mut next, *merge, MergeStep::Wipe(state.wipes));
            }
            Action::SetClock(who, clock) => {
                next.clocks[*who] = *clock;
                next.clock_steps += 1;
            }
            Action::Lie(lie) => self.lie(&mut next, lie)?,
        }
        (next != *state).then_some(next)
    }

    /// A vote counts until what it is for is signed.
    pub(super) fn endorsed(&self, state: &mut State, proposal: Id, endorsement: Option<Id>) {
        if state.signed.iter().all(|(signed, _)| *signed != proposal) {
            state.endorsements.extend(endorsement.map(|endorsement| (proposal, endorsement)));
        }
    }

    fn repair(&self, state: &mut State, run: usize, step: &Step) -> Option<()> {
        let disk = state.runs[run].disk;
        match step {
            Step::Stop(merge) => {
                let reply = self.step_merge(state, *merge, MergeStep::Stop(disk));
                state.runs[run].stops.extend(reply.map(|reply| (*merge, reply)));
            }
            Step::Release(signer) => {
                state.runs[run].released = self.step_signer(state, *signer, SignerStep::Release(disk));
            }
            Step::Decide(replies) => {
                let hear = RepairStep::Hear(replies.clone(), state.runs[run].released);
                self.step_repair(state, run, hear)?;
            }
            Step::Learn(id) => self.step_repair(state, run, RepairStep::Learn(*id))?,
        }
        Some(())
    }

    fn step_merge(&self, state: &mut State, merge: usize, step: MergeStep) -> Option<Id> {
        let (local, clock) = (state.merges[merge], state.clocks[merge]);
        let outcome = self.merge_steps.of((merge, clock, local, step), || {
            let mut node = self.node(merge, clock, local);
            let (sent, halted) = match self.let_merge(&mut node, step) {
                Ok(message) => (message.map(|message| self.messages.put(message)), false),
                Err(Halted(_)) => (None, true),
            };
            Outcome { local: self.merges.put(node.disk), sent, halted }
        });
        state.merges[merge] = outcome.local;
        if outcome.halted {
            state.halted = Some(merge);
        }
        outcome.sent
    }

    fn let_merge(&self, node: &mut MergeNode<'_>, step: MergeStep) -> Result<Option<Message>, Halted> {
        Ok(match step {
            MergeStep::Propose(new) => {
                (0..new).for_each(|_| node.order());
                let proposed = node.propose();
                self.learn_log(&proposed);
                Some(Message::Proposal(Box::new(proposed)))
            }
            MergeStep::Endorse(id) => {
                let proposed = self.proposal(id, Proposed::clone);
                node.endorse(&proposed)?.map(Message::Endorsement)
            }
            MergeStep::Publish(id) => {
                node.publish(&self.sth(id))?;
                None
            }
            MergeStep::Adopt(id) => {
                node.adopt(&self.certificate(id, Clone::clone))?;
                None
            }
            MergeStep::Stop(run) => {
                let Some((term, run)) = self.repairs.get(run).stops() else { return Ok(None) };
                let before = node.disk.durable.stopped;
                let reply = node.stop(term, run)?;
                if self.bounds.plant == Some(Plant::StopsForgotten) {
                    node.disk.durable.stopped = before;
                }
                reply.map(Message::Stopped)
            }
            MergeStep::Wipe(count) => {
                let secret = self.bounds.plant == Some(Plant::SecretWipe);
                let old = node.disk.durable.incarnation;
                node.wipe(if secret { old } else { Incarnation::new([100 + count; 16]) });
                None
            }
        })
    }

    /// What a proposed tree consists of.
    pub(super) fn learn_log(&self, proposed: &Proposed) {
        let root = *proposed.request.proposal.head.root_hash.as_bytes();
        self.logs.of(root, || proposed.log.iter().map(StoredEntry::name).collect());
    }

    fn step_signer(&self, state: &mut State, signer: usize, step: SignerStep) -> Option<Id> {
        let local = state.signers[signer];
        let clock = if signer == 0 { state.clocks[MERGES] } else { 0 };
        let key = (signer, clock, local, step);
        let (local, sent) = *self.signer_steps.of(key.clone(), || {
            let before = self.signers.get(local).as_ref().clone();
            let mut node = SignerNode { cluster: &self.cluster, me: signer, clock, state: before };
            let message = self.let_signer(&mut node, &key.3);
            (self.signers.put(node.state), message.map(|message| self.messages.put(message)))
        });
        state.signers[signer] = local;
        sent
    }

    fn let_signer(&self, node: &mut SignerNode<'_>, step: &SignerStep) -> Option<Message> {
        match step {
            SignerStep::Sign(id, endorsements) => {
                let proposed = self.proposal(*id, Proposed::clone);
                let endorsements = endorsements.iter().filter_map(|id| self.endorsement(*id)).collect();
                let memory = node.state.disk.memory.clone();
                let mut sth = node.sign(&proposed, endorsements);
                match self.bounds.plant {
                    Some(Plant::SignAnything) => sth = Some(node.signature(proposed.request.proposal.head)),
                    Some(Plant::SignerForgets) => node.state.disk.memory = memory,
                    _ => {}
                }
                Some(Message::Signed(sth?, proposed.request.proposal.term))
            }
            SignerStep::Adopt(id) => {
                node.adopt(&self.certificate(*id, Clone::clone));
                None
            }
            SignerStep::Release(run) => {
                let (term, run) = self.repairs.get(*run).stops()?;
                let before = node.state.disk.released;
                let released = node.release(term, run);
                if self.bounds.plant == Some(Plant::ReleaseForgotten) {
                    node.state.disk.released = before;
                }
                Some(Message::Released(Box::new(released?)))
            }
        }
    }

    fn endorsement(&self, id: Id) -> Option<Endorsement> {
        match &*self.messages.get(id) {
            Message::Endorsement(endorsement) => Some(endorsement.clone()),
            _ => None,
        }
    }

    /// `None` if it cannot take this step.
    fn step_repair(&self, state: &mut State, run: usize, step: RepairStep) -> Option<()> {
        let before = state.runs[run].disk;
        let key = (run, before, step);
        let outcome = self.repair_steps.of(key.clone(), || {
            let disk = self.repairs.get(before).as_ref().clone();
            let mut process = RepairProcess { cluster: &self.cluster, disk };
            let sent = self.let_repair(&mut process, run, &key.2)?;
            Some((self.repairs.put(process.disk), sent.map(|message| self.messages.put(message))))
        });
        let (disk, certificate) = (*outcome)?;
        state.runs[run].disk = disk;
        state.certificates.extend(certificate);
        if self.repairs.get(disk).stops().is_none() {
            state.runs[run].stops.clear();
            state.runs[run].released = None;
        }
        Some(())
    }

    fn let_repair(
        &self,
        process: &mut RepairProcess<'_>,
        run: usize,
        step: &RepairStep,
    ) -> Option<Option<Message>> {
        match step {
            RepairStep::Begin(term, node, local, in_force) => {
                if let Some(id) = in_force {
                    self.certificate(*id, |certificate| process.hear_of(certificate));
                }
                let incarnation = self.merges.get(*local).durable.incarnation;
                let change = process.change(self.bounds.runs[run], *node, incarnation)?;
                let term = Some(Term::ZERO.plus(*term)).filter(|term| *term > process.disk.guard.term())?;
                process.begin(RunId::new([run as u8 + 1; 16]), term, change);
                Some(None)
            }
            RepairStep::Hear(replies, released) => {
                let replies: Vec<SignedStopReply> = replies.iter().map(|id| self.stop_reply(*id)).collect();
                let replies: Vec<&SignedStopReply> = replies.iter().collect();
                let released = released.map(|id| self.messages.get(id));
                let released = released.as_deref().and_then(|message| match message {
                    Message::Released(word) => Some(word.as_ref()),
                    _ => None,
                });
                let certificate = process.hear(&replies, released);
                Some(certificate.map(|certificate| Message::Certificate(Box::new(certificate))))
            }
            RepairStep::Learn(id) => {
                self.certificate(*id, |certificate| process.learn(&self.cluster.merges[0], certificate));
                Some(None)
            }
        }
    }
}
