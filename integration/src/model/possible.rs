//! What can happen in a state: all that can, but for what surely changes nothing.

use super::action::{Action, Beginning, Lie, Step};
use super::bounds::{Honesty, Wanted};
use super::cluster::{CLOCKS, LIAR, MERGES};
use super::explored::Explored;
use super::message::Message;
use super::pool::Id;
use super::state::State;
use ct::replica::View as _;
use ct::term::{TermCertificate, Voters};
use std::collections::BTreeSet;

impl Explored {
    /// All of it.
    pub(super) fn possible(&self, state: &State) -> Vec<Action> {
        if state.halted.is_some() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        for merge in 0..MERGES {
            self.of_primary(state, merge, &mut actions);
            self.of_merge(state, merge, &mut actions);
        }
        for signer in 0..state.signers.len() {
            self.of_signer(state, signer, &mut actions);
        }
        for run in 0..state.runs.len() {
            self.of_run(state, run, &mut actions);
        }
        if state.clock_steps < self.bounds.clock_steps {
            let clocks = (0..=MERGES).flat_map(|who| (0..CLOCKS.len()).map(move |to| (who, to)));
            let other = clocks.filter(|(who, to)| state.clocks[*who] != *to);
            actions.extend(other.map(|(who, to)| Action::SetClock(who, to)));
        }
        if self.bounds.first_primary == Honesty::Liar {
            self.of_liar(state, &mut actions);
        }
        actions
    }

    fn of_primary(&self, state: &State, merge: usize, actions: &mut Vec<Action>) {
        let disk = self.merges.get(state.merges[merge]);
        if state.proposed < self.bounds.proposals && self.cluster.leads(&disk, merge) {
            let room = self.bounds.entries.saturating_sub(disk.log.len().get());
            actions.extend((0..=room.min(1)).map(|new| Action::Propose(merge, new)));
        }
        let known = disk.durable.newest_sth.as_ref().map(|sth| sth.head.timestamp);
        let term = disk.durable.guard.term();
        for (id, sth) in &state.signed {
            let mine = self.proposal(*id, |proposed| {
                let request = &proposed.request;
                request.primary == self.cluster.merges[merge] && request.proposal.term == term
            });
            if mine && Some(self.sth(*sth).head.timestamp) > known {
                actions.push(Action::Publish(merge, *id));
            }
        }
    }

    fn of_merge(&self, state: &State, merge: usize, actions: &mut Vec<Action>) {
        let disk = self.merges.get(state.merges[merge]);
        let guard = &disk.durable.guard;
        let body = &guard.certificate().body;
        let me = &self.cluster.merges[merge];
        for id in &state.proposals {
            let (of_term, mine) = self.proposal(*id, |proposed| {
                let request = &proposed.request;
                let of_term = request.proposal.term == body.term && request.primary == body.primary;
                (of_term, request.primary == *me)
            });
            let others = || self.endorsers(state, *id).filter(|endorser| *endorser != merge).count();
            if of_term && (!mine || others() + 1 >= body.voters.majority() || self.is_signed(state, *id)) {
                actions.push(Action::Endorse(merge, *id));
            }
        }
        let newer = |id: &&Id| self.certificate(**id, TermCertificate::term) > body.term;
        actions.extend(state.certificates.iter().filter(newer).map(|id| Action::Adopt(merge, *id)));
        // A node that was stopped in the term of the certificate that it has is started by the same one.
        let same = |id: &&Id| self.certificate(**id, TermCertificate::term) == body.term;
        if disk.durable.stopped.is_some_and(|stopped| stopped.term <= body.term) {
            actions.extend(state.certificates.iter().filter(same).map(|id| Action::Adopt(merge, *id)));
        }
        if state.wipes < self.bounds.wipes && self.may_be_wiped(state, merge) {
            actions.push(Action::Wipe(merge));
        }
    }

    fn is_signed(&self, state: &State, proposal: Id) -> bool {
        state.signed.iter().any(|(signed, _)| *signed == proposal)
    }

    /// Who endorsed a proposal, by number.
    pub(super) fn endorsers(&self, state: &State, wanted: Id) -> impl Iterator<Item = usize> {
        let of = |id: Id| match &*self.messages.get(id) {
            Message::Endorsement(endorsement) => self.cluster.number(&endorsement.voter),
            _ => None,
        };
        state.endorsements.iter().filter(move |(of, _)| *of == wanted).filter_map(move |(_, id)| of(*id))
    }

