//! Bringing another merge node's copy up to date and asking for its endorsement (docs/protocol.md, O6).

use super::order::Pool;
use super::round::Round;
use super::{Caller, Lane, alarm};
use crate::machine::Core;
use crate::message::{Alarm, Call, CallFailure, CallId, Fx, Halt, Returned};
use ct::hash::{Fingerprint, Name};
use ct::index::TreeSize;
use ct::limits::{MAX_BATCH_ENTRIES, MAX_SEND_LOG};
use ct::names::NodeName;
use ct::replica::View;
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::tree::{MergePosition, Publish, Reminder, SendLog, Voting};

/// Where the follower's log leaves ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Common {
    /// Not asked yet.
    Unknown,
    /// Equal at `low`, different at `high`: the last common size is searched by halves.
    Between { low: TreeSize, high: TreeSize },
    /// Equal up to what it holds or has staged.
    Until(TreeSize),
}

/// Another merge node.
#[derive(Debug)]
pub(crate) struct Follower {
    lane: Lane,
    asked: Option<Asked>,
    /// Known once it said where it stands.
    voting: Option<Voting>,
    /// It says less than it endorsed.
    forgot: Option<Reminder>,
    common: Common,
    /// Up to where it has staged the log and lacks no entry. Sending it more takes nothing of that away.
    complete: TreeSize,
    /// Entries that it lacks; `None` if it was not asked since records were last sent.
    missing: Option<Vec<Name>>,
    /// It has no room to stage more than this: it must endorse that first.
    full: Option<TreeSize>,
    issuers: Vec<Fingerprint>,
    /// The newest STH that it was told.
    told: Option<Timestamp>,
    /// The last proposal that it answered, by time.
    answered: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Position,
    Probe(TreeSize),
    Log(TreeSize),
    Missing,
    Entries,
    Endorse(Timestamp),
    CatchUp,
    Remind,
    Publish(Timestamp),
}

impl Default for Follower {
    fn default() -> Self {
        Self {
            lane: Lane::default(),
            asked: None,
            voting: None,
            forgot: None,
            common: Common::Unknown,
            complete: TreeSize::ZERO,
            missing: None,
            full: None,
            issuers: Vec::new(),
            told: None,
            answered: None,
        }
    }
}

impl Follower {
    pub(crate) fn owns(&self, id: CallId) -> bool {
        self.lane.busy == Some(id)
    }
    /// Whether it can endorse a head of size `target`: it votes, has staged everything below and lacks no entry.
    pub(crate) fn is_ready(&self, target: TreeSize) -> bool {
        self.voting == Some(Voting::Votes)
            && matches!(self.common, Common::Until(_))
            && self.complete >= target
    }
    /// Whether nothing is to be expected of it: it cannot be reached, or has no vote.
    pub(crate) const fn is_out(&self) -> bool {
        self.lane.failed || matches!(self.voting, Some(Voting::Recovering))
    }

