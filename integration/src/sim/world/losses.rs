//! Disks that are lost, and nodes that are made anew.

use super::*;
use crate::sim::fault::{Fault, Stage};
use crate::sim::repair::{repair_name, repair_wanting};
use crate::sim::submit::ISSUER;
use ct::term::AcceptedHead;
use ct::wire::EntryBatch;
use ct::wire::storage::Completeness;
use merge_repair::run::Outcome;
use merge_repair::wanted::Wanted;
use storage::machine::Event as StorageEvent;

/// How often it is tried to fill a list, and to give a vote back, in milliseconds.
const AGAIN: u64 = 400;

impl World {
    /// A signer by this name answers Status from now on. It does nothing else.
    pub fn expect_signer(&mut self, node: &NodeName) {
        self.spare_signers.push(node.clone());
    }

    /// A merge node's disk is replaced: its state is made anew, as `init-node` makes it, with the newest certificate and an
    /// incarnation that nobody knows.
    pub fn wipe_merge(&mut self, node: &NodeName) {
        self.kill(node);
        let incarnation = Incarnation::new(self.rng.u128(..).to_be_bytes());
        let guard = Guard::new(self.trust.clone(), self.newest.clone());
        let Some(process) = self.merges.get_mut(node) else { return };
        process.guard = guard.clone();
        process.disk = MergeDisk {
            log: LogDisk::default(),
            durable: merge::machine::Durable {
                incarnation,
                guard,
                stopped: None,
                accepted: AcceptedHead::NONE,
                newest_entry: Timestamp::EPOCH,
                newest_sth: None,
                endorsed: BTreeMap::new(),
            },
        };
        self.start(node);
    }

    /// The state of the signer of tree heads is made anew, as `init-node --from-sth` makes it: with the newest tree head that a
    /// node shows. What the lost disk signed and nobody got to see is forgotten; those who endorsed it are not.
    pub(super) fn make_signer(&mut self) {
        if self.signer.disk.memory.is_none()
            && let Some(head) = self.newest_known()
        {
            let settled = ct::index::Term::ZERO;
            self.signer.guard = Guard::new(self.trust.clone(), self.newest.clone());
            self.signer.disk.memory = Some(signer::machine::Memory::FromSth { head, settled });
        }
        self.start(&signer_name());
    }

    /// The newest tree head that a node which answers knows.
    pub(super) fn newest_known(&self) -> Option<ct::sth::TreeHead> {
        let answers = |node: &&NodeName| self.answers(node);
        let frontends = self.frontends.keys().filter(answers);
        let held = frontends.filter_map(|node| self.frontends[node].disk.held.as_ref());
        let merges = self.merges.keys().filter(answers);
        let known = merges.filter_map(|node| self.merges[node].disk.durable.newest_sth.as_ref());
        let heads = held.map(|sth| sth.head).chain(known.map(|sth| sth.head));
        heads.max_by_key(|head| (head.tree_size, head.timestamp))
    }

    /// What is on a merge node's disk now, for [`World::put_back`].
    pub fn snapshot(&self, node: &NodeName) -> MergeDisk {
        self.merges[node].disk.clone()
    }

    /// A merge node's disk is put back from an older copy.
    pub fn put_back(&mut self, node: &NodeName, copy: MergeDisk) {
        self.kill(node);
        if let Some(process) = self.merges.get_mut(node) {
            let AcceptedHead { term, head, .. } = &process.disk.durable.accepted;
            let (incarnation, promised) = (process.disk.durable.incarnation, (*term, head.size));
            self.put_back.insert(node.clone(), (incarnation, promised));
            process.disk = copy;
        }
        self.start(node);
    }