    /// A minority may have forgotten what it endorsed: whoever does not vote with the state that it has, or has endorsed
    /// nothing since it does again.
    fn may_be_wiped(&self, state: &State, merge: usize) -> bool {
        let newest =
            state.certificates.iter().copied().max_by_key(|id| self.certificate(*id, TermCertificate::term));
        let remembers = |voters: &Voters| {
            (0..MERGES).filter(|other| *other != merge).all(|other| {
                let disk = self.merges.get(state.merges[other]);
                voters.find(&self.cluster.merges[other]).is_some_and(|voter| {
                    let durable = &disk.durable;
                    voter.incarnation == durable.incarnation && durable.accepted.term >= voter.joining_term
                })
            })
        };
        match newest {
            Some(id) => self.certificate(id, |certificate| remembers(&certificate.body.voters)),
            None => remembers(&self.cluster.founding.body.voters),
        }
    }

    fn of_signer(&self, state: &State, signer: usize, actions: &mut Vec<Action>) {
        for id in &state.proposals {
            let mine = |id: Id| {
                let name = &self.cluster.signers[signer];
                self.proposal(id, |proposed| proposed.request.proposal.sth_signer == *name)
            };
            if !self.is_signed(state, *id) && self.endorsers(state, *id).count() > MERGES / 2 && mine(*id) {
                actions.push(Action::Sign(signer, *id));
            }
        }
        let term = self.signers.get(state.signers[signer]).guard.term();
        let newer = |id: &&Id| self.certificate(**id, TermCertificate::term) > term;
        actions.extend(state.certificates.iter().filter(newer).map(|id| Action::AdoptSigner(signer, *id)));
    }

    fn of_run(&self, state: &State, number: usize, actions: &mut Vec<Action>) {
        let run = &state.runs[number];
        let disk = self.repairs.get(run.disk);
        if disk.run.is_none() {
            return self.of_idle_run(state, number, actions);
        }
        if disk.stops().is_none() {
            return;
        }
        actions.extend((0..MERGES).map(|merge| Action::Repair(number, Step::Stop(merge))));
        if run.released.is_none() && disk.wants_release() {
            actions.push(Action::Repair(number, Step::Release(0)));
        }
        let known = disk.guard.term();
        let newer = |id: &&Id| self.certificate(**id, TermCertificate::term) > known;
        let newer = state.certificates.iter().filter(newer);
        actions.extend(newer.map(|id| Action::Repair(number, Step::Learn(*id))));
        let heard = combinations(&run.stops).into_iter().filter(|heard| heard.len() > MERGES / 2);
        actions.extend(heard.map(|heard| Action::Repair(number, Step::Decide(heard))));
    }

    /// Processes that are to do the same are alike: the first of them begins first.
    fn of_idle_run(&self, state: &State, run: usize, actions: &mut Vec<Action>) {
        let wanted = self.bounds.runs[run];
        let idle = |at: &usize| self.repairs.get(state.runs[*at].disk).run.is_none();
        if (0..run).any(|at| self.bounds.runs[at] == wanted && idle(&at)) {
            return;
        }
        let stops = (0..MERGES).map(Step::Stop);
        let first = stops.chain((wanted == Wanted::MoveSigner).then_some(Step::Release(0)));
        for step in first {
            for term in 2..=self.bounds.terms {
                let begins = (0..MERGES).map(|node| Beginning { run, term, node });
                actions.extend(begins.map(|beginning| Action::Begin(beginning, step.clone())));
            }
        }
    }

    fn of_liar(&self, state: &State, actions: &mut Vec<Action>) {
        let mut lie = |lie: Lie| actions.push(Action::Lie(lie));
        state
            .proposals
            .iter()
            .filter(|id| !self.is_signed(state, **id))
            .for_each(|id| lie(Lie::Endorse(*id)));
        let disk = self.merges.get(state.merges[LIAR]);
        if state.proposed < self.bounds.proposals && self.cluster.leads(&disk, LIAR) {
            lie(Lie::Propose);
        }
        for (run, disk) in state.runs.iter().map(|run| run.disk).enumerate() {
            if self.repairs.get(disk).stops().is_some() {
                state.proposals.iter().for_each(|id| lie(Lie::Stop(run, Some(*id))));
                lie(Lie::Stop(run, None));
            }
        }
    }
}

/// One reply of each merge node that has answered: it may have answered another time since, and only one is heard last.
fn combinations(stops: &BTreeSet<(usize, Id)>) -> Vec<Vec<Id>> {
    let voters: BTreeSet<usize> = stops.iter().map(|(voter, _)| *voter).collect();
    voters.into_iter().fold(vec![Vec::new()], |heard, voter| {
        let replies = stops.iter().filter(move |(of, _)| *of == voter);
        replies
            .flat_map(|(_, reply)| heard.iter().map(|before| [before.as_slice(), &[*reply]].concat()))
            .collect()
    })
}
