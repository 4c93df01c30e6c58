//! What a merge node can say that is not so. It cannot sign for others.

use super::action::Lie;
use super::cluster::{LIAR, entry, log_of};
use super::explored::Explored;
use super::message::{Message, Proposed};
use super::pool::Id;
use super::state::State;
use ct::index::TreeSize;
use ct::replica::View as _;
use ct::sth::TreeHead;
use ct::term::{AcceptedHead, Proposal, SignedProposal, StopReply};

impl Explored {
    /// `None` if it has nobody to lie to.
    pub(super) fn lie(&self, state: &mut State, lie: &Lie) -> Option<()> {
        match lie {
            Lie::Endorse(id) => {
                let (name, key) = (self.cluster.merges[LIAR].clone(), self.cluster.key(LIAR));
                let vote = self.proposal(*id, |proposed| proposed.request.proposal.endorse(name, key));
                let vote = self.messages.put(Message::Endorsement(vote));
                self.endorsed(state, *id, Some(vote));
            }
            Lie::Propose => {
                let proposed = self.lie_as_primary(state);
                self.learn_log(&proposed);
                state.proposals.insert(self.messages.put(Message::Proposal(Box::new(proposed))));
                state.proposed += 1;
            }
            Lie::Stop(run, claim) => {
                let reply = self.lie_to_repair(state, *run, *claim)?;
                state.runs[*run].stops.insert((LIAR, reply));
            }
        }
        Some(())
    }

    /// Its one other log, of one entry that nobody else has.
    fn lie_as_primary(&self, state: &State) -> Proposed {
        let node = self.node(LIAR, state.clocks[LIAR], state.merges[LIAR]);
        let log = vec![entry(node.disk.durable.guard.term(), 50)];
        let head = log_of(&log).trees_at(TreeSize::of(1)).expect("it has one entry").head();
        let Proposed { request, newest, .. } = node.propose();
        let proposal = Proposal {
            head: TreeHead { tree_size: head.size, root_hash: head.root, ..request.proposal.head },
            internal_root: head.internal_root,
            ..request.proposal
        };
        Proposed {
            request: SignedProposal::new(proposal, request.primary, self.cluster.key(LIAR)),
            log,
            newest,
        }
    }

    fn lie_to_repair(&self, state: &State, run: usize, claim: Option<Id>) -> Option<Id> {
        let disk = self.repairs.get(state.runs[run].disk);
        let (term, run) = disk.stops()?;
        let body = &disk.guard.certificate().body;
        let accepted = claim.map_or(AcceptedHead::NONE, |id| {
            let request = self.proposal(id, |proposed| proposed.request.clone());
            let (term, head) = (request.proposal.term, request.proposal.log_head());
            AcceptedHead { term, head, request: Some(request) }
        });
        let reply = StopReply {
            log_id: body.log_id,
            run,
            term,
            voter: self.cluster.merges[LIAR].clone(),
            incarnation: self.merges.get(state.merges[LIAR]).durable.incarnation,
            in_force: body.term,
            voters: body.voters.hash(),
            sth_signer: body.sth_signer.clone(),
            accepted,
            newest_sth: None,
        };
        Some(self.messages.put(Message::Stopped(Box::new(reply.sign(self.cluster.key(LIAR))))))
    }
}
