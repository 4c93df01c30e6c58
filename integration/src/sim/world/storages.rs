//! Storage nodes: requests in, steps, commits, acts.

use super::*;

impl World {
    pub(super) fn deliver_storage(&mut self, to: &NodeName, origin: Origin, message: Message) {
        let Some(process) = self.storages.get(to) else { return };
        let Some(machine) = &process.machine else {
            self.lost(origin, to, &message);
            return;
        };
        let (caller, disk) = (Self::caller(&origin), &process.disk);
        let event = match message {
            Message::Store(entry) => {
                let batch = EntryBatch { entries: vec![*entry], issuers: vec![ISSUER.to_vec()] };
                storage::machine::Event::Put(vec![(0, batch)])
            }
            Message::Scts(items) => storage::machine::Event::AttachScts(items),
            Message::Call(Call::MoveStart(message)) => {
                storage::machine::Event::MoveStart(0, caller, *message)
            }
            Message::Call(Call::SetPrimary(certificate)) => {
                storage::machine::Event::SetPrimary(0, *certificate)
            }
            Message::Call(Call::Fetch(fetch)) => {
                let outcome = machine.fetch_from(&caller, &fetch, Position::ZERO).map(|first| {
                    let items = disk.entries[first.as_usize()..].iter();
                    Returned::Fetched(Fetched {
                        incarnation: machine.incarnation(),
                        completeness: machine.view().completeness,
                        start: machine.start(),
                        first,
                        list: items.map(|e| ListItem { name: e.name(), timestamp: e.timestamp() }).collect(),
                        end: Position::of(disk.entries.len()),
                        at: self.clock(process.skew),
                    })
                });
                self.answer(origin, Reply::Primary(outcome.map_err(|r| CallFailure::Refused(Box::new(r)))));
                return;
            }
            Message::Call(Call::GetEntry(get)) => {
                let entries = get
                    .entries
                    .iter()
                    .filter_map(|(position, name)| disk.get(*position).filter(|entry| entry.name() == *name));
                let issuers = get.issuers.iter().filter_map(|issuer| disk.issuer(issuer)).collect();
                let batch = EntryBatch { entries: entries.collect(), issuers };
                self.answer(origin, Reply::Primary(Ok(Returned::Entries(batch))));
                return;
            }
            _ => return,
        };
        self.step_storage(to, event, origin);
    }

    pub(super) fn step_storage(&mut self, node: &NodeName, event: storage::machine::Event, origin: Origin) {
        let names: Vec<_> = match &event {
            storage::machine::Event::Put(calls) => {
                calls.iter().flat_map(|(_, batch)| batch.entries.iter().map(StoredEntry::name)).collect()
            }
            _ => Vec::new(),
        };
        let Some(process) = self.storages.get_mut(node) else { return };
        let Some(mut machine) = process.machine.take() else { return };
        let now = Timestamp::from_millis(self.now.saturating_add_signed(process.skew));
        let mut fx = Effects::new();
        let disk = &process.disk;
        machine.step(now, event, |issuer| disk.holds_issuer(issuer), &mut fx);
        process.machine = Some(machine);
        let crash = if fx.writes.is_empty() { None } else { self.crash_at_commit(node) };
        let Some(process) = self.storages.get_mut(node) else { return };
        if crash != Some(false) {
            for write in fx.writes {
                if let storage::machine::Write::Certificate(certificate) = &write {
                    self.faults.certificates += 1;
                    process.guard = Guard::new(self.trust.clone(), (**certificate).clone());
                }
                process.disk.apply(write);
            }
        }
        if crash.is_some() {
            for name in names {
                let event = promise::Event::NotStored(node.clone(), name, "deadline".to_owned());
                self.at(TIMEOUT, Happening::Return(origin.clone(), Box::new(Reply::Submission(event))));
            }
            self.unanswered(origin);
            return;
        }
        for act in fx.acts {
            match act {
                storage::machine::Act::Puts(_, results) => {
                    for (entry, result) in names.iter().zip(results) {
                        self.put_result(node, *entry, result, &origin);
                    }
                }
                storage::machine::Act::Done(_) => {}
                storage::machine::Act::Control(_, result) => {
                    let outcome =
                        result.map(|()| Returned::Done).map_err(|r| CallFailure::Refused(Box::new(r)));
                    self.answer(origin.clone(), Reply::Primary(outcome));
                }
            }
        }
    }

    pub(super) fn put_result(
        &mut self,
        node: &NodeName,
        name: ct::hash::Name,
        put: storage::machine::Put,
        origin: &Origin,
    ) {
        let event = match put {
            storage::machine::Put::Stored(oldest) => {
                let oldest = oldest.and_then(|position| self.storages[node].disk.get(position)).map(Box::new);
                promise::Event::Stored(node.clone(), name, oldest)
            }
            storage::machine::Put::NeedIssuers(_) => {
                promise::Event::NotStored(node.clone(), name, "issuers".to_owned())
            }
            storage::machine::Put::Refused(fault) => {
                promise::Event::NotStored(node.clone(), name, fault.to_string())
            }
        };
        self.answer(origin.clone(), Reply::Submission(event));
    }
}
