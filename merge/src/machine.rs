//! A merge node: what it answers as a copy of the log, and, in [`crate::primary`], what it does when it is the primary.

use crate::message::{Alarm, Answer, CallFailure, CallId, Event, Fx, Halt, Request, Stopped, Write};
use crate::primary::Primary;
use ct::entry::LogKind;
use ct::hash::{LogId, Name};
use ct::index::Term;
use ct::key::LogKey;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::order::OrderRecord;
use ct::replica::{Staging, View, keep_complete};
use ct::sth::{Sth, VerifiedSth};
use ct::term::{AcceptedHead, Guard, Incarnation, RunId, Standing, StopReply, TermCertificate};
use ct::time::{ClockBound, Timestamp};
use ct::wire::tree::{MergePosition, Reminder, SendLog, Taken, Voting};
use ct::wire::{EntryBatch, Refusal};
use ct::x509::Window;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// What a merge node is configured to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its own name.
    pub me: NodeName,
    /// Its key: endorsements, proposals and stop replies are signed with it.
    pub key: NodeSigningKey,
    /// The log's key.
    pub log_key: LogKey,
    /// The shard's window: entries outside it are never ordered.
    pub window: Option<Window>,
    /// How far tree heads may be off its clock.
    pub clock: ClockBound,
    /// An STH at least this often.
    pub sth_interval: Duration,
    /// At most one STH in this time.
    pub publish_interval: Duration,
    /// The storage nodes.
    pub storage: Vec<NodeName>,
    /// How many storage nodes a promise takes.
    pub storage_quorum: usize,
    /// The frontends.
    pub frontends: Vec<NodeName>,
}

/// What the machine is rebuilt from at start, beside the log itself.
#[derive(Debug, Clone)]
pub struct Durable {
    /// Which state.
    pub incarnation: Incarnation,
    /// The newest certificate.
    pub guard: Guard,
    /// Whether it was stopped for a term to come.
    pub stopped: Option<Stopped>,
    /// What it endorsed last.
    pub accepted: AcceptedHead,
    /// The greatest timestamp under the accepted head.
    pub newest_entry: Timestamp,
    /// The newest STH it knows.
    pub newest_sth: Option<Sth>,
    /// What the other voters endorsed last, as far as this node was their primary.
    pub endorsed: BTreeMap<NodeName, Reminder>,
}

/// What both parts of the machine know.
#[derive(Debug)]
pub(crate) struct Core {
    pub settings: Settings,
    pub incarnation: Incarnation,
    pub guard: Guard,
    pub stopped: Option<Stopped>,
    pub accepted: AcceptedHead,
    pub newest_entry: Timestamp,
    pub newest_sth: Option<VerifiedSth>,
    pub endorsed: BTreeMap<NodeName, Reminder>,
    pub staging: Staging,
    /// Numbers calls through all terms of this process, so that no answer is taken for another's.
    pub next_call: CallId,
}

type Response = Result<Answer, Refusal>;

/// A clock that goes back by more than this was set, and what was to be done at a time by it never would be.
const SET_BACK: Duration = Duration::from_secs(1);

/// The machine.
#[derive(Debug)]
pub struct Machine {
    core: Core,
    primary: Option<Primary>,
    /// When the last step was.
    last_step: Timestamp,
}

impl Machine {
    /// Goes on from what is on disk; a primary goes on with its own log, all of it (docs/protocol.md, M7).
    pub fn recover(settings: Settings, durable: Durable, view: &impl View) -> Result<Self, Halt> {
        let Durable { incarnation, guard, stopped, accepted, newest_entry, newest_sth, endorsed } = durable;
        let size = accepted.head.size;
        let lost = Halt::Lost { what: "accepted head", size };
        if view.len() < size || view.trees_at(size)?.head() != accepted.head {
            return Err(lost);
        }
        let staging = Staging::begin(size, view.trees_at(size)?.internal().clone());
        let newest_sth = newest_sth.and_then(|sth| settings.log_key.verify_sth(sth).ok());
        let core = Core {
            settings,
            incarnation,
            guard,
            stopped,
            accepted,
            newest_entry,
            newest_sth,
            endorsed,
            staging,
            next_call: 0,
        };
        let mut machine = Self { core, primary: None, last_step: Timestamp::EPOCH };
        machine.take_office(view)?;
        Ok(machine)
    }

