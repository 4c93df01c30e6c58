//! The law of a merge node (docs/protocol.md, M1–M6): its accepted head changes here and nowhere else, in one step that
//! checks term and state, cuts what lies above, and records the endorsement.

use crate::machine::Core;
use crate::message::{Act, Alarm, Fx, Halt, Write};
use ct::entry::OrderedEntry;
use ct::index::TreeSize;
use ct::names::NodeName;
use ct::order::{LogHead, OrderRecord};
use ct::replica::{CopyFault, Placed, Staging, View, good_copy};
use ct::term::{AcceptedHead, Endorsement, Proposal, SignedProposal};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::tree::Voting;

/// A tree recomputed from the node's own disk.
struct Recomputed {
    /// Its head.
    head: LogHead,
    /// Where it leaves the log on disk.
    base: TreeSize,
    /// What continues the log from there.
    placed: Vec<Placed>,
    /// The greatest timestamp among the entries that were read.
    newest: Timestamp,
    /// Heads met on the way, at the sizes that were asked for.
    passed: Vec<LogHead>,
}

type Outcome<T> = Result<Result<T, Refusal>, Halt>;

impl Core {
    /// Recomputes the proposed tree from bytes read back from disk, and endorses it if it is the same.
    pub(crate) fn verify_root(
        &mut self,
        now: Timestamp,
        from: &NodeName,
        request: &SignedProposal,
        view: &impl View,
        fx: &mut Fx,
    ) -> Outcome<Endorsement> {
        let proposal = &request.proposal;
        if let Err(refusal) = self.check_request(from, request) {
            return Ok(Err(refusal));
        }
        if self.accepted.request.as_ref().is_some_and(|last| last.proposal == *proposal) {
            return Ok(Ok(self.endorsement(proposal)));
        }
        if let Err(refusal) = self.check_time(now, proposal) {
            return Ok(Err(refusal));
        }
        let tree = match self.recompute(proposal.head.tree_size, view, fx)? {
            Ok(tree) => tree,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(refusal) = self.check_tree(&tree, proposal, view)? {
            return Ok(Err(refusal));
        }
        self.accept(request, tree, view, fx)?;
        Ok(Ok(self.endorsement(proposal)))
    }

    fn endorsement(&self, proposal: &Proposal) -> Endorsement {
        proposal.endorse(self.settings.me.clone(), &self.settings.key)
    }

    fn check_request(&self, from: &NodeName, request: &SignedProposal) -> Result<(), Refusal> {
        let (proposal, body) = (&request.proposal, &self.guard.certificate().body);
        self.check_caller(from, proposal.term)?;
        if self.voting() == Voting::Recovering {
            return Err(Refusal::Recovering { term: body.term });
        }
        let unproven = |reason: &str| Err(Refusal::Unproven { reason: reason.to_owned() });
        if proposal.log_id != body.log_id || proposal.kind != body.kind {
            return unproven("log_id: the request is for another log, or another kind of log");
        }
        if proposal.voters != body.voters.hash() {
            return unproven("voters: the request is bound to another list");
        }
        if proposal.sth_signer != body.sth_signer {
            return unproven("sth_signer: the request names another than the certificate");
        }
        if request.primary != *from || !request.is_signed(&body.voters) {
            return unproven("request: it is not signed by the primary");
        }
        Ok(())
    }

    /// No single clock can poison the log (docs/protocol.md, M5).
    fn check_time(&self, now: Timestamp, proposal: &Proposal) -> Result<(), Refusal> {
        let at = proposal.head.timestamp;
        if let Some(last) = &self.accepted.request {
            let floor = last.proposal.head.timestamp;
            if at <= floor {
                return Err(Refusal::NotLater { floor });
            }
        }
        self.settings.clock.check(at, now).map_err(|off| Refusal::OffClock { reason: off.to_string() })
    }

    fn is_own(&self) -> bool {
        self.guard.certificate().body.primary == self.settings.me
    }

    /// A primary's own tail lies in the log on disk; what others were sent is staged beside it.
    fn unendorsed(&self, size: TreeSize, view: &impl View) -> Result<(TreeSize, Vec<OrderRecord>), Halt> {
        if self.is_own() {
            let base = self.accepted.head.size.min(size);
            return Ok((base, view.records(base, size.min(view.len()))?));
        }
        let base = self.staging.base();
        if size <= base {
            return Ok((size, Vec::new()));
        }
        let count = (size.since(base) as usize).min(self.staging.records().len());
        Ok((base, self.staging.records()[..count].to_vec()))
    }

    fn recompute(&mut self, size: TreeSize, view: &impl View, fx: &mut Fx) -> Outcome<Recomputed> {
        let (base, records) = self.unendorsed(size, view)?;
        let held = base.plus(records.len() as u64);
        if held < size {
            return Ok(Err(Refusal::Gap { held }));
        }
        let waypoints = [self.guard.certificate().body.start_head.size, self.accepted.head.size];
        let mut trees = view.trees_at(base)?;
        let mut tree = Recomputed {
            head: trees.head(),
            base,
            placed: Vec::with_capacity(records.len()),
            newest: Timestamp::EPOCH,
            passed: Vec::new(),
        };
        for record in records {
            let copy = match self.copy_of(&record, trees.size(), view, fx)? {
                Ok(copy) => copy,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let leaf = copy.leaf_hash(self.kind());
            trees.append(&record, leaf);
            tree.newest = tree.newest.max(copy.entry.timestamp());
            tree.placed.push(Placed { record, leaf });
            if waypoints.contains(&trees.size()) {
                tree.passed.push(trees.head());
            }
        }
        tree.head = trees.head();
        Ok(Ok(tree))
    }

    fn copy_of(
        &self,
        record: &OrderRecord,
        place: TreeSize,
        view: &impl View,
        fx: &mut Fx,
    ) -> Outcome<OrderedEntry> {
        let name = record.name;
        Ok(match good_copy(record, view)? {
            Ok(entry) => Ok(OrderedEntry { index: place.next_index(), entry }),
            Err(CopyFault::Absent) => Err(Refusal::Missing { count: 1 }),
            Err(CopyFault::Bad(reason)) => {
                fx.write(Write::DropCopy(name));
                fx.act(Act::Alarm(Alarm::BadCopy(name, reason.clone())));
                Err(Refusal::BadCopy { name, reason })
            }
        })
    }

    fn head_at(&self, tree: &Recomputed, size: TreeSize, view: &impl View) -> Result<Option<LogHead>, Halt> {
        if size <= tree.base {
            return Ok(Some(view.trees_at(size)?.head()));
        }
        Ok(tree.passed.iter().find(|head| head.size == size).copied())
    }

    fn check_tree(&self, tree: &Recomputed, proposal: &Proposal, view: &impl View) -> Outcome<()> {
        let start = self.guard.certificate().body.start_head;
        let mut kept = vec![start];
        if self.accepted.term == proposal.term {
            kept.push(self.accepted.head);
        }
        for must in kept {
            if proposal.head.tree_size < must.size || self.head_at(tree, must.size, view)? != Some(must) {
                return Ok(Err(Refusal::NotContaining { must }));
            }
        }
        if tree.head != proposal.log_head() {
            return Ok(Err(Refusal::Differs { computed: tree.head }));
        }
        let floor = tree.newest.max(self.newest_entry);
        if proposal.head.timestamp < floor {
            return Ok(Err(Refusal::NotLater { floor: floor.minus(std::time::Duration::from_millis(1)) }));
        }
        Ok(Ok(()))
    }

    fn accept(
        &mut self,
        request: &SignedProposal,
        tree: Recomputed,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        let size = tree.head.size;
        if !self.is_own() {
            if view.len() > tree.base || !tree.placed.is_empty() {
                fx.write(Write::Order { base: tree.base, append: tree.placed });
            }
            self.staging = self.rest_of_staging(size, view)?;
        }
        self.newest_entry = self.newest_entry.max(tree.newest);
        self.accepted =
            AcceptedHead { term: request.proposal.term, head: tree.head, request: Some(request.clone()) };
        fx.write(Write::Accepted(Box::new(self.accepted.clone()), self.newest_entry));
        Ok(())
    }

    /// What was staged above the endorsed size stays staged.
    fn rest_of_staging(&self, size: TreeSize, view: &impl View) -> Result<Staging, Halt> {
        let staged = &self.staging;
        if size < staged.base() {
            return Ok(Staging::begin(size, view.trees_at(size)?.internal().clone()));
        }
        let mut rest = Staging::begin(size, staged.internal_at(size));
        rest.extend(&staged.records()[size.since(staged.base()) as usize..]);
        Ok(rest)
    }
}