    /// A copy of a merge node's disk is put back, as soon as that is borne: as a lost disk, with which nobody knows yet that it is one. So
    /// no Stop may be forgotten, and what the node endorsed since a majority must have without it (docs/safety.md).
    pub(super) fn put_back_if_borne(&mut self, node: &NodeName, copy: MergeDisk) {
        let (now, then) = (&self.merges[node].disk.durable, &copy.durable);
        let newest = &self.newest.body;
        let same_term = [now, then].iter().all(|state| {
            state.guard.term() == newest.term
                && state.stopped.is_none()
                && state.incarnation == now.incarnation
        });
        let endorsed = |state: &merge::machine::Durable| (state.accepted.term, state.accepted.head.size);
        let has = |voter: &&Voter| {
            let other = self.merges.get(&voter.name).filter(|_| voter.name != *node);
            other.is_some_and(|process| endorsed(&process.disk.durable) >= endorsed(now))
        };
        let holders = newest.voters.iter().filter(has).count();
        let repairing = self.repairs.values().filter_map(|process| process.disk.as_ref());
        let borne = self.stormy
            && same_term
            && newest.primary != *node
            && endorsed(then) < endorsed(now)
            && holders >= newest.voters.majority()
            && repairing.map(|run| run.outcome()).all(|outcome| outcome.is_some())
            && self.bears_a_loss_of(node);
        if borne {
            self.hit(Fault::RolledBack, node, Stage::Terms);
            self.put_back(node, copy);
        } else if self.stormy && same_term {
            self.at(100, Happening::PutBack(node.clone(), Box::new(copy)));
        }
    }

    /// A minority may have forgotten what it promised; with more, nothing could be repaired. Of two voters, none may.
    pub(super) fn bears_a_loss_of(&self, node: &NodeName) -> bool {
        let minority = (self.merges.len() - 1) / 2;
        let others = self.forgetful().into_iter().filter(|other| *other != node).count();
        others < minority && !self.is_leaving()
    }

    /// Whether a node was put back, and has neither endorsed as much again nor been found.
    fn is_put_back(&self, node: &NodeName, disk: &MergeDisk) -> bool {
        let durable = &disk.durable;
        self.put_back.get(node).is_some_and(|(incarnation, promised)| {
            *incarnation == durable.incarnation
                && (durable.accepted.term, durable.accepted.head.size) < *promised
        })
    }

    /// What gives a merge node its vote back that has none with the state that it has: it was made anew, or left.
    pub(in crate::sim) fn voteless(&self) -> Option<Wanted> {
        let guard = Guard::new(self.trust.clone(), self.newest.clone());
        let voteless = |(node, process): &(&NodeName, &Process<_, MergeDisk>)| {
            !guard.votes(node, process.disk.durable.incarnation)
        };
        self.merges.iter().find(voteless).map(|(node, _)| match self.newest.body.voters.find(node) {
            Some(_) => Wanted::Rejoin(node.clone()),
            None => Wanted::Join(node.clone(), self.keys[node].public()),
        })
    }

    /// Whether a merge node is about to give up its vote.
    pub(super) fn is_leaving(&self) -> bool {
        let mut runs = self.repairs.values().filter_map(|process| process.disk.as_ref());
        runs.any(|run| run.outcome().is_none() && matches!(run.plan.change, ct::term::Change::Leave { .. }))
    }

    /// Another primary is what a person wants; at times, with all in order, that a merge node votes no more.
    pub(in crate::sim) fn another_primary(&mut self) -> Wanted {
        if !self.stormy || !self.forgetful().is_empty() || self.rng.u32(0..8) != 0 {
            return Wanted::Primary;
        }
        let merges: Vec<_> = self.merges.keys().cloned().collect();
        let node = merges[self.rng.usize(0..merges.len())].clone();
        self.hit(Fault::Leaves, &repair_name(1), Stage::Terms);
        Wanted::Leave(node)
    }

