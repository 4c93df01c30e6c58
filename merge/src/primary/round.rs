//! A round: one head is proposed, endorsed by a majority, and signed (docs/protocol.md, O6, T5, G1). One at a time.

use super::distribute::Publication;
use super::follow::Follower;
use super::order::Pool;
use super::{Caller, Lane, alarm};
use crate::machine::Core;
use crate::message::{Act, Alarm, Call, CallFailure, CallId, Fx, Halt, Returned, Write};
use ct::index::TreeSize;
use ct::names::NodeName;
use ct::replica::View;
use ct::sth::VerifiedSth;
use ct::term::{Endorsement, Proposal, SignedProposal};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::signer::{Consistency, SignSth};
use ct::wire::status::WaitsFor;
use ct::wire::tree::Reminder;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the others' copies are waited for when a majority is ready.
const GRACE: Duration = Duration::from_millis(100);

/// After this a proposal without a majority is given up, and a new one made with a new time.
const GIVE_UP: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum Stage {
    /// Nothing is proposed.
    Rest,
    /// The log up to `target` is being copied.
    BackUp { target: TreeSize, since: Timestamp },
    /// Endorsements are being gathered.
    Endorse { request: SignedProposal, since: Timestamp, endorsements: BTreeMap<NodeName, Endorsement> },
    /// The signer is being asked.
    Sign { request: SignedProposal, since: Timestamp, endorsements: Vec<Endorsement> },
}

/// The present round.
#[derive(Debug)]
pub(crate) struct Round {
    stage: Stage,
    signer: Lane,
    signer_name: Option<NodeName>,
    /// The size from which the signer wants consistency proven; `None`: our newest STH.
    base: Option<TreeSize>,
    /// Other sizes from which the signer wants it proven (docs/protocol.md, G12).
    contains: Vec<TreeSize>,
    floor: Timestamp,
    trouble: Option<String>,
    /// The earliest time that the next head can have, if this node's clock is too far from it.
    ahead: Option<Timestamp>,
}

impl Round {
    pub(crate) const fn begin() -> Self {
        Self {
            stage: Stage::Rest,
            signer: Lane { busy: None, not_before: None, failed: false },
            signer_name: None,
            base: None,
            contains: Vec::new(),
            floor: Timestamp::EPOCH,
            trouble: None,
            ahead: None,
        }
    }

    pub(crate) fn owns(&self, id: CallId) -> bool {
        self.signer.busy == Some(id)
    }
    pub(crate) fn who(&self, id: CallId) -> Option<NodeName> {
        self.signer_name.clone().filter(|_| self.owns(id))
    }
    /// What followers are asked to endorse.
    pub(crate) const fn proposal(&self) -> Option<&SignedProposal> {
        match &self.stage {
            Stage::Endorse { request, .. } => Some(request),
            _ => None,
        }
    }
    /// The next proposal's time must lie above this.
    pub(crate) fn raise_floor(&mut self, floor: Timestamp) {
        self.floor = self.floor.max(floor);
        if matches!(&self.stage, Stage::Endorse { request, .. } if request.proposal.head.timestamp <= floor) {
            self.stage = Stage::Rest;
        }
    }

    pub(crate) fn waiting(&self, followers: &BTreeMap<NodeName, Follower>) -> Option<(WaitsFor, String)> {
        let out: Vec<_> =
            followers.iter().filter(|(_, f)| f.is_out()).map(|(name, _)| name.as_str()).collect();
        match &self.stage {
            Stage::BackUp { .. } | Stage::Endorse { .. } if !out.is_empty() => {
                let text = format!("merge nodes not reachable, or recovering: {}", out.join(", "));
                Some((WaitsFor::MergeNodes, text))
            }
            // The trouble stays, whatever is done meanwhile, until the signer signs.
            _ => self.ahead().or_else(|| self.trouble.clone().map(|text| (WaitsFor::Signer, text))),
        }
    }

    fn ahead(&self) -> Option<(WaitsFor, String)> {
        let text =
            format!("the next tree head can be of {} at the earliest: ahead of this clock", self.ahead?);
        Some((WaitsFor::Clock, text))
    }

