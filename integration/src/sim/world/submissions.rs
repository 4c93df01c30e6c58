//! Submissions: from a client's certificate to a promise.

use super::*;
use crate::sim::check::Copies;
use crate::sim::fault::{Fault, Stage};
use crate::sim::submit::entry;
use crate::sim::words::short;
use ct::entry::StoredEntry;
use ct::sct::DigitallySigned;
use ct::time::ClockBound;
use ct::wire::storage::SctItem;
use frontend::promise;

impl World {
    /// Plans the submissions and repairs of a history.
    pub fn plan(&mut self) {
        for _ in 0..self.options.submissions {
            let delay = self.rng.u64(0..self.options.span);
            // A few certificates come more than once.
            let number = self.rng.u64(0..self.options.submissions);
            self.at(delay, Happening::Submit(number));
        }
        for _ in 0..self.options.repairs {
            let delay = self.rng.u64(500..self.options.span);
            self.at(delay, Happening::Repair(crate::sim::repair::repair_name(1)));
        }
    }

    /// Submits a certificate to a frontend that runs.
    pub fn submit(&mut self, number: u64) {
        let running: Vec<_> = self.frontends.keys().filter(|name| self.answers(name)).cloned().collect();
        if running.is_empty() {
            return;
        }
        let frontend = running[self.rng.usize(0..running.len())].clone();
        self.submit_at(&frontend, number);
    }

    /// Submits a certificate to a frontend.
    pub fn submit_at(&mut self, frontend: &NodeName, number: u64) {
        let own = entry(number, self.clock(frontend));
        let own_name = own.name();
        self.note(format_args!("{frontend} gets certificate {number}, makes entry {}", short(&own_name)));
        let (storages, mut quorum) = (self.options.storages, self.quorum_of(frontend));
        if self.plant == Some(Plant::PromiseEarly) {
            quorum -= 1;
        }
        let (promise, acts) = promise::Promise::begin(own, storages, quorum, ClockBound::DEFAULT);
        self.sequence += 1;
        let id = self.sequence;
        self.submissions.insert((frontend.clone(), id), Submission { number, own: own_name, promise });
        self.promise_acts(frontend, id, acts);
    }

    /// The quorum that a frontend counts with.
    fn quorum_of(&self, frontend: &NodeName) -> usize {
        let misled = self.misled.get(frontend).filter(|(_, until)| self.stormy && *until > self.now);
        misled.map_or(self.options.quorum, |(quorum, _)| *quorum)
    }

    pub(super) fn return_to_submission(
        &mut self,
        frontend: &NodeName,
        epoch: u64,
        id: u64,
        event: promise::Event,
    ) {
        let process = &self.frontends[frontend];
        if process.body.epoch != epoch || process.machine.is_none() {
            return;
        }
        let now = process.body.clock.read(self.now);
        let Some(submission) = self.submissions.get_mut(&(frontend.clone(), id)) else { return };
        let acts = submission.promise.step(now, event);
        self.promise_acts(frontend, id, acts);
    }

    fn promise_acts(&mut self, frontend: &NodeName, id: u64, acts: Vec<promise::Act>) {
        let epoch = self.frontends[frontend].body.epoch;
        let origin = Origin::Submission { frontend: frontend.clone(), epoch, id };
        for act in acts {
            match act {
                promise::Act::Store(entry) => {
                    let quorum = self.quorum_of(frontend);
                    for storage in self.storages.keys().cloned().collect::<Vec<_>>() {
                        self.send(storage, origin.clone(), Message::Store(entry.clone(), quorum));
                    }
                }
                promise::Act::Sign(entry) => self.send(signer_name(), origin.clone(), Message::Sign(entry)),
                promise::Act::Promise(entry, sct) => {
                    let submission = self.submissions.remove(&(frontend.clone(), id));
                    self.faults.promises += 1;
                    self.faults.adoptions += u64::from(submission.is_some_and(|s| s.own != entry.name()));
                    self.promised(frontend, &entry, sct);
                }
                promise::Act::Fail(why) => {
                    self.faults.failures += 1;
                    self.note(format_args!("{frontend} promises nothing: {why}"));
                    self.submissions.remove(&(frontend.clone(), id));
                }
            }
        }
    }

    fn promised(&mut self, frontend: &NodeName, entry: &StoredEntry, sct: DigitallySigned) {
        let name = entry.name();
        self.note(format_args!("{frontend} PROMISES {}", short(&name)));
        // A disk that was lost since then is a fault for which k has room.
        let found = self.written.get(&name).map_or(0, std::collections::BTreeSet::len);
        let copies = Copies { found, needed: self.options.quorum };
        self.check.promised(name, Timestamp::from_millis(self.now), copies);
        for storage in self.storages.keys().cloned().collect::<Vec<_>>() {
            let item = SctItem { name, sct: sct.clone() };
            self.send(storage, Origin::Nobody, Message::Scts(vec![item]));
        }
    }

    /// A storage node answers 409 to a frontend that counts with another quorum, as its shell does.
    pub(super) fn refuses_quorum(&mut self, to: &NodeName, origin: &Origin, message: &Message) -> bool {
        let Message::Store(entry, quorum) = message else { return false };
        if *quorum == self.options.quorum {
            return false;
        }
        self.hit(Fault::ConfigSkew, &origin.caller(), Stage::Promise);
        let why = format!("this node counts with k = {}, the caller with {quorum}", self.options.quorum);
        let event = promise::Event::NotStored(to.clone(), entry.name(), why);
        self.answer(to, origin.clone(), Reply::Submission(event));
        true
    }
}
