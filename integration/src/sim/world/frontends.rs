//! Frontends: requests in, steps, commits, acts.

use super::commits::{Acts, Fate};
use super::messages::role;
use super::*;
use crate::sim::words;
use ct::machine::Effects;
use ct::replica::View;
use merge::message::{CallFailure, Returned};

impl World {
    pub(super) fn deliver_frontend(&mut self, to: &NodeName, origin: Origin, message: Message) {
        let stage = message.stage(role(to));
        self.show_unheld(to, &message);
        let request = match message {
            Message::Call(Call::Position(term)) => copy::Request::Position(term),
            Message::Call(Call::SendLog(header, records)) => copy::Request::SendLog(header, records),
            Message::Call(Call::Missing(term)) => copy::Request::Missing(term),
            Message::Batch(Call::SendEntries(term, ..), batch) => copy::Request::SendEntry(term, batch),
            Message::Call(Call::Publish(publish)) => copy::Request::Publish(*publish),
            Message::Call(Call::SetPrimary(certificate)) => copy::Request::SetPrimary(certificate),
            _ => return,
        };
        let Some(process) = self.frontends.get_mut(to) else { return };
        let Some(mut machine) = process.machine.take() else {
            self.lost(origin, to, &Message::Call(Call::Position(Term::ZERO)));
            return;
        };
        let now = process.body.clock.read(self.now);
        let mut fx = Effects::new();
        let stepped = machine.step(now, 0, &origin.caller(), request, &process.disk.log, &mut fx);
        if let Err(fault) = stepped {
            self.halt(to, fault);
            return self.unanswered(origin);
        }
        process.machine = Some(machine);
        let fate = if fx.writes.is_empty() { Fate::Done } else { self.fate(to, stage) };
        if fate.writes() {
            self.commit_frontend(to, fx.writes);
        }
        self.finish(to, fate, Acts::Frontend(fx.acts), origin);
    }

    /// The planted bug: whatever STH comes is shown at once.
    fn show_unheld(&mut self, to: &NodeName, message: &Message) {
        if self.plant == Some(Plant::ShowUnheld)
            && let Message::Call(Call::SendLog(header, _)) = message
            && let Some(sth) = header.sth.clone()
        {
            self.commit_frontend(to, vec![copy::Write::Published(Box::new(sth))]);
        }
    }

    pub(super) fn commit_frontend(&mut self, node: &NodeName, writes: Vec<copy::Write>) {
        if writes.is_empty() {
            return;
        }
        self.note(format_args!("{node} commits: {}", words::frontend_writes(&writes)));
        let Some(process) = self.frontends.get_mut(node) else { return };
        let disk = &mut process.disk;
        for write in writes {
            match write {
                copy::Write::Copies(batch) => disk.log.keep(batch),
                copy::Write::DropCopy(name) => disk.log.drop_copy(&name),
                copy::Write::Grow(placed) => {
                    let base = disk.log.len();
                    disk.log.order(base, placed);
                }
                copy::Write::Held(sth) => {
                    disk.ever_held.push((*sth).clone());
                    disk.held = Some(*sth);
                }
                copy::Write::Published(sth) => {
                    self.check.shown(&sth, &disk.log);
                    self.check.published(sth.head.tree_size, Timestamp::from_millis(self.now));
                    disk.published = Some(*sth);
                }
                copy::Write::Certificate(certificate) => {
                    self.faults.certificates += 1;
                    process.guard = Guard::new(self.trust.clone(), *certificate);
                }
            }
        }
    }

    pub(super) fn act_frontend(&mut self, node: &NodeName, acts: Vec<copy::Act>, origin: &Origin) {
        for act in acts {
            match act {
                copy::Act::Respond(_, response) => {
                    let outcome = match response {
                        Err(refusal) => Err(CallFailure::Refused(refusal)),
                        Ok(copy::Answer::Position(position)) => Ok(Returned::FrontendPosition(position)),
                        Ok(copy::Answer::Staged(end)) => Ok(Returned::Staged(end)),
                        Ok(copy::Answer::Missing(names)) => Ok(Returned::Missing(names)),
                        Ok(copy::Answer::Taken(taken)) => Ok(Returned::Taken(taken)),
                        Ok(copy::Answer::Done) => Ok(Returned::Done),
                    };
                    self.answer(node, origin.clone(), Reply::Primary(outcome));
                }
                copy::Act::Alarm(alarm) => self.alarm(node, alarm),
                copy::Act::Shown(..) => {}
            }
        }
    }
}
