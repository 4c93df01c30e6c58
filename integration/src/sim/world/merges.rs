//! Merge nodes: requests in, steps, commits, acts.

use super::commits::Acts;
use super::messages::role;
use super::*;
use crate::sim::fault::{Fault, Stage};
use crate::sim::words;
use ct::machine::Effects;
use ct::wire::EntryBatch;
use merge::message::{Act, Answer, CallFailure, Event, Request, Returned, Write};

impl World {
    pub(super) fn deliver_merge(&mut self, to: &NodeName, origin: Origin, message: Message) {
        let stage = message.stage(role(to));
        if matches!(message, Message::GetCertificate) {
            if !self.runs(to) {
                return self.lost(origin, to, &message);
            }
            let certificate = Box::new(self.merges[to].guard.certificate().clone());
            return self.answer(to, origin, Reply::Certificate(certificate));
        }
        let request = match message {
            Message::Call(Call::Position(term)) => Request::Position(term),
            Message::Call(Call::SendLog(header, records)) => Request::SendLog(header, records),
            Message::Call(Call::Missing(term)) => Request::Missing(term),
            Message::Batch(Call::SendEntries(term, ..), batch) => Request::SendEntry(term, batch),
            Message::Call(Call::VerifyRoot(request)) => Request::VerifyRoot(request),
            Message::Call(Call::Remind(reminder)) => Request::Remind(reminder),
            Message::Call(Call::Publish(publish)) => Request::Publish(*publish),
            Message::Call(Call::SetPrimary(certificate)) => Request::SetPrimary(certificate),
            Message::Stop(term, run) => Request::Stop(term, run),
            Message::Start(term) => Request::Start(term),
            _ => return,
        };
        if self.merges[to].machine.is_none() {
            self.lost(origin, to, &Message::Call(Call::Position(Term::ZERO)));
            return;
        }
        let from = origin.caller();
        self.step_merge(to, Event::Request(0, from, request), origin, Some(stage));
    }

    /// Steps a merge node: commits, then acts. What it does of itself belongs to the stage that its writes show.
    pub(super) fn step_merge(&mut self, node: &NodeName, event: Event, origin: Origin, stage: Option<Stage>) {
        let now = self.clock(node);
        let Some(process) = self.merges.get_mut(node) else { return };
        let Some(machine) = process.machine.take() else { return };
        let mut fx = Effects::new();
        match machine.step(now, event, &process.disk.log, &mut fx) {
            Ok(machine) => process.machine = Some(machine),
            Err(halt) => {
                self.halt(node, halt);
                return self.unanswered(origin);
            }
        }
        let Effects { writes, acts } = fx;
        let mut fate = super::commits::Fate::Done;
        if !writes.is_empty() {
            fate = self.fate(node, stage.unwrap_or_else(|| own_stage(&writes)));
        }
        if fate.writes() {
            self.commit_merge(node, writes);
        }
        self.finish(node, fate, Acts::Merge(acts), origin);
    }

    /// Applies the writes of one step, all of them.
    pub fn commit_merge(&mut self, node: &NodeName, writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        self.note(format_args!("{node} commits: {}", words::writes(&writes)));
        let flips = writes.iter().any(|write| matches!(write, Write::Copies(_)));
        let flips = flips && self.chance(self.options.damage);
        // A person who had seen that all vote looks again.
        if self.healed.is_some() && writes.iter().any(|write| matches!(write, Write::Incarnation(_))) {
            self.at(0, Happening::LookAfterMerges);
        }
        let unwritten = self.plant == Some(Plant::EndorseUnwritten);
        let Some(process) = self.merges.get_mut(node) else { return };
        let mut damaged = None;
        for write in writes {
            match &write {
                Write::Copies(batch) => {
                    damaged = batch.entries.first().map(ct::entry::StoredEntry::name).filter(|_| flips);
                    process.disk.log.damaged.extend(damaged);
                }
                Write::Accepted(..) if unwritten => continue,
                Write::Certificate(certificate) => {
                    self.faults.certificates += 1;
                    process.guard = Guard::new(self.trust.clone(), (**certificate).clone());
                }
                _ => {}
            }
            process.disk.apply(write);
        }
        if let Some(name) = damaged {
            self.faults.damaged += 1;
            let primary = self.newest.body.primary == *node;
            self.hit(Fault::BitFlip, node, if primary { Stage::Collect } else { Stage::BackUp });
            self.note(format_args!("the copy of {} is damaged", words::short(&name)));
        }
        self.check_disks();
    }

    /// What the merge nodes have on disk.
    pub(super) fn check_disks(&mut self) {
        let lost = self.forgetful().len();
        let disks = self.merges.values().map(|process| (&process.disk.log, &process.disk.durable.accepted));
        self.check.written(disks, lost);
    }

    /// Performs the acts of one step.
    pub(in crate::sim) fn act_merge(&mut self, node: &NodeName, acts: Vec<Act>, origin: Origin) {
        for act in acts {
            match act {
                Act::Respond(_, Ok(Answer::Stopped(reply))) => {
                    self.answer(node, origin.clone(), Reply::Stopped(reply));
                }
                Act::Respond(_, response) => {
                    let outcome = response.map_or_else(|r| Err(CallFailure::Refused(r)), |a| Ok(returned(a)));
                    self.answer(node, origin.clone(), Reply::Primary(outcome));
                }
                Act::Call(call, to, what) => {
                    let origin =
                        Origin::Primary { node: node.clone(), epoch: self.merges[node].body.epoch, call };
                    match what {
                        Call::SendEntries(..) => match self.load(node, &what) {
                            Some(batch) => self.send(to, origin, Message::Batch(what, batch)),
                            None => self.unanswered(origin),
                        },
                        other => self.send(to, origin, Message::Call(other)),
                    }
                }
                Act::Alarm(alarm) => self.alarm(node, alarm),
                Act::Signed(_) => {}
            }
        }
    }

    /// The entries of a call, from disk; nothing if one of them is damaged.
    pub(super) fn load(&self, node: &NodeName, call: &Call) -> Option<EntryBatch> {
        let Call::SendEntries(_, names, issuers) = call else { return None };
        let log = &self.merges[node].disk.log;
        if names.iter().any(|name| log.damaged.contains(name)) {
            return None;
        }
        Some(EntryBatch {
            entries: names.iter().filter_map(|name| log.copies.get(name).cloned()).collect(),
            issuers: issuers.iter().filter_map(|issuer| log.issuer(issuer)).collect(),
        })
    }
}

/// What a primary does without being asked.
fn own_stage(writes: &[Write]) -> Stage {
    let stage = |write: &Write| match write {
        Write::Copies(_) => Stage::Collect,
        Write::DropCopy(_) | Write::Order { .. } => Stage::Order,
        Write::Accepted(..) | Write::Endorsed(_) => Stage::Endorse,
        Write::NewestSth(_) => Stage::Sign,
        Write::Certificate(_) | Write::Stopped(_) | Write::Incarnation(_) => Stage::Terms,
    };
    writes.iter().map(stage).max().unwrap_or(Stage::Order)
}

fn returned(answer: Answer) -> Returned {
    match answer {
        Answer::Position(position) => Returned::MergePosition(position),
        Answer::Staged(end) => Returned::Staged(end),
        Answer::Missing(names) => Returned::Missing(names),
        Answer::Taken(taken) => Returned::Taken(taken),
        Answer::Endorsed(endorsement) => Returned::Endorsed(endorsement),
        Answer::Stopped(_) | Answer::Done => Returned::Done,
    }
}