    fn begin_again(&mut self) {
        (self.common, self.complete) = (Common::Unknown, TreeSize::ZERO);
        (self.missing, self.full) = (None, None);
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    pub(crate) fn returned(
        &mut self,
        core: &Core,
        now: Timestamp,
        name: &NodeName,
        id: CallId,
        outcome: Result<Returned, CallFailure>,
        round: &mut Round,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        let asked = self.asked.take();
        if !self.lane.ended(id) {
            return Ok(());
        }
        match (asked, outcome) {
            (Some(Asked::Position), Ok(Returned::MergePosition(position))) => {
                self.located(core, name, &position, view, fx)?;
            }
            (Some(Asked::Probe(at)), Ok(Returned::Staged(_))) => self.probed(at, true),
            (Some(Asked::Probe(at)), Err(CallFailure::Refused(refusal)))
                if matches!(*refusal, Refusal::Diverged { .. }) =>
            {
                self.probed(at, false);
            }
            (Some(Asked::Log(from)), Ok(Returned::Staged(end))) => {
                self.full = (end <= from).then_some(end);
                let end = end.min(view.len());
                (self.common, self.complete) = (Common::Until(end), self.complete.min(end));
                // Where there was no room for more it lacks what it lacked.
                if end > from {
                    self.missing = None;
                }
            }
            (Some(Asked::Missing), Ok(Returned::Missing(names))) => {
                if let (true, Common::Until(size)) = (names.is_empty(), self.common) {
                    self.complete = size;
                }
                self.missing = Some(names);
            }
            (Some(Asked::Entries), Ok(Returned::Taken(taken))) => {
                self.issuers = taken.need_issuers;
                self.missing = None;
            }
            (Some(Asked::Endorse(at)), Ok(Returned::Endorsed(endorsement))) => {
                self.answered = Some(at);
                round.endorsed(core, name, at, endorsement, fx);
            }
            (Some(Asked::CatchUp), Ok(Returned::Endorsed(_))) => self.begin_again(),
            (Some(Asked::Publish(at)), Ok(_)) => self.told = Some(at),
            (Some(Asked::Remind), Ok(_)) => {
                self.forgot = None;
                self.begin_again();
            }
            (asked, Err(CallFailure::Refused(refusal))) => {
                self.refused(now, name, asked, *refusal, round, fx)
            }
            _ => {
                self.lane.fail(now);
                self.begin_again();
            }
        }
        Ok(())
    }

    /// What a node endorsed in this very term must be in this log: a primary's log only grows (docs/protocol.md, M8).
    fn located(
        &mut self,
        core: &Core,
        name: &NodeName,
        position: &MergePosition,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), Halt> {
        if position.voting == Voting::Recovering && self.voting != Some(Voting::Recovering) {
            alarm(fx, Alarm::Recovering(name.clone()));
        }
        self.voting = Some(position.voting);
        self.forgot =
            core.endorsed.get(name).filter(|known| self.has_forgotten(core, position, known)).cloned();
        let theirs = position.accepted;
        let common = theirs.size <= view.len() && view.trees_at(theirs.size)?.head() == theirs;
        if !common && position.accepted_term == core.guard.term() {
            return Err(Halt::LostOwnTerm { holder: name.clone(), size: theirs.size });
        }
        if common {
            self.meet(theirs.size);
        } else {
            let high = theirs.size.min(view.len()).plus(1);
            self.common = Common::Between { low: TreeSize::ZERO, high };
        }
        Ok(())
    }

    /// Whether it claims less than it signed, with the state that it has.
    fn has_forgotten(&self, core: &Core, position: &MergePosition, known: &Reminder) -> bool {
        let signed = (known.proposal.term, known.proposal.head.tree_size);
        self.voting == Some(Voting::Votes)
            && known.proposal.voters == core.guard.certificate().body.voters.hash()
            && (position.accepted_term, position.accepted.size) < signed
    }

    /// Its own log and ours are equal up to here; of that it lacks nothing.
    fn meet(&mut self, size: TreeSize) {
        (self.common, self.complete) = (Common::Until(size), size);
        self.missing = Some(Vec::new());
    }

    fn probed(&mut self, at: TreeSize, same: bool) {
        if let Common::Between { low, high } = self.common {
            let (low, high) = if same { (at, high) } else { (low, at) };
            let found = high.get() <= low.get() + 1;
            if found {
                self.meet(low);
            } else {
                self.common = Common::Between { low, high };
            }
        }
    }

    fn refused(
        &mut self,
        now: Timestamp,
        name: &NodeName,
        asked: Option<Asked>,
        refusal: Refusal,
        round: &mut Round,
        fx: &mut Fx,
    ) {
        if let (Some(Asked::CatchUp), Refusal::NotLater { floor }) = (asked, &refusal) {
            round.raise_floor(*floor);
            self.lane.pause(now);
            return;
        }
        if let Some(Asked::Endorse(at)) = asked {
            self.answered = Some(at);
            match &refusal {
                Refusal::NotLater { floor } => round.raise_floor(*floor),
                Refusal::Differs { .. } => alarm(fx, Alarm::RootDiffers(name.clone())),
                Refusal::BadCopy { reason, .. } => {
                    // It is asked again as soon as it was sent a good one.
                    self.answered = None;
                    alarm(fx, Alarm::DamagedPeer(name.clone(), reason.clone()))
                }
                _ => {}
            }
        }
        self.lane.pause(now);
        self.begin_again();
    }

    #[expect(clippy::too_many_arguments, reason = "a step's context, and nothing else")]
    pub(crate) fn go_on(
        &mut self,
        core: &Core,
        now: Timestamp,
        name: &NodeName,
        round: &Round,
        pool: &Pool,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        if !self.lane.is_free(now) {
            return Ok(());
        }
        let next = match self.common {
            _ if self.forgot.is_some() => {
                self.forgot.clone().map(|reminder| (Asked::Remind, Call::Remind(Box::new(reminder))))
            }
            Common::Unknown => Some((Asked::Position, Call::Position(core.guard.term()))),
            Common::Between { low, high } if high.get() <= low.get() + 1 => {
                self.meet(low);
                return self.go_on(core, now, name, round, pool, view, caller);
            }
            Common::Between { low, high } => {
                // The size of both logs is at most 2⁵³.
                let middle = low.plus((high.get() - low.get()) / 2);
                Some((Asked::Probe(middle), send_log(core, middle, middle, view)?))
            }
            Common::Until(size) => self.next(core, now, size, round, pool, view)?,
        };
        if let Some((asked, call)) = next {
            self.asked = Some(asked);
            caller.call(&mut self.lane, name, call);
        }
        Ok(())
    }

    /// What it has is made complete before it is sent more, and what it can endorse it is asked first: a log that grows all
    /// the time must not keep it from either.
    fn next(
        &mut self,
        core: &Core,
        now: Timestamp,
        size: TreeSize,
        round: &Round,
        pool: &Pool,
        view: &impl View,
    ) -> Result<Option<(Asked, Call)>, Halt> {
        let term = core.guard.term();
        if let Some(request) = round.proposal() {
            let at = request.proposal.head.timestamp;
            if self.answered != Some(at) && self.is_ready(request.proposal.head.tree_size) {
                return Ok(Some((Asked::Endorse(at), Call::VerifyRoot(Box::new(request.clone())))));
            }
        }
        let Some(missing) = &self.missing else { return Ok(Some((Asked::Missing, Call::Missing(term)))) };
        if !missing.is_empty() {
            let names = missing[..missing.len().min(MAX_BATCH_ENTRIES)].to_vec();
            let issuers = std::mem::take(&mut self.issuers);
            return Ok(Some((Asked::Entries, Call::SendEntries(term, names, issuers))));
        }
        if self.full == Some(size) && self.voting == Some(Voting::Votes) {
            let request = round.propose(core, now, size, pool, view)?;
            return Ok(request.map(|request| (Asked::CatchUp, Call::VerifyRoot(Box::new(request)))));
        }
        if size < view.len() && self.full != Some(size) {
            let to = size.plus(MAX_SEND_LOG as u64).min(view.len());
            return Ok(Some((Asked::Log(size), send_log(core, size, to, view)?)));
        }
        if let Some(sth) = &core.newest_sth
            && self.told != Some(sth.head().timestamp)
        {
            let publish = Publish { term, sth: sth.sth().clone(), polled_through: Timestamp::EPOCH };
            return Ok(Some((Asked::Publish(sth.head().timestamp), Call::Publish(Box::new(publish)))));
        }
        Ok(None)
    }
}

/// SendLog of the records from `from` up to (not including) `to`; none of them asks only whether the roots are equal.
pub(crate) fn send_log(core: &Core, from: TreeSize, to: TreeSize, view: &impl View) -> Result<Call, Halt> {
    let head = view.trees_at(from)?.head();
    let header = SendLog {
        term: core.guard.term(),
        start: from,
        root: head.root,
        internal_root: head.internal_root,
        sth: core.newest_sth.as_ref().map(|sth| sth.sth().clone()),
        consistency: None,
    };
    Ok(Call::SendLog(header, view.records(from, to)?))
}