    /// Takes in a follower's endorsement of the present proposal.
    pub(crate) fn endorsed(
        &mut self,
        core: &Core,
        from: &NodeName,
        at: Timestamp,
        vote: Endorsement,
        fx: &mut Fx,
    ) {
        let Stage::Endorse { request, endorsements, .. } = &mut self.stage else { return };
        if request.proposal.head.timestamp != at {
            return;
        }
        let voters = &core.guard.certificate().body.voters;
        let statement = request.proposal.endorsement_statement();
        let genuine = vote.voter == *from
            && voters.find(from).is_some_and(|voter| voter.key.verifies(&statement, &vote.signature));
        if genuine {
            endorsements.insert(from.clone(), vote);
        } else {
            alarm(fx, Alarm::DamagedPeer(from.clone(), "its endorsement does not verify".to_owned()));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    pub(crate) fn go_on(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        pool: &Pool,
        followers: &BTreeMap<NodeName, Follower>,
        publication: &Publication,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        self.ahead = self.ahead.filter(|at| core.settings.clock.check(*at, now).is_err());
        match &self.stage {
            Stage::Rest if is_due(core, now, publication, view) => {
                self.stage = Stage::BackUp { target: view.len(), since: now };
                self.propose_when_ready(core, now, pool, followers, view)?;
            }
            Stage::Rest => {}
            Stage::BackUp { .. } => self.propose_when_ready(core, now, pool, followers, view)?,
            Stage::Endorse { since, .. } | Stage::Sign { since, .. } if now.since(*since) > GIVE_UP => {
                self.stage = Stage::Rest;
            }
            _ => {}
        }
        self.endorse_last(core, now, view, caller)?;
        self.ask_signer(core, now, view, caller)
    }

    fn propose_when_ready(
        &mut self,
        core: &Core,
        now: Timestamp,
        pool: &Pool,
        followers: &BTreeMap<NodeName, Follower>,
        view: &impl View,
    ) -> Result<(), Halt> {
        let Stage::BackUp { target, since } = self.stage else { return Ok(()) };
        let body = &core.guard.certificate().body;
        let ready = followers.values().filter(|follower| follower.is_ready(target)).count();
        let others_may_come = followers.values().any(|f| !f.is_ready(target) && !f.is_out());
        if ready + 1 < body.voters.majority() || (others_may_come && now < since.plus(GRACE)) {
            return Ok(());
        }
        self.stage = Stage::Rest;
        self.ahead = None;
        match self.propose(core, now, target, pool, view)? {
            Some(request) => {
                self.stage = Stage::Endorse { request, since: now, endorsements: BTreeMap::new() };
            }
            None => self.ahead = Some(self.next_time(core, now, pool)),
        }
        Ok(())
    }

    /// Later than every head that it knows of, and no older than any entry.
    fn next_time(&self, core: &Core, now: Timestamp, pool: &Pool) -> Timestamp {
        let endorsed = core.accepted.request.as_ref().map(|request| request.proposal.head.timestamp);
        let signed = core.newest_sth.as_ref().map(|sth| sth.head().timestamp);
        let floor = endorsed.into_iter().chain(signed).fold(self.floor, Timestamp::max);
        now.max(floor.plus(Duration::from_millis(1))).max(pool.newest())
    }

    /// Asks for the endorsement of this log's head of some size.
    pub(crate) fn propose(
        &self,
        core: &Core,
        now: Timestamp,
        target: TreeSize,
        pool: &Pool,
        view: &impl View,
    ) -> Result<Option<SignedProposal>, Halt> {
        let timestamp = self.next_time(core, now, pool);
        if core.settings.clock.check(timestamp, now).is_err() {
            // A floor far ahead cannot be passed honestly: wait until the clock reaches it.
            return Ok(None);
        }
        let (body, head) = (&core.guard.certificate().body, view.trees_at(target)?.head());
        let proposal = Proposal::of(body, head, timestamp);
        Ok(Some(SignedProposal::new(proposal, core.settings.me.clone(), &core.settings.key)))
    }

    /// The primary endorses its own head last, under the same law (docs/protocol.md, M4).
    fn endorse_last(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        let Stage::Endorse { request, since, endorsements } = &self.stage else { return Ok(()) };
        if endorsements.len() + 1 < core.guard.certificate().body.voters.majority() {
            return Ok(());
        }
        let (request, since) = (request.clone(), *since);
        let mut endorsements: Vec<_> = endorsements.values().cloned().collect();
        let me = core.settings.me.clone();
        match core.verify_root(now, &me, &request, view, caller.fx)? {
            Ok(own) => {
                for endorsement in endorsements.iter().cloned() {
                    let reminder = Reminder { proposal: request.proposal.clone(), endorsement };
                    core.endorsed.insert(reminder.endorsement.voter.clone(), reminder);
                }
                caller.fx.write(Write::Endorsed(Box::new(core.endorsed.clone())));
                endorsements.push(own);
                self.stage = Stage::Sign { request, since, endorsements };
            }
            Err(refusal) => {
                if let Refusal::Differs { .. } = refusal {
                    alarm(caller.fx, Alarm::RootDiffers(me));
                }
                self.stage = Stage::Rest;
            }
        }
        Ok(())
    }

    fn ask_signer(
        &mut self,
        core: &Core,
        now: Timestamp,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        let Stage::Sign { request, endorsements, .. } = &self.stage else { return Ok(()) };
        if !self.signer.is_free(now) {
            return Ok(());
        }
        let (to, known) = (request.proposal.head.tree_size, core.newest_sth.as_ref());
        let from = self.base.or(known.map(|sth| sth.head().tree_size)).unwrap_or(TreeSize::ZERO).min(to);
        let newest = match known {
            Some(sth) if self.base.is_none_or(|base| base <= sth.head().tree_size) => {
                let base = self.base.unwrap_or(sth.head().tree_size);
                let path = view.consistency(base, sth.head().tree_size)?;
                Some((sth.sth().clone(), Consistency { from: base, path }))
            }
            _ => None,
        };
        // A signer that advances over `newest` wants the proof from there.
        let advances = newest.is_some() && self.base.is_some();
        let from = known.filter(|_| advances).map_or(from, |sth| sth.head().tree_size);
        let consistency = Consistency { from, path: view.consistency(from, to)? };
        let provable = self.contains.iter().filter(|from| **from <= to);
        let proven = provable.map(|from| Ok(Consistency { from: *from, path: view.consistency(*from, to)? }));
        let contains = proven.collect::<Result<_, Halt>>()?;
        let message = SignSth {
            proposal: request.proposal.clone(),
            endorsements: endorsements.clone(),
            newest,
            consistency,
            contains,
        };
        let name = request.proposal.sth_signer.clone();
        self.signer_name = Some(name.clone());
        caller.call(&mut self.signer, &name, Call::SignSth(Box::new(message)));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    pub(crate) fn returned(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        id: CallId,
        outcome: Result<Returned, CallFailure>,
        publication: &mut Publication,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        if !self.signer.ended(id) {
            return Ok(());
        }
        match outcome {
            Ok(Returned::Signed(sth)) => match core.settings.log_key.verify_sth(sth) {
                Ok(sth) => self.signed(core, now, sth, publication, view, fx)?,
                Err(bad) => self.refused(now, bad.to_string(), fx),
            },
            Err(CallFailure::Refused(refusal)) => match *refusal {
                Refusal::WrongBase { last }
                    if last.tree_size <= view.len() && self.base != Some(last.tree_size) =>
                {
                    self.base = Some(last.tree_size);
                    self.floor = self.floor.max(last.timestamp);
                    self.drop_if_older(last.tree_size);
                }
                Refusal::MustContain { sizes } if self.contains != sizes => self.contains = sizes,
                Refusal::NotLater { floor } => {
                    self.floor = self.floor.max(floor);
                    self.stage = Stage::Rest;
                }
                Refusal::OffClock { .. } => self.stage = Stage::Rest,
                Refusal::TermUnknown { .. } => self.signer.pause(now),
                other => self.refused(now, other.to_string(), fx),
            },
            Ok(_) | Err(CallFailure::Failed(_)) => {
                self.trouble = Some("the signer is not reachable".to_owned());
                self.signer.fail(now);
            }
        }
        Ok(())
    }

    /// An STH of this log's own tree, be it of this round or of one that was given up while the signer was slow.
    fn signed(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        sth: VerifiedSth,
        publication: &mut Publication,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        (self.trouble, self.base, self.contains) = (None, None, Vec::new());
        let head = sth.head();
        if head.tree_size > view.len() || view.trees_at(head.tree_size)?.head().root != head.root_hash {
            self.refused(now, "it signed a head that is not this log's".to_owned(), fx);
            return Ok(());
        }
        if matches!(&self.stage, Stage::Sign { request, .. } if request.proposal.head == *head) {
            self.stage = Stage::Rest;
        }
        if core.newest_sth.as_ref().is_none_or(|known| known.head().timestamp < head.timestamp) {
            core.remember_sth(sth.clone(), fx);
            fx.act(Act::Signed(Box::new(sth.sth().clone())));
            publication.aim(sth, now);
        }
        Ok(())
    }

    /// A proposal smaller than what the signer signed last will never be signed.
    fn drop_if_older(&mut self, last: TreeSize) {
        if matches!(&self.stage, Stage::Sign { request, .. } if request.proposal.head.tree_size < last) {
            self.stage = Stage::Rest;
        }
    }

    fn refused(&mut self, now: Timestamp, reason: String, fx: &mut Fx) {
        let trouble = format!("the signer refuses: {reason}");
        if self.trouble.as_ref() != Some(&trouble) {
            alarm(fx, Alarm::SignerRefuses(reason));
        }
        self.trouble = Some(trouble);
        self.base = None;
        self.stage = Stage::Rest;
        self.signer.fail(now);
    }
}

/// A round is due when there is something new and the publish interval has passed, or when the last STH grows old; not
/// before the last STH was shown to whoever is there to see it (docs/protocol.md, P2).
fn is_due(core: &Core, now: Timestamp, publication: &Publication, view: &impl View) -> bool {
    let Some(sth) = &core.newest_sth else { return true };
    let age = now.since(sth.head().timestamp);
    let due = age >= core.settings.sth_interval
        || (view.len() > sth.head().tree_size && age >= core.settings.publish_interval);
    due && publication.is_shown(now)
}
