//! A right that moved without the old signer's word: what that one may yet sign, should it come back with the log's key
//! (docs/protocol.md, T14, G11, G12).
//!
//! Of every quorum that it can still show, one honest node was stopped and told what it had endorsed. With one log for all
//! that is a part of what follows; a primary that lied may have had each node endorse another.

use super::right::is_newer;
use super::{Machine, Memory, unproven};
use ct::index::{Term, TreeSize};
use ct::merkle::verify;
use ct::names::NodeName;
use ct::sth::TreeHead;
use ct::term::{Change, TermBody};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::signer::SignSth;

/// A head that a stopped node had endorsed for a signer that gave no word.
struct Unheard {
    head: TreeHead,
    voter: NodeName,
    signer: NodeName,
}

impl Machine {
    /// Its first head is later than any of them, and so are all that follow (G11).
    pub(super) fn check_above_unheard(&self, now: Timestamp, head: &TreeHead) -> Result<(), Refusal> {
        match self.unheard(now).iter().map(|unheard| unheard.head.timestamp).max() {
            Some(floor) if head.timestamp <= floor => Err(Refusal::NotLater { floor }),
            _ => Ok(()),
        }
    }

    /// Its first head contains every one of them, and so do all that follow (G12).
    pub(super) fn check_contains_unheard(&self, now: Timestamp, request: &SignSth) -> Result<(), Refusal> {
        let (head, unheard) = (&request.proposal.head, self.unheard(now));
        let mut wanted: Vec<TreeSize> = Vec::new();
        for Unheard { head: old, voter, signer } in &unheard {
            if old.tree_size == TreeSize::ZERO {
                continue;
            }
            let size = old.tree_size;
            let lacks = |why: &dyn std::fmt::Display| {
                unproven(format!(
                    "contains: {voter} had endorsed a head of size {size}, of {}, that {signer} may yet sign: {why}",
                    old.timestamp
                ))
            };
            if size > head.tree_size {
                return Err(lacks(&format_args!("this one is of size {}", head.tree_size)));
            }
            let Some(proof) = request.contains.iter().find(|proof| proof.from == size) else {
                wanted.push(size);
                continue;
            };
            verify::consistency(size, old.root_hash, head.tree_size, head.root_hash, &proof.path)
                .map_err(|error| lacks(&error))?;
        }
        if wanted.is_empty() {
            return Ok(());
        }
        wanted.sort();
        wanted.dedup();
        Err(Refusal::MustContain { sizes: wanted })
    }

    /// What other signers may yet sign. One signs nothing that is not later than its last STH; and honest nodes endorse
    /// nothing further ahead than clocks may be behind, so one that claims that delays nothing.
    fn unheard(&self, now: Timestamp) -> Vec<Unheard> {
        let settled = self.memory.as_ref().map_or(Term::ZERO, Memory::settled);
        let unsettled = self.guard.certificate().bodies().filter(|body| {
            body.term > settled && matches!(&body.change, Change::MoveSigner { release: None, .. })
        });
        unsettled
            .flat_map(|body| self.unheard_at(body))
            .filter(|unheard| self.may_be_true(unheard, now))
            .collect()
    }

    fn unheard_at(&self, body: &TermBody) -> Vec<Unheard> {
        let last = self.inherited(body);
        let heads = body.stops.iter().filter_map(|stop| {
            let proposal = &stop.reply.accepted.request.as_ref()?.proposal;
            let (voter, signer) = (stop.reply.voter.clone(), proposal.sth_signer.clone());
            Some(Unheard { head: proposal.head, voter, signer })
        });
        let others = heads.filter(|unheard| unheard.signer != self.settings.me);
        others.filter(|unheard| last.is_none_or(|last| is_newer(&unheard.head, &last))).collect()
    }

    fn may_be_true(&self, unheard: &Unheard, now: Timestamp) -> bool {
        unheard.head.timestamp <= now.plus(self.settings.clock.behind)
    }
}