    /// The merge nodes that do not count when repair chooses: they lost their state, and have endorsed nothing in the term in
    /// which they rejoined, or not rejoined; or they were put back, and nobody knows.
    pub(super) fn forgetful(&self) -> Vec<&NodeName> {
        let counts = |node: &NodeName, disk: &MergeDisk| {
            !self.is_put_back(node, disk)
                && self.newest.body.voters.find(node).is_some_and(|voter| {
                    let durable = &disk.durable;
                    voter.incarnation == durable.incarnation && durable.accepted.term >= voter.joining_term
                })
        };
        let forgetful = self.merges.iter().filter(|(node, process)| !counts(node, &process.disk));
        forgetful.map(|(node, _)| node).collect()
    }

    /// A person gives a vote back, ends a stand-off, and replaces a primary that publishes nothing; and looks again until there
    /// is none of it: a run of repair that is under way may replace the term in which a node got its vote back, or end as one
    /// of two that each stopped a part.
    pub(super) fn look_after_merges(&mut self) {
        let wanted = match self.voteless() {
            Some(back) => Some(back),
            None => (self.stands_off() || self.publishes_nothing()).then_some(Wanted::Primary),
        };
        // One process may be waiting for the very node that is to rejoin.
        let over =
            |repair: &NodeName| self.repairs[repair].disk.as_ref().is_none_or(|run| run.outcome().is_some());
        let idle: Vec<_> = [repair_name(1), repair_name(2)].into_iter().filter(over).collect();
        match (&wanted, idle.as_slice()) {
            (Some(wanted @ (Wanted::Rejoin(_) | Wanted::Join(..))), [repair, ..]) => {
                repair_wanting(self, repair, wanted)
            }
            (Some(wanted), [repair, _]) => repair_wanting(self, repair, wanted),
            (None, [_, _]) => return,
            _ => {}
        }
        self.at(AGAIN, Happening::LookAfterMerges);
    }

    /// Whether so many are stopped for a term that nobody begins that no term has a majority.
    fn stands_off(&self) -> bool {
        let newest = &self.newest.body;
        let goes_on = |process: &Process<_, MergeDisk>| {
            process.disk.durable.stopped.is_none_or(|stopped| stopped.term <= newest.term)
        };
        let going = newest.voters.iter().filter(|voter| self.merges.get(&voter.name).is_some_and(goes_on));
        going.count() < newest.voters.majority()
    }

    /// Whether repair says so of the newest term: its primary may have ordered, by a clock that was far ahead, what is of the
    /// future to everybody else.
    fn publishes_nothing(&self) -> bool {
        let runs = self.repairs.values().filter_map(|process| process.disk.as_ref());
        let newest = self.newest.term();
        runs.filter_map(|run| run.outcome())
            .any(|outcome| matches!(outcome, Outcome::NotPublishing { term, .. } if *term == newest))
    }

    /// A list that was lost gets what S − k + 1 whole ones have, through the machine of its node.
    pub(super) fn refill(&mut self, node: &NodeName) {
        if self.storages[node].disk.completeness == Completeness::Whole {
            return;
        }
        let whole = |(other, process): &(&NodeName, &Process<_, ListDisk>)| {
            *other != node && process.machine.is_some() && process.disk.completeness == Completeness::Whole
        };
        let needed = self.storages.len() + 1 - self.options.quorum;
        let from: Vec<NodeName> =
            self.storages.iter().filter(whole).map(|(other, _)| other.clone()).collect();
        if from.len() >= needed && self.answers(node) {
            let entries = from.iter().take(needed).flat_map(|other| {
                let disk = &self.storages[other].disk;
                (0..disk.entries.len()).filter_map(|at| disk.get(Position::of(at)))
            });
            let batch = EntryBatch { entries: entries.collect(), issuers: vec![ISSUER.to_vec()] };
            self.note(format_args!("{node} copies {} entries of other lists", batch.entries.len()));
            self.step_storage(node, StorageEvent::Copy(0, batch), Origin::Nobody, Stage::Promise);
            if self.runs(node) {
                let filled = self.storages[node].disk.incarnation;
                self.step_storage(node, StorageEvent::Whole(0, filled), Origin::Nobody, Stage::Promise);
            }
        }
        self.at(AGAIN, Happening::Refill(node.clone()));
    }
}
