//! The network: it loses, doubles, delays and reorders, and parts who spoke a moment ago.

use super::messages::role;
use super::*;
use crate::sim::fault::Fault;
use crate::sim::words;
use frontend::promise;

impl World {
    /// A fault has hit a node.
    pub(in crate::sim) fn hit(&mut self, fault: Fault, node: &NodeName, stage: super::super::fault::Stage) {
        self.coverage.hit(fault, role(node), stage);
        self.note(format_args!("{node} suffers: {fault}, {stage}"));
    }

    fn is_cut(&self, from: &NodeName, to: &NodeName, message: &Message) -> bool {
        let forgotten = self.plant == Some(Plant::ForgetFrontend) && *to == name("frontend", 2);
        forgotten || self.cut.as_ref().is_some_and(|cut| cut(from, to, message.call()))
    }

    /// Whether what `from` sends does not reach `to`.
    fn is_parted(&self, from: &NodeName, to: &NodeName) -> bool {
        self.stormy && self.parted.get(&(from.clone(), to.clone())).is_some_and(|until| *until > self.now)
    }

    fn delay(&mut self) -> u64 {
        let extra = if self.plant == Some(Plant::AskTheSystem) { unseeded() } else { 0 };
        1 + extra + self.rng.u64(0..if self.stormy { 60 } else { 4 })
    }

    pub(super) fn send(&mut self, to: NodeName, origin: Origin, message: Message) {
        let (from, stage) = (origin.caller(), message.stage(role(&to)));
        if let Origin::Primary { .. } = origin {
            self.stage = stage;
        }
        if self.is_cut(&from, &to, &message) {
            return self.lost(origin, &to, &message);
        }
        if self.is_parted(&from, &to) {
            self.hit(Fault::Partition, &to, stage);
            return self.lost(origin, &to, &message);
        }
        let copies = 1 + usize::from(self.chance(self.options.twice));
        if copies == 2 {
            self.faults.repeated += 1;
            self.hit(Fault::Doubled, &to, stage);
        }
        let mut arrives = false;
        for _ in 0..copies {
            if self.chance(self.options.loss) {
                self.faults.lost += 1;
                self.hit(Fault::Lost, &to, stage);
            } else if self.chance(self.options.late) {
                let delay = TIMEOUT + self.rng.u64(100..8_000);
                self.hit(Fault::Late, &to, stage);
                let late = origin.clone().too_late();
                self.at(delay, Happening::Deliver(to.clone(), late, Box::new(message.clone())));
            } else {
                arrives = true;
                let delay = self.delay();
                self.overtake(&from, &to, stage, self.now + delay);
                self.at(delay, Happening::Deliver(to.clone(), origin.clone(), Box::new(message.clone())));
            }
        }
        if !arrives {
            self.lost(origin, &to, &message);
        }
    }

    fn overtake(&mut self, from: &NodeName, to: &NodeName, stage: super::super::fault::Stage, arrives: u64) {
        let last = self.arrivals.entry((from.clone(), to.clone())).or_default();
        if *last > arrives {
            self.hit(Fault::Overtaken, to, stage);
        } else {
            *last = arrives;
        }
    }

    /// The caller learns of a lost message by its deadline.
    pub(super) fn lost(&mut self, origin: Origin, to: &NodeName, message: &Message) {
        let reply = match (&origin, message) {
            (Origin::Primary { .. } | Origin::Repair { .. }, _) => Reply::failed(),
            (Origin::Submission { .. }, Message::Store(entry, _)) => {
                Reply::Submission(promise::Event::NotStored(to.clone(), entry.name(), "deadline".to_owned()))
            }
            (Origin::Submission { .. }, Message::Sign(entry)) => {
                Reply::Submission(promise::Event::NotSigned(entry.name(), "deadline".to_owned()))
            }
            _ => return,
        };
        self.at(TIMEOUT, Happening::Return(origin, Box::new(reply)));
    }

    /// A node that crashed answers nobody: who asked it learns that by its deadline.
    pub(super) fn unanswered(&mut self, origin: Origin) {
        if let Origin::Primary { .. } | Origin::Repair { .. } = origin {
            self.at(TIMEOUT, Happening::Return(origin, Box::new(Reply::failed())));
        }
    }

    /// `from` answers.
    pub(super) fn answer(&mut self, from: &NodeName, origin: Origin, reply: Reply) {
        if let Origin::Nobody | Origin::Late(_) = origin {
            return;
        }
        let caller = origin.caller();
        if !reply.is_no_news() {
            self.note(format_args!("{from} answers {caller}: {}", words::reply(&reply)));
        }
        let parted = self.is_parted(from, &caller);
        if !parted && !self.chance(self.options.loss) {
            let delay = self.delay();
            return self.at(delay, Happening::Return(origin, Box::new(reply)));
        }
        self.faults.lost += 1;
        self.note(format_args!("{caller} does not hear that"));
        let deadline = "deadline".to_owned();
        let lost = match reply {
            Reply::Primary(_) | Reply::Stopped(_) | Reply::Released(_) | Reply::Certificate(_) => {
                Reply::failed()
            }
            Reply::Submission(promise::Event::Stored(node, name, _)) => {
                Reply::Submission(promise::Event::NotStored(node, name, deadline))
            }
            Reply::Submission(promise::Event::Signed(name, _)) => {
                Reply::Submission(promise::Event::NotSigned(name, deadline))
            }
            other @ Reply::Submission(_) => other,
        };
        self.at(TIMEOUT, Happening::Return(origin, Box::new(lost)));
    }
}

/// What no seed decides: counts over all worlds of this process.
fn unseeded() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61
}
