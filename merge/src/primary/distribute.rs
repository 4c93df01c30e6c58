//! Publication: the frontends get the STH first, then what lies below it; when they hold it, it is shown
//! (docs/protocol.md, P1–P8).

use super::follow::send_log;
use super::{Caller, Lane, alarm};
use crate::machine::Core;
use crate::message::{Alarm, Call, CallFailure, CallId, Fx, Halt, Returned};
use ct::hash::{Fingerprint, Name};
use ct::index::TreeSize;
use ct::limits::{MAX_BATCH_ENTRIES, MAX_SEND_LOG};
use ct::names::NodeName;
use ct::replica::View;
use ct::sth::VerifiedSth;
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::tree::{FrontendPosition, Publish, SendLog};
use std::collections::BTreeMap;
use std::time::Duration;

/// After this an STH is shown by the frontends that hold it; the others are late.
const DEADLINE: Duration = Duration::from_secs(1);

/// How far polled through may be ahead of what a frontend was told.
const TELL_POLLED: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Position,
    Log,
    Missing,
    Entries,
    Publish(Timestamp, Timestamp),
}

/// One frontend's copy.
#[derive(Debug, Default)]
struct Copy {
    lane: Lane,
    asked: Option<Asked>,
    /// What it holds and has staged; unknown at first.
    held: Option<TreeSize>,
    staged: TreeSize,
    missing: Option<Vec<Name>>,
    issuers: Vec<Fingerprint>,
    /// The newest STH whose tree it holds, and the newest that it shows, by time.
    holds: Option<Timestamp>,
    shows: Option<Timestamp>,
    /// The STH for which records were sent.
    sent_for: Option<Timestamp>,
    /// Up to when it was told that storage lists were read.
    polled: Option<Timestamp>,
}

impl Copy {
    fn begin_again(&mut self) {
        (self.held, self.missing, self.sent_for) = (None, None, None);
    }
    fn has(&self, target: &VerifiedSth) -> bool {
        self.holds.is_some_and(|at| at >= target.head().timestamp)
    }
    fn shows(&self, target: &VerifiedSth) -> bool {
        self.shows.is_some_and(|at| at >= target.head().timestamp)
    }
}

/// The publication of the newest STH.
#[derive(Debug)]
pub(crate) struct Publication {
    frontends: BTreeMap<NodeName, Copy>,
    target: Option<(VerifiedSth, Timestamp)>,
    /// The newest STH that min(2, F) frontends hold: storage may be told of it.
    pub(crate) confirmed: Option<VerifiedSth>,
}

impl Publication {
    pub(crate) fn begin(frontends: &[NodeName]) -> Self {
        Self {
            frontends: frontends.iter().map(|name| (name.clone(), Copy::default())).collect(),
            target: None,
            confirmed: None,
        }
    }

    /// A newer STH is to be published.
    pub(crate) fn aim(&mut self, sth: VerifiedSth, now: Timestamp) {
        self.target = Some((sth, now));
    }

    pub(crate) fn owns(&self, id: CallId) -> bool {
        self.who(id).is_some()
    }
    pub(crate) fn who(&self, id: CallId) -> Option<NodeName> {
        self.frontends.iter().find(|(_, copy)| copy.lane.busy == Some(id)).map(|(name, _)| name.clone())
    }

    /// Whether the newest STH may be shown: every reachable frontend holds it, or the deadline has passed.
    fn is_open(&self, now: Timestamp) -> bool {
        let Some((target, since)) = &self.target else { return true };
        let all = self.frontends.values().all(|copy| copy.lane.failed || copy.has(target));
        all || now >= since.plus(DEADLINE)
    }

    /// Whether everybody who holds the newest STH shows it, so that a newer one may follow.
    pub(crate) fn is_shown(&self, now: Timestamp) -> bool {
        let Some((target, _)) = &self.target else { return true };
        let shown = |copy: &Copy| copy.lane.failed || !copy.has(target) || copy.shows(target);
        self.is_open(now) && self.frontends.values().all(shown)
    }

    pub(crate) fn returned(
        &mut self,
        now: Timestamp,
        id: CallId,
        outcome: Result<Returned, CallFailure>,
        fx: &mut Fx,
    ) {
        let Some(name) = self.who(id) else { return };
        let Some(copy) = self.frontends.get_mut(&name) else { return };
        copy.lane.ended(id);
        match (copy.asked.take(), outcome) {
            (Some(Asked::Position), Ok(Returned::FrontendPosition(position))) => {
                let before = copy.holds;
                located(copy, &position);
                // One that holds nothing was made anew, by somebody who knows.
                if let (Some(held), Some(holds)) = (before, copy.holds)
                    && holds < held
                {
                    alarm(fx, Alarm::FrontendPutBack { node: name.clone(), held, holds });
                }
            }
            (Some(Asked::Log), Ok(Returned::Staged(end))) => {
                copy.staged = end;
                copy.missing = None;
            }
            (Some(Asked::Missing), Ok(Returned::Missing(names))) => copy.missing = Some(names),
            (Some(Asked::Entries), Ok(Returned::Taken(taken))) => {
                copy.issuers = taken.need_issuers;
                copy.missing = None;
            }
            (Some(Asked::Publish(at, polled)), Ok(_)) => {
                copy.shows = Some(at);
                copy.polled = Some(polled);
            }
            (_, Err(CallFailure::Refused(refusal))) => {
                if let Refusal::Differs { .. } | Refusal::Diverged { .. } | Refusal::BadCopy { .. } = *refusal
                {
                    alarm(fx, Alarm::FrontendRefuses(name.clone(), refusal.to_string()));
                }
                copy.begin_again();
                copy.lane.pause(now);
            }
            _ => {
                copy.begin_again();
                copy.lane.fail(now);
            }
        }
        self.confirm();
    }