    /// Takes one step. After a halt there is no machine left to take another.
    pub fn step(mut self, now: Timestamp, event: Event, view: &impl View, fx: &mut Fx) -> Result<Self, Halt> {
        if self.primary.is_some() && now.plus(SET_BACK) < self.last_step {
            // As after a crash: it begins again at what is on disk, and waits for nothing (docs/protocol.md, C2).
            self.primary = Some(Primary::begin(&self.core, view)?);
        }
        self.last_step = now;
        match event {
            Event::Request(token, from, request) => {
                let response = self.respond(now, &from, request, view, fx)?;
                fx.act(crate::message::Act::Respond(token, response.map_err(Box::new)));
            }
            Event::Returned(id, outcome) => {
                if let Err(CallFailure::Refused(refusal)) = &outcome
                    && let Refusal::TermOver { certificate } = refusal.as_ref()
                {
                    let certificate = (**certificate).clone();
                    if let Err(refusal) = self.set_primary(certificate, view, fx)? {
                        fx.act(crate::message::Act::Alarm(Alarm::BadCertificate(refusal.to_string())));
                    }
                }
                if let Some(primary) = &mut self.primary {
                    primary.returned(&mut self.core, now, id, outcome, view, fx)?;
                }
            }
            Event::Tick => {}
        }
        if let Some(primary) = &mut self.primary {
            primary.go_on(&mut self.core, now, view, fx)?;
        }
        Ok(self)
    }

    /// Becomes primary, or ceases to be, as certificate and stop demand.
    fn take_office(&mut self, view: &impl View) -> Result<(), Halt> {
        let body = &self.core.guard.certificate().body;
        // Whoever lost its state is no primary, whatever the first certificate says (docs/protocol.md, Z1).
        let votes = self.core.voting() == Voting::Votes;
        let mine = body.primary == self.core.settings.me && self.core.stopped.is_none() && votes;
        if !mine {
            self.primary = None;
        } else if self.primary.is_none() {
            let start = body.start_head;
            if view.len() < start.size || view.trees_at(start.size)?.head() != start {
                return Err(Halt::Lost { what: "start head", size: start.size });
            }
            self.primary = Some(Primary::begin(&self.core, view)?);
        }
        Ok(())
    }

