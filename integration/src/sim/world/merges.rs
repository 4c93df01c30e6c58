//! Merge nodes: requests in, steps, commits, acts.

use super::*;

impl World {
    pub(super) fn deliver_merge(&mut self, to: &NodeName, origin: Origin, message: Message) {
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
        let from = Self::caller(&origin);
        self.step_merge(to, Event::Request(0, from, request), origin);
    }

    /// Steps a merge node: commits, then acts.
    pub(super) fn step_merge(&mut self, node: &NodeName, event: Event, origin: Origin) {
        let Some(process) = self.merges.get_mut(node) else { return };
        let Some(machine) = process.machine.take() else { return };
        let now = Timestamp::from_millis(self.now.saturating_add_signed(process.skew));
        let mut fx = Effects::new();
        match machine.step(now, event, &process.disk.log, &mut fx) {
            Ok(machine) => process.machine = Some(machine),
            Err(halt) => {
                self.halted.push(format!("{node}: {halt}"));
                return;
            }
        }
        let (Effects { writes, acts }, mut crash) = (fx, None);
        if !writes.is_empty() {
            crash = self.crash_at_commit(node);
        }
        if crash != Some(false) {
            self.commit_merge(node, writes);
        }
        if crash.is_none() {
            self.act_merge(node, acts, origin);
        } else {
            self.unanswered(origin);
        }
    }

    /// Applies the writes of one step, all of them.
    pub fn commit_merge(&mut self, node: &NodeName, writes: Vec<Write>) {
        let damaged =
            writes.iter().any(|write| matches!(write, Write::Copies(_))) && self.chance(self.options.damage);
        let Some(process) = self.merges.get_mut(node) else { return };
        let MergeDisk { log, durable } = &mut process.disk;
        for write in writes {
            match write {
                Write::Copies(batch) => {
                    if let Some(entry) = batch.entries.first().filter(|_| damaged) {
                        self.faults.damaged += 1;
                        log.damaged.insert(entry.name());
                    }
                    log.keep(batch);
                }
                Write::DropCopy(name) => log.drop_copy(&name),
                Write::Order { base, append } => log.order(base, append),
                Write::Accepted(accepted, newest) => {
                    durable.accepted = *accepted;
                    durable.newest_entry = newest;
                }
                Write::NewestSth(sth) => durable.newest_sth = Some(*sth),
                Write::Certificate(certificate) => {
                    self.faults.certificates += 1;
                    process.guard = Guard::new(self.trust.clone(), *certificate);
                }
                Write::Endorsed(endorsed) => durable.endorsed = *endorsed,
                Write::Incarnation(incarnation) => durable.incarnation = incarnation,
                Write::Stopped(stopped) => durable.stopped = stopped,
            }
        }
    }

    /// Performs the acts of one step.
    pub(in crate::sim) fn act_merge(&mut self, node: &NodeName, acts: Vec<Act>, origin: Origin) {
        for act in acts {
            match act {
                Act::Respond(_, Ok(Answer::Stopped(reply))) => {
                    self.answer(origin.clone(), Reply::Stopped(reply));
                }
                Act::Respond(_, response) => {
                    let outcome = response.map_or_else(|r| Err(CallFailure::Refused(r)), |a| Ok(returned(a)));
                    self.answer(origin.clone(), Reply::Primary(outcome));
                }
                Act::Call(call, to, what) => {
                    let origin = Origin::Primary { node: node.clone(), epoch: self.merges[node].epoch, call };
                    let message = match what {
                        Call::SendEntries(..) => {
                            let batch = self.load(node, &what);
                            Message::Batch(what, batch)
                        }
                        other => Message::Call(other),
                    };
                    self.send(to, origin, message);
                }
                Act::Alarm(alarm) => self.alarms.push(format!("{node}: {alarm}")),
                Act::Signed(_) => {}
            }
        }
    }

    pub(super) fn load(&self, node: &NodeName, call: &Call) -> EntryBatch {
        let Call::SendEntries(_, names, issuers) = call else { return EntryBatch::default() };
        let log = &self.merges[node].disk.log;
        EntryBatch {
            entries: names.iter().filter_map(|name| log.copies.get(name).cloned()).collect(),
            issuers: issuers.iter().filter_map(|issuer| log.issuer(issuer)).collect(),
        }
    }
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
