//! Frontends: requests in, steps, commits, acts.

use super::*;

impl World {
    pub(super) fn deliver_frontend(&mut self, to: &NodeName, origin: Origin, message: Message) {
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
        let now = Timestamp::from_millis(self.now.saturating_add_signed(process.skew));
        let mut fx = Effects::new();
        if let Err(fault) = machine.step(now, 0, &Self::caller(&origin), request, &process.disk.log, &mut fx)
        {
            self.halted.push(format!("{to}: {fault}"));
            return;
        }
        process.machine = Some(machine);
        let crash = if fx.writes.is_empty() { None } else { self.crash_at_commit(to) };
        if crash != Some(false) {
            self.commit_frontend(to, fx.writes);
        }
        if crash.is_none() {
            self.act_frontend(to, fx.acts, &origin);
        } else {
            self.unanswered(origin);
        }
    }

    pub(super) fn commit_frontend(&mut self, node: &NodeName, writes: Vec<copy::Write>) {
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
                copy::Write::Held(sth) => disk.held = Some(*sth),
                copy::Write::Published(sth) => {
                    self.check.shown(&sth, &disk.log);
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
                    self.answer(origin.clone(), Reply::Primary(outcome));
                }
                copy::Act::Alarm(alarm) => self.alarms.push(format!("{node}: {alarm}")),
                copy::Act::Shown(..) => {}
            }
        }
    }
}