    fn confirm(&mut self) {
        let Some((target, _)) = &self.target else { return };
        let enough = self.frontends.len().min(2);
        if self.frontends.values().filter(|copy| copy.has(target)).count() >= enough {
            self.confirmed = Some(target.clone());
        }
    }

    pub(crate) fn go_on(
        &mut self,
        core: &Core,
        now: Timestamp,
        polled_through: Timestamp,
        view: &impl View,
        caller: &mut Caller<'_>,
    ) -> Result<(), Halt> {
        if self.target.is_none() {
            self.target =
                core.newest_sth.clone().filter(|sth| sth.head().tree_size <= view.len()).map(|s| (s, now));
        }
        self.confirm();
        let open = self.is_open(now);
        let Some((target, _)) = &self.target else { return Ok(()) };
        for (name, copy) in self.frontends.iter_mut().filter(|(_, copy)| copy.lane.is_free(now)) {
            if let Some((asked, call)) = copy.next(core, target, open, polled_through, view)? {
                copy.asked = Some(asked);
                caller.call(&mut copy.lane, name, call);
            }
        }
        Ok(())
    }
}

fn located(copy: &mut Copy, position: &FrontendPosition) {
    copy.held = Some(position.held);
    copy.staged = position.held;
    copy.holds = position.held_sth.as_ref().map(|sth| sth.head.timestamp);
    copy.shows = position.published.as_ref().map(|sth| sth.head.timestamp);
    copy.sent_for = None;
    copy.missing = None;
    // It may have been started anew, and shows nothing before it is told to.
    copy.polled = None;
}

impl Copy {
    fn next(
        &mut self,
        core: &Core,
        target: &VerifiedSth,
        open: bool,
        polled_through: Timestamp,
        view: &impl View,
    ) -> Result<Option<(Asked, Call)>, Halt> {
        let (term, at) = (core.guard.term(), target.head().timestamp);
        if self.held.is_none() {
            return Ok(Some((Asked::Position, Call::Position(term))));
        }
        if self.has(target) {
            // Between two STHs an idle log tells how far it has read; else frontends would think that nobody reads.
            let told_long_ago = self.polled.is_none_or(|told| polled_through >= told.plus(TELL_POLLED));
            if open && (!self.shows(target) || told_long_ago) {
                let publish = Publish { term, sth: target.sth().clone(), polled_through };
                return Ok(Some((Asked::Publish(at, polled_through), Call::Publish(Box::new(publish)))));
            }
            return Ok(None);
        }
        match &self.missing {
            None if self.sent_for.is_some() => Ok(Some((Asked::Missing, Call::Missing(term)))),
            Some(names) if !names.is_empty() => {
                let names = names[..names.len().min(MAX_BATCH_ENTRIES)].to_vec();
                let issuers = std::mem::take(&mut self.issuers);
                Ok(Some((Asked::Entries, Call::SendEntries(term, names, issuers))))
            }
            // It is complete, and recomputes the root: its position says whether it holds the tree now.
            Some(_) if self.staged >= target.head().tree_size && self.sent_for == Some(at) => {
                Ok(Some((Asked::Position, Call::Position(term))))
            }
            _ => Ok(Some((Asked::Log, self.send_more(core, target, view)?))),
        }
    }

    /// One part after the other: what it was sent before, it has, and is proven to it to be a part of what is signed
    /// (docs/protocol.md, P7).
    fn send_more(&mut self, core: &Core, target: &VerifiedSth, view: &impl View) -> Result<Call, Halt> {
        let size = target.head().tree_size;
        let from = self.staged.min(size);
        let to = from.plus(MAX_SEND_LOG as u64).min(size);
        let is_part = self.held.is_some_and(|held| held < from) && from < size;
        let consistency = if is_part { Some(view.consistency(from, size)?) } else { None };
        self.sent_for = Some(target.head().timestamp);
        Ok(match send_log(core, from, to, view)? {
            // The STH that is being published need not be the newest.
            Call::SendLog(header, records) => {
                Call::SendLog(SendLog { sth: Some(target.sth().clone()), consistency, ..header }, records)
            }
            other => other,
        })
    }
}