    fn respond(
        &mut self,
        now: Timestamp,
        from: &NodeName,
        request: Request,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<Result<Answer, Refusal>, Halt> {
        Ok(match request {
            Request::Position(term) => self.core.check_caller(from, term).map(|()| {
                let AcceptedHead { term, head, .. } = self.core.accepted;
                let voting = self.core.voting();
                Answer::Position(MergePosition { voting, accepted_term: term, accepted: head })
            }),
            Request::SendLog(header, records) => self.core.send_log(from, &header, &records, view, fx)?,
            Request::Missing(term) => match self.core.check_caller(from, term) {
                Ok(()) => Ok(Answer::Missing(view.missing(&self.core.staging.names())?)),
                Err(refusal) => Err(refusal),
            },
            Request::SendEntry(term, batch) => self.core.send_entry(from, term, batch, view, fx)?,
            Request::VerifyRoot(request) => {
                let endorsed = self.core.verify_root(now, from, &request, view, fx)?;
                endorsed.map(Answer::Endorsed)
            }
            Request::Remind(reminder) => {
                self.be_reminded(&reminder, view, fx)?;
                Ok(Answer::Done)
            }
            Request::Publish(publish) => self.core.check_caller(from, publish.term).and_then(|()| {
                let sth = self.core.settings.log_key.verify_sth(publish.sth);
                let sth = sth.map_err(|bad| Refusal::Unproven { reason: bad.to_string() })?;
                self.core.remember_sth(sth, fx);
                Ok(Answer::Done)
            }),
            Request::SetPrimary(certificate) => {
                self.set_primary(*certificate, view, fx)?.map(|()| Answer::Done)
            }
            Request::Stop(term, run) => self.stop(term, run, fx),
            Request::Start(term) => self.start(term),
        })
    }

    /// Adopts a certificate that is newer and proves itself (docs/protocol.md, T9).
    fn set_primary(
        &mut self,
        certificate: TermCertificate,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<Result<(), Refusal>, Halt> {
        let adopted = match self.core.guard.adopt(certificate) {
            Err(error) => return Ok(Err(Refusal::Unproven { reason: error.to_string() })),
            Ok(None) => return Ok(Ok(())),
            Ok(Some(guard)) => guard,
        };
        fx.write(Write::Certificate(Box::new(adopted.certificate().clone())));
        if self.core.stopped.is_some_and(|stopped| stopped.term <= adopted.term()) {
            self.core.stopped = None;
            fx.write(Write::Stopped(None));
        }
        self.core.guard = adopted;
        self.primary = None;
        // What was appended or staged but never endorsed is no part of the log (docs/protocol.md, M6).
        let size = self.core.accepted.head.size;
        if view.len() > size {
            fx.write(Write::Order { base: size, append: Vec::new() });
        }
        self.core.staging = Staging::begin(size, view.trees_at(size)?.internal().clone());
        self.take_office(view)?;
        Ok(Ok(()))
    }

    /// Its own signature under something later than what it remembers: its state was put back from an older copy, and has no
    /// vote any more (docs/protocol.md, Z5).
    fn be_reminded(&mut self, reminder: &Reminder, view: &impl View, fx: &mut Fx) -> Result<(), Halt> {
        let core = &mut self.core;
        let Reminder { proposal, endorsement } = reminder;
        let signed = endorsement.voter == core.settings.me
            && proposal.voters == core.guard.certificate().body.voters.hash()
            && core.settings.key.public().verifies(&proposal.endorsement_statement(), &endorsement.signature);
        let last = core.accepted.request.as_ref().map(|request| request.proposal.head.timestamp);
        let later = (proposal.term, Some(proposal.head.timestamp)) > (core.accepted.term, last);
        if !signed || !later || core.voting() == Voting::Recovering {
            return Ok(());
        }
        let (signed, remembered) = (proposal.head.tree_size, core.accepted.head.size);
        fx.act(crate::message::Act::Alarm(Alarm::RolledBack { term: proposal.term, signed, remembered }));
        // Nobody knows this state yet, and no two are alike: it is made of what was forgotten.
        let made = ct::hash::sha256(&[core.incarnation.as_ref(), endorsement.signature.as_ref()]);
        let mut incarnation = [0; 16];
        incarnation.copy_from_slice(&made[..16]);
        core.incarnation = Incarnation::new(incarnation);
        fx.write(Write::Incarnation(core.incarnation));
        self.take_office(view)
    }

    /// Stops for a term to come, and says what was endorsed last. From here on the node's present primary is fenced
    /// (docs/protocol.md, R1).
    fn stop(&mut self, term: Term, run: RunId, fx: &mut Fx) -> Result<Answer, Refusal> {
        let in_force = self.core.guard.term();
        let again = self.core.stopped == Some(Stopped { term, run });
        let above = self.core.stopped.is_none_or(|stopped| term > stopped.term);
        if term <= in_force {
            return Err(self.core.term_over());
        }
        if let Some(stopped) = self.core.stopped.filter(|_| !(again || above)) {
            return Err(Refusal::Stopped { term: stopped.term });
        }
        if term.get() > in_force.get() + ct::limits::MAX_TERM_STEP {
            return Err(Refusal::Unproven {
                reason: format!("term: {term} is more than 2^20 above {in_force}"),
            });
        }
        if !again {
            let stopped = Some(Stopped { term, run });
            self.core.stopped = stopped;
            fx.write(Write::Stopped(stopped));
            self.primary = None;
        }
        let reply = StopReply {
            log_id: self.core.log_id(),
            run,
            term,
            voter: self.core.settings.me.clone(),
            incarnation: self.core.incarnation,
            in_force,
            voters: self.core.guard.certificate().body.voters.hash(),
            sth_signer: self.core.guard.certificate().body.sth_signer.clone(),
            accepted: self.core.accepted.clone(),
            newest_sth: self.core.newest_sth.as_ref().map(|sth| sth.sth().clone()),
        };
        Ok(Answer::Stopped(Box::new(reply.sign(&self.core.settings.key))))
    }

    /// Says whether this node works in a term. Only the term's certificate ends a stop, so Start never brings an older
    /// term back (docs/protocol.md, T12).
    fn start(&self, term: Term) -> Result<Answer, Refusal> {
        let in_force = self.core.guard.term();
        match self.core.stopped {
            _ if term < in_force => Err(self.core.term_over()),
            _ if term > in_force => Err(Refusal::TermUnknown { known: in_force }),
            Some(stopped) => Err(Refusal::Stopped { term: stopped.term }),
            None => Ok(Answer::Done),
        }
    }

    /// Who is primary.
    pub const fn guard(&self) -> &Guard {
        &self.core.guard
    }
    /// Whether it waits for a certificate.
    pub const fn stopped(&self) -> Option<Stopped> {
        self.core.stopped
    }
    /// What it endorsed last.
    pub const fn accepted(&self) -> &AcceptedHead {
        &self.core.accepted
    }
    /// Whether it votes with the state that it has.
    pub fn voting(&self) -> Voting {
        self.core.voting()
    }
    /// Which state it has.
    pub const fn incarnation(&self) -> Incarnation {
        self.core.incarnation
    }
    /// The newest STH it knows.
    pub const fn newest_sth(&self) -> Option<&VerifiedSth> {
        self.core.newest_sth.as_ref()
    }
    /// What it does as primary, if it is.
    pub const fn primary(&self) -> Option<&Primary> {
        self.primary.as_ref()
    }
}

impl Core {
    pub(crate) fn log_id(&self) -> LogId {
        self.guard.certificate().body.log_id
    }
    pub(crate) fn kind(&self) -> LogKind {
        self.guard.certificate().body.kind
    }

    /// Whether this node, with the state that it has, votes.
    pub(crate) fn voting(&self) -> Voting {
        let votes = self.guard.votes(&self.settings.me, self.incarnation);
        if votes { Voting::Votes } else { Voting::Recovering }
    }

    pub(crate) fn term_over(&self) -> Refusal {
        Refusal::TermOver { certificate: Box::new(self.guard.certificate().clone()) }
    }

    /// Refuses whoever is not the primary of the term in force, and everybody while stopped (docs/protocol.md, T10).
    pub(crate) fn check_caller(&self, from: &NodeName, term: Term) -> Result<(), Refusal> {
        match self.guard.standing(from, term) {
            Standing::Refused => Err(self.term_over()),
            Standing::Unknown => Err(Refusal::TermUnknown { known: self.guard.term() }),
            Standing::Primary => match self.stopped {
                Some(stopped) => Err(Refusal::Stopped { term: stopped.term }),
                None => Ok(()),
            },
        }
    }

    /// Keeps the newest STH.
    pub(crate) fn remember_sth(&mut self, sth: VerifiedSth, fx: &mut Fx) {
        let known = self.newest_sth.as_ref();
        if known.is_none_or(|known| known.head().timestamp < sth.head().timestamp) {
            fx.write(Write::NewestSth(Box::new(sth.sth().clone())));
            self.newest_sth = Some(sth);
        }
    }

    fn send_log(
        &mut self,
        from: &NodeName,
        header: &SendLog,
        records: &[OrderRecord],
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<Response, Halt> {
        if let Err(refusal) = self.check_caller(from, header.term) {
            return Ok(Err(refusal));
        }
        let (start, endorsed) = (header.start, self.accepted.head.size);
        let held = self.staging.end().max(endorsed);
        if start > held {
            return Ok(Err(Refusal::Gap { held }));
        }
        // What replaces endorsed records is continued where it ends, which may be below the end of the log.
        let staged = start > self.staging.base()
            && start <= self.staging.end()
            && self.staging.agrees(start, header.internal_root);
        if !staged {
            let same = start <= endorsed && {
                let head = view.trees_at(start)?.head();
                head.root == header.root && head.internal_root == header.internal_root
            };
            if !same {
                return Ok(Err(Refusal::Diverged { at: start }));
            }
        }
        if let Some(Ok(sth)) = header.sth.clone().map(|sth| self.settings.log_key.verify_sth(sth)) {
            self.remember_sth(sth, fx);
        }
        // A call without records asks only whether the roots are equal.
        if records.is_empty() {
            return Ok(Ok(Answer::Staged(held)));
        }
        if !staged {
            // A call that comes twice must not take away what followed it: what repeats endorsed records is passed over.
            let end = start.plus(records.len() as u64);
            if end <= endorsed && view.records(start, end)? == records {
                return Ok(Ok(Answer::Staged(end)));
            }
            self.staging = Staging::begin(start, view.trees_at(start)?.internal().clone());
        }
        self.staging.cut(start);
        self.staging.extend(records);
        Ok(Ok(Answer::Staged(self.staging.end())))
    }

    fn send_entry(
        &self,
        from: &NodeName,
        term: Term,
        batch: EntryBatch,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<Response, Halt> {
        if let Err(refusal) = self.check_caller(from, term) {
            return Ok(Err(refusal));
        }
        let staged: HashSet<Name> = self.staging.names().into_iter().collect();
        let wanted = batch.entries.into_iter().filter(|entry| staged.contains(&entry.name())).collect();
        let (copies, need_issuers) = keep_complete(wanted, batch.issuers, view)?;
        fx.write(Write::Copies(copies));
        Ok(Ok(Answer::Taken(Taken { need_issuers })))
    }
}
