//! The primary of a term: it collects, orders, has the order backed up and endorsed, has the head signed, and publishes
//! it (docs/protocol.md, O3–O6, P1–P6).
//!
//! Nothing here is kept on disk but the log itself: after a crash the primary begins again at each storage node's `start`
//! and at what each follower says it has, which is always safe, because every step can be repeated.

mod collect;
mod distribute;
mod follow;
mod order;
mod round;

use crate::machine::Core;
use crate::message::{Act, Alarm, Call, CallFailure, CallId, Fx, Halt, Returned, Write};
use collect::Collection;
use ct::names::NodeName;
use ct::replica::View;
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::status::WaitsFor;
use distribute::Publication;
use follow::Follower;
use order::Pool;
use round::Round;
use std::collections::BTreeMap;
use std::time::Duration;

/// After a failure a node is left in peace this long.
const RETRY: Duration = Duration::from_millis(200);

/// One call at a time, and a pause after a failure.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lane {
    busy: Option<CallId>,
    not_before: Option<Timestamp>,
    /// Whether the last call failed: the node does not count as reachable.
    failed: bool,
}

impl Lane {
    fn is_free(&self, now: Timestamp) -> bool {
        self.busy.is_none() && self.not_before.is_none_or(|at| now >= at)
    }
    fn ended(&mut self, id: CallId) -> bool {
        let mine = self.busy == Some(id);
        if mine {
            *self = Lane::default();
        }
        mine
    }
    fn fail(&mut self, now: Timestamp) {
        *self = Lane { busy: None, not_before: Some(now.plus(RETRY)), failed: true };
    }
    /// Waits, though nothing failed.
    fn pause(&mut self, now: Timestamp) {
        self.not_before = Some(now.plus(RETRY));
    }
}

/// What the primary of a term knows.
#[derive(Debug)]
pub struct Primary {
    collection: Collection,
    pool: Pool,
    followers: BTreeMap<NodeName, Follower>,
    round: Round,
    publication: Publication,
    /// Nodes that have not adopted the certificate in force.
    behind: BTreeMap<NodeName, Lane>,
}

/// Issues calls, numbering them.
pub(crate) struct Caller<'a> {
    next_call: &'a mut CallId,
    fx: &'a mut Fx,
}

impl Caller<'_> {
    fn call(&mut self, lane: &mut Lane, to: &NodeName, call: Call) {
        *self.next_call += 1;
        lane.busy = Some(*self.next_call);
        self.fx.act(Act::Call(*self.next_call, to.clone(), call));
    }
}

impl Primary {
    pub(crate) fn begin(core: &Core, view: &impl View) -> Result<Self, Halt> {
        let me = &core.settings.me;
        let voters = &core.guard.certificate().body.voters;
        let others = voters.iter().map(|voter| &voter.name).filter(|name| *name != me);
        Ok(Self {
            collection: Collection::begin(&core.settings.storage),
            pool: Pool::begin(core, view)?,
            followers: others.map(|name| (name.clone(), Follower::default())).collect(),
            round: Round::begin(),
            publication: Publication::begin(&core.settings.frontends),
            behind: BTreeMap::new(),
        })
    }

    /// Takes in what a call brought. Outcomes of calls that nobody waits for any more are dropped.
    pub(crate) fn returned(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        id: CallId,
        outcome: Result<Returned, CallFailure>,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        if self.behind.values().any(|lane| lane.busy == Some(id)) {
            self.behind.retain(|_, lane| lane.busy != Some(id));
            return Ok(());
        }
        self.note_behind(id, &outcome);
        if self.collection.owns(id) {
            return self.collection.returned(core, now, id, outcome, &mut self.pool, view, fx);
        }
        if self.publication.owns(id) {
            self.publication.returned(now, id, outcome, fx);
            return Ok(());
        }
        if self.round.owns(id) {
            return self.round.returned(core, now, id, outcome, &mut self.publication, view, fx);
        }
        let follower = self.followers.iter_mut().find(|(_, follower)| follower.owns(id));
        if let Some((name, follower)) = follower {
            follower.returned(core, now, name, id, outcome, &mut self.round, view, fx)?;
        }
        Ok(())
    }

    /// A node that does not know this term is sent the certificate (docs/protocol.md, T9).
    fn note_behind(&mut self, id: CallId, outcome: &Result<Returned, CallFailure>) {
        let Err(CallFailure::Refused(refusal)) = outcome else { return };
        if !matches!(**refusal, Refusal::TermUnknown { .. }) {
            return;
        }
        if let Some(name) = self.who(id) {
            self.behind.entry(name).or_default();
        }
    }

    fn who(&self, id: CallId) -> Option<NodeName> {
        let follower = self.followers.iter().find(|(_, f)| f.owns(id)).map(|(name, _)| name.clone());
        follower
            .or_else(|| self.collection.who(id))
            .or_else(|| self.publication.who(id))
            .or_else(|| self.round.who(id))
    }

    /// Does whatever can be done now.
    pub(crate) fn go_on(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        // A step that wrote to the log is over: what it wrote can be read in the next.
        let wrote_log =
            |write: &Write| matches!(write, Write::Order { .. } | Write::Copies(_) | Write::DropCopy(_));
        if fx.writes.iter().any(wrote_log) {
            return Ok(());
        }
        if self.pool.order(core, now, view, fx)? {
            return Ok(());
        }
        let Self { collection, pool, followers, round, publication, behind } = self;
        let mut next_call = core.next_call;
        let mut caller = Caller { next_call: &mut next_call, fx };
        let certificate = core.guard.certificate();
        for (name, lane) in behind.iter_mut().filter(|(_, lane)| lane.is_free(now)) {
            caller.call(lane, name, Call::SetPrimary(Box::new(certificate.clone())));
        }
        collection.go_on(core, now, pool, &publication.confirmed, view, &mut caller)?;
        round.go_on(core, now, pool, followers, publication, view, &mut caller)?;
        for (name, follower) in followers.iter_mut() {
            follower.go_on(core, now, name, round, pool, view, &mut caller)?;
        }
        publication.go_on(core, now, collection.polled_through(&core.settings), view, &mut caller)?;
        core.next_call = next_call;
        Ok(())
    }

    /// Whom the primary waits for, and why in words for a person; `None` if nothing holds it up.
    pub fn waiting(&self) -> Option<(WaitsFor, String)> {
        self.round.waiting(&self.followers)
    }

    /// Up to when enough storage nodes' lists were read (docs/protocol.md, P3).
    pub fn polled_through(&self, settings: &crate::machine::Settings) -> Timestamp {
        self.collection.polled_through(settings)
    }

    /// Entries collected and not yet ordered.
    pub fn pooled(&self) -> usize {
        self.pool.len()
    }
}

fn alarm(fx: &mut Fx, alarm: Alarm) {
    fx.act(Act::Alarm(alarm));
}
